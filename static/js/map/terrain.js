// Draws the terrain of a map, and the path and marks on it. All functions draw in world coordinates: the
// caller has set the transformation of the canvas.

import { css, mix, rgb, shade, transparent } from "./drawing.js";
import { HALF, HIGHEST, LAVA, LIFT, QUARTER, WATER } from "./isometric.js";
import { corner, eachCell, middle, obstacleAt, surface } from "./isometric.js";
import { drawObstacle, goal, spawn } from "./landmarks.js";
import { PALETTE } from "./palette.js";

/**
 * @import { Rgb } from "./drawing.js"
 * @import { Board, Box, Point } from "./isometric.js"
 * @typedef {CanvasRenderingContext2D} Context
 * @typedef {{zoom: number, heights: boolean}} DrawOptions the zoom, and whether colours show heights
 */

// The same as in the server's pictures, which the canvas replaces.
const TERRAINS = [rgb("grass"), rgb("dirt"), rgb("stone"), rgb("water"), rgb("lava")];
/** @type {Record<number, Rgb>} */
const DEEP = { [WATER]: rgb("water-deep-flat"), [LAVA]: rgb("lava-crust-flat") };
const GLOW = rgb("lava-glow"); // on the land beside lava
const EARTH = rgb("earth-flat");
const LOW = rgb("height-low");
const HIGH = rgb("height-high"); // differs from LOW in lightness, for a colour vision deficiency
/** @type {[number, string][]} */
const EMBERS = [
  [7, transparent("lava-ember", 0.35)],
  [3.5, transparent("lava-vein", 0.6)],
  [1.5, PALETTE["lava-heart"]],
];
const MIN_DETAIL_ZOOM = 0.35; // below it, details are too small to recognize
const MIN_DIGIT_ZOOM = 0.45; // below it, digits are too small to read

/**
 * Draws the terrain within a box of the world.
 * @param {Context} ctx
 * @param {Board} board
 * @param {Box} box
 * @param {DrawOptions} options
 */
export function drawTerrain(ctx, board, box, options) {
  const scale = ctx.getTransform().a;
  const bleed = 0.4 / options.zoom; // faces overlap a little, because antialiased edges would show gaps
  eachCell(board, box, (x, y) => {
    const cell = y * board.width + x;
    const kind = board.terrain[cell];
    const level = surface(board, x, y);
    const colour = options.heights ? heightColour(board, cell) : cellColour(board, cell, x, y);
    const side = options.heights ? shade(colour, 0.6) : mix(EARTH, TERRAINS[kind], 0.35);
    drawSides(ctx, board, x, y, level, side, bleed);
    drawTop(ctx, x, y, level, css(colour), bleed);
    const foot = middle(board, x, y);
    if (board.blocked[cell]) drawObstacle(ctx, foot, obstacleAt(board, x, y), scale);
    else if (options.heights) drawNumber(ctx, foot, board.level[cell], options.zoom);
    else if (options.zoom >= MIN_DETAIL_ZOOM) drawDetail(ctx, foot, kind, hashOf(x, y));
  });
}

/**
 * @param {Context} ctx
 * @param {Point} foot
 * @param {number} kind
 * @param {number} hash
 */
function drawDetail(ctx, foot, kind, hash) {
  if (kind === WATER && hash % 3) drawWaves(ctx, foot, hash % 4);
  if (kind === LAVA) drawEmbers(ctx, foot, hash);
}

/**
 * Returns a pseudorandom number that depends only on the cell, to avoid visible patterns.
 * @param {number} x
 * @param {number} y
 */
function hashOf(x, y) {
  const mixed = Math.imul(x * 374761393 + y * 668265263, 1274126177);
  return (mixed ^ (mixed >>> 15)) >>> 8;
}

/**
 * Returns the colour of a cell: lighter for higher cells, darker for deep liquids, with a faint chequer.
 * @param {Board} board
 * @param {number} cell
 * @param {number} x
 * @param {number} y
 */
function cellColour(board, cell, x, y) {
  const kind = board.terrain[cell];
  if (DEEP[kind]) {
    const depth = Math.max(0, shareOf(board, kind, x, y) - 0.55) * 1.2;
    const crust = kind === LAVA ? 0.1 + (hashOf(x, y) % 5) * 0.1 : 0;
    return mix(TERRAINS[kind], DEEP[kind], Math.min(1, depth + crust));
  }
  const land = shade(TERRAINS[kind], 0.8 + 0.085 * board.level[cell] + ((x + y) % 2 ? 0.035 : 0));
  const heat = 1.1 * shareOf(board, LAVA, x, y);
  return heat ? land.map((part, i) => Math.min(255, part * (1 - heat / 4) + GLOW[i] * heat)) : land;
}

/**
 * @param {Board} board
 * @param {number} cell
 */
function heightColour(board, cell) {
  return mix(mix(LOW, HIGH, board.level[cell] / HIGHEST), TERRAINS[board.terrain[cell]], 0.2);
}

/**
 * Returns the share of a kind of terrain among a cell and its neighbours.
 * @param {Board} board
 * @param {number} kind
 * @param {number} x
 * @param {number} y
 */
function shareOf(board, kind, x, y) {
  let same = 0;
  let all = 0;
  for (let j = Math.max(0, y - 1); j <= Math.min(board.height - 1, y + 1); j += 1) {
    for (let i = Math.max(0, x - 1); i <= Math.min(board.width - 1, x + 1); i += 1) {
      all += 1;
      if (board.terrain[j * board.width + i] === kind) same += 1;
    }
  }
  return same / all;
}

/**
 * Draws the visible sides of a cell that is higher than its southern or eastern neighbour.
 * @param {Context} ctx
 * @param {Board} board
 * @param {number} x
 * @param {number} y
 * @param {number} level
 * @param {Rgb} colour
 * @param {number} bleed
 */
function drawSides(ctx, board, x, y, level, colour, bleed) {
  const { x: across, y: top } = corner(x, y, level);
  for (const [toX, toY, direction, light] of [[0, 1, -1, 0.95], [1, 0, 1, 0.65]]) {
    const drop = (level - surface(board, x + toX, y + toY)) * LIFT;
    if (drop <= 0) continue;
    ctx.fillStyle = css(shade(colour, light));
    ctx.beginPath();
    ctx.moveTo(across + direction * (HALF + bleed), top + QUARTER);
    ctx.lineTo(across, top + 2 * QUARTER);
    ctx.lineTo(across, top + 2 * QUARTER + drop + bleed);
    ctx.lineTo(across + direction * (HALF + bleed), top + QUARTER + drop + bleed);
    ctx.fill();
  }
}

/**
 * @param {Context} ctx
 * @param {number} x
 * @param {number} y
 * @param {number} level
 * @param {string} colour
 * @param {number} bleed
 */
function drawTop(ctx, x, y, level, colour, bleed) {
  ctx.fillStyle = colour;
  traceDiamond(ctx, corner(x, y, level), bleed);
  ctx.fill();
}

/**
 * @param {Context} ctx
 * @param {Point} corner
 * @param {number} bleed
 */
function traceDiamond(ctx, { x, y }, bleed) {
  ctx.beginPath();
  ctx.moveTo(x, y - bleed);
  ctx.lineTo(x + HALF + bleed, y + QUARTER);
  ctx.lineTo(x, y + 2 * QUARTER + bleed);
  ctx.lineTo(x - HALF - bleed, y + QUARTER);
  ctx.closePath();
}

/**
 * @param {Context} ctx
 * @param {Point} foot
 * @param {number} variant
 */
function drawWaves(ctx, { x, y }, variant) {
  ctx.strokeStyle = transparent("white", 0.45);
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const [dx, dy] of [[-10 + variant * 2, -4], [4 - variant * 2, 4]]) {
    ctx.moveTo(x + dx - 6, y + dy);
    ctx.quadraticCurveTo(x + dx - 3, y + dy - 3, x + dx, y + dy);
    ctx.quadraticCurveTo(x + dx + 3, y + dy + 3, x + dx + 6, y + dy);
  }
  ctx.stroke();
}

/**
 * Draws glowing cracks.
 * @param {Context} ctx
 * @param {Point} foot
 * @param {number} hash
 */
function drawEmbers(ctx, { x, y }, hash) {
  const lean = (hash % 7) - 3;
  const side = hash % 2 ? 1 : -1;
  ctx.lineJoin = "round";
  ctx.beginPath();
  ctx.moveTo(x - 20 * side, y + lean / 2);
  ctx.lineTo(x - 6 * side, y - 3 - lean / 2);
  ctx.lineTo(x + (2 + lean) * side, y + 2);
  ctx.lineTo(x + 19 * side, y - 2 + lean / 2);
  if (hash % 5 > 1) {
    ctx.moveTo(x + (2 + lean) * side, y + 2);
    ctx.lineTo(x + lean, y + 9);
  }
  for (const [width, colour] of EMBERS) {
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
}

/**
 * @param {Context} ctx
 * @param {Point} foot
 * @param {number} level
 * @param {number} zoom
 */
function drawNumber(ctx, { x, y }, level, zoom) {
  if (zoom < MIN_DIGIT_ZOOM) return;
  ctx.font = `700 ${Math.min(22, Math.max(15, 12 / zoom))}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = level > 2 ? PALETTE["height-digit"] : PALETTE.white;
  ctx.fillText(String(level), x, y + 1);
}

// ---- Path and marks ------------------------------------------------------------------------------

/**
 * Draws the path of the enemies as dots and arrows.
 * @param {Context} ctx
 * @param {Board} board
 * @param {number} zoom
 */
export function drawPath(ctx, board, zoom) {
  if (board.path.length < 2) return;
  const points = board.path.map(([x, y]) => middle(board, x, y));
  const width = Math.max(5, 2.5 / zoom);
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  ctx.setLineDash([0, Math.max(HALF / 2, 2.4 * width)]);
  ctx.beginPath();
  for (const { x, y } of points) ctx.lineTo(x, y);
  const lines = [
    { more: Math.max(2, 1.2 / zoom), colour: transparent("height-digit", 0.55) },
    { more: 0, colour: transparent("path", 0.9) },
  ];
  for (const { more, colour } of lines) {
    ctx.lineWidth = width + more;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
  ctx.setLineDash([]);
  const every = Math.max(4, Math.round(2.4 / zoom));
  for (let i = every; i < points.length - 1; i += every) {
    drawArrow(ctx, points[i - 1], points[i], width * 1.2, zoom);
  }
}

/**
 * @param {Context} ctx
 * @param {Point} from
 * @param {Point} to
 * @param {number} size
 * @param {number} zoom
 */
function drawArrow(ctx, from, to, size, zoom) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  ctx.beginPath();
  ctx.moveTo(x + dx * size, y + dy * size);
  ctx.lineTo(x - dx * size - dy * size, y - dy * size + dx * size);
  ctx.lineTo(x - dx * size + dy * size, y - dy * size - dx * size);
  ctx.closePath();
  ctx.fillStyle = PALETTE.danger;
  ctx.strokeStyle = PALETTE.white;
  ctx.lineWidth = 1 / zoom;
  ctx.fill();
  ctx.stroke();
}

/**
 * Draws the marks of spawn and goal, which differ in shape and colour. The selected cell is drawn above their
 * rings and below their figures.
 * @param {Context} ctx
 * @param {Board} board
 * @param {number} zoom
 * @param {Point | null} cursor
 */
export function drawMarks(ctx, board, zoom, cursor) {
  const size = Math.max(1.2 * HALF, 26 / zoom); // visible on a map of any size
  const marks = [{ ...board.spawn, ...spawn }, { ...board.goal, ...goal }];
  // The one in front is drawn last.
  marks.sort((one, other) => one.x + one.y - other.x - other.y);
  for (const { x, y, ring } of marks) ring(ctx, middle(board, x, y), size);
  if (cursor) drawCursor(ctx, board, cursor, zoom);
  for (const { x, y, figure } of marks) figure(ctx, middle(board, x, y), size);
}

/**
 * Draws a frame around the selected cell.
 * @param {Context} ctx
 * @param {Board} board
 * @param {Point} cell
 * @param {number} zoom
 */
function drawCursor(ctx, board, { x, y }, zoom) {
  traceDiamond(ctx, corner(x, y, surface(board, x, y)), 0);
  ctx.lineJoin = "round";
  for (const { width, colour } of [
    { width: 6, colour: PALETTE.backdrop },
    { width: 3, colour: PALETTE.gold },
  ]) {
    ctx.lineWidth = width / zoom;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
}
