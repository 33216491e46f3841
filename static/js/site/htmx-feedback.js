// Announces changes that htmx makes in a page, and shows its failures.

import { byId } from "./find.js";

/** @typedef {{xhr: XMLHttpRequest, parameters: Record<string, string>}} Detail of an event of htmx's */

const TAG = /<[a-z](?:[^>"]|"[^"]*")*>/gi; // in the HTML of a page as browsers write it
const STYLE = / style="[^"]*"/gi;

/** @type {Element | null} the focused element before an error */
let focusedBefore = null;

// Screen readers announce a live region only if it was on the page before its text. So there is one for all
// announcements.
document.addEventListener("htmx:load", ({ target }) => {
  const part = target instanceof Element && target.querySelector("[data-announce]");
  if (part) byId("announcement").textContent = part.textContent.replace(/\s+/g, " ").trim();
});

// If the focused element was removed, the changed part gets the focus. Otherwise the next Tab would start
// at the top of the page.
document.addEventListener("htmx:afterSettle", ({ target }) => {
  if (document.activeElement !== document.body) return;
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
});

/** @param {string} text */
function showError(text) {
  focusedBefore = document.activeElement;
  byId("error-banner").hidden = false; // first, because a text in a hidden element is not announced
  byId("error-banner-text").textContent = text;
}

function hideError() {
  byId("error-banner").hidden = true;
  byId("error-banner-text").textContent = "";
}

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element) || !target.closest("#error-banner-close")) return;
  hideError();
  if (focusedBefore instanceof HTMLElement) focusedBefore.focus({ preventScroll: true });
});

document.addEventListener("htmx:sendError", () => {
  showError("You seem to be offline. Nothing has changed; please try again.");
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = /** @type {CustomEvent<Detail>} */ (event).detail;
  if (xhr.status === 429) {
    const seconds = Number(xhr.getResponseHeader("Retry-After")) || 60;
    showError(`Too many requests. Nothing has changed; try again in ${seconds} s.`);
  } else if (xhr.status === 403) {
    showError("This page is out of date, so nothing has changed. Reload it, then try again.");
  } else if (xhr.status === 404) {
    showError("This isn’t here any more. Reload the page.");
  } else {
    showError("That didn’t work. Reload the page and try again.");
  }
});

document.addEventListener("htmx:beforeRequest", hideError);

// Going back shows a copy of the page. Scripts, browsers and extensions may have set styles in it, and the CSP
// rejects styles in HTML. So the copy has none.
document.addEventListener("htmx:historyItemCreated", (event) => {
  const { item } = /** @type {CustomEvent<{item: {content: string}}>} */ (event).detail;
  item.content = item.content.replace(TAG, (tag) => tag.replace(STYLE, ""));
});

// Empty parameters are removed, so that addresses are short.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters } = /** @type {CustomEvent<Detail>} */ (event).detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
});
