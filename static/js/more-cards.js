// Cards that came while scrolling come once more for whoever goes back to them, and the place among them.
// Browsers keep whole pages for that too, but none that holds a socket.

const key = () => `cards ${location.pathname}${location.search}`; // htmx changes it
const parts = () => document.querySelectorAll("#results > .cards").length - 1;

addEventListener("pagehide", () => {
  const kept = JSON.stringify({ parts: parts(), top: scrollY });
  sessionStorage.setItem(key(), kept);
});

/** Asks for one part after the other, and leads to the place once they are there. */
function bringBack({ parts: wanted, top }) {
  const pager = document.querySelector("#more[hx-get]");
  if (parts() >= wanted || !pager) return scrollTo(0, top);
  document.addEventListener("htmx:afterSettle", () => bringBack({ parts: wanted, top }), { once: true });
  if (!pager.classList.contains("htmx-request")) window.htmx.trigger(pager, "revealed");
}

const [visit] = performance.getEntriesByType("navigation");
const kept = visit?.type === "back_forward" && JSON.parse(sessionStorage.getItem(key()));
if (kept?.parts) bringBack(kept);
