// Tells the exact time, in the reader's own zone and language, when a relative one is pointed at.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" });

function annotate(root) {
  for (const time of root.querySelectorAll("time[datetime]:not([title])")) {
    time.title = format.format(new Date(time.dateTime));
  }
}

annotate(document);
document.addEventListener("htmx:load", (event) => annotate(event.target));
