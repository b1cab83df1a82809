import assert from "node:assert/strict";
import { test } from "node:test";

import { Bitmap } from "../../../annotator/ui/static/canvas/bitmap.js";
import { area, contains, decode } from "../../../annotator/ui/static/canvas/rle.js";

/** Reproducible numbers from 0 to 1. @param {number} seed */
function numbers(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

/** @typedef {import("../../../annotator/ui/static/canvas/viewport.js").Point} Point */

/** @param {Point} a @param {Point} b @param {number} radius @param {number} x @param {number} y */
function inStroke(a, b, radius, x, y) {
  const length = (b.x - a.x) ** 2 + (b.y - a.y) ** 2;
  const t = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - a.x) * (b.x - a.x) + (y - a.y) * (b.y - a.y)) / length));
  return (x - a.x - t * (b.x - a.x)) ** 2 + (y - a.y - t * (b.y - a.y)) ** 2 <= radius ** 2;
}

/** Crossings of a ray to the left. @param {Point[]} points @param {number} x @param {number} y @param {string} rule */
function inPolygon(points, x, y, rule) {
  let count = 0;
  let winding = 0;
  points.forEach((to, index) => {
    const from = points[(index + points.length - 1) % points.length] ?? to;
    if (from.y <= y === to.y <= y) return;
    if (from.x + ((y - from.y) / (to.y - from.y)) * (to.x - from.x) > x) return;
    count++;
    winding += from.y <= y ? 1 : -1;
  });
  return rule === "even-odd" ? count % 2 === 1 : winding !== 0;
}

/** @param {Bitmap} bitmap @param {Uint8Array} wanted */
function assertSame(bitmap, wanted) {
  const runs = decode(bitmap.toRle());
  for (let y = 0; y < bitmap.height; y++) {
    for (let x = 0; x < bitmap.width; x++) {
      const expected = wanted[y * bitmap.width + x] === 1;
      assert.equal(bitmap.has(x, y), expected, `pixel (${x}, ${y})`);
      assert.equal(contains(runs, x, y), expected, `run lengths at (${x}, ${y})`);
    }
  }
  assert.equal(bitmap.area(), wanted.reduce((sum, value) => sum + value, 0));
  assert.equal(area(runs), bitmap.area());
}

for (let seed = 1; seed <= 60; seed++) {
  test(`strokes and polygons, painted and erased, are what the slow reference says (${seed})`, () => {
    const next = numbers(seed);
    const width = 1 + Math.floor(next() * 90);
    const height = 1 + Math.floor(next() * 90);
    const place = () => ({ x: (next() * 1.6 - 0.3) * width, y: (next() * 1.6 - 0.3) * height });
    const snapped = () => ({ x: Math.round(next() * width * 2) / 2, y: Math.round(next() * height * 2) / 2 });
    let bitmap = new Bitmap(width, height);
    const wanted = new Uint8Array(width * height);
    for (let act = 0; act < 8; act++) {
      const value = next() < 0.65 ? 1 : 0;
      const point = next() < 0.5 ? place : snapped;
      /** @type {(x: number, y: number) => boolean} */
      let inside;
      if (next() < 0.5) {
        const [a, b, radius] = [point(), point(), 0.5 + next() * 20];
        bitmap.stroke(a, b, radius, value);
        inside = (x, y) => inStroke(a, b, radius, x, y);
      } else {
        const points = Array.from({ length: 3 + Math.floor(next() * 7) }, point);
        const rule = next() < 0.5 ? "even-odd" : "non-zero";
        bitmap.polygon(points, value, rule);
        inside = (x, y) => inPolygon(points, x, y, rule);
      }
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (inside(x + 0.5, y + 0.5)) wanted[y * width + x] = value;
      if (next() < 0.3) bitmap = Bitmap.fromRle(bitmap.toRle());
    }
    assertSame(bitmap, wanted);
  });
}

test("a disc of radius one half around a pixel's centre is that pixel", () => {
  const bitmap = new Bitmap(9, 9);
  bitmap.stroke({ x: 4.5, y: 3.5 }, { x: 4.5, y: 3.5 }, 0.5, 1);
  assert.equal(bitmap.area(), 1);
  assert.ok(bitmap.has(4, 3));
});

test("two polygons with a common side neither overlap nor leave a gap", () => {
  const [a, b, c, d] = [{ x: 2, y: 1 }, { x: 17.5, y: 4 }, { x: 14, y: 18.5 }, { x: 3.5, y: 16 }];
  const areas = [[a, b, c], [a, c, d], [a, b, c, d]].map((points) => {
    const bitmap = new Bitmap(20, 20);
    bitmap.polygon(points, 1);
    return bitmap.area();
  });
  assert.equal((areas[0] ?? 0) + (areas[1] ?? 0), areas[2]);
});

test("a stroke in a picture of 100 megapixels keeps memory for the stroke only, erasing keeps none", () => {
  const bitmap = new Bitmap(12000, 9000);
  assert.equal(bitmap.stroke({ x: 6000, y: 4000 }, { x: 6040, y: 4030 }, 15, 0), null);
  assert.equal(bitmap.bits.length, 0);
  const region = bitmap.stroke({ x: 6000, y: 4000 }, { x: 6040, y: 4030 }, 15, 1);
  assert.deepEqual(region, { x: 5985, y: 3985, width: 70, height: 60 });
  assert.ok(bitmap.bits.length < 200 * 200);
  assert.equal(area(decode(bitmap.toRle())), bitmap.area());
});

test("outside the image nothing happens, and fewer than three corners enclose nothing", () => {
  const bitmap = new Bitmap(10, 10);
  assert.equal(bitmap.stroke({ x: -50, y: -50 }, { x: -20, y: -20 }, 5, 1), null);
  assert.equal(bitmap.polygon([{ x: 1, y: 1 }, { x: 8, y: 8 }], 1), null);
  assert.equal(bitmap.area(), 0);
  assert.equal(area(decode(bitmap.toRle())), 0);
});

test("a painted part as tall as the image ends at its right side in the run lengths too", () => {
  const bitmap = new Bitmap(400, 20);
  bitmap.polygon([{ x: 50, y: 0 }, { x: 60, y: 0 }, { x: 60, y: 20 }, { x: 50, y: 20 }], 1);
  bitmap.polygon([{ x: 60, y: 0 }, { x: 124, y: 0 }, { x: 124, y: 20 }, { x: 60, y: 20 }], 1);
  assert.equal(bitmap.covered.x + bitmap.covered.width < 400, true);
  assert.equal(area(decode(bitmap.toRle())), bitmap.area());
  assert.equal(bitmap.area(), 74 * 20);
});
