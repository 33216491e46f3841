// Which part of the world is seen, and how large: moves, zooms, fits and glides.

const LARGEST = 3;
const MARGIN = 0.96; // of the window that the whole map fills
const GLIDE = 180; // milliseconds

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

export class View {
  /**
   * `world` is the box of the map, `hold` brings a point onto the map, and `changed` is called when
   * something must be drawn anew.
   */
  constructor(world, hold, changed) {
    this.world = world;
    this.hold = hold;
    this.changed = changed;
    this.width = 1;
    this.height = 1;
    this.fitted = true;
    this.target = null;
    Object.assign(this, this.whole());
  }

  /** The centre and zoom that show the whole map. */
  whole() {
    const { left, right, top, bottom } = this.world;
    const zoom = MARGIN * Math.min(this.width / (right - left), this.height / (bottom - top));
    // Held like any other centre, to be known again by its numbers.
    return { ...this.hold({ x: (left + right) / 2, y: (top + bottom) / 2 }), zoom };
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    // Who looked at the whole map goes on doing so; others keep the middle.
    this.moveTo(this.fitted ? this.whole() : this);
  }

  /** Shows a centre and zoom, kept within what makes sense; at once, or gliding there. */
  moveTo(wanted, { glide = false } = {}) {
    const whole = this.whole();
    const zoom = clamp(wanted.zoom, Math.min(whole.zoom, 1), LARGEST);
    const { x, y } = this.hold(wanted);
    this.fitted = zoom === whole.zoom && x === whole.x && y === whole.y;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.target = null;
    if (glide && !still) this.target = { x, y, zoom, from: this.now(), since: performance.now() };
    else Object.assign(this, { x, y, zoom });
    this.changed();
  }

  now() {
    return { x: this.x, y: this.y, zoom: this.zoom };
  }

  /** Where it is, or is gliding to: what comes next starts from there. */
  aim() {
    return this.target ?? this.now();
  }

  /** A step of gliding, before a frame is drawn. True while there is more to come. */
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

  /** Moves by pixels of the screen. */
  pan(dx, dy) {
    this.moveTo({ x: this.x - dx / this.zoom, y: this.y - dy / this.zoom, zoom: this.zoom });
  }

  /** Zooms so that what is seen at a point of the screen stays there; the middle unless told. */
  zoomBy(factor, point = { x: this.width / 2, y: this.height / 2 }, options = {}) {
    const aim = this.aim();
    const zoom = clamp(aim.zoom * factor, Math.min(this.whole().zoom, 1), LARGEST);
    const [dx, dy] = [point.x - this.width / 2, point.y - this.height / 2];
    const shift = 1 / aim.zoom - 1 / zoom;
    this.moveTo({ x: aim.x + dx * shift, y: aim.y + dy * shift, zoom }, options);
  }

  /** Brings a point of the world towards the middle, unless it is well in sight. */
  follow(point) {
    const aim = this.aim();
    const [dx, dy] = [Math.abs(point.x - aim.x) * aim.zoom, Math.abs(point.y - aim.y) * aim.zoom];
    if (dx > this.width * 0.35 || dy > this.height * 0.3) {
      this.moveTo({ ...point, zoom: aim.zoom }, { glide: true });
    }
  }

  /** Where a point of the world is seen once nothing glides any more; null out of sight. */
  onScreen({ x, y }) {
    const aim = this.aim();
    const point = {
      x: this.width / 2 + (x - aim.x) * aim.zoom,
      y: this.height / 2 + (y - aim.y) * aim.zoom,
    };
    const seen = point.x >= 0 && point.x <= this.width && point.y >= 0 && point.y <= this.height;
    return seen ? point : null;
  }

  toWorld({ x, y }) {
    return {
      x: this.x + (x - this.width / 2) / this.zoom,
      y: this.y + (y - this.height / 2) / this.zoom,
    };
  }

  /** The box of the world that is seen, a share of it wider on each side. */
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
