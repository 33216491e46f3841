// Draws frames: keeps the terrain as a picture somewhat larger than what is seen, so that moving the
// map only copies it. Ten thousand cells take too long to draw in every frame.

import { contextOf } from "./drawing.js";
import { bounds } from "./isometric.js";
import { drawMarks, drawPath, drawTerrain } from "./terrain.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { Board, Box, Point } from "./isometric.js"
 */

const WIDER = 0.3; // of the window, on each side
const SETTLED = 120; // milliseconds without a zoom until the terrain is drawn sharply again
const SHARPEST = 2; // pixels of the device for one of the page: more is not seen, but costs

/** Draws what the camera sees of a map. */
export class Renderer {
  ratio = 1; // pixels of the canvas for one of the page
  terrain = document.createElement("canvas");
  /** @type {{box: Box, zoom: number} | null} what the cached terrain shows */
  cached = null;
  lastZoom = 0;
  zoomedAt = 0;
  /** @type {{path: boolean, heights: boolean, cursor: Point | null}} */
  options = { path: true, heights: false, cursor: null };

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Board} board
   * @param {Camera} camera
   */
  constructor(canvas, board, camera) {
    this.canvas = canvas;
    this.board = board;
    this.camera = camera;
    this.world = bounds(board);
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.ratio = Math.min(SHARPEST, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.cached = null;
  }

  /** Drops the cached terrain, when it should look different. */
  invalidate() {
    this.cached = null;
  }

  /**
   * Draws a frame. Returns whether another one is wanted, to draw sharply what was only scaled.
   * @param {number} time
   */
  draw(time) {
    const { camera, options, board } = this;
    const { cached, isBlurred } = this.cachedTerrain(time);
    const ctx = contextOf(this.canvas);
    ctx.setTransform(1, 0, 0, 1, 0, 0);
    ctx.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.transform(ctx, this.canvas);
    const { box } = cached;
    ctx.drawImage(this.terrain, box.left, box.top, box.right - box.left, box.bottom - box.top);
    if (options.path) drawPath(ctx, board, camera.zoom);
    drawMarks(ctx, board, camera.zoom, options.cursor);
    return isBlurred;
  }

  /**
   * Makes a canvas draw in pixels of the world, as the camera sees it.
   * @param {CanvasRenderingContext2D} ctx
   * @param {HTMLCanvasElement} canvas
   */
  transform(ctx, { width, height }) {
    const { x, y, zoom } = this.camera;
    const scale = zoom * this.ratio;
    ctx.setTransform(scale, 0, 0, scale, width / 2 - x * scale, height / 2 - y * scale);
  }

  /**
   * Returns the cached terrain, drawn anew if it does not do.
   * @param {number} time
   */
  cachedTerrain(time) {
    const { cached, camera } = this;
    if (cached && this.covers(cached.box)) {
      if (cached.zoom === camera.zoom) return { cached, isBlurred: false };
      if (camera.zoom !== this.lastZoom) this.zoomedAt = time;
      this.lastZoom = camera.zoom;
      if (time - this.zoomedAt < SETTLED) return { cached, isBlurred: true };
    }
    return { cached: this.drawTerrain(), isBlurred: false };
  }

  /**
   * Tells whether a box holds all that is seen of the map.
   * @param {Box} box
   */
  covers(box) {
    const seen = this.camera.box();
    const { left, right, top, bottom } = this.world;
    return (
      box.left <= Math.max(seen.left, left) &&
      box.right >= Math.min(seen.right, right) &&
      box.top <= Math.max(seen.top, top) &&
      box.bottom >= Math.min(seen.bottom, bottom)
    );
  }

  drawTerrain() {
    const { camera, terrain } = this;
    const scale = camera.zoom * this.ratio;
    // Whole pixels, so that copying the picture to where it belongs does not blur it.
    terrain.width = Math.ceil(this.canvas.width * (1 + 2 * WIDER));
    terrain.height = Math.ceil(this.canvas.height * (1 + 2 * WIDER));
    const [across, down] = [terrain.width / 2 / scale, terrain.height / 2 / scale];
    const box = {
      left: camera.x - across,
      right: camera.x + across,
      top: camera.y - down,
      bottom: camera.y + down,
    };
    const ctx = contextOf(terrain);
    this.transform(ctx, terrain);
    drawTerrain(ctx, this.board, box, { zoom: camera.zoom, heights: this.options.heights });
    this.cached = { box, zoom: camera.zoom };
    this.lastZoom = camera.zoom;
    return this.cached;
  }
}
