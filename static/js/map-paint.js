// Draws a map: terrain, and what lies on it. Knows canvases and worlds, but no page and no events.
// Every function draws in pixels of the world; whoever calls has set the canvas's transformation.

import { HALF, HIGHEST, LAVA, LIFT, QUARTER, WATER } from "./isometric.js";
import { corner, eachCell, middle, standing, surface } from "./isometric.js";
import { goal, paintObstacle, spawn } from "./map-stands.js";

// The colours of the server's pictures, so that the canvas takes a picture's place unnoticed.
const TERRAINS = [
  [124, 179, 66],
  [160, 122, 98],
  [134, 134, 134],
  [41, 182, 246],
  [255, 87, 34],
];
const DEEP = { [WATER]: [21, 101, 160], [LAVA]: [104, 18, 10] };
const GLOW = [150, 52, 6]; // of lava, on the land beside it
const GROUND = [62, 48, 42];
const LOW = [24, 44, 64]; // heights are shown from this …
const HIGH = [255, 240, 190]; // … to this, light enough to tell apart without seeing colours
const GOLD = "#ffd700";
const CRIMSON = "#dc143c";
const DARK = "#1b2631";
const WHITE = "#fff";
const CREAM = "rgb(255 246 214 / 90%)";
const HEAT = [[7, "rgb(255 110 20 / 35%)"], [3.5, "rgb(255 150 40 / 60%)"], [1.5, "#ffd65c"]];
const FAINT = 0.35; // zoom below which details would be specks
const LEGIBLE = 0.45; // zoom from which a number can be read

const mix = (one, other, share) => one.map((part, i) => part + (other[i] - part) * share);
const shade = (colour, light) => colour.map((part) => Math.min(255, part * light));
const css = (colour) => `rgb(${colour.map(Math.round).join(" ")})`;

/** The terrain within a box of the world. `look` is {zoom, heights}: how large, and which colours. */
export function paintTerrain(ctx, board, box, look) {
  const scale = ctx.getTransform().a;
  const bleed = 0.4 / look.zoom; // faces overlap by a hair: smoothed edges would let the back through
  eachCell(board, box, (x, y) => {
    const cell = y * board.width + x;
    const kind = board.terrain[cell];
    const level = surface(board, x, y);
    const colour = look.heights ? heightColour(board, cell) : cellColour(board, cell, x, y);
    const side = look.heights ? shade(colour, 0.6) : mix(GROUND, TERRAINS[kind], 0.35);
    paintSides(ctx, board, x, y, level, side, bleed);
    paintTop(ctx, x, y, level, css(colour), bleed);
    const foot = middle(board, x, y);
    if (board.blocked[cell]) paintObstacle(ctx, foot, standing(board, x, y), scale);
    else if (look.heights) paintNumber(ctx, foot, board.level[cell], look.zoom);
    else if (look.zoom >= FAINT) paintDetail(ctx, foot, kind, scatter(x, y));
  });
}

function paintDetail(ctx, foot, kind, chance) {
  if (kind === WATER && chance % 3) paintWaves(ctx, foot, chance % 4);
  if (kind === LAVA) paintEmbers(ctx, foot, chance);
}

/** A number that looks like chance, the same each time: patterns would draw the eye. */
function scatter(x, y) {
  const mixed = Math.imul(x * 374761393 + y * 668265263, 1274126177);
  return (mixed ^ (mixed >>> 15)) >>> 8;
}

/** Lighter the higher; liquids darker away from the shore; a faint chequer to count cells by. */
function cellColour(board, cell, x, y) {
  const kind = board.terrain[cell];
  if (DEEP[kind]) {
    const depth = Math.max(0, alike(board, kind, x, y) - 0.55) * 1.2;
    const crust = kind === LAVA ? 0.1 + (scatter(x, y) % 5) * 0.1 : 0;
    return mix(TERRAINS[kind], DEEP[kind], Math.min(1, depth + crust));
  }
  const land = shade(TERRAINS[kind], 0.8 + 0.085 * board.level[cell] + ((x + y) % 2 ? 0.035 : 0));
  const heat = 1.1 * alike(board, LAVA, x, y);
  return heat ? land.map((part, i) => Math.min(255, part * (1 - heat / 4) + GLOW[i] * heat)) : land;
}

function heightColour(board, cell) {
  return mix(mix(LOW, HIGH, board.level[cell] / HIGHEST), TERRAINS[board.terrain[cell]], 0.2);
}

/** Which share of a cell and its surroundings is of a kind. */
function alike(board, kind, x, y) {
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

/** The two faces one sees of a cell that stands above its southern or eastern neighbour. */
function paintSides(ctx, board, x, y, level, colour, bleed) {
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

function paintTop(ctx, x, y, level, colour, bleed) {
  ctx.fillStyle = colour;
  diamond(ctx, corner(x, y, level), bleed);
  ctx.fill();
}

function diamond(ctx, { x, y }, bleed) {
  ctx.beginPath();
  ctx.moveTo(x, y - bleed);
  ctx.lineTo(x + HALF + bleed, y + QUARTER);
  ctx.lineTo(x, y + 2 * QUARTER + bleed);
  ctx.lineTo(x - HALF - bleed, y + QUARTER);
  ctx.closePath();
}

function paintWaves(ctx, { x, y }, variant) {
  ctx.strokeStyle = "rgb(255 255 255 / 45%)";
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (const [dx, dy] of [[-10 + variant * 2, -4], [4 - variant * 2, 4]]) {
    ctx.moveTo(x + dx - 6, y + dy);
    ctx.quadraticCurveTo(x + dx - 3, y + dy - 3, x + dx, y + dy);
    ctx.quadraticCurveTo(x + dx + 3, y + dy + 3, x + dx + 6, y + dy);
  }
  ctx.stroke();
}

/** Cracks that glow, leaning to either side. */
function paintEmbers(ctx, { x, y }, chance) {
  const lean = (chance % 7) - 3;
  const side = chance % 2 ? 1 : -1;
  ctx.lineJoin = "round";
  ctx.beginPath();
  ctx.moveTo(x - 20 * side, y + lean / 2);
  ctx.lineTo(x - 6 * side, y - 3 - lean / 2);
  ctx.lineTo(x + (2 + lean) * side, y + 2);
  ctx.lineTo(x + 19 * side, y - 2 + lean / 2);
  if (chance % 5 > 1) {
    ctx.moveTo(x + (2 + lean) * side, y + 2);
    ctx.lineTo(x + lean, y + 9);
  }
  for (const [width, colour] of HEAT) {
    ctx.lineWidth = width;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
}

function paintNumber(ctx, { x, y }, level, zoom) {
  if (zoom < LEGIBLE) return; // shades alone
  ctx.font = `700 ${Math.min(22, Math.max(15, 12 / zoom))}px system-ui, sans-serif`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillStyle = level > 2 ? "#10181f" : WHITE;
  ctx.fillText(String(level), x, y + 1);
}

// ---- What lies on the terrain ----------------------------------------------------------------------

/** The way of the enemies: dots, and arrows along it. */
export function paintPath(ctx, board, zoom) {
  if (board.path.length < 2) return;
  const points = board.path.map(([x, y]) => middle(board, x, y));
  const width = Math.max(5, 2.5 / zoom);
  ctx.lineJoin = "round";
  ctx.lineCap = "round";
  ctx.setLineDash([0, Math.max(HALF / 2, 2.4 * width)]);
  ctx.beginPath();
  for (const { x, y } of points) ctx.lineTo(x, y);
  for (const [more, colour] of [[Math.max(2, 1.2 / zoom), "rgb(16 24 31 / 55%)"], [0, CREAM]]) {
    ctx.lineWidth = width + more;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
  ctx.setLineDash([]);
  const every = Math.max(4, Math.round(2.4 / zoom));
  for (let i = every; i < points.length - 1; i += every) {
    paintArrow(ctx, points[i - 1], points[i], width * 1.2, zoom);
  }
}

function paintArrow(ctx, from, to, size, zoom) {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const [dx, dy] = [(to.x - from.x) / length, (to.y - from.y) / length];
  const [x, y] = [(from.x + to.x) / 2, (from.y + to.y) / 2];
  ctx.beginPath();
  ctx.moveTo(x + dx * size, y + dy * size);
  ctx.lineTo(x - dx * size - dy * size, y - dy * size + dx * size);
  ctx.lineTo(x - dx * size + dy * size, y - dy * size - dx * size);
  ctx.closePath();
  ctx.fillStyle = CRIMSON;
  ctx.strokeStyle = WHITE;
  ctx.lineWidth = 1 / zoom;
  ctx.fill();
  ctx.stroke();
}

/**
 * Where enemies enter and what they go for; between rings and figures the reader's cell. They differ in
 * shape, not in colour alone.
 */
export function paintMarks(ctx, board, zoom, cursor) {
  const size = Math.max(1.2 * HALF, 26 / zoom); // to be seen on any map
  const marks = [[board.spawn, spawn], [board.goal, goal]];
  // The one in front is painted last.
  marks.sort(([one], [other]) => one.x + one.y - other.x - other.y);
  for (const [{ x, y }, { place }] of marks) place(ctx, middle(board, x, y), size);
  if (cursor) paintCursor(ctx, board, cursor, zoom);
  for (const [{ x, y }, { figure }] of marks) figure(ctx, middle(board, x, y), size);
}

/** The cell that the reader stands on. */
function paintCursor(ctx, board, { x, y }, zoom) {
  diamond(ctx, corner(x, y, surface(board, x, y)), 0);
  ctx.lineJoin = "round";
  for (const [width, colour] of [[6, DARK], [3, GOLD]]) {
    ctx.lineWidth = width / zoom;
    ctx.strokeStyle = colour;
    ctx.stroke();
  }
}
