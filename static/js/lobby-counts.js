// On pages of maps: how many open lobbies each map has. The pages themselves are the same for everybody
// and are kept in memory by the server, so the numbers come by the list's socket.

import { LobbyList, socketAddress } from "./lobby-client.js";

const SLOWEST = 60_000; // between tries: these numbers are a trifle
const list = new LobbyList(socketAddress("/ws/lobbies"), { slowest: SLOWEST });

list.addEventListener("lobbies", () => show(document));

// Only who looks takes up a socket: there are just so many of them.
const attend = () => {
  const isUseful = document.querySelector("[data-lobbies-of]");
  if (document.visibilityState === "visible" && isUseful) list.open();
  else list.close();
};
document.addEventListener("visibilitychange", attend);
document.addEventListener("htmx:load", (event) => {
  attend();
  show(event.target);
});
if ("requestIdleCallback" in window) requestIdleCallback(attend);
else setTimeout(attend, 1_000);

function show(root) {
  for (const element of root.querySelectorAll("[data-lobbies-of]")) {
    const here = list.maps.get(element.dataset.lobbiesOf) ?? { lobbies: 0, free_seats: 0 };
    const lobbies = here.lobbies === 1 ? "1 open lobby" : `${here.lobbies} open lobbies`;
    const seats = here.free_seats === 1 ? "1 free seat" : `${here.free_seats} free seats`;
    element.querySelector("[data-told]").textContent = `${lobbies}, ${seats}`;
    element.hidden = !here.lobbies;
  }
  for (const element of root.querySelectorAll("[data-no-lobbies]")) {
    element.hidden = list.maps.has(element.dataset.noLobbies);
  }
}
