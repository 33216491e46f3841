// What a reader must be told when htmx changes a part of the page in place, or fails to.

// Looked up each time: going back in the browser's history puts others in their place.
const announcement = () => document.getElementById("announcement");
const trouble = () => document.getElementById("trouble");

// A live region is heard only if it was on the page before its text: one stays, parts fill it.
document.addEventListener("htmx:load", (event) => {
  const told = event.target.querySelector?.("[data-announce]");
  if (told) announcement().textContent = told.textContent.replace(/\s+/g, " ").trim();
});

// Where what had the focus is gone, the changed part takes it; else keyboards start at the top again.
document.addEventListener("htmx:afterSettle", (event) => {
  if (document.activeElement === document.body) event.target.focus({ preventScroll: true });
});

function complain(words) {
  trouble().textContent = words;
  trouble().hidden = false;
}

document.addEventListener("htmx:sendError", () => {
  complain("You seem to be offline. Nothing was changed; please try again.");
});

document.addEventListener("htmx:responseError", (event) => {
  const gone = event.detail.xhr.status === 404;
  complain(
    gone
      ? "This is not here any more. Reload the page."
      : "That did not work. Reload the page and try again.",
  );
});

document.addEventListener("htmx:beforeRequest", () => {
  trouble().hidden = true;
});

// An address that is shared says only what was asked for, not which controls were left alone.
document.addEventListener("htmx:configRequest", (event) => {
  const { parameters } = event.detail;
  for (const name of Object.keys(parameters)) {
    if (parameters[name] === "") delete parameters[name];
  }
});
