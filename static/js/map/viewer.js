// The interactive map on its page: a canvas replaces the picture of the server. Without this script, or if
// the terrain can't be loaded, the picture remains.

import { find } from "../site/find.js";
import { Camera } from "./camera.js";
import { bounds, cellAt, clampToGround, describeCell, isInside, middle, readBoard } from "./isometric.js";
import { listenToPointers } from "./pointer-input.js";
import { Renderer } from "./renderer.js";

/**
 * @import { Find } from "../site/find.js"
 * @import { Board, Point } from "./isometric.js"
 */

const TIMEOUT = 20_000; // milliseconds
const HINT_DURATION = 2_500;
const ZOOM_STEP = 1.5; // factor for a key or button
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

for (const element of document.querySelectorAll("[data-terrain]")) {
  if (element instanceof HTMLElement) start(element);
}

/** @param {HTMLElement} element */
function start(element) {
  const part = find(element, "board");
  const error = part("error");
  const load = async () => {
    error.hidden = true;
    element.classList.add("board--loading");
    const board = await fetchBoard(element.dataset.terrain ?? "").catch(() => null);
    element.classList.remove("board--loading");
    if (board) open(element, part, board);
    else error.hidden = false;
  };
  element.classList.add("board--live");
  part("retry").addEventListener("click", load);
  load();
}

/** @param {string} address */
async function fetchBoard(address) {
  const response = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT) });
  if (!response.ok) throw new Error(`${response.status}`);
  return readBoard(await response.json());
}

/**
 * Replaces the picture by the canvas, and connects it to buttons, keys and pointers.
 * @param {HTMLElement} element
 * @param {Find} part
 * @param {Board} board
 */
function open(element, part, board) {
  const canvas = part("canvas", HTMLCanvasElement);
  let isRequested = false;
  const redraw = () => {
    if (!isRequested) requestAnimationFrame(frame);
    isRequested = true;
  };
  const camera = new Camera(bounds(board), (point) => clampToGround(board, point), redraw);
  const renderer = new Renderer(canvas, board, camera);
  /** @param {number} time */
  function frame(time) {
    isRequested = false;
    const isAnimating = camera.step(time);
    if (renderer.draw(time) || isAnimating) redraw();
  }

  canvas.hidden = false;
  part("picture").hidden = true;
  fitToViewport(part("viewport"), camera, renderer);
  const cursor = new Cursor(board, camera, renderer, part("status"));
  listenToKeys(canvas, camera, cursor, board);
  listenToPointers(canvas, camera, {
    pick: (point) => cursor.goTo(cellAt(board, camera.toWorld(point))),
    wheelIgnored: makeHint(part("hint")),
  });
  listenToButtons(element, camera, renderer, redraw);
}

/**
 * @param {HTMLElement} viewport
 * @param {Camera} camera
 * @param {Renderer} renderer
 */
function fitToViewport(viewport, camera, renderer) {
  const resize = () => {
    const { clientWidth: width, clientHeight: height } = viewport;
    if (!width || !height) return;
    renderer.resize(width, height);
    camera.resize(width, height);
  };
  resize();
  new ResizeObserver(resize).observe(viewport);
  // Another screen, or the browser's own zoom, can change the pixel ratio without changing the size.
  window.addEventListener("resize", resize);
}

/** The selected cell, and its description. */
class Cursor {
  /**
   * @param {Board} board
   * @param {Camera} camera
   * @param {Renderer} renderer
   * @param {HTMLElement} description
   */
  constructor(board, camera, renderer, description) {
    this.board = board;
    this.camera = camera;
    this.renderer = renderer;
    this.description = description;
    this.cell = board.spawn;
  }

  /** @param {Point | null} cell */
  goTo(cell) {
    if (!cell) return;
    this.cell = cell;
    this.show();
    this.description.textContent = describeCell(this.board, cell);
    this.camera.follow(middle(this.board, cell.x, cell.y));
  }

  /** @param {[number, number]} step */
  move([dx, dy]) {
    const { x, y } = this.cell;
    if (isInside(this.board, x + dx, y + dy)) return this.goTo({ x: x + dx, y: y + dy });
    this.show();
    this.description.textContent = `Edge of the map. ${describeCell(this.board, this.cell)}`;
  }

  /**
   * Zooms around the cell if it is visible, else around the middle.
   * @param {number} factor
   */
  zoom(factor) {
    const cell = middle(this.board, this.cell.x, this.cell.y);
    const point = this.camera.toScreen(cell);
    this.camera.zoomBy(factor, point ?? undefined, { animate: true });
    if (point) this.camera.follow(cell);
  }

  show() {
    this.renderer.options.cursor = this.cell;
    this.camera.onChange();
  }
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Camera} camera
 * @param {Cursor} cursor
 * @param {Board} board
 */
function listenToKeys(canvas, camera, cursor, board) {
  /** @type {Record<string, () => void>} */
  const actions = {
    "+": () => cursor.zoom(ZOOM_STEP),
    "=": () => cursor.zoom(ZOOM_STEP),
    "-": () => cursor.zoom(1 / ZOOM_STEP),
    0: () => camera.fit(),
    Home: () => cursor.goTo(board.spawn),
    End: () => cursor.goTo(board.goal),
  };
  canvas.addEventListener("focus", () => cursor.show());
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const action = ARROWS[event.key] ? () => cursor.move(ARROWS[event.key]) : actions[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}

/**
 * @param {HTMLElement} element
 * @param {Camera} camera
 * @param {Renderer} renderer
 * @param {() => void} redraw
 */
function listenToButtons(element, camera, renderer, redraw) {
  const animate = { animate: true };
  /** @type {Record<string, (button: HTMLButtonElement) => void>} */
  const actions = {
    in: () => camera.zoomBy(ZOOM_STEP, undefined, animate),
    out: () => camera.zoomBy(1 / ZOOM_STEP, undefined, animate),
    fit: () => camera.fit(),
    path: (button) => {
      renderer.options.path = toggle(button);
    },
    heights: (button) => {
      renderer.options.heights = toggle(button);
      renderer.invalidate();
    },
  };
  for (const button of element.querySelectorAll("button")) {
    const action = actions[button.dataset.act ?? ""];
    if (!action) continue;
    button.disabled = false;
    button.addEventListener("click", () => {
      action(button);
      redraw();
    });
  }
}

/**
 * Toggles a button. Returns whether it is pressed now.
 * @param {HTMLButtonElement} button
 */
function toggle(button) {
  const isPressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(isPressed));
  return isPressed;
}

/**
 * Returns a function that briefly explains why the wheel scrolls the page.
 * @param {HTMLElement} hint
 */
function makeHint(hint) {
  let timer = 0;
  return () => {
    hint.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => {
      hint.hidden = true;
    }, HINT_DURATION);
  };
}
