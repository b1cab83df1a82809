import assert from "node:assert/strict";
import { test } from "node:test";

import { createHover, previews } from "../../../annotator/ui/static/hover.js";
import { createStore, draftChanged, initialState, merge, setView } from "../../../annotator/ui/static/store.js";
import { settle } from "./world.js";

const reply = (name, decode = 20) => ({ candidates: [{ name }], chosen: 0, timing_ms: { queue: 0, encode: 0, decode, total: decode } });

/** A page with an image that is ready, and a server whose answers are given by hand. */
function page() {
  const asked = [];
  const store = createStore({
    ...initialState(), image: { id: "a", width: 100, height: 100, objects: 0 }, painted: true, embedding: "ready",
  });
  const world = { pressed: false };
  const hover = createHover({
    store, isPressed: () => world.pressed, later: (run) => run(), ask: (image, body) => new Promise((resolve, reject) => { asked.push({ image, body, resolve, reject }); }),
  });
  return { store, hover, asked, world, answer: async (name, decode) => { asked.at(-1).resolve(reply(name, decode)); await settle(); } };
}

test("one question at a time, and then only the newest place", async () => {
  const { store, hover, asked, answer } = page();
  hover.move(1, 1);
  hover.move(2, 2);
  hover.move(3, 3);
  assert.deepEqual(asked.map(({ body }) => body.points), [[[1, 1, 1]]]);
  await answer("one");
  assert.deepEqual(store.get().preview.reply.candidates, [{ name: "one" }], "shown although the pointer went on: no flicker");
  assert.deepEqual(asked.map(({ body }) => body.points), [[[1, 1, 1]], [[3, 3, 1]]]);
  assert.ok(asked.every(({ body }) => body.hover === true));
  await answer("three");
  assert.equal(store.get().preview.reply.candidates[0].name, "three");
  assert.equal(hover.busy, false);
});

test("nothing is asked while a draft is made, and what comes late is not shown", async () => {
  const { store, hover, asked, answer } = page();
  hover.move(1, 1);
  store.update(draftChanged, { id: "d", points: [{ x: 1, y: 1, label: 1 }], box: null, mask: null, candidates: [], chosen: 0 });
  await answer("late");
  assert.equal(store.get().preview, null);
  hover.move(5, 5);
  assert.equal(asked.length, 1);
  store.update(draftChanged, null);
  hover.move(6, 6);
  assert.equal(asked.length, 2);
});

test("the pointer leaves, or comes over an object: the preview goes", async () => {
  const { store, hover, answer } = page();
  hover.move(1, 1);
  await answer("one");
  hover.leave();
  assert.equal(store.get().preview, null);
  hover.move(2, 2);
  await answer("two");
  store.update(merge, { highlighted: 7 });
  await settle();
  assert.equal(store.get().preview, null);
});

test("a server that is slow, away or refuses costs nothing but the preview", async () => {
  const { store, hover, asked } = page();
  hover.move(1, 1);
  asked[0].reject(new Error("superseded"));
  await settle();
  assert.equal(store.get().preview, null);
  hover.move(2, 2);
  assert.equal(asked.length, 2);
});

test("by itself it is on only where the model is quick; a person decides otherwise", async () => {
  const { store, hover, answer } = page();
  assert.equal(previews(store.get()), true);
  for (const x of [1, 2, 3, 4]) {
    assert.equal(previews(store.get()), true, "a few slow answers after a start decide nothing");
    hover.move(x, x);
    await answer("slow", 90);
  }
  assert.equal(previews(store.get()), false);
  store.update(setView, { hover: "on" });
  assert.equal(previews(store.get()), true);
  store.update(setView, { hover: "off" });
  assert.equal(previews(store.get()), false);
});

test("with a button down nothing is asked: the click must find the model free", async () => {
  const { hover, asked, world, answer } = page();
  hover.move(1, 1);
  world.pressed = true;
  hover.move(2, 2);
  await answer("one");
  assert.equal(asked.length, 1);
  world.pressed = false;
  hover.move(3, 3);
  assert.equal(asked.length, 2);
});
