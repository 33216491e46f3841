// What a reader must be told when htmx changes a part of the page in place, or fails to.

// Looked up each time: going back in the browser's history puts others in their place.
const part = (id) => document.getElementById(id);
let before = null; // what had the focus when something went wrong

// A live region is heard only if it was on the page before its text: one stays, parts fill it.
document.addEventListener("htmx:load", (event) => {
  const told = event.target.querySelector?.("[data-announce]");
  if (told) part("announcement").textContent = told.textContent.replace(/\s+/g, " ").trim();
});

// Where what had the focus is gone, the changed part takes it; else keyboards start at the top again.
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement === document.body) event.target.focus({ preventScroll: true });
});

function complain(words) {
  before = document.activeElement;
  part("trouble").hidden = false; // first: words that come into a hidden place are not read out
  part("trouble-words").textContent = words;
}

function dismiss() {
  part("trouble").hidden = true;
  part("trouble-words").textContent = "";
}

document.addEventListener("click", (event) => {
  if (!event.target.closest("#trouble-close")) return;
  dismiss();
  before?.focus({ preventScroll: true });
});

document.addEventListener("htmx:sendError", () => {
  complain("You seem to be offline. Nothing has changed; please try again.");
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr } = event.detail;
  if (xhr.status === 429) {
    const seconds = Number(xhr.getResponseHeader("Retry-After")) || 60;
    complain(`That was too often. Nothing has changed; try again in ${seconds} s.`);
  } else if (xhr.status === 404) {
    complain("This isn’t here any more. Reload the page.");
  } else {
    complain("That didn’t work. Reload the page and try again.");
  }
});

document.addEventListener("htmx:beforeRequest", dismiss);

// An address that is shared says only what was asked for, not which controls were left alone.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
});
