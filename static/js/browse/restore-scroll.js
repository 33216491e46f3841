// Cards that came while scrolling come once more for whoever goes back to them, and the place among them.
// Browsers keep whole pages for that too, but none that holds a socket.

/**
 * @typedef {{parts: number, top: number}} Place how many parts had come, and how far one had scrolled
 * @type {Window & {htmx?: {trigger: (element: Element, name: string) => void}}}
 */
const page = window;

const key = () => `cards ${location.pathname}${location.search}`; // htmx changes it
const partCount = () => document.querySelectorAll("#results > .cards").length - 1;

addEventListener("pagehide", () => {
  sessionStorage.setItem(key(), JSON.stringify({ parts: partCount(), top: scrollY }));
});

/**
 * Asks for one part after the other, and scrolls to the place once they are there.
 * @param {Place} place
 */
function restore({ parts, top }) {
  const pager = document.querySelector("#more[hx-get]");
  if (partCount() >= parts || !pager) return scrollTo(0, top);
  document.addEventListener("htmx:afterSettle", () => restore({ parts, top }), { once: true });
  if (!pager.classList.contains("htmx-request")) page.htmx?.trigger(pager, "revealed");
}

const [visit] = performance.getEntriesByType("navigation");
const isBack = visit instanceof PerformanceNavigationTiming && visit.type === "back_forward";
/** @type {Place | null} */
const saved = isBack ? JSON.parse(sessionStorage.getItem(key()) ?? "null") : null;
if (saved?.parts) restore(saved);
