// The editor of tribes: sliders that share ten points, presets, and the gains of towers. Without this module
// the form is posted to the server.

import { byId } from "../site/find.js";
import { raised, spend, sum } from "./points.js";

const form = byId("tribe-editor", HTMLFormElement);
const total = Number(form.dataset.total);
/** @type {HTMLInputElement[]} */
const sliders = [...form.querySelectorAll("input")].filter((input) => input.type === "range");
const pips = [...form.querySelectorAll(".points__pip")];
const pointsStatus = byId("points-status");
const emblem = required(form.querySelector(".tribe-preview .emblem"));
const picker = byId("own-color", HTMLInputElement);
const contrastNote = byId("contrast");

const currentPoints = () => sliders.map((slider) => slider.valueAsNumber);
const pointsText = (/** @type {number} */ count) => `${count} point${count === 1 ? "" : "s"}`;

/**
 * Returns an element that the page must have.
 * @template {Element} T
 * @param {T | null | undefined} element
 */
function required(element) {
  if (!element) throw new Error("An element of the editor is missing on the page.");
  return element;
}

/**
 * Returns the inputs of the form with a name.
 * @param {string} name
 */
const inputs = (name) => [...form.querySelectorAll("input")].filter((input) => input.name === name);

// ---- Points -------------------------------------------------------------------------------------

// The points before the current slider was moved: dragging it back restores the others.
let startPoints = currentPoints();

/**
 * @param {number[]} points
 * @param {string} [note] added to the text if all points are spent
 */
function showPoints(points, note = "") {
  points.forEach((count, n) => {
    const slider = sliders[n];
    const percent = count * 5;
    slider.valueAsNumber = count;
    slider.style.setProperty("--spent", `${(100 * count) / Number(slider.max)}%`);
    slider.setAttribute("aria-valuetext", `${pointsText(count)}, ${percent} percent more`);
    const output = required(slider.parentElement?.querySelector("output"));
    output.value = `${pointsText(count)} · +${percent}%`;
  });
  const left = total - sum(points);
  pips.forEach((pip, n) => pip.classList.toggle("points__pip--spent", n < total - left));
  pointsStatus.textContent = left ? `${pointsText(left)} left to spend` : `All ten points are spent${note}`;
  sliders[0].setCustomValidity(left ? `Spend ${pointsText(left)} more.` : "");
  for (const gain of form.querySelectorAll(".gain")) {
    if (gain instanceof HTMLElement) showGain(gain, points);
  }
}

/**
 * @param {HTMLElement} gain
 * @param {number[]} points
 */
function showGain(gain, points) {
  const { base, decimals, raisedBy = "", longest } = gain.dataset;
  const spent = raisedBy.split(" ").map((name) => points[sliders.findIndex((s) => s.name === name)]);
  const after = raised(Number(base), spent, Number(decimals));
  required(gain.querySelector(".gain__after")).textContent = after.toFixed(Number(decimals));
  const width = String((100 * after) / Number(longest));
  required(gain.querySelector(".gain__more")).setAttribute("width", width);
}

sliders.forEach((slider, index) => {
  slider.addEventListener("input", () => {
    const points = spend(startPoints, index, slider.valueAsNumber, total);
    const lowered = sliders.filter((_, n) => n !== index && points[n] < startPoints[n]);
    const names = lowered.map(({ dataset }) => dataset.label?.toLowerCase()).join(" and ");
    showPoints(points, names && `; taken from ${names}`);
  });
  slider.addEventListener("change", () => {
    startPoints = currentPoints();
  });
});

// ---- Style, name and colour -----------------------------------------------------------------------

for (const radio of inputs("archetype")) {
  radio.addEventListener("change", () => {
    startPoints = (radio.dataset.points ?? "").split(" ").map(Number);
    showPoints(startPoints);
    byId("tribe-preview-archetype").textContent = radio.value;
    const use = required(emblem.querySelector("use"));
    const address = use.getAttribute("href") ?? "";
    use.setAttribute("href", address.replace(/#.*/, `#${radio.value}`));
  });
}

const [nameField] = inputs("name");
nameField.addEventListener("input", () => {
  byId("tribe-preview-name").textContent = nameField.value.trim() || "Your tribe";
});

/** @param {string} colour */
function showColour(colour) {
  emblem.setAttribute("fill", colour);
  for (const bar of form.querySelectorAll(".gain__more")) bar.setAttribute("fill", colour);
}

/**
 * Returns the relative luminance of WCAG 2.1, like tribes.colours.
 * @param {string} colour `#rrggbb`
 */
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {string} one
 * @param {string} other
 */
function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function showContrast() {
  const { backgrounds = "", leastContrast } = form.dataset;
  const least = Math.min(...backgrounds.split(" ").map((other) => contrast(picker.value, other)));
  const isVisible = least >= Number(leastContrast);
  const figure = (Math.floor(least * 10) / 10).toFixed(1); // rounded down, so that it never looks sufficient
  const verdict = isVisible ? "easy to see" : "too dark, pick a lighter one";
  contrastNote.textContent = `Contrast ${figure}:1, ${verdict}`;
  contrastNote.classList.toggle("own-colour__contrast--invalid", !isVisible);
  picker.setCustomValidity(isVisible ? "" : "This colour is too dark to be seen. Pick a lighter one.");
}

for (const radio of inputs("color")) {
  radio.addEventListener("change", () => {
    const own = radio.value === "own";
    showColour(own ? picker.value : radio.value);
    if (own) showContrast();
    else picker.setCustomValidity("");
  });
}

picker.addEventListener("input", () => {
  for (const radio of inputs("color")) radio.checked = radio.value === "own";
  showColour(picker.value);
  showContrast();
});

// After going back, browsers restore the values of the form.
showPoints(currentPoints());
