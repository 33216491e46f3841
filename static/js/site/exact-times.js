// Shows exact times in the user's time zone and language: in the tooltip of a relative time, and on a tap.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

/** @param {Document | Element} root */
function annotate(root) {
  /** @type {NodeListOf<HTMLTimeElement>} */
  const times = root.querySelectorAll("time[datetime]:not([title])");
  for (const time of times) {
    const exact = format.format(new Date(time.dateTime));
    if ("exact" in time.dataset) time.textContent = exact;
    else time.title = exact;
  }
}

// On touch screens, a tap shows the exact time in place, and the next tap the relative one.
document.addEventListener("click", ({ target }) => {
  const time = target instanceof Element && target.closest("time[title]");
  if (!(time instanceof HTMLTimeElement) || time.closest("a, button")) return;
  [time.textContent, time.title] = [time.title, time.textContent];
});

annotate(document);
document.addEventListener("htmx:load", ({ target }) => {
  if (target instanceof Element) annotate(target);
});
