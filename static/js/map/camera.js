// Which part of the world is seen, and how large: moves, zooms, fits and glides.

/**
 * @import { Box, Point } from "./isometric.js"
 * @typedef {{x: number, y: number, zoom: number}} Position the point in the middle, and the zoom
 * @typedef {{glide?: boolean}} Motion
 */

const LARGEST = 3;
const MARGIN = 0.96; // of the window that the whole map fills
const GLIDE = 180; // milliseconds

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Where one looks at a map from. */
export class Camera {
  x = 0;
  y = 0;
  zoom = 1;
  width = 1;
  height = 1;
  fitted = true;
  /** @type {(Position & {from: Position, since: number}) | null} where it is gliding to */
  target = null;

  /**
   * @param {Box} world the box of the map
   * @param {(point: Point) => Point} clampToMap brings a point onto the map
   * @param {() => void} changed is called when something must be drawn anew
   */
  constructor(world, clampToMap, changed) {
    this.world = world;
    this.clampToMap = clampToMap;
    this.changed = changed;
    Object.assign(this, this.whole());
  }

  /**
   * Returns the centre and zoom that show the whole map.
   * @returns {Position}
   */
  whole() {
    const { left, right, top, bottom } = this.world;
    const zoom = MARGIN * Math.min(this.width / (right - left), this.height / (bottom - top));
    // Held like any other centre, to be known again by its numbers.
    return { ...this.clampToMap({ x: (left + right) / 2, y: (top + bottom) / 2 }), zoom };
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.width = width;
    this.height = height;
    // Who looked at the whole map goes on doing so; others keep the middle.
    this.moveTo(this.fitted ? this.whole() : this);
  }

  /**
   * Shows a centre and zoom, kept within what makes sense; at once, or gliding there.
   * @param {Position} wanted
   * @param {Motion} [motion]
   */
  moveTo(wanted, { glide = false } = {}) {
    const whole = this.whole();
    const zoom = clamp(wanted.zoom, Math.min(whole.zoom, 1), LARGEST);
    const { x, y } = this.clampToMap(wanted);
    this.fitted = zoom === whole.zoom && x === whole.x && y === whole.y;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.target = null;
    if (glide && !still) this.target = { x, y, zoom, from: this.now(), since: performance.now() };
    else Object.assign(this, { x, y, zoom });
    this.changed();
  }

  /** @returns {Position} */
  now() {
    return { x: this.x, y: this.y, zoom: this.zoom };
  }

  /**
   * Returns where it is, or is gliding to: what comes next starts from there.
   * @returns {Position}
   */
  aim() {
    return this.target ?? this.now();
  }

  /**
   * Moves on while gliding, before a frame is drawn. Returns whether there is more to come.
   * @param {number} time
   */
  step(time) {
    if (!this.target) return false;
    const { from, since, x, y, zoom } = this.target;
    const done = clamp((time - since) / GLIDE, 0, 1);
    const share = 1 - (1 - done) ** 3;
    this.x = from.x + (x - from.x) * share;
    this.y = from.y + (y - from.y) * share;
    this.zoom = from.zoom + (zoom - from.zoom) * share;
    if (done === 1) this.target = null;
    return done < 1;
  }

  fit() {
    this.moveTo(this.whole(), { glide: true });
  }

  /**
   * Moves by pixels of the screen.
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.moveTo({ x: this.x - dx / this.zoom, y: this.y - dy / this.zoom, zoom: this.zoom });
  }

  /**
   * Zooms so that what is seen at a point of the screen stays there; the middle without one.
   * @param {number} factor
   * @param {Point} [point]
   * @param {Motion} [motion]
   */
  zoomBy(factor, point = { x: this.width / 2, y: this.height / 2 }, motion = {}) {
    const aim = this.aim();
    const zoom = clamp(aim.zoom * factor, Math.min(this.whole().zoom, 1), LARGEST);
    const [dx, dy] = [point.x - this.width / 2, point.y - this.height / 2];
    const shift = 1 / aim.zoom - 1 / zoom;
    this.moveTo({ x: aim.x + dx * shift, y: aim.y + dy * shift, zoom }, motion);
  }

  /**
   * Brings a point of the world towards the middle, unless it is well in sight.
   * @param {Point} point
   */
  follow(point) {
    const aim = this.aim();
    const [dx, dy] = [Math.abs(point.x - aim.x) * aim.zoom, Math.abs(point.y - aim.y) * aim.zoom];
    if (dx > this.width * 0.35 || dy > this.height * 0.3) {
      this.moveTo({ ...point, zoom: aim.zoom }, { glide: true });
    }
  }

  /**
   * Returns where a point of the world is seen once nothing glides any more; null out of sight.
   * @param {Point} point
   */
  onScreen({ x, y }) {
    const aim = this.aim();
    const point = {
      x: this.width / 2 + (x - aim.x) * aim.zoom,
      y: this.height / 2 + (y - aim.y) * aim.zoom,
    };
    const seen = point.x >= 0 && point.x <= this.width && point.y >= 0 && point.y <= this.height;
    return seen ? point : null;
  }

  /**
   * Returns the point of the world that is seen at a point of the screen.
   * @param {Point} point
   */
  toWorld({ x, y }) {
    return {
      x: this.x + (x - this.width / 2) / this.zoom,
      y: this.y + (y - this.height / 2) / this.zoom,
    };
  }

  /**
   * Returns the box of the world that is seen, a share of it wider on each side.
   * @param {number} [wider]
   */
  box(wider = 0) {
    const [across, down] = [
      (this.width * (0.5 + wider)) / this.zoom,
      (this.height * (0.5 + wider)) / this.zoom,
    ];
    return {
      left: this.x - across,
      right: this.x + across,
      top: this.y - down,
      bottom: this.y + down,
    };
  }
}
