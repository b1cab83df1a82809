import assert from "node:assert/strict";
import { test } from "node:test";

import * as store from "../../../annotator/ui/static/store.js";
import { sceneDraft, sceneObjects } from "../../../annotator/ui/static/scene.js";
import { settle } from "./world.js";

const RLE = { size: [10, 10], counts: "0d3" };
const CANDIDATE = { rle: RLE, score: 0.9, area: 40, bbox: [1, 2, 3, 4] };
const ITEM = { id: "i", name: "a.jpg", width: 10, height: 10, state: "todo", objects: 0, problem: null, note: null };
const OPEN = { ...ITEM, pixels: { url: "/p", width: 10, height: 10 }, thumbnail: "/t" };
const annotation = (id, parts = {}) => ({ id, category: 1, rle: RLE, area: 40, bbox: [1, 2, 3, 4], score: 0.9, hidden: false, locked: false, revision: 1, ...parts });
const serverImage = (parts = {}) => ({ ...OPEN, annotations: [], draft: null, history: { undo: null, redo: null }, ...parts });
const serverDraft = (parts = {}) => ({ id: "d", points: [[1, 2, 1]], box: null, mask: null, choice: null, category: 1, revision: 1, ...parts });

const opened = (parts) => {
  const listed = { ...store.initialState(), list: { items: [ITEM], status: "", query: "", complete: true, total: 1 } };
  return store.imageLoaded(store.imageOpening(listed, "i"), serverImage(parts));
};
const drawing = () => store.answered(opened({ draft: serverDraft() }), "d", { candidates: [CANDIDATE], chosen: 0 }, false);

test("accepting shows the object at once, in the list too, and the image is in progress", () => {
  const state = store.accepted(drawing(), -1, 1);
  assert.equal(state.draft, null);
  assert.deepEqual(state.objects.map(({ id, rle, pending }) => ({ id, rle, pending })), [{ id: -1, rle: RLE, pending: true }]);
  assert.equal(state.image.state, "in_progress");
  assert.deepEqual([state.list.items[0].state, state.list.items[0].objects], ["in_progress", 1]);
});

test("the server's object takes the place of the one shown, selected or not", () => {
  const state = { ...store.accepted(drawing(), -1, 1), selected: -1 };
  const after = store.objectSaved(state, -1, annotation(7, { score: 0.91 }));
  assert.deepEqual(after.objects.map((object) => [object.id, object.score, object.pending]), [[7, 0.91, undefined]]);
  assert.equal(after.selected, 7);
  const relabelled = store.objectNumbered(store.objectChanged(state, -1, { category: 4 }), -1, annotation(7));
  assert.deepEqual(relabelled.objects.map((object) => [object.id, object.category]), [[7, 4]]);
});

test("a reply about an object that was deleted meanwhile brings nothing back", () => {
  const state = store.objectDeleted(store.accepted(drawing(), -1, 1), -1);
  assert.equal(store.objectSaved(state, -1, annotation(7)), state);
});

test("an answer for another draft, or for one that has only background points by now, is not shown", () => {
  const state = opened({ draft: serverDraft() });
  assert.equal(store.answered(state, "another", { candidates: [CANDIDATE], chosen: 0 }, false), state);
  const background = store.draftChanged(drawing(), { ...drawing().draft, points: [{ x: 1, y: 1, label: 0 }] });
  assert.deepEqual(background.draft.candidates, []);
  assert.equal(store.answered(background, "d", { candidates: [CANDIDATE], chosen: 0 }, false), background);
});

test("undo keeps the mask on the screen until the model has answered, but never that of another draft", () => {
  const kept = store.imageLoaded(drawing(), serverImage({ draft: serverDraft({ points: [[5, 5, 1]] }) }));
  assert.equal(kept.draft.candidates.length, 1);
  const other = store.imageLoaded(drawing(), serverImage({ draft: serverDraft({ id: "e" }) }));
  assert.equal(other.draft.candidates.length, 0);
});

test("opening an image takes everything of the last one off the screen", () => {
  const state = store.imageOpening({ ...store.accepted(drawing(), -1, 1), selected: -1, highlighted: -1 }, "j");
  assert.deepEqual([state.image, state.draft, state.objects.length, state.selected, state.highlighted], [null, null, 0, null, null]);
});

test("a selection survives a refresh only if its object does", () => {
  const state = { ...opened({ annotations: [annotation(1), annotation(2)] }), selected: 2 };
  assert.equal(store.imageLoaded(state, serverImage({ annotations: [annotation(2)] })).selected, 2);
  assert.equal(store.imageLoaded(state, serverImage({ annotations: [annotation(1)] })).selected, null);
});

test("the chosen category stays until it is gone", () => {
  const project = (ids) => ({ id: "p", categories: ids.map((id) => ({ id, name: `c${id}`, colour: "#112233", objects: 0 })) });
  const state = { ...store.projectLoaded(store.initialState(), project([1, 2])), category: 2 };
  assert.equal(store.projectLoaded(state, project([1, 2, 3])).category, 2);
  assert.equal(store.projectLoaded(state, project([1, 3])).category, 1);
  assert.equal(store.projectLoaded(state, project([])).category, null);
});

test("messages are not repeated and never fill the screen", () => {
  let state = store.initialState();
  for (let id = 0; id < 9; id++) state = store.toastAdded(state, { id, kind: "info", text: `t${id % 7}`, retry: null });
  assert.equal(state.toasts.length, 4);
  assert.equal(new Set(state.toasts.map((toast) => toast.text)).size, 4);
});

test("watchers hear of a change once, and only of what they show", async () => {
  const held = store.createStore(store.initialState());
  const heard = [];
  held.watch((state) => [state.category], (state) => heard.push(state.category));
  held.update(store.merge, { category: 1 });
  held.update(store.merge, { category: 2 });
  held.update(store.merge, { latency: 5 });
  await settle();
  held.update(store.merge, { latency: 6 });
  await settle();
  assert.deepEqual(heard, [null, 2]);
});

test("the canvas gets objects with a mask, in their category's colour, and the draft's chosen candidate", () => {
  const project = { categories: [{ id: 1, name: "c", colour: "#112233", objects: 0 }] };
  const state = { ...drawing(), project, category: 1, objects: [annotation(1), annotation(2, { rle: null }), annotation(3, { category: 99 })] };
  assert.deepEqual(sceneObjects(state).map(({ id, colour }) => [id, colour]), [[1, "#112233"], [3, "#3b82f6"]]);
  const draft = sceneDraft(state);
  assert.deepEqual([draft.mask, draft.colour, draft.pending], [{ rle: RLE }, "#112233", false]);
});
