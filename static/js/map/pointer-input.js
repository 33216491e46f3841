// Moves the camera by mouse, touch and wheel on the map's canvas.
//
// It must be easy to scroll past the map. So the wheel, and a finger that moves up or down, move the map only
// while it has the focus, after a click or a tap. Ctrl with the wheel, which is also the event of a pinch on
// a touchpad, always zooms.

/**
 * @import { Camera } from "./camera.js"
 * @import { Point } from "./isometric.js"
 */

const CLICK_RADIUS = 5; // pixels; a longer movement is a drag
const LINE_HEIGHT = 18; // pixels, for wheels that count in lines

/**
 * @param {Point} one
 * @param {Point} other
 */
const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

/**
 * Moves the camera by pointers.
 * @param {HTMLCanvasElement} canvas
 * @param {Camera} camera
 * @param {{pick: (point: Point) => void, wheelIgnored: () => void}} on `pick` is called for a click on a point
 *   of the canvas, `wheelIgnored` for a wheel that scrolls the page
 */
export function listenToPointers(canvas, camera, on) {
  /** @type {Map<number, Point>} */
  const fingers = new Map();
  let moved = 0;

  const positionOf = (/** @type {MouseEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, positionOf(event));
    canvas.setPointerCapture(event.pointerId);
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = positionOf(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    moved += distance(before, now);
    fingers.set(event.pointerId, now);
    if (other) pinch(camera, before, now, other);
    else if (moved > CLICK_RADIUS) camera.pan(now.x - before.x, now.y - before.y);
    canvas.classList.toggle("board__canvas--dragged", moved > CLICK_RADIUS);
  });

  const release = (/** @type {PointerEvent} */ event) => {
    const alone = fingers.size === 1;
    if (!fingers.delete(event.pointerId)) return;
    canvas.classList.remove("board__canvas--dragged");
    if (event.type === "pointerup" && alone && moved <= CLICK_RADIUS) on.pick(positionOf(event));
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release); // the browser scrolls the page

  canvas.addEventListener("dblclick", (event) => {
    camera.zoomBy(event.shiftKey ? 0.5 : 2, positionOf(event), { animate: true });
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return on.wheelIgnored();
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode ? LINE_HEIGHT : 1);
      // A touchpad's pinch has smaller steps than a wheel.
      camera.zoomBy(Math.exp(-pixels * (event.ctrlKey ? 0.006 : 0.002)), positionOf(event));
    },
    { passive: false },
  );
}

/**
 * Moves and zooms by two fingers, around the point between them.
 * @param {Camera} camera
 * @param {Point} before
 * @param {Point} now
 * @param {Point} other
 */
function pinch(camera, before, now, other) {
  const between = (/** @type {Point} */ point) => ({ x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 });
  const [from, to] = [between(before), between(now)];
  camera.pan(to.x - from.x, to.y - from.y);
  camera.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), to);
}
