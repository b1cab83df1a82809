import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { area, bounds, contains, crop, decode, edges } from "../../../annotator/ui/static/canvas/rle.js";
import { encode, random } from "../helpers.js";

/** Real masks with what pycocotools says of them. */
const golden = JSON.parse(readFileSync(new URL("./golden_masks.json", import.meta.url), "utf8"));

test("real masks have the area and the box that pycocotools gives", () => {
  assert.ok(golden.length >= 6);
  for (const { rle, area: expected, bbox } of golden) {
    const runs = decode(rle);
    assert.equal(area(runs), expected);
    const part = crop(runs);
    assert.deepEqual([part.x, part.y, part.width, part.height], bbox);
    assert.equal(
      part.bits.reduce((sum, bit) => sum + bit, 0),
      expected,
    );
  }
});

test("a mask is asked for pixels without being painted", () => {
  const next = random(1);
  for (let round = 0; round < 200; round++) {
    const width = 1 + Math.floor(next() * 9);
    const height = 1 + Math.floor(next() * 9);
    const density = next();
    const bits = Array.from({ length: width * height }, () => (next() < density ? 1 : 0));
    const runs = decode(encode(bits, width, height));
    for (let y = -1; y <= height; y++) {
      for (let x = -1; x <= width; x++) {
        const inside = x >= 0 && y >= 0 && x < width && y < height;
        assert.equal(contains(runs, x, y), inside && bits[y * width + x] === 1, `${x},${y} of ${width}×${height}`);
      }
    }
  }
});

test("the outline is exactly the edges between inside and outside, holes included", () => {
  const next = random(2);
  for (let round = 0; round < 200; round++) {
    const width = 1 + Math.floor(next() * 8);
    const height = 1 + Math.floor(next() * 8);
    const bits = Array.from({ length: width * height }, () => (next() < 0.6 ? 1 : 0));
    const at = (x, y) => (x >= 0 && y >= 0 && x < width && y < height ? bits[y * width + x] : 0);
    const expected = new Set();
    for (let y = 0; y <= height; y++) {
      for (let x = 0; x <= width; x++) {
        if (x < width && at(x, y) !== at(x, y - 1)) expected.add(`h ${x} ${y}`);
        if (y < height && at(x, y) !== at(x - 1, y)) expected.add(`v ${x} ${y}`);
      }
    }
    const found = new Set();
    const lines = edges(crop(decode(encode(bits, width, height))));
    for (let i = 0; i < lines.length; i += 4) {
      const [x0, y0, x1, y1] = lines.slice(i, i + 4);
      for (let x = x0; x < x1; x++) found.add(`h ${x} ${y0}`);
      for (let y = y0; y < y1; y++) found.add(`v ${x0} ${y}`);
    }
    assert.deepEqual([...found].sort(), [...expected].sort());
  }
});

test("an empty mask has nothing to show", () => {
  const runs = decode(encode([0, 0, 0, 0], 2, 2));
  assert.equal(area(runs), 0);
  assert.deepEqual(edges(crop(runs)), []);
});

test("coarser steps cover the same ground", () => {
  const next = random(3);
  for (let round = 0; round < 100; round++) {
    const [width, height] = [5 + Math.floor(next() * 20), 5 + Math.floor(next() * 20)];
    const bits = Array.from({ length: width * height }, () => (next() < 0.1 ? 1 : 0));
    const runs = decode(encode(bits, width, height));
    for (const factor of [2, 4]) {
      const coarse = crop(runs, factor);
      for (let y = 0; y < Math.ceil(height / factor); y++) {
        for (let x = 0; x < Math.ceil(width / factor); x++) {
          let any = 0;
          for (let v = y * factor; v < Math.min(height, (y + 1) * factor); v++) {
            for (let u = x * factor; u < Math.min(width, (x + 1) * factor); u++) any |= bits[v * width + u];
          }
          const [column, row] = [x - coarse.x, y - coarse.y];
          const inside = column >= 0 && row >= 0 && column < coarse.width && row < coarse.height;
          assert.equal(inside ? coarse.bits[row * coarse.width + column] : 0, any);
        }
      }
    }
  }
});

test("a picture of 100 megapixels has a mask that a small screen shows from a small copy", () => {
  const [width, height] = [11600, 8600];
  // Five rows of every column: far more pixels than the copy below may have.
  const runs = { width, height, ends: new Uint32Array(2 * width).map((_, i) => (i >> 1) * height + (i % 2 ? 4005 : 4000)) };
  assert.equal(area(runs), 5 * width);
  assert.deepEqual(bounds(runs), { x: 0, y: 4000, width, height: 5 });
  const part = crop(runs, 16);
  assert.deepEqual([part.x, part.y, part.width, part.height], [0, 250, 725, 1]);
  assert.ok(part.bits.every((bit) => bit === 1));
});
