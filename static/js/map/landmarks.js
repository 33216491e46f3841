// Obstacles and marks: trees, rocks, the banner at the spawn point and the castle at the goal point.
// maps/drawing/landmarks.py draws the same for the server's pictures. Shapes are in units of an object's size.

import { contextOf, transparent } from "./drawing.js";
import { HALF } from "./isometric.js";
import { PALETTE } from "./palette.js";

/**
 * @import { Obstacle, Point } from "./isometric.js"
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {[number, number][]} Shape corners, relative to an object's foot, in units of its size
 * @typedef {(ctx: Context, variant: number) => void} Draw
 * @typedef {(ctx: Context, foot: Point, size: number) => void} DrawMark
 */

const { bark, gold, ink, white } = PALETTE;
const [RED, BLUE] = [PALETTE.danger, PALETTE.friendly];
const FOREST = [ // lit side, shaded side, top of an oak
  [PALETTE["fir-lit"], PALETTE["fir-shaded"], PALETTE["fir-crown"]],
  [PALETTE["moss-lit"], PALETTE["moss-shaded"], PALETTE["moss-crown"]],
  [PALETTE["pine-lit"], PALETTE["pine-shaded"], PALETTE["pine-crown"]],
];
const ROCK = [PALETTE["rock-top"], PALETTE["rock-left"], PALETTE["rock-right"]];
const BOULDER = [PALETTE["boulder-top"], PALETTE["boulder-left"], PALETTE["boulder-right"]];
const UNIT = 2 * HALF; // the width of a sprite, which is 1.25 times as high
const TALL = 1.25;

/**
 * The cached sprites of one scale. Each is drawn once, and copied for each cell.
 * @type {{scale: number, sprites: Map<string, HTMLCanvasElement>}}
 */
let cache = { scale: 0, sprites: new Map() };

/**
 * Draws the obstacle of a blocked cell on the middle of its upper face.
 * @param {Context} ctx
 * @param {Point} foot
 * @param {Obstacle} obstacle
 * @param {number} scale pixels for one of the world
 */
export function drawObstacle(ctx, { x, y }, { name, variant }, scale) {
  if (cache.scale !== scale) cache = { scale, sprites: new Map() };
  const key = `${name} ${variant}`;
  const sprite = cache.sprites.get(key) ?? spriteOf(name, variant, scale);
  cache.sprites.set(key, sprite);
  ctx.drawImage(sprite, x - HALF, y - UNIT, UNIT, UNIT * TALL);
}

/**
 * @param {string} name
 * @param {number} variant
 * @param {number} scale
 */
function spriteOf(name, variant, scale) {
  const sprite = document.createElement("canvas");
  sprite.width = Math.max(1, Math.ceil(UNIT * scale));
  sprite.height = Math.max(1, Math.ceil(UNIT * TALL * scale));
  const ctx = contextOf(sprite);
  ctx.scale(sprite.width, sprite.height / TALL);
  disc(ctx, 0.5, 1.02, 0.34, 0.15, transparent("black", 0.22));
  for (const [draw, dx, dy, size] of OBSTACLES[name]((variant - 1) * 0.06)) {
    ctx.save();
    ctx.translate(0.5 + dx, 1 + dy);
    ctx.scale(size, size);
    draw(ctx, variant);
    ctx.restore();
  }
  return sprite;
}

/** @type {Record<string, (shift: number) => [Draw, number, number, number][]>} */
const OBSTACLES = {
  firs: (shift) => [
    [fir, -0.19, -0.05, 0.58],
    [fir, 0.2, -0.02, 0.52 + shift],
    [fir, -shift, 0.1, 0.7],
  ],
  oaks: (shift) => [
    [oak, 0.17 + shift, -0.05, 0.5],
    [oak, -0.12, 0.07, 0.62 - shift],
  ],
  deadwood: (shift) => [[deadwood, 0, 0, 0.6 + shift]],
  rocks: (shift) => [
    [rock(ROCK), 0.18, -0.07, 0.38 - shift],
    [rock(ROCK), -0.09, 0.05, 0.56 + shift],
  ],
  boulders: (shift) => [
    [rock(BOULDER), 0.18, -0.07, 0.38 - shift],
    [rock(BOULDER), -0.09, 0.05, 0.56 + shift],
  ],
};

/** @type {Draw} */
function fir(ctx, variant) {
  const [lit, dark] = FOREST[variant];
  polygon(ctx, [[-0.06, 0], [0.06, 0], [0.06, -0.25], [-0.06, -0.25]], bark);
  for (const [base, top, half] of [[-0.14, -0.75, 0.36], [-0.42, -1.05, 0.29], [-0.72, -1.35, 0.2]]) {
    polygon(ctx, [[-half, base], [0, base + 0.08], [0, top]], lit);
    polygon(ctx, [[half, base], [0, base + 0.08], [0, top]], dark);
  }
}

/** @type {Draw} */
function oak(ctx, variant) {
  const [lit, dark, bright] = FOREST[variant];
  polygon(ctx, [[-0.08, 0], [0.08, 0], [0.05, -0.5], [-0.05, -0.5]], bark);
  disc(ctx, 0.12, -0.62, 0.42, 0.38, dark);
  disc(ctx, -0.12, -0.68, 0.42, 0.38, lit);
  disc(ctx, 0, -0.92, 0.36, 0.32, lit);
  disc(ctx, -0.16, -0.9, 0.2, 0.18, bright);
}

/** @type {Draw} */
function deadwood(ctx) {
  ctx.strokeStyle = bark;
  /** @type {[Shape[0], Shape[0], number][]} */
  const branches = [
    [[0, 0], [0.02, -0.95], 0.11],
    [[0, -0.4], [-0.32, -0.85], 0.07],
    [[0.01, -0.55], [0.3, -1.02], 0.06],
    [[-0.17, -0.64], [-0.38, -0.66], 0.04],
  ];
  for (const [[fromX, fromY], [toX, toY], thickness] of branches) {
    ctx.lineWidth = thickness;
    ctx.beginPath();
    ctx.moveTo(fromX, fromY);
    ctx.lineTo(toX, toY);
    ctx.stroke();
  }
}

/**
 * @param {string[]} tones of the top, the left and the right side
 * @returns {Draw}
 */
function rock([top, left, right]) {
  return (ctx) => {
    polygon(ctx, [[-0.5, 0.02], [-0.36, -0.5], [0.05, -0.34], [0.04, 0.24]], left);
    polygon(ctx, [[0.04, 0.24], [0.05, -0.34], [0.42, -0.46], [0.54, 0]], right);
    polygon(ctx, [[-0.36, -0.5], [-0.04, -0.74], [0.42, -0.46], [0.05, -0.34]], top);
  };
}

// ---- Marks -----------------------------------------------------------------------------------------

/** The mark of the spawn point: a tall red banner with a forked end. */
export const spawn = { ring: ring(RED), figure: figure([
  [[[-0.05, 0.02], [0.05, 0.02], [0.05, -1.5], [-0.05, -1.5]], white],
  [[[0.05, -1.46], [0.98, -1.3], [0.72, -1.07], [0.98, -0.84], [0.05, -0.74]], RED],
  [[[0.05, -0.92], [0.98, -0.97], [0.98, -0.84], [0.05, -0.74]], PALETTE["banner-shaded"]],
  [[[-0.09, -1.5], [0, -1.6], [0.09, -1.5], [0, -1.4]], gold],
]) };

/** The mark of the goal point: a blue castle, a keep between two towers. */
export const goal = { ring: ring(BLUE), figure: figure([
  [[[-0.05, -0.9], [-0.05, -1.62], [0.05, -1.62], [0.05, -0.9]], white],
  [[[0.05, -1.6], [0.42, -1.46], [0.05, -1.32]], gold],
  [battlements(-0.34, 0.34, -0.86, 5), BLUE],
  [battlements(-0.62, -0.26, -1.12, 3), PALETTE["castle-lit"]],
  [battlements(0.26, 0.62, -1.12, 3), PALETTE["castle-shaded"]],
  [[[-0.34, -0.62], [0.34, -0.62], [0.34, -0.7], [-0.34, -0.7]], gold],
  [[[-0.13, 0.1], [-0.13, -0.28], [0, -0.42], [0.13, -0.28], [0.13, 0.1]], ink],
]) };

/**
 * Returns a function that draws a ring on the ground around a mark.
 * @param {string} colour
 * @returns {DrawMark}
 */
function ring(colour) {
  return (ctx, { x, y }, size) => {
    disc(ctx, x, y, 0.86 * size, 0.43 * size, transparent("ink", 0.6));
    disc(ctx, x, y, 0.78 * size, 0.39 * size, colour);
    disc(ctx, x, y, 0.66 * size, 0.33 * size, transparent("ink", 0.45));
  };
}

/**
 * Returns a function that draws shapes with a dark border, which is visible on any ground.
 * @param {[Shape, string][]} shapes
 * @returns {DrawMark}
 */
function figure(shapes) {
  return (ctx, { x, y }, size) => {
    ctx.save();
    ctx.translate(x, y);
    ctx.scale(size, size);
    ctx.lineWidth = 0.14;
    ctx.lineJoin = "round";
    ctx.strokeStyle = ink;
    for (const [shape] of shapes) {
      trace(ctx, shape);
      ctx.stroke();
    }
    for (const [shape, fill] of shapes) polygon(ctx, shape, fill);
    ctx.restore();
  };
}

/**
 * Returns a wall up to `top`, with every other part of its upper edge higher.
 * @param {number} left
 * @param {number} right
 * @param {number} top
 * @param {number} parts
 * @returns {Shape}
 */
function battlements(left, right, top, parts) {
  const step = (right - left) / parts;
  const crest = Array.from({ length: parts }, (_, part) => {
    const height = top - (part % 2 ? 0 : 0.14);
    return /** @type {Shape} */ ([
      [left + part * step, height],
      [left + (part + 1) * step, height],
    ]);
  });
  return [[left, 0.1], ...crest.flat(), [right, 0.1]];
}

/**
 * @param {Context} ctx
 * @param {Shape} shape
 */
function trace(ctx, shape) {
  ctx.beginPath();
  for (const [x, y] of shape) ctx.lineTo(x, y);
  ctx.closePath();
}

/**
 * @param {Context} ctx
 * @param {Shape} shape
 * @param {string} colour
 */
function polygon(ctx, shape, colour) {
  trace(ctx, shape);
  ctx.fillStyle = colour;
  ctx.fill();
}

/**
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} across
 * @param {number} down
 * @param {string} colour
 */
function disc(ctx, x, y, across, down, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.ellipse(x, y, across, down, 0, 0, 7);
  ctx.fill();
}
