/**
 * A mask under a person's hand: paint discs along a stroke, fill polygons, to and from COCO's run lengths. A pixel belongs to
 * a shape when its centre lies inside. Memory and work grow with the part that is painted, never with the image.
 *
 * @typedef {import("./rle.js").Rle} Rle
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {{x: number, y: number, width: number, height: number}} Region
 * @typedef {"even-odd" | "non-zero"} Rule
 */

import { crop, decode } from "./rle.js";

/** Pixels kept around what is painted, so that a stroke that goes on doesn't copy at every move. */
const MARGIN = 64;

export class Bitmap {
  /** An empty mask. @param {number} width of the image @param {number} height of the image */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    /** @type {Region} the part of the image that `bits` covers; everything else is background */
    this.covered = { x: 0, y: 0, width: 0, height: 0 };
    /** @type {Uint8Array} 0/1, row by row */
    this.bits = new Uint8Array(0);
  }

  /** @param {Rle} rle @returns {Bitmap} */
  static fromRle(rle) {
    const runs = decode(rle);
    const bitmap = new Bitmap(runs.width, runs.height);
    const { bits, ...covered } = crop(runs);
    bitmap.covered = covered;
    bitmap.bits = bits;
    return bitmap;
  }

  /** @param {number} x column @param {number} y row */
  has(x, y) {
    const { covered } = this;
    const inside = x >= covered.x && y >= covered.y && x < covered.x + covered.width && y < covered.y + covered.height;
    return inside && this.bits[(y - covered.y) * covered.width + x - covered.x] === 1;
  }

  /** Number of foreground pixels. */
  area() {
    let sum = 0;
    for (let i = 0; i < this.bits.length; i++) sum += this.bits[i] ?? 0;
    return sum;
  }

  /**
   * Paint (1) or erase (0) a disc along the straight line from `a` to `b`.
   * @param {Point} a @param {Point} b both in image pixels @param {number} radius in image pixels @param {0 | 1} value
   * @returns {Region | null} the part that may look different now
   */
  stroke(a, b, radius, value) {
    const region = this.within(
      Math.min(a.x, b.x) - radius, Math.min(a.y, b.y) - radius, Math.max(a.x, b.x) + radius, Math.max(a.y, b.y) + radius, value);
    if (region === null) return null;
    for (let row = region.y; row < region.y + region.height; row++) {
      const [least, most] = reach(a, b, radius, row + 0.5);
      if (least > most) continue;
      let from = Math.max(region.x, Math.floor(least) - 1);
      let to = Math.min(region.x + region.width, Math.ceil(most) + 1);
      // The shape is convex: what lies between the first and the last pixel inside is inside.
      while (from < to && !near(a, b, radius, from + 0.5, row + 0.5)) from++;
      while (from < to && !near(a, b, radius, to - 0.5, row + 0.5)) to--;
      this.span(row, from, to, value);
    }
    return region;
  }

  /**
   * Paint (1) or erase (0) a closed polygon.
   * @param {Point[]} points in image pixels @param {0 | 1} value @param {Rule} [rule] what an outline that crosses itself encloses
   * @returns {Region | null} the part that may look different now
   */
  polygon(points, value, rule = "non-zero") {
    if (points.length < 3) return null;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const { x, y } of points) {
      [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    }
    const region = this.within(left, top, right, bottom, value);
    if (region === null) return null;
    const end = region.x + region.width;
    crossings(points, region).forEach((row, index) => {
      row.sort((a, b) => a.x - b.x);
      let winding = 0;
      for (let i = 0; i + 1 < row.length; i++) {
        winding += row[i]?.way ?? 0;
        if (rule === "even-odd" ? i % 2 === 1 : winding === 0) continue;
        const from = Math.max(region.x, Math.ceil((row[i]?.x ?? 0) - 0.5));
        this.span(region.y + index, from, Math.min(end, Math.ceil((row[i + 1]?.x ?? 0) - 0.5)), value);
      }
    });
    return region;
  }

  /** COCO's compressed run lengths. Source of the code: `rleToString` of the COCO API. @returns {Rle} */
  toRle() {
    const { x, y, width, height } = this.covered;
    /** @type {number[]} */
    const counts = [];
    let start = 0;
    let inside = 0;
    const turn = (/** @type {number} */ place) => {
      counts.push(place - start);
      start = place;
      inside = 1 - inside;
    };
    for (let column = 0; column < width; column++) {
      const place = (x + column) * this.height + y;
      // Between two columns lies background unless the covered part is as tall as the image.
      if (inside === 1 && height < this.height) turn(place - this.height + height);
      for (let row = 0, at = column; row < height; row++, at += width) {
        if (this.bits[at] !== inside) turn(place + row);
      }
    }
    if (inside === 1) turn((x + width - 1) * this.height + y + height);
    if (start < this.width * this.height) counts.push(this.width * this.height - start);
    return { size: [this.height, this.width], counts: compressed(counts) };
  }

  /**
   * The pixels whose centres can be in a rectangle, with memory for them where they are to be painted.
   * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {0 | 1} value @returns {Region | null}
   */
  within(x0, y0, x1, y1, value) {
    const { covered } = this;
    // What isn't covered is background already: erasing never needs more memory.
    const limit = value === 1 ? { x: 0, y: 0, width: this.width, height: this.height } : covered;
    const left = Math.max(limit.x, Math.floor(x0));
    const top = Math.max(limit.y, Math.floor(y0));
    const right = Math.min(limit.x + limit.width, Math.ceil(x1));
    const bottom = Math.min(limit.y + limit.height, Math.ceil(y1));
    if (!(left < right && top < bottom)) return null;
    const fits = left >= covered.x && top >= covered.y && right <= covered.x + covered.width && bottom <= covered.y + covered.height;
    if (!fits) this.grow(left, top, right, bottom);
    return { x: left, y: top, width: right - left, height: bottom - top };
  }

  /** @param {number} left @param {number} top @param {number} right @param {number} bottom */
  grow(left, top, right, bottom) {
    const { covered, bits } = this;
    const empty = covered.width === 0;
    const x = Math.max(0, Math.min(left - MARGIN, empty ? left : covered.x));
    const y = Math.max(0, Math.min(top - MARGIN, empty ? top : covered.y));
    const width = Math.min(this.width, Math.max(right + MARGIN, covered.x + covered.width)) - x;
    const height = Math.min(this.height, Math.max(bottom + MARGIN, covered.y + covered.height)) - y;
    this.bits = new Uint8Array(width * height);
    this.covered = { x, y, width, height };
    for (let row = 0; row < covered.height; row++) {
      const old = bits.subarray(row * covered.width, (row + 1) * covered.width);
      this.bits.set(old, (row + covered.y - y) * width + covered.x - x);
    }
  }

  /** @param {number} row @param {number} from @param {number} to column behind the last @param {0 | 1} value */
  span(row, from, to, value) {
    const { x, y, width } = this.covered;
    const start = (row - y) * width - x;
    if (from < to) this.bits.fill(value, start + from, start + to);
  }
}

/**
 * The columns that a disc along a line can touch in a row; more than it does, never less.
 * @param {Point} a @param {Point} b @param {number} radius @param {number} y @returns {[number, number]}
 */
function reach(a, b, radius, y) {
  const [high, low] = a.y <= b.y ? [a, b] : [b, a];
  if (y < high.y - radius || y > low.y + radius) return [0, -1];
  const rise = low.y - high.y;
  const at = (/** @type {number} */ place) => rise === 0 ? null : high.x + (low.x - high.x) * Math.min(1, Math.max(0, (place - high.y) / rise));
  const first = at(y - radius) ?? high.x;
  const last = at(y + radius) ?? low.x;
  return [Math.min(first, last) - radius, Math.max(first, last) + radius];
}

/** @param {Point} a @param {Point} b @param {number} radius @param {number} x @param {number} y */
function near(a, b, radius, x, y) {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length));
  return (x - a.x - t * dx) ** 2 + (y - a.y - t * dy) ** 2 <= radius * radius;
}

/**
 * Where the outline crosses the middle of each row, and whether it goes down (1) or up (-1) there.
 * @param {Point[]} points @param {Region} region @returns {{x: number, way: number}[][]}
 */
function crossings(points, { y, height }) {
  /** @type {{x: number, way: number}[][]} */
  const rows = Array.from({ length: height }, () => []);
  let before = points[points.length - 1];
  for (const point of points) {
    const from = before ?? point;
    before = point;
    const [high, low] = from.y <= point.y ? [from, point] : [point, from];
    const first = Math.max(y, Math.ceil(high.y - 0.5));
    const end = Math.min(y + height, Math.ceil(low.y - 0.5));
    for (let row = first; row < end; row++) {
      const x = high.x + ((row + 0.5 - high.y) / (low.y - high.y)) * (low.x - high.x);
      rows[row - y]?.push({ x, way: from === high ? 1 : -1 });
    }
  }
  return rows;
}

/** @param {number[]} counts */
function compressed(counts) {
  let text = "";
  counts.forEach((count, index) => {
    let value = index > 2 ? count - (counts[index - 2] ?? 0) : count;
    for (let more = true; more;) {
      let digit = value & 0x1f;
      value >>= 5;
      more = digit & 0x10 ? value !== -1 : value !== 0;
      if (more) digit |= 0x20;
      text += String.fromCharCode(digit + 48);
    }
  });
  return text;
}
