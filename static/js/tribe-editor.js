// The editor of tribes: sliders that share ten points, styles that set them, and what towers gain.
// Without this module the same form works by the server alone.

import { raised, spend, sum } from "./tribe-points.js";

const form = document.getElementById("tribe-editor");
const total = Number(form.dataset.total);
const sliders = [...form.querySelectorAll("input[type=range]")];
const pips = [...form.querySelectorAll(".purse__pip")];
const purse = document.getElementById("purse");
const emblem = form.querySelector(".preview .emblem");
const picker = document.getElementById("own-color");
const figure = document.getElementById("contrast");

const pointsNow = () => sliders.map((slider) => slider.valueAsNumber);
const number = (count) => `${count} point${count === 1 ? "" : "s"}`;

// ---- Points -------------------------------------------------------------------------------------

// Where the points stood before the slider in hand was moved: dragging there and back changes nothing.
let before = pointsNow();

function showPoints(points, told = "") {
  points.forEach((some, n) => {
    const slider = sliders[n];
    slider.value = some;
    slider.style.setProperty("--spent", `${(100 * some) / slider.max}%`);
    slider.setAttribute("aria-valuetext", `${number(some)}, ${some * 5} percent more`);
    slider.parentElement.querySelector("output").value = `${number(some)} · +${some * 5}%`;
  });
  const left = total - sum(points);
  pips.forEach((pip, n) => pip.classList.toggle("purse__pip--spent", n < total - left));
  purse.textContent = left ? `${number(left)} left to spend` : `All ten points are spent${told}`;
  sliders[0].setCustomValidity(left ? `Spend ${number(left)} more.` : "");
  for (const gain of form.querySelectorAll(".gain")) showGain(gain, points);
}

function showGain(gain, points) {
  const { base, decimals, raisedBy, longest } = gain.dataset;
  const spent = raisedBy.split(" ").map((name) => points[sliders.findIndex((s) => s.name === name)]);
  const after = raised(Number(base), spent, Number(decimals));
  gain.querySelector(".gain__after").textContent = after.toFixed(decimals);
  gain.querySelector(".gain__more").setAttribute("width", (100 * after) / Number(longest));
}

sliders.forEach((slider, index) => {
  slider.addEventListener("input", () => {
    const points = spend(before, index, slider.valueAsNumber, total);
    const givers = sliders.filter((other, n) => n !== index && points[n] < before[n]);
    const names = givers.map((giver) => giver.dataset.label.toLowerCase()).join(" and ");
    showPoints(points, names && `; taken from ${names}`);
  });
  slider.addEventListener("change", () => {
    before = pointsNow();
  });
});

// ---- Style, name and colour -----------------------------------------------------------------------

for (const radio of form.elements.archetype) {
  radio.addEventListener("change", () => {
    before = radio.dataset.points.split(" ").map(Number);
    showPoints(before);
    document.getElementById("preview-archetype").textContent = radio.value;
    const use = emblem.querySelector("use");
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${radio.value}`));
  });
}

form.elements.name.addEventListener("input", (event) => {
  document.getElementById("preview-name").textContent = event.target.value.trim() || "Your tribe";
});

function showColour(colour) {
  emblem.setAttribute("fill", colour);
  for (const bar of form.querySelectorAll(".gain__more")) bar.setAttribute("fill", colour);
}

// WCAG 2.1, as tribes.colours has it.
function luminance(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(colour.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function showContrast() {
  const { backgrounds, leastContrast } = form.dataset;
  const least = Math.min(...backgrounds.split(" ").map((other) => contrast(picker.value, other)));
  const seen = least >= Number(leastContrast);
  const told = (Math.floor(least * 10) / 10).toFixed(1); // down: none is told a figure that would do
  figure.textContent = `Contrast ${told}:1, ${seen ? "easy to see" : "too dark, pick a lighter one"}`;
  figure.classList.toggle("own-colour__figure--wrong", !seen);
  picker.setCustomValidity(seen ? "" : "This colour is too dark to be seen. Pick a lighter one.");
}

for (const radio of form.elements.color) {
  radio.addEventListener("change", () => {
    const own = radio.value === "own";
    showColour(own ? picker.value : radio.value);
    if (own) showContrast();
    else picker.setCustomValidity("");
  });
}

picker.addEventListener("input", () => {
  form.elements.color.value = "own";
  showColour(picker.value);
  showContrast();
});

// What a browser filled in again after going back counts, not what the server sent.
showPoints(pointsNow());
