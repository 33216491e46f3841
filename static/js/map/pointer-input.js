// Mouse, fingers and wheel on the map's canvas, turned into moves of the camera.
//
// The page must stay easy to scroll past. So the map takes the wheel, and a finger that moves up or
// down, only while it has the focus: after a click or a tap on it. Ctrl with the wheel, which is also
// what two fingers on a touchpad send, zooms at any time.

/**
 * @import { Camera } from "./camera.js"
 * @import { Point } from "./isometric.js"
 */

const CLICK_RADIUS = 5; // pixels; who moves further is dragging
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
 * @param {{pick: (point: Point) => void, refused: () => void}} on `pick` is called for a click on a point
 *   of the canvas, `refused` for a wheel that scrolls the page
 */
export function listenToPointers(canvas, camera, on) {
  /** @type {Map<number, Point>} */
  const fingers = new Map();
  let moved = 0;

  const place = (/** @type {MouseEvent} */ event) => {
    const box = canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, place(event));
    canvas.setPointerCapture(event.pointerId);
  });

  canvas.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    moved += distance(before, now);
    fingers.set(event.pointerId, now);
    if (other) pinch(camera, before, now, other);
    else if (moved > CLICK_RADIUS) camera.pan(now.x - before.x, now.y - before.y);
    canvas.classList.toggle("board__canvas--dragged", moved > CLICK_RADIUS);
  });

  const lift = (/** @type {PointerEvent} */ event) => {
    const alone = fingers.size === 1;
    if (!fingers.delete(event.pointerId)) return;
    canvas.classList.remove("board__canvas--dragged");
    if (event.type === "pointerup" && alone && moved <= CLICK_RADIUS) on.pick(place(event));
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift); // the browser took the finger to scroll the page

  canvas.addEventListener("dblclick", (event) => {
    camera.zoomBy(event.shiftKey ? 0.5 : 2, place(event), { glide: true });
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return on.refused();
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode ? LINE_HEIGHT : 1);
      // A touchpad's pinch comes in smaller steps than a wheel.
      camera.zoomBy(Math.exp(-pixels * (event.ctrlKey ? 0.006 : 0.002)), place(event));
    },
    { passive: false },
  );
}

/**
 * Moves by two fingers: what was between them stays between them.
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
