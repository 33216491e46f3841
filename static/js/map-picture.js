// Draws frames: keeps the terrain as a picture somewhat larger than what is seen, so that moving the
// map only copies it. Ten thousand cells take too long to paint in every frame.

import { bounds } from "./isometric.js";
import { paintMarks, paintPath, paintTerrain } from "./map-paint.js";

const WIDER = 0.3; // of the window, on each side
const SETTLED = 120; // milliseconds without a zoom until the terrain is painted sharp again
const SHARPEST = 2; // pixels of the device for one of the page: more is not seen, but costs

export class Picture {
  constructor(canvas, board, view) {
    this.canvas = canvas;
    this.board = board;
    this.view = view;
    this.world = bounds(board);
    this.terrain = document.createElement("canvas");
    this.kept = null;
    this.zoomed = 0;
    this.options = { path: true, heights: false, cursor: null };
  }

  resize(width, height) {
    this.ratio = Math.min(SHARPEST, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.kept = null;
  }

  /** Forgets the kept terrain, when it should look different. */
  renew() {
    this.kept = null;
  }

  /** One frame. True if another one is wanted, to paint sharp what was only scaled. */
  draw(time) {
    const { view, options, board } = this;
    const waiting = this.keepTerrain(time);
    const ctx = this.canvas.getContext("2d");
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.look(ctx, view, this.canvas);
    const { box } = this.kept;
    ctx.drawImage(this.terrain, box.left, box.top, box.right - box.left, box.bottom - box.top);
    if (options.path) paintPath(ctx, board, view.zoom);
    paintMarks(ctx, board, view.zoom, options.cursor);
    return waiting;
  }

  look(ctx, { x, y, zoom }, { width, height }) {
    const scale = zoom * this.ratio;
    ctx.setTransform(scale, 0, 0, scale, width / 2 - x * scale, height / 2 - y * scale);
  }

  /** Paints the terrain if what is kept does not do. True if it does for now, but is not sharp. */
  keepTerrain(time) {
    const { kept, view } = this;
    if (kept && this.covers(kept.box)) {
      if (kept.zoom === view.zoom) return false;
      if (view.zoom !== this.lastZoom) this.zoomed = time;
      this.lastZoom = view.zoom;
      if (time - this.zoomed < SETTLED) return true;
    }
    this.paint();
    return false;
  }

  covers(box) {
    const seen = this.view.box();
    const { left, right, top, bottom } = this.world;
    return (
      box.left <= Math.max(seen.left, left) &&
      box.right >= Math.min(seen.right, right) &&
      box.top <= Math.max(seen.top, top) &&
      box.bottom >= Math.min(seen.bottom, bottom)
    );
  }

  paint() {
    const { view, terrain } = this;
    const scale = view.zoom * this.ratio;
    // Whole pixels, so that copying the picture to where it belongs does not blur it.
    terrain.width = Math.ceil(this.canvas.width * (1 + 2 * WIDER));
    terrain.height = Math.ceil(this.canvas.height * (1 + 2 * WIDER));
    const [across, down] = [terrain.width / 2 / scale, terrain.height / 2 / scale];
    const box = {
      left: view.x - across,
      right: view.x + across,
      top: view.y - down,
      bottom: view.y + down,
    };
    const ctx = terrain.getContext("2d");
    this.look(ctx, view, terrain);
    paintTerrain(ctx, this.board, box, { zoom: view.zoom, heights: this.options.heights });
    this.kept = { box, zoom: view.zoom };
    this.lastZoom = view.zoom;
  }
}
