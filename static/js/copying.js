// A button that copies what stands in a field, and says so. Without scripts the field can be selected.

export function letCopy(button, field, tell, copied = "Copied.") {
  button.hidden = false;
  field.addEventListener("focus", () => field.select());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      tell(copied);
    } catch {
      field.focus(); // browsers copy only on safe sites, or when asked: select it at least
      tell("Press Ctrl C to copy the selected link.");
    }
  });
}

for (const button of document.querySelectorAll("[data-copies]")) {
  const told = document.getElementById(button.dataset.told);
  letCopy(button, document.getElementById(button.dataset.copies), (words) => {
    told.textContent = words;
  });
}
