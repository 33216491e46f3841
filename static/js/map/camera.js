// Which part of the map is visible, and how large: moving, zooming, fitting and animation.

/**
 * @import { Box, Point } from "./isometric.js"
 * @typedef {{x: number, y: number, zoom: number}} Position the point in the middle, and the zoom
 * @typedef {{animate?: boolean}} Motion
 */

const MAX_ZOOM = 3;
const FIT_SHARE = 0.96; // the share of the window that the whole map fills
const ANIMATION_DURATION = 180; // milliseconds

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The visible part of a map: its centre and zoom. */
export class Camera {
  x = 0;
  y = 0;
  zoom = 1;
  width = 1;
  height = 1;
  fitted = true;
  /** @type {(Position & {from: Position, since: number}) | null} the target of an animation */
  target = null;

  /**
   * @param {Box} world the box of the map
   * @param {(point: Point) => Point} clampToMap returns the nearest point on the map
   * @param {() => void} onChange is called when a new frame must be drawn
   */
  constructor(world, clampToMap, onChange) {
    this.world = world;
    this.clampToMap = clampToMap;
    this.onChange = onChange;
    Object.assign(this, this.wholeMap());
  }

  /**
   * Returns the centre and zoom that show the whole map.
   * @returns {Position}
   */
  wholeMap() {
    const { left, right, top, bottom } = this.world;
    const zoom = FIT_SHARE * Math.min(this.width / (right - left), this.height / (bottom - top));
    // Clamped like any other centre, so that `moveTo` can compare them.
    return { ...this.clampToMap({ x: (left + right) / 2, y: (top + bottom) / 2 }), zoom };
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.width = width;
    this.height = height;
    // If the whole map was visible, it remains so. Otherwise the centre does not change.
    this.moveTo(this.fitted ? this.wholeMap() : this);
  }

  /**
   * Moves to a centre and zoom within the limits, at once or animated.
   * @param {Position} position
   * @param {Motion} [motion]
   */
  moveTo(position, { animate = false } = {}) {
    const wholeMap = this.wholeMap();
    const zoom = clamp(position.zoom, Math.min(wholeMap.zoom, 1), MAX_ZOOM);
    const { x, y } = this.clampToMap(position);
    this.fitted = zoom === wholeMap.zoom && x === wholeMap.x && y === wholeMap.y;
    const isMotionReduced = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.target = null;
    if (animate && !isMotionReduced) this.target = { x, y, zoom, from: this.now(), since: performance.now() };
    else Object.assign(this, { x, y, zoom });
    this.onChange();
  }

  /** @returns {Position} */
  now() {
    return { x: this.x, y: this.y, zoom: this.zoom };
  }

  /**
   * Returns the target of the animation, or the current position. Further moves start from it.
   * @returns {Position}
   */
  destination() {
    return this.target ?? this.now();
  }

  /**
   * Advances the animation before a frame is drawn. Returns whether it continues.
   * @param {number} time
   */
  step(time) {
    if (!this.target) return false;
    const { from, since, x, y, zoom } = this.target;
    const done = clamp((time - since) / ANIMATION_DURATION, 0, 1);
    const share = 1 - (1 - done) ** 3;
    this.x = from.x + (x - from.x) * share;
    this.y = from.y + (y - from.y) * share;
    this.zoom = from.zoom + (zoom - from.zoom) * share;
    if (done === 1) this.target = null;
    return done < 1;
  }

  fit() {
    this.moveTo(this.wholeMap(), { animate: true });
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
   * Zooms around a point of the screen, by default around the middle.
   * @param {number} factor
   * @param {Point} [point]
   * @param {Motion} [motion]
   */
  zoomBy(factor, point = { x: this.width / 2, y: this.height / 2 }, motion = {}) {
    const destination = this.destination();
    const zoom = clamp(destination.zoom * factor, Math.min(this.wholeMap().zoom, 1), MAX_ZOOM);
    const [dx, dy] = [point.x - this.width / 2, point.y - this.height / 2];
    const shift = 1 / destination.zoom - 1 / zoom;
    this.moveTo({ x: destination.x + dx * shift, y: destination.y + dy * shift, zoom }, motion);
  }

  /**
   * Centres a point of the world, unless it is well visible.
   * @param {Point} point
   */
  follow(point) {
    const destination = this.destination();
    const [dx, dy] = [Math.abs(point.x - destination.x) * destination.zoom, Math.abs(point.y - destination.y) * destination.zoom];
    if (dx > this.width * 0.35 || dy > this.height * 0.3) {
      this.moveTo({ ...point, zoom: destination.zoom }, { animate: true });
    }
  }

  /**
   * Returns the position on the screen of a point of the world after the animation; null if it is not visible.
   * @param {Point} point
   */
  toScreen({ x, y }) {
    const destination = this.destination();
    const point = {
      x: this.width / 2 + (x - destination.x) * destination.zoom,
      y: this.height / 2 + (y - destination.y) * destination.zoom,
    };
    const isVisible = point.x >= 0 && point.x <= this.width && point.y >= 0 && point.y <= this.height;
    return isVisible ? point : null;
  }

  /**
   * Returns the point of the world at a point of the screen.
   * @param {Point} point
   */
  toWorld({ x, y }) {
    return {
      x: this.x + (x - this.width / 2) / this.zoom,
      y: this.y + (y - this.height / 2) / this.zoom,
    };
  }

  /**
   * Returns the visible box of the world.
   */
  box() {
    const [across, down] = [this.width / 2 / this.zoom, this.height / 2 / this.zoom];
    return {
      left: this.x - across,
      right: this.x + across,
      top: this.y - down,
      bottom: this.y + down,
    };
  }
}
