// The isometric projection of the cells of a map. Nothing is drawn here.
//
// World coordinates are pixels at zoom 1, where a cell is a diamond of 64 × 32. Cell (x, y) has its northern
// corner at ((x − y) · 32, (x + y) · 16), and each level lifts it by 16.

/**
 * @typedef {{x: number, y: number}} Point a point of the world or of the screen, or a cell
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box
 * @typedef {{name: string, variant: number}} Obstacle
 *
 * @typedef {object} TerrainDocument the compact terrain, from `/maps/{id}/terrain.json`
 * @property {number} width
 * @property {number} height
 * @property {string[]} terrains the names of the terrains, by number
 * @property {number[][]} rows of each cell terrain · 12 + level · 2 + blocked
 * @property {Point} spawn_point
 * @property {Point} goal_point
 * @property {[number, number][] | null} path
 *
 * @typedef {object} Board a map, unpacked into arrays
 * @property {number} width
 * @property {number} height
 * @property {string[]} names the names of the terrains, by number
 * @property {Uint8Array} terrain of each cell
 * @property {Uint8Array} level of each cell
 * @property {Uint8Array} blocked 1 if there is an obstacle on the cell
 * @property {Point} spawn
 * @property {Point} goal
 * @property {[number, number][]} path
 * @property {Set<number>} onPath the cells of the path
 */

export const HALF = 32; // of a tile's width
export const QUARTER = 16; // half of a tile's height
export const LIFT = 16;
export const HIGHEST = 5;
export const WATER = 3;
export const LAVA = 4;
// The possible obstacles of a blocked cell, by terrain.
const OBSTACLES = [
  ["firs", "oaks", "firs", "rocks"],
  ["boulders", "deadwood"],
  ["rocks"],
  ["rocks"],
  ["rocks"],
];
/** @type {Record<string, string>} */
const OBSTACLE_NAMES = { deadwood: "dead wood" };
const VARIANTS = 3;
const LIQUID_DEPTH = 0.35; // levels between the height of a cell and the surface of its liquid

/**
 * Returns the map of a compact document.
 * @param {TerrainDocument} document
 * @returns {Board}
 */
export function readBoard({ width, height, terrains, rows, spawn_point, goal_point, path }) {
  const packed = Uint8Array.from(rows.flat());
  if (packed.length !== width * height) throw new Error("The rows do not have the size of the map.");
  const cells = path ?? [];
  return {
    width,
    height,
    names: terrains,
    terrain: packed.map((cell) => Math.floor(cell / 12)),
    level: packed.map((cell) => Math.floor((cell % 12) / 2)),
    blocked: packed.map((cell) => cell % 2),
    spawn: spawn_point,
    goal: goal_point,
    path: cells,
    onPath: new Set(cells.map(([x, y]) => y * width + x)),
  };
}

/**
 * Returns whether a cell is on the map.
 * @param {Board} board
 * @param {number} x
 * @param {number} y
 */
export function isInside(board, x, y) {
  return x >= 0 && y >= 0 && x < board.width && y < board.height;
}

/**
 * Returns the level of a cell's surface; -1 outside of the map.
 * @param {Board} board
 * @param {number} x
 * @param {number} y
 */
export function surface(board, x, y) {
  if (!isInside(board, x, y)) return -1;
  const cell = y * board.width + x;
  return board.level[cell] - (board.terrain[cell] >= WATER ? LIQUID_DEPTH : 0);
}

/**
 * Returns the northern corner of a cell's upper face.
 * @param {number} x
 * @param {number} y
 * @param {number} level
 * @returns {Point}
 */
export function corner(x, y, level) {
  return { x: (x - y) * HALF, y: (x + y) * QUARTER - level * LIFT };
}

/**
 * Returns the middle of a cell's upper face.
 * @param {Board} board
 * @param {number} x
 * @param {number} y
 * @returns {Point}
 */
export function middle(board, x, y) {
  const { x: across, y: down } = corner(x, y, surface(board, x, y));
  return { x: across, y: down + QUARTER };
}

/**
 * Returns the obstacle of a blocked cell, by the same rule as the server (maps/drawing/landmarks.py).
 * @param {Board} board
 * @param {number} x
 * @param {number} y
 * @returns {Obstacle}
 */
export function obstacleAt(board, x, y) {
  const mixed = Math.imul((x * 73_856_093) ^ (y * 19_349_663), 2_654_435_761) >>> 0;
  const hash = ((mixed ^ (mixed >>> 13)) >>> 8) & 0xffff;
  const choices = OBSTACLES[board.terrain[y * board.width + x]];
  return { name: choices[hash % choices.length], variant: Math.floor(hash / 7) % VARIANTS };
}

/**
 * Returns the smallest box around everything that is drawn.
 * @param {Board} board
 * @returns {Box}
 */
export function bounds(board) {
  const levels = board.level.reduce((a, b) => Math.max(a, b), 0) + 1;
  return {
    left: -board.height * HALF,
    right: board.width * HALF,
    top: -levels * LIFT,
    bottom: (board.width + board.height) * QUARTER + LIFT,
  };
}

/**
 * Returns the nearest point of the map's ground along its axes, so that the map always remains visible.
 * @param {Board} board
 * @param {Point} point
 * @returns {Point}
 */
export function clampToGround(board, { x, y }) {
  const along = Math.min(board.width, Math.max(0, (y / QUARTER + x / HALF) / 2));
  const down = Math.min(board.height, Math.max(0, (y / QUARTER - x / HALF) / 2));
  return corner(along, down, 0);
}

/**
 * Calls a function for each cell that is visible in a box of the world, from the back to the front.
 * @param {Board} board
 * @param {Box} box
 * @param {(x: number, y: number) => void} call
 */
export function eachCell(board, box, call) {
  const [leftmost, rightmost] = [Math.floor(box.left / HALF) - 1, Math.ceil(box.right / HALF) + 1];
  // Cells below the box may be high enough to be visible in it, and so may their trees.
  const first = Math.max(0, Math.floor(box.top / QUARTER) - 2);
  const last = Math.min(
    board.width + board.height - 2,
    Math.ceil(box.bottom / QUARTER) + HIGHEST + 3,
  );
  for (let sum = first; sum <= last; sum += 1) {
    const from = Math.max(0, sum - board.height + 1, Math.ceil((sum + leftmost) / 2));
    const to = Math.min(board.width - 1, sum, Math.floor((sum + rightmost) / 2));
    for (let x = from; x <= to; x += 1) call(x, sum - x);
  }
}

/**
 * Returns the cell that is visible at a point of the world, including its sides; null outside of the map.
 * @param {Board} board
 * @param {Point} point
 * @returns {Point | null}
 */
export function cellAt(board, point) {
  let found = null;
  for (let level = 0; level <= HIGHEST; level += 1) {
    const [along, down] = [point.x / HALF, (point.y + level * LIFT) / QUARTER];
    const [x, y] = [Math.floor((down + along) / 2), Math.floor((down - along) / 2)];
    // A cell of at least this level hides those behind it, so the frontmost one is visible.
    const hit = isInside(board, x, y) && board.level[y * board.width + x] >= level;
    if (hit && (!found || x + y > found.x + found.y)) found = { x, y };
  }
  return found;
}

/**
 * Describes a cell: "Grass, height 2, x 4, y 7, on the path".
 * @param {Board} board
 * @param {Point} cell
 */
export function describeCell(board, { x, y }) {
  const cell = y * board.width + x;
  const isAt = (/** @type {Point} */ point) => point.x === x && point.y === y;
  const parts = [board.names[board.terrain[cell]], `height ${board.level[cell]}`, `x ${x}, y ${y}`];
  if (board.terrain[cell] >= WATER) parts.push("no way through");
  if (board.blocked[cell]) {
    const { name } = obstacleAt(board, x, y);
    parts.push(`blocked by ${OBSTACLE_NAMES[name] ?? name}`);
  }
  if (isAt(board.spawn)) parts.push("enemies enter here");
  else if (isAt(board.goal)) parts.push("the castle to defend");
  else if (board.onPath.has(cell)) parts.push("on the path");
  return parts.join(", ");
}
