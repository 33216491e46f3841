// On pages of maps: how many open lobbies each map has. The pages themselves are the same for everybody
// and are kept in memory by the server, so the numbers come by the list's socket.

import { LobbyList, socketAddress } from "./client.js";

const MAX_DELAY = 60_000; // between tries: these numbers are a trifle
const list = new LobbyList(socketAddress("/ws/lobbies"), { maxDelay: MAX_DELAY });

list.on("lobbies", () => show(document));

// Only who looks takes up a socket: there are just so many of them.
const update = () => {
  const isUseful = document.querySelector("[data-lobbies-of]");
  if (document.visibilityState === "visible" && isUseful) list.open();
  else list.close();
};
document.addEventListener("visibilitychange", update);
document.addEventListener("htmx:load", ({ target }) => {
  update();
  if (target instanceof Element) show(target);
});
if ("requestIdleCallback" in window) requestIdleCallback(update);
else setTimeout(update, 1_000);

/** @param {Document | Element} root */
function show(root) {
  /** @type {NodeListOf<HTMLElement>} */
  const counts = root.querySelectorAll("[data-lobbies-of]");
  for (const element of counts) {
    const here = list.maps.get(element.dataset.lobbiesOf ?? "") ?? { lobbies: 0, free_seats: 0 };
    const lobbies = here.lobbies === 1 ? "1 open lobby" : `${here.lobbies} open lobbies`;
    const seats = here.free_seats === 1 ? "1 free seat" : `${here.free_seats} free seats`;
    const text = element.querySelector("[data-count]");
    if (text) text.textContent = `${lobbies}, ${seats}`;
    element.hidden = !here.lobbies;
  }
  /** @type {NodeListOf<HTMLElement>} */
  const placeholders = root.querySelectorAll("[data-no-lobbies]");
  for (const element of placeholders) {
    element.hidden = list.maps.has(element.dataset.noLobbies ?? "");
  }
}
