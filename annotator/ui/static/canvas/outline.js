/**
 * The outline of a mask as polygons that people can edit, and the mask that an edited outline means. Only what lies between
 * the old and the new outline changes: everything else stays as it is, pixel by pixel.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {Point[]} Ring  closed, without repeating its first point; image pixels
 */

import { Bitmap } from "./bitmap.js";
import { crop, decode } from "./rle.js";

/** Steps right, down, left, up. */
const STEPS = /** @type {const} */ ([[1, 0], [0, 1], [-1, 0], [0, -1]]);

/**
 * The outer outlines and the holes of a mask, simplified.
 * @param {import("./rle.js").Rle} rle @param {number} tolerance how far a vertex that is left out may be from the line, in image pixels
 * @returns {Ring[]}
 */
export function ringsOf(rle, tolerance) {
  return traced(crop(decode(rle))).map((ring) => simplified(ring, tolerance)).filter((ring) => ring.length >= 3);
}

/**
 * The edges of the pixels as closed paths, the mask at their right hand; corners only.
 * @param {import("./rle.js").Crop} mask @returns {Ring[]}
 */
export function traced({ x: left, y: top, width, height, bits }) {
  const stride = width + 1;
  const ways = new Uint8Array(stride * (height + 1)); // one bit for each direction that a path leaves a corner in
  const has = (/** @type {number} */ x, /** @type {number} */ y) => x >= 0 && y >= 0 && x < width && y < height && bits[y * width + x] === 1;
  const mark = (/** @type {number} */ at, /** @type {number} */ way) => { ways[at] = (ways[at] ?? 0) | (1 << way); };
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      if (bits[at] !== 1) continue;
      const corner = y * stride + x;
      if (!has(x, y - 1)) mark(corner, 0);
      if (!has(x + 1, y)) mark(corner + 1, 1);
      if (!has(x, y + 1)) mark(corner + stride + 1, 2);
      if (!has(x - 1, y)) mark(corner + stride, 3);
    }
  }
  /** @type {Ring[]} */
  const rings = [];
  for (let start = 0; start < ways.length; start++) {
    while (ways[start] !== 0) rings.push(follow(ways, stride, start).map(({ x, y }) => ({ x: x + left, y: y + top })));
  }
  return rings;
}

/** Walk one path and take it out of `ways`. @param {Uint8Array} ways @param {number} stride @param {number} start @returns {Ring} */
function follow(ways, stride, start) {
  /** @type {Ring} */
  const ring = [];
  let at = start;
  let heading = -1;
  do {
    const open = ways[at] ?? 0;
    // At a corner where two pixels touch the path turns left, into the other pixel: they are one part, as elsewhere.
    const way = [heading + 3, heading, heading + 1].map((turn) => turn % 4).find((turn) => heading >= 0 && open & (1 << turn)) ?? Math.log2(open & -open);
    if (way !== heading) ring.push({ x: at % stride, y: Math.floor(at / stride) });
    ways[at] = open & ~(1 << way);
    const [dx, dy] = STEPS[way] ?? [0, 0];
    at += dx + dy * stride;
    heading = way;
  } while (at !== start);
  return ring;
}

/**
 * Fewer vertices, none of those left out further away than the tolerance. Source: Ramer 1972, Douglas & Peucker 1973.
 * @param {Ring} ring @param {number} tolerance @returns {Ring}
 */
export function simplified(ring, tolerance) {
  if (ring.length <= 4) return ring;
  const far = farthest(ring, (point) => distance(point, ring[0] ?? point));
  const keep = new Uint8Array(ring.length + 1);
  keep[0] = keep[far] = keep[ring.length] = 1;
  const at = (/** @type {number} */ index) => /** @type {Point} */ (ring[index % ring.length]);
  /** @type {[number, number][]} */
  const spans = [[0, far], [far, ring.length]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    let worst = tolerance;
    let index = -1;
    for (let i = from + 1; i < to; i++) {
      const away = toSegment(at(i), at(from), at(to));
      if (away > worst) [worst, index] = [away, i];
    }
    if (index < 0) continue;
    keep[index] = 1;
    spans.push([from, index], [index, to]);
  }
  return ring.filter((_, index) => keep[index] === 1);
}

/** @param {Ring} ring @param {(point: Point) => number} measure */
function farthest(ring, measure) {
  let best = 0;
  ring.forEach((point, index) => { if (measure(point) > measure(/** @type {Point} */ (ring[best]))) best = index; });
  return best;
}

/** @param {Point} a @param {Point} b */
const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** @param {Point} point @param {Point} a @param {Point} b */
export function toSegment(point, a, b) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((point.x - a.x) * dx + (point.y - a.y) * dy) / length));
  return distance(point, { x: a.x + t * dx, y: a.y + t * dy });
}

/**
 * Make a mask follow its edited outline within a region; a pixel belongs to it when its centre does.
 * @param {Bitmap} mask changed in place @param {Ring[]} rings the outline as it is now; what an odd number of them encloses is inside
 * @param {Ring} region what lies between the old and the new outline (even-odd)
 */
export function reshape(mask, rings, region) {
  const touched = new Bitmap(mask.width, mask.height);
  if (touched.polygon(region, 1, "even-odd") === null) return;
  const inside = new Bitmap(mask.width, mask.height);
  // One path through all rings: the ways between them are gone over twice and enclose nothing.
  const [start] = rings;
  const path = rings.flatMap((ring) => [...ring, .../** @type {Point[]} */ (ring.slice(0, 1)), .../** @type {Point[]} */ (start?.slice(0, 1) ?? [])]);
  if (path.length > 0) inside.polygon(path, 1, "even-odd");
  const { x, y, width, height } = touched.covered;
  for (let row = y; row < y + height; row++) {
    for (let column = x; column < x + width; column++) {
      if (!touched.has(column, row)) continue;
      const value = inside.has(column, row) ? 1 : 0;
      if (mask.within(column, row, column + 1, row + 1, value) !== null) mask.span(row, column, column + 1, value);
    }
  }
}
