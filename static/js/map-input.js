// Mouse, fingers and wheel on the map's canvas, turned into moves of a view.
//
// The page must stay easy to scroll past. So the map takes the wheel, and a finger that moves up or
// down, only while it has the focus: after a click or a tap on it. Ctrl with the wheel, which is also
// what two fingers on a touchpad send, zooms at any time.

const A_CLICK = 5; // pixels; who moves further is dragging
const LINE = 18; // pixels, for wheels that count in lines
const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y);

/** `on` has pick(point) for a click on a point of the canvas, and refused() for a wheel that scrolls on. */
export function listenToPointers(canvas, view, on) {
  const fingers = new Map();
  let moved = 0;

  const place = (event) => {
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
    if (other) pinch(view, before, now, other);
    else if (moved > A_CLICK) view.pan(now.x - before.x, now.y - before.y);
    canvas.classList.toggle("board__canvas--dragged", moved > A_CLICK);
  });

  const lift = (event) => {
    const alone = fingers.size === 1;
    if (!fingers.delete(event.pointerId)) return;
    canvas.classList.remove("board__canvas--dragged");
    if (event.type === "pointerup" && alone && moved <= A_CLICK) on.pick(place(event));
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift); // the browser took the finger to scroll the page

  canvas.addEventListener("dblclick", (event) => {
    view.zoomBy(event.shiftKey ? 0.5 : 2, place(event), { glide: true });
  });

  canvas.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== canvas) return on.refused();
      event.preventDefault();
      const pixels = event.deltaY * (event.deltaMode ? LINE : 1);
      // A touchpad's pinch comes in smaller steps than a wheel.
      view.zoomBy(Math.exp(-pixels * (event.ctrlKey ? 0.006 : 0.002)), place(event));
    },
    { passive: false },
  );
}

/** Two fingers: what was between them stays between them. */
function pinch(view, before, now, other) {
  const between = (point) => ({ x: (point.x + other.x) / 2, y: (point.y + other.y) / 2 });
  const [from, to] = [between(before), between(now)];
  view.pan(to.x - from.x, to.y - from.y);
  view.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), to);
}
