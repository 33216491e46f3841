// A button that copies what stands in a field, and says so. Without this module the field can be selected.
for (const button of document.querySelectorAll("[data-copies]")) {
  const field = document.getElementById(button.dataset.copies);
  const told = document.getElementById(button.dataset.told);
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      told.textContent = "Copied.";
    } catch {
      field.focus(); // browsers copy only on safe sites, or when asked: select it at least
      told.textContent = "Press Ctrl C to copy the selected link.";
    }
  });
}
