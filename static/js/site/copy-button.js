// A button that copies the text of a field and announces it. Without scripts the field can be selected.

/**
 * Shows a button that copies a field.
 * @param {HTMLElement} button
 * @param {HTMLInputElement} field
 * @param {(text: string) => void} announce
 * @param {string} [success] the announcement after copying
 */
export function enableCopyButton(button, field, announce, success = "Copied.") {
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      announce(success);
    } catch {
      field.focus(); // selects the text: browsers copy only on secure sites and with permission
      announce("Press Ctrl C to copy the selected link.");
    }
  });
}

for (const button of document.querySelectorAll("[data-copies]")) {
  if (!(button instanceof HTMLElement)) continue;
  const field = document.getElementById(button.dataset.copies ?? "");
  const status = document.getElementById(button.dataset.status ?? "");
  if (!(field instanceof HTMLInputElement)) continue;
  enableCopyButton(button, field, (text) => {
    if (status) status.textContent = text;
  });
}
