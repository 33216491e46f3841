// On pages of maps: how many open lobbies each map has. The pages themselves are the same for everybody
// and are kept in memory by the server, so the numbers come by the list's socket.

import { LobbyList, socketAddress } from "./lobby-client.js";

const SLOWEST = 60_000; // between tries: these numbers are a trifle
const list = new LobbyList(socketAddress("/ws/lobbies"), { slowest: SLOWEST });
let open = new Map(); // map → the lobbies there that have a free seat

list.addEventListener("lobbies", ({ detail }) => {
  open = new Map();
  for (const card of detail.all.values()) {
    if (card.free_seats) open.set(card.map.id, [...(open.get(card.map.id) ?? []), card]);
  }
  show(document);
});

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
    const here = open.get(element.dataset.lobbiesOf) ?? [];
    const seats = here.reduce((sum, card) => sum + card.free_seats, 0);
    const lobbies = here.length === 1 ? "1 open lobby" : `${here.length} open lobbies`;
    element.textContent = `${lobbies}, ${seats} free ${seats === 1 ? "seat" : "seats"}`;
    element.hidden = !here.length;
  }
  for (const element of root.querySelectorAll("[data-no-lobbies]")) {
    element.hidden = Boolean(open.get(element.dataset.noLobbies));
  }
}
