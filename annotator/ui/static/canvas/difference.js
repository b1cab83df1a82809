/** What one mask has that another has not: for showing what an edit would add and take away before it is done. */

import { Bitmap } from "./bitmap.js";

/** @typedef {import("./rle.js").Rle} Rle */

/**
 * @param {Rle} before @param {Rle} after of the same size
 * @returns {{added: Rle | null, removed: Rle | null}} null where there is nothing
 */
export function difference(before, after) {
  const [a, b] = [Bitmap.fromRle(before), Bitmap.fromRle(after)];
  return { added: without(b, a), removed: without(a, b) };
}

/**
 * The part of a mask that other masks have too.
 * @param {{rle: Rle, bbox: number[]}} mask @param {readonly {rle: Rle, bbox: number[]}[]} others of the same size @returns {Rle | null}
 */
export function overlap({ rle, bbox }, others) {
  const near = others.filter((other) => meet(bbox, other.bbox));
  if (near.length === 0) return null;
  const mask = Bitmap.fromRle(rle);
  const result = like(mask, new Uint8Array(mask.bits.length));
  for (const other of near) {
    eachCommon(mask, Bitmap.fromRle(other.rle), (at) => { result.bits[at] = 1; });
  }
  return rleOf(result);
}

/** @param {Bitmap} a @param {Bitmap} b */
function without(a, b) {
  const result = like(a, a.bits.slice());
  eachCommon(a, b, (at) => { result.bits[at] = 0; });
  return rleOf(result);
}

/** @param {Bitmap} mask @param {Uint8Array} bits */
function like(mask, bits) {
  return Object.assign(new Bitmap(mask.width, mask.height), { covered: { ...mask.covered }, bits });
}

/** Calls back for every pixel that both have, where their boxes meet. @param {Bitmap} a @param {Bitmap} b @param {(at: number) => void} found at: in the bits of `a` */
function eachCommon(a, b, found) {
  const [p, q] = [a.covered, b.covered];
  const left = Math.max(p.x, q.x);
  const right = Math.min(p.x + p.width, q.x + q.width);
  for (let y = Math.max(p.y, q.y); y < Math.min(p.y + p.height, q.y + q.height); y++) {
    let i = (y - p.y) * p.width + left - p.x;
    let j = (y - q.y) * q.width + left - q.x;
    for (let x = left; x < right; x++, i++, j++) if (a.bits[i] === 1 && b.bits[j] === 1) found(i);
  }
}

/** @param {Bitmap} bitmap @returns {Rle | null} */
const rleOf = (bitmap) => bitmap.bits.includes(1) ? /** @type {Rle} */ (bitmap.toRle()) : null;

/** @param {number[]} a @param {number[]} b both [x, y, width, height] */
function meet([ax = 0, ay = 0, aw = 0, ah = 0], [bx = 0, by = 0, bw = 0, bh = 0]) {
  return ax < bx + bw && bx < ax + aw && ay < by + bh && by < ay + ah;
}
