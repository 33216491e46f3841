// Draws frames. The terrain is cached as a picture that is larger than the visible part, so that moving the
// map only copies it. Drawing ten thousand cells for each frame would take too long.

import { contextOf } from "./drawing.js";
import { bounds } from "./isometric.js";
import { drawMarks, drawPath, drawTerrain } from "./terrain.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { Board, Box, Point } from "./isometric.js"
 */

const CACHE_MARGIN = 0.3; // share of the window, on each side
const SETTLE_DELAY = 120; // milliseconds after a zoom until the terrain is drawn sharply
const MAX_PIXEL_RATIO = 2; // device pixels for a CSS pixel; more would cost time without a visible effect

/** Draws the visible part of a map. */
export class Renderer {
  ratio = 1; // canvas pixels for a CSS pixel
  terrain = document.createElement("canvas");
  /** @type {{box: Box, zoom: number} | null} the box and zoom of the cached terrain */
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
    this.ratio = Math.min(MAX_PIXEL_RATIO, window.devicePixelRatio || 1);
    this.canvas.width = Math.round(width * this.ratio);
    this.canvas.height = Math.round(height * this.ratio);
    this.cached = null;
  }

  /** Invalidates the cached terrain. */
  invalidate() {
    this.cached = null;
  }

  /**
   * Draws a frame. Returns whether another one is needed, because the terrain was only scaled.
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
   * Sets the transformation of a canvas from world coordinates.
   * @param {CanvasRenderingContext2D} ctx
   * @param {HTMLCanvasElement} canvas
   */
  transform(ctx, { width, height }) {
    const { x, y, zoom } = this.camera;
    const scale = zoom * this.ratio;
    ctx.setTransform(scale, 0, 0, scale, width / 2 - x * scale, height / 2 - y * scale);
  }

  /**
   * Returns the cached terrain, which is drawn again if it is outdated.
   * @param {number} time
   */
  cachedTerrain(time) {
    const { cached, camera } = this;
    if (cached && this.covers(cached.box)) {
      if (cached.zoom === camera.zoom) return { cached, isBlurred: false };
      if (camera.zoom !== this.lastZoom) this.zoomedAt = time;
      this.lastZoom = camera.zoom;
      if (time - this.zoomedAt < SETTLE_DELAY) return { cached, isBlurred: true };
    }
    return { cached: this.drawTerrain(), isBlurred: false };
  }

  /**
   * Returns whether a box contains the visible part of the map.
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
    // Whole pixels, because copying would otherwise blur the picture.
    terrain.width = Math.ceil(this.canvas.width * (1 + 2 * CACHE_MARGIN));
    terrain.height = Math.ceil(this.canvas.height * (1 + 2 * CACHE_MARGIN));
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
