import assert from "node:assert/strict";
import { test } from "node:test";

import { Bitmap } from "../../../annotator/ui/static/canvas/bitmap.js";
import { difference, overlap } from "../../../annotator/ui/static/canvas/difference.js";
import { bounds, decode } from "../../../annotator/ui/static/canvas/rle.js";
import { encode, random } from "../helpers.js";

const SIZE = { width: 17, height: 13 };

/** A random mask: its bits, its run lengths, its box. */
function masked(next, density) {
  const bits = Array.from({ length: SIZE.width * SIZE.height }, () => (next() < density ? 1 : 0));
  const rle = { size: [SIZE.height, SIZE.width], counts: encode(bits, SIZE.width, SIZE.height).counts };
  const { x, y, width, height } = bounds(decode(rle));
  return { bits, rle, bbox: [x, y, width, height] };
}

const bitsOf = (rle) => {
  const bitmap = rle === null ? null : Bitmap.fromRle(rle);
  return Array.from({ length: SIZE.width * SIZE.height }, (_, at) => (bitmap?.has(at % SIZE.width, Math.floor(at / SIZE.width)) ? 1 : 0));
};

test("what was added and removed is told pixel by pixel, for any two masks", () => {
  const next = random(11);
  for (let round = 0; round < 200; round++) {
    const [a, b] = [masked(next, round % 2 ? 0.02 : 0.5), masked(next, 0.3)];
    const { added, removed } = difference(a.rle, b.rle);
    assert.deepEqual(bitsOf(added), b.bits.map((bit, at) => (bit === 1 && a.bits[at] === 0 ? 1 : 0)));
    assert.deepEqual(bitsOf(removed), a.bits.map((bit, at) => (bit === 1 && b.bits[at] === 0 ? 1 : 0)));
  }
});

test("the overlap with several masks is what at least one of them has", () => {
  const next = random(12);
  for (let round = 0; round < 200; round++) {
    const mask = masked(next, 0.4);
    const others = [masked(next, 0.03), masked(next, 0.2)];
    assert.deepEqual(bitsOf(overlap(mask, others)), mask.bits.map((bit, at) => (bit === 1 && others.some((other) => other.bits[at] === 1) ? 1 : 0)));
  }
  const mask = masked(next, 0.4);
  assert.equal(overlap(mask, []), null);
  assert.deepEqual(difference(mask.rle, mask.rle), { added: null, removed: null });
});
