import assert from "node:assert/strict";
import { test } from "node:test";

import { changedPlaces, uncovered } from "../../../annotator/ui/static/canvas/regions.js";
import { random } from "../helpers.js";

test("a push uncovers exactly what nothing was pushed onto, once", () => {
  const next = random(1);
  for (let round = 0; round < 300; round++) {
    const layer = { width: 1 + Math.floor(next() * 12), height: 1 + Math.floor(next() * 12) };
    const [dx, dy] = [Math.floor(next() * 31) - 15, Math.floor(next() * 31) - 15];
    const times = new Array(layer.width * layer.height).fill(0);
    for (const { x, y, width, height } of uncovered(dx, dy, layer)) {
      for (let v = y; v < y + height; v++) for (let u = x; u < x + width; u++) times[v * layer.width + u]++;
    }
    for (let y = 0; y < layer.height; y++) {
      for (let x = 0; x < layer.width; x++) {
        const covered = x - dx >= 0 && y - dy >= 0 && x - dx < layer.width && y - dy < layer.height;
        assert.equal(times[y * layer.width + x], covered ? 0 : 1, `${x},${y} of ${layer.width}×${layer.height} by ${dx},${dy}`);
      }
    }
  }
});

const rle = { size: [9, 9], counts: "" };
/** @param {number} id */
const object = (id) => ({ id, rle, bbox: [id, id, 2, 2], colour: "#ff0000", hidden: false, locked: false });

test("objects that look the same need no paint, be they new values or not", () => {
  assert.deepEqual(changedPlaces([object(1), object(2)], [object(1), object(2)]), []);
  assert.deepEqual(changedPlaces([object(1)], [{ ...object(1), locked: true }]), []);
});

test("what came, went, moved or looks different is painted where it is and where it was", () => {
  const before = [object(1), object(2), object(3)];
  assert.deepEqual(changedPlaces(before, [...before, object(4)]), [[4, 4, 2, 2]]);
  assert.deepEqual(changedPlaces(before, [object(1), object(3)]), [[2, 2, 2, 2]]);
  assert.deepEqual(changedPlaces(before, [object(1), { ...object(2), hidden: true }, object(3)]), [[2, 2, 2, 2], [2, 2, 2, 2]]);
  assert.deepEqual(changedPlaces([object(1)], [{ ...object(1), colour: "#00ff00" }]), [[1, 1, 2, 2], [1, 1, 2, 2]]);
  const other = { ...object(1), rle: { ...rle }, bbox: [5, 5, 3, 3] };
  assert.deepEqual(changedPlaces([object(1)], [other]), [[1, 1, 2, 2], [5, 5, 3, 3]]);
});

test("another order or very many changes mean everything", () => {
  assert.equal(changedPlaces([object(1), object(2)], [object(2), object(1)]), null);
  const many = Array.from({ length: 60 }, (_, index) => object(index + 1));
  assert.equal(changedPlaces([], many), null);
  assert.equal(changedPlaces(many, []), null);
  assert.equal(changedPlaces(many, many.map((one) => ({ ...one, colour: "#0000ff" }))), null);
});
