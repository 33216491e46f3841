// The search box and its filters, and the history of the browser.

const controls = () => document.querySelectorAll("#q, .facet [name]");

// Cards come back as they were, the controls beside them as the page was sent: what somebody typed and
// chose is in no markup. The next filter would drop the others.
document.addEventListener("htmx:historyRestore", () => {
  const asked = new URLSearchParams(location.search);
  for (const control of controls()) {
    control.value = asked.get(control.name) ?? "";
    if (control.selectedIndex === -1) control.value = ""; // it means nothing
  }
});

// One step back leaves a search, however often one paused while typing it. The server can't say so: what it
// answers is kept, and the same for everybody who asks for that address.
document.addEventListener("htmx:beforeHistoryUpdate", ({ detail }) => {
  const { history: update, requestConfig } = detail;
  const isTyped = requestConfig.triggeringEvent?.target.id === "q";
  const isSearch = new URLSearchParams(location.search).has("q");
  const isHere = update.path === location.pathname + location.search; // as by Enter after typing
  if ((isTyped && isSearch) || isHere) update.type = "replace";
});
