// What stands on a map: trees and rocks, the banner where enemies enter, the castle that they go for.
// maps/drawing/landmarks.py draws the same for the server's pictures; shapes are in units of a thing's size.

import { HALF } from "./isometric.js";

const GOLD = "#ffd700";
const CRIMSON = "#dc143c";
const BLUE = "#4169e1";
const WHITE = "#fff";
const INK = "#121921";
const FOREST = [ // lit side, dark side, top of an oak
  ["#3e7c3e", "#205430", "#569448"],
  ["#4a883a", "#2c5e2e", "#62a044"],
  ["#306e48", "#1a4a36", "#488652"],
];
const BARK = "#543a28";
const ROCK = ["#bcbcba", "#8e9094", "#5c5e66"]; // top, left, right
const BOULDER = ["#c4a080", "#96745c", "#644c3e"];
const UNIT = 2 * HALF; // of the little pictures, each 1 wide and 1.25 high
const TALL = 1.25;

/** The little pictures of one scale: ten thousand trees are copied, and fifteen drawn. */
let kept = { scale: 0, pictures: new Map() };

/** What closes a cell, around the middle of its upper face. `scale`: pixels for one of the world. */
export function paintObstacle(ctx, { x, y }, { name, variant }, scale) {
  if (kept.scale !== scale) kept = { scale, pictures: new Map() };
  const key = `${name} ${variant}`;
  if (!kept.pictures.has(key)) kept.pictures.set(key, pictureOf(name, variant, scale));
  ctx.drawImage(kept.pictures.get(key), x - HALF, y - UNIT, UNIT, UNIT * TALL);
}

function pictureOf(name, variant, scale) {
  const picture = document.createElement("canvas");
  picture.width = Math.max(1, Math.ceil(UNIT * scale));
  picture.height = Math.max(1, Math.ceil(UNIT * TALL * scale));
  const ctx = picture.getContext("2d");
  ctx.scale(picture.width, picture.height / TALL);
  disc(ctx, 0.5, 1.02, 0.34, 0.15, "rgb(0 0 0 / 22%)");
  for (const [draw, dx, dy, size] of STANDS[name]((variant - 1) * 0.06)) {
    ctx.save();
    ctx.translate(0.5 + dx, 1 + dy);
    ctx.scale(size, size);
    draw(ctx, variant);
    ctx.restore();
  }
  return picture;
}

const STANDS = {
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

function fir(ctx, variant) {
  const [lit, dark] = FOREST[variant];
  polygon(ctx, [[-0.06, 0], [0.06, 0], [0.06, -0.25], [-0.06, -0.25]], BARK);
  for (const [base, top, half] of [[-0.14, -0.75, 0.36], [-0.42, -1.05, 0.29], [-0.72, -1.35, 0.2]]) {
    polygon(ctx, [[-half, base], [0, base + 0.08], [0, top]], lit);
    polygon(ctx, [[half, base], [0, base + 0.08], [0, top]], dark);
  }
}

function oak(ctx, variant) {
  const [lit, dark, bright] = FOREST[variant];
  polygon(ctx, [[-0.08, 0], [0.08, 0], [0.05, -0.5], [-0.05, -0.5]], BARK);
  disc(ctx, 0.12, -0.62, 0.42, 0.38, dark);
  disc(ctx, -0.12, -0.68, 0.42, 0.38, lit);
  disc(ctx, 0, -0.92, 0.36, 0.32, lit);
  disc(ctx, -0.16, -0.9, 0.2, 0.18, bright);
}

function deadwood(ctx) {
  ctx.strokeStyle = BARK;
  for (const [[fromX, fromY], [toX, toY], thickness] of [
    [[0, 0], [0.02, -0.95], 0.11],
    [[0, -0.4], [-0.32, -0.85], 0.07],
    [[0.01, -0.55], [0.3, -1.02], 0.06],
    [[-0.17, -0.64], [-0.38, -0.66], 0.04],
  ]) {
    ctx.lineWidth = thickness;
    ctx.beginPath();
    ctx.moveTo(fromX, fromY);
    ctx.lineTo(toX, toY);
    ctx.stroke();
  }
}

function rock([top, left, right]) {
  return (ctx) => {
    polygon(ctx, [[-0.5, 0.02], [-0.36, -0.5], [0.05, -0.34], [0.04, 0.24]], left);
    polygon(ctx, [[0.04, 0.24], [0.05, -0.34], [0.42, -0.46], [0.54, 0]], right);
    polygon(ctx, [[-0.36, -0.5], [-0.04, -0.74], [0.42, -0.46], [0.05, -0.34]], top);
  };
}

// ---- Marks -----------------------------------------------------------------------------------------

/** Where enemies enter: a tall red banner with a swallow's tail, on a round place. */
export const spawn = { place: place(CRIMSON), figure: figure([
  [[[-0.05, 0.02], [0.05, 0.02], [0.05, -1.5], [-0.05, -1.5]], WHITE],
  [[[0.05, -1.46], [0.98, -1.3], [0.72, -1.07], [0.98, -0.84], [0.05, -0.74]], CRIMSON],
  [[[0.05, -0.92], [0.98, -0.97], [0.98, -0.84], [0.05, -0.74]], "#960c2a"],
  [[[-0.09, -1.5], [0, -1.6], [0.09, -1.5], [0, -1.4]], GOLD],
]) };

/** What they go for: a blue castle, a keep between two towers, trimmed with gold. */
export const goal = { place: place(BLUE), figure: figure([
  [[[-0.05, -0.9], [-0.05, -1.62], [0.05, -1.62], [0.05, -0.9]], WHITE],
  [[[0.05, -1.6], [0.42, -1.46], [0.05, -1.32]], GOLD],
  [battlements(-0.34, 0.34, -0.86, 5), BLUE],
  [battlements(-0.62, -0.26, -1.12, 3), "#7696f5"],
  [battlements(0.26, 0.62, -1.12, 3), "#2c4ab0"],
  [[[-0.34, -0.62], [0.34, -0.62], [0.34, -0.7], [-0.34, -0.7]], GOLD],
  [[[-0.13, 0.1], [-0.13, -0.28], [0, -0.42], [0.13, -0.28], [0.13, 0.1]], INK],
]) };

/** Paints a ring on the ground, around a mark. */
function place(colour) {
  return (ctx, { x, y }, size) => {
    disc(ctx, x, y, 0.86 * size, 0.43 * size, "rgb(18 25 33 / 60%)");
    disc(ctx, x, y, 0.78 * size, 0.39 * size, colour);
    disc(ctx, x, y, 0.66 * size, 0.33 * size, "rgb(18 25 33 / 45%)");
  };
}

/** Paints shapes around a foot, with a dark border that stands out from any ground. */
function figure(shapes) {
  return (ctx, { x, y }, size) => {
    ctx.save();
    ctx.translate(x, y);
    ctx.scale(size, size);
    ctx.lineWidth = 0.14;
    ctx.lineJoin = "round";
    ctx.strokeStyle = INK;
    for (const [shape] of shapes) {
      trace(ctx, shape);
      ctx.stroke();
    }
    for (const [shape, fill] of shapes) polygon(ctx, shape, fill);
    ctx.restore();
  };
}

/** A wall from below the ground to `top`, every other part of its crest a tooth higher. */
function battlements(left, right, top, parts) {
  const step = (right - left) / parts;
  const crest = Array.from({ length: parts }, (_, part) => {
    const height = top - (part % 2 ? 0 : 0.14);
    return [[left + part * step, height], [left + (part + 1) * step, height]];
  });
  return [[left, 0.1], ...crest.flat(), [right, 0.1]];
}

function trace(ctx, points) {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.closePath();
}

function polygon(ctx, points, colour) {
  trace(ctx, points);
  ctx.fillStyle = colour;
  ctx.fill();
}

function disc(ctx, x, y, across, down, colour) {
  ctx.fillStyle = colour;
  ctx.beginPath();
  ctx.ellipse(x, y, across, down, 0, 0, 7);
  ctx.fill();
}
