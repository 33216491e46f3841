// The search box and its filters, and the history of the browser.

/**
 * @typedef {object} HistoryDetail of an event of htmx's
 * @property {{type: string, path: string}} history
 * @property {{triggeringEvent?: {target: Element}}} requestConfig
 */

/** @returns {NodeListOf<HTMLInputElement | HTMLSelectElement>} */
const controls = () => document.querySelectorAll("#q, .facet [name]");

// htmx restores the markup, but not the current values of the form. Without this, the next filter would
// remove the others.
document.addEventListener("htmx:historyRestore", () => {
  const query = new URLSearchParams(location.search);
  for (const control of controls()) {
    control.value = query.get(control.name) ?? "";
    const isUnknown = control instanceof HTMLSelectElement && control.selectedIndex === -1;
    if (isUnknown) control.value = "";
  }
});

// One step back leaves a search, however many requests the typing caused. The server can't control this,
// because its response is cached for everybody.
document.addEventListener("htmx:beforeHistoryUpdate", (event) => {
  const { history: update, requestConfig } = /** @type {CustomEvent<HistoryDetail>} */ (event).detail;
  const isTyped = requestConfig.triggeringEvent?.target.id === "q";
  const isSearch = new URLSearchParams(location.search).has("q");
  const isUnchanged = update.path === location.pathname + location.search; // after Enter
  if ((isTyped && isSearch) || isUnchanged) update.type = "replace";
});
