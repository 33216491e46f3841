// The map on its page: a canvas to move, zoom and walk takes the place of the server's picture.
// Without this script, or when the terrain can't be loaded, the picture stays.

import { bounds, cellAt, inside, middle, ontoGround, readBoard, tell } from "./isometric.js";
import { listenToPointers } from "./map-input.js";
import { Picture } from "./map-picture.js";
import { View } from "./map-view.js";

const PATIENCE = 20_000; // milliseconds
const HINT_STAYS = 2_500;
const STEP = 1.5; // of zoom, by key or button
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

for (const element of document.querySelectorAll("[data-terrain]")) start(element);

function start(element) {
  const part = (name) => element.querySelector(`[data-board="${name}"]`);
  const failure = part("failure");
  const load = async () => {
    failure.hidden = true;
    element.classList.add("board--loading");
    const board = await fetchBoard(element.dataset.terrain).catch(() => null);
    element.classList.remove("board--loading");
    if (board) open(element, part, board);
    else failure.hidden = false;
  };
  element.classList.add("board--live");
  part("again").addEventListener("click", load);
  load();
}

async function fetchBoard(address) {
  const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return readBoard(await answer.json());
}

/** Puts the canvas in the picture's place and lets buttons, keys and pointers act on it. */
function open(element, part, board) {
  const canvas = part("canvas");
  let asked = false;
  const redraw = () => {
    if (!asked) requestAnimationFrame(frame);
    asked = true;
  };
  const view = new View(bounds(board), (point) => ontoGround(board, point), redraw);
  const picture = new Picture(canvas, board, view);
  function frame(time) {
    asked = false;
    const gliding = view.step(time);
    if (picture.draw(time) || gliding) redraw();
  }

  canvas.hidden = false;
  part("picture").hidden = true;
  fitToStage(part("stage"), view, picture);
  const walker = new Walker(board, view, picture, part("told"));
  listenToKeys(canvas, view, walker, board);
  listenToPointers(canvas, view, {
    pick: (point) => walker.goTo(cellAt(board, view.toWorld(point))),
    refused: hinter(part("hint")),
  });
  listenToButtons(element, view, picture, redraw);
}

function fitToStage(stage, view, picture) {
  const resize = () => {
    const { clientWidth: width, clientHeight: height } = stage;
    if (!width || !height) return;
    picture.resize(width, height);
    view.resize(width, height);
  };
  resize();
  new ResizeObserver(resize).observe(stage);
  // Another screen, or the browser's own zoom, can change what a pixel is and leave the size.
  window.addEventListener("resize", resize);
}

/** Stands on a cell, walks to others and tells what is there. */
class Walker {
  constructor(board, view, picture, told) {
    Object.assign(this, { board, view, picture, told });
    this.at = board.spawn;
  }

  goTo(cell) {
    if (!cell) return;
    this.at = cell;
    this.show();
    this.told.textContent = tell(this.board, cell);
    this.view.follow(middle(this.board, cell.x, cell.y));
  }

  walk([dx, dy]) {
    const { x, y } = this.at;
    if (inside(this.board, x + dx, y + dy)) return this.goTo({ x: x + dx, y: y + dy });
    this.show();
    this.told.textContent = `Edge of the map. ${tell(this.board, this.at)}`;
  }

  /** Zooms about the cell, which stays well in sight; about the middle once it was moved away. */
  zoom(factor) {
    const cell = middle(this.board, this.at.x, this.at.y);
    const point = this.view.onScreen(cell);
    this.view.zoomBy(factor, point ?? undefined, { glide: true });
    if (point) this.view.follow(cell);
  }

  show() {
    this.picture.options.cursor = this.at;
    this.view.changed();
  }
}

function listenToKeys(canvas, view, walker, board) {
  const keys = {
    "+": () => walker.zoom(STEP),
    "=": () => walker.zoom(STEP),
    "-": () => walker.zoom(1 / STEP),
    0: () => view.fit(),
    Home: () => walker.goTo(board.spawn),
    End: () => walker.goTo(board.goal),
  };
  canvas.addEventListener("focus", () => walker.show());
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const act = ARROWS[event.key] ? () => walker.walk(ARROWS[event.key]) : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function listenToButtons(element, view, picture, redraw) {
  const glide = { glide: true };
  const acts = {
    in: () => view.zoomBy(STEP, undefined, glide),
    out: () => view.zoomBy(1 / STEP, undefined, glide),
    fit: () => view.fit(),
    path: (button) => (picture.options.path = pressed(button)),
    heights: (button) => {
      picture.options.heights = pressed(button);
      picture.renew();
    },
  };
  for (const button of element.querySelectorAll("[data-act]")) {
    button.disabled = false;
    button.addEventListener("click", () => {
      acts[button.dataset.act](button);
      redraw();
    });
  }
}

function pressed(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  return on;
}

/** Says for a moment why the wheel scrolls the page. */
function hinter(hint) {
  let timer;
  return () => {
    hint.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => (hint.hidden = true), HINT_STAYS);
  };
}
