import assert from "node:assert/strict";
import { test } from "node:test";

import { Bitmap } from "../../../annotator/ui/static/canvas/bitmap.js";
import { sceneDifference } from "../../../annotator/ui/static/scene.js";
import { initialState } from "../../../annotator/ui/static/store.js";
import { encode } from "../helpers.js";

/** Columns x0 to x1 of an image of 10 × 4. */
function columns(x0, x1) {
  const bits = Array.from({ length: 40 }, (_, at) => (at % 10 >= x0 && at % 10 < x1 ? 1 : 0));
  return { rle: encode(bits, 10, 4), bbox: [x0, 0, x1 - x0, 4], area: 4 * (x1 - x0), score: 0.9 };
}
const areaOf = (rle) => (rle === null ? 0 : Bitmap.fromRle(rle).area());
const draft = (mask) => ({ id: "d", points: [], box: null, mask: null, candidates: [mask], chosen: 0, replaces: null });

test("with no overlap what accepting will leave to others is shown, but not to the object that is refined", () => {
  const other = { id: 7, category: 1, hidden: false, locked: false, ...columns(0, 4) };
  const state = { ...initialState(), draft: draft(columns(2, 9)), objects: [other] };
  assert.equal(sceneDifference(state), null);
  const strict = { ...state, view: { ...state.view, noOverlap: true } };
  assert.deepEqual([areaOf(sceneDifference(strict).added), areaOf(sceneDifference(strict).removed)], [0, 8]);
  assert.equal(areaOf(sceneDifference({ ...strict, draft: { ...strict.draft, replaces: 7 } }).removed), 0);
});

test("what a clean-up would add and take away is shown before it is applied", () => {
  const cleanup = { title: "Smooth", rle: columns(3, 8).rle, added: 4, removed: 4, object: null, picking: null };
  const { added, removed } = sceneDifference({ ...initialState(), draft: draft(columns(2, 7)), cleanup });
  assert.deepEqual([areaOf(added), areaOf(removed)], [4, 4]);
  const object = { id: 7, category: 1, ...columns(2, 7) };
  assert.equal(areaOf(sceneDifference({ ...initialState(), cleanup: { ...cleanup, object } }).added), 4);
});
