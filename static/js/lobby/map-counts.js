// On pages of maps: how many open lobbies each map has. These pages are cached for everybody, so the numbers
// come from the list socket.

import { LobbyList, socketAddress } from "./client.js";

const MAX_DELAY = 60_000; // between attempts; these numbers are not important
const list = new LobbyList(socketAddress("/ws/lobbies"), { maxDelay: MAX_DELAY });

list.on("lobbies", () => show(document));

// Only visible pages connect, because the number of sockets is limited.
const update = () => {
  const isUseful = document.querySelector("[data-lobbies-of]");
  if (document.visibilityState === "visible" && isUseful) list.open();
  else list.close();
};
document.addEventListener("visibilitychange", update);
// A browser keeps a page for going back, but not its socket, and reports that as an error.
addEventListener("pagehide", () => list.close());
addEventListener("pageshow", ({ persisted }) => {
  if (persisted) update();
});
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
    const count = list.maps.get(element.dataset.lobbiesOf ?? "") ?? { lobbies: 0, free_seats: 0 };
    const lobbies = count.lobbies === 1 ? "1 open lobby" : `${count.lobbies} open lobbies`;
    const seats = count.free_seats === 1 ? "1 free seat" : `${count.free_seats} free seats`;
    const text = element.querySelector("[data-count]");
    if (text) text.textContent = `${lobbies}, ${seats}`;
    element.hidden = !count.lobbies;
  }
  /** @type {NodeListOf<HTMLElement>} */
  const placeholders = root.querySelectorAll("[data-no-lobbies]");
  for (const element of placeholders) {
    element.hidden = list.maps.has(element.dataset.noLobbies ?? "");
  }
}
