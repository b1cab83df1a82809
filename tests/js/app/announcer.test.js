import assert from "node:assert/strict";
import { test } from "node:test";

import { draftText, imageText, objectsTextOf, selectedText } from "../../../annotator/ui/static/panels/announcer.js";
import { initialState } from "../../../annotator/ui/static/store.js";

const candidate = (area, score) => ({ rle: { size: [4, 4], counts: "" }, area, score, bbox: [0, 0, 1, 1] });
const draft = (parts) => ({ id: "d", points: [{ x: 1, y: 1, label: 1 }], box: null, mask: null, candidates: [], chosen: 0, asking: false, ...parts });
const image = { id: "i", name: "street.jpg", width: 640, height: 480, objects: 1 };
const project = { categories: [{ id: 3, name: "car" }] };
const object = { id: 5, category: 3, area: 5400 };

test("the mask of a draft is said with its size and how sure the model is", () => {
  const state = { ...initialState(), draft: draft({ candidates: [candidate(120, 0.5), candidate(5400, 0.93)], chosen: 1 }) };
  assert.equal(draftText(state), "Object, 2 of 2: 5,400 px, 93 % sure.");
  assert.equal(draftText({ ...state, draft: draft({ asking: true }) }), "");
  assert.match(draftText({ ...state, draft: draft({ points: [{ x: 1, y: 1, label: 0 }] }) }), /Background point/);
});

test("objects that come, go and are selected are said by their category", () => {
  const before = { ...initialState(), image, project };
  const now = { ...before, objects: [object], selected: 5 };
  assert.equal(objectsTextOf(before, now), "Added car. 1 object.");
  assert.equal(objectsTextOf(now, before), "Removed. 0 objects.");
  assert.equal(selectedText(now), "Selected car, 5,400 px.");
  assert.equal(objectsTextOf(now, { ...before, image: { ...image, id: "other" } }), "");
});

test("an opened image is said by name, size and objects", () => {
  assert.equal(imageText({ ...initialState(), image }), "Image street.jpg, 640 by 480, 1 object.");
});
