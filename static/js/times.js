// Tells exact times in the reader's own zone and language: on pointing at a relative one, and on a tap.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

function annotate(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    const exact = format.format(new Date(time.dateTime));
    if ("exact" in time.dataset) time.textContent = exact;
    else time.title = exact;
  }
}

// A finger can't point: a tap shows the exact time in its place, the next one the relative one again.
document.addEventListener("click", (event) => {
  const time = event.target.closest?.("time[title]");
  if (time && !time.closest("a, button")) [time.textContent, time.title] = [time.title, time.textContent];
});

annotate(document);
document.addEventListener("htmx:load", (event) => annotate(event.target));
