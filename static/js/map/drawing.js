// Helpers for canvases and colours.

import { PALETTE } from "./palette.js";

/** @typedef {number[]} Rgb red, green and blue, from 0 to 255 */

/**
 * Returns a colour of the palette as numbers.
 * @param {keyof typeof PALETTE} name
 * @returns {Rgb}
 */
export const rgb = (name) => [1, 3, 5].map((at) => parseInt(PALETTE[name].slice(at, at + 2), 16));

/**
 * Returns a mix of two colours: the first for share 0, the other for 1.
 * @param {Rgb} one
 * @param {Rgb} other
 * @param {number} share
 * @returns {Rgb}
 */
export const mix = (one, other, share) => one.map((part, i) => part + (other[i] - part) * share);

/**
 * Returns a lighter or darker colour.
 * @param {Rgb} colour
 * @param {number} light
 * @returns {Rgb}
 */
export const shade = (colour, light) => colour.map((part) => Math.min(255, part * light));

/**
 * Returns a colour as CSS.
 * @param {Rgb} colour
 */
export const css = (colour) => `rgb(${colour.map(Math.round).join(" ")})`;

/**
 * Returns a colour of the palette with an opacity, as CSS.
 * @param {keyof typeof PALETTE} name
 * @param {number} opacity from 0 to 1
 */
export const transparent = (name, opacity) => `rgb(${rgb(name).join(" ")} / ${opacity * 100}%)`;

/**
 * Returns the 2D context of a canvas.
 * @param {HTMLCanvasElement} canvas
 */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser does not draw on canvases.");
  return context;
}
