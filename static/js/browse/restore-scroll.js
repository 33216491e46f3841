// Restores cards that were loaded while scrolling, and the scroll position, after going back to a list. The
// back/forward cache of browsers does not restore pages with an open socket.

/**
 * @typedef {{parts: number, top: number}} ScrollState the number of loaded parts, and the scroll position
 * @type {Window & {htmx?: {trigger: (element: Element, name: string) => void}}}
 */
const page = window;

const key = () => `cards ${location.pathname}${location.search}`; // htmx changes the address
const partCount = () => document.querySelectorAll("#results > .cards").length - 1;

addEventListener("pagehide", () => {
  sessionStorage.setItem(key(), JSON.stringify({ parts: partCount(), top: scrollY }));
});

/**
 * Loads one part after the other, then scrolls to the position.
 * @param {ScrollState} state
 */
function restore({ parts, top }) {
  const pager = document.querySelector("#more[hx-get]");
  if (partCount() >= parts || !pager) return scrollTo(0, top);
  document.addEventListener("htmx:afterSettle", () => restore({ parts, top }), { once: true });
  if (!pager.classList.contains("htmx-request")) page.htmx?.trigger(pager, "revealed");
}

const [visit] = performance.getEntriesByType("navigation");
const isBack = visit instanceof PerformanceNavigationTiming && visit.type === "back_forward";
/** @type {ScrollState | null} */
const saved = isBack ? JSON.parse(sessionStorage.getItem(key()) ?? "null") : null;
if (saved?.parts) restore(saved);
