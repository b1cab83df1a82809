/** Opening images one after the other: what is asked for ahead, what is let go of, and what somebody in a hurry skips. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { createImages } from "../../../annotator/ui/static/images.js";
import { keepPictures, takePicture } from "../../../annotator/ui/static/pictures.js";
import { createStore, initialState, merge } from "../../../annotator/ui/static/store.js";
import { settle } from "./world.js";

/** Pictures the page has asked the server for: `arrive` and `fail` answer, `ended` says that the page gave it up. */
let pictures = [];
/** Bitmaps that nobody needs any more. */
let closed = 0;

beforeEach(() => {
  pictures = [];
  closed = 0;
  globalThis.location = { hash: "" };
  globalThis.history = { replaceState: (_state, _title, hash) => { globalThis.location.hash = hash; } };
  mock.method(globalThis, "fetch", (url, { signal }) => new Promise((resolve, reject) => {
    const picture = {
      url, ended: false, there: false,
      arrive: () => { picture.there = true; resolve({ ok: true, blob: async () => url }); },
      fail: () => resolve({ ok: false, status: 422 }),
    };
    signal?.addEventListener("abort", () => { picture.ended = !picture.there; reject(new Error("given up")); });
    pictures.push(picture);
  }));
  globalThis.createImageBitmap = async (blob) => ({ of: blob, close: () => { closed += 1; } });
  mock.timers.enable({ apis: ["setTimeout"] });
  let now = 0;
  mock.method(performance, "now", () => now);
  globalThis.pass = async (ms) => { now += ms; mock.timers.tick(ms); await settle(); };
});

afterEach(async () => {
  keepPictures([]);
  await settle();
  mock.timers.reset();
  mock.restoreAll();
});

const item = (id, problem = null) => ({ id, name: `${id}.jpg`, width: 4, height: 3, state: "todo", objects: 0, problem, note: null });

/** A page with these images in its list, whose server embeds when it is told to. */
function page(ids, { prefetch = 2, model = null } = {}) {
  const store = createStore({ ...initialState(), model });
  const items = ids.map((id) => typeof id === "string" ? item(id) : id);
  store.update(merge, { project: { id: "p", categories: [], counts: {}, prefetch }, list: { ...store.get().list, items, complete: true } });
  const embeds = [];
  const api = {
    get: async (path) => ({ ...item(path.split("/").at(-1)), annotations: [], draft: null, history: { undo: null, redo: null }, pixels: { url: `${path}/pixels` } }),
    send: (_method, path, body) => new Promise((resolve) => { embeds.push({ image: path.split("/").at(-2), ...body, done: resolve }); }),
  };
  const queue = { whenEmpty: async () => undefined, know: () => undefined, add: () => undefined, pending: 0 };
  const drafting = { forget: () => undefined, resume: () => undefined, busy: false };
  const images = createImages({ store, api, queue, drafting, fail: (error) => { throw error; } });
  const paint = async () => { store.update(merge, { painted: true }); await settle(); };
  const open = async (id) => { await images.open(id); await settle(); };
  return { store, images, embeds, open, paint };
}

const asked = () => pictures.filter((picture) => !picture.ended).map((picture) => picture.url.split("/").at(-2));

test("the next images in the list's order are asked for, then the one before", async () => {
  const { open, embeds } = page(["a", "b", "c", "d", "e"], { model: "sam2.1_tiny" });
  await open("b");
  assert.deepEqual(embeds.map(({ image, model, ahead }) => ({ image, model, ahead })), [{ image: "b", model: "sam2.1_tiny", ahead: ["c", "d", "a"] }]);
});

test("as many as the server wants, none if it wants none", async () => {
  const many = page(["a", "b", "c", "d", "e", "f"], { prefetch: 4 });
  await many.open("a");
  assert.deepEqual(many.embeds[0].ahead, ["b", "c", "d", "e"]);
  const none = page(["a", "b", "c"], { prefetch: 0 });
  await none.open("b");
  assert.deepEqual(none.embeds[0].ahead, []);
});

test("the list ends where it ends, and broken images are stepped over", async () => {
  const { open, embeds } = page(["a", item("broken", "cut short"), "c", item("bad", "empty")]);
  await open("c");
  assert.deepEqual(embeds[0].ahead, ["a"]);
});

test("a filter changes what comes next", async () => {
  const { open, embeds, store } = page(["a", "b", "c", "d"]);
  await open("a");
  store.update(merge, { list: { ...store.get().list, items: ["a", "d"].map((id) => item(id)) } });
  await globalThis.pass(1000);
  await open("d");
  assert.deepEqual(embeds.at(-1).ahead, ["a"]);
});

test("pictures are fetched one after the other once the open one is painted, and only those that are near", async () => {
  const { open, paint } = page(["a", "b", "c", "d", "e", "f"]);
  await open("b");
  assert.deepEqual(asked(), []);
  await paint();
  assert.deepEqual(asked(), ["c"]);
  for (const expected of [["c", "d"], ["c", "d", "a"], ["c", "d", "a"]]) {
    pictures.at(-1).arrive();
    await settle();
    assert.deepEqual(asked(), expected);
  }
});

test("what is fetched already is not fetched again, and a transfer that is of no use ends", async () => {
  const { open, paint } = page(["a", "b", "c", "d", "e", "f"]);
  await open("a");
  await paint();
  pictures[0].arrive(); // b; c is on its way
  await settle();
  assert.deepEqual(asked(), ["b", "c"]);
  await globalThis.pass(1000);
  await open("e");
  await paint();
  assert.equal(pictures[1].ended, true);
  assert.equal(closed, 1, "b, which is not near any more");
  assert.deepEqual(asked(), ["b", "f"]);
  pictures[2].arrive();
  await settle();
  assert.deepEqual(asked(), ["b", "f", "d"]);
  pictures[3].arrive();
  await settle();
  assert.equal(pictures.length, 4);
});

test("a picture is taken once, whether it is there, on its way or not asked for yet", async () => {
  const { open, paint } = page(["a", "b", "c"]);
  await open("a");
  await paint();
  const url = pictures[0].url;
  const early = takePicture(url);
  pictures[0].arrive();
  assert.equal((await early).of, url);
  const again = takePicture(url);
  const same = pictures.filter((picture) => picture.url === url);
  assert.equal(same.length, 2, "the first one is the taker's");
  same[1].arrive();
  assert.equal((await again).of, url);
  keepPictures([]);
  await settle();
  assert.equal(closed, 0);
});

test("a picture that can't be had ahead is asked for again when it is opened, and the next ones still come", async () => {
  const { open, paint } = page(["a", "b", "c"]);
  await open("a");
  await paint();
  pictures[0].fail();
  await settle();
  assert.deepEqual(asked(), ["b", "c"]);
  const taken = takePicture(pictures[0].url);
  assert.equal(pictures.length, 3);
  pictures[2].fail();
  await assert.rejects(taken, /422/);
});

test("accepting objects fetches nothing anew", async () => {
  const { open, paint, store } = page(["a", "b", "c"]);
  await open("a");
  await paint();
  for (let i = 0; i < 5; i++) {
    store.update((state) => ({ ...state, list: { ...state.list, items: [...state.list.items] } }));
    await settle();
  }
  for (const picture of pictures) picture.arrive();
  await settle();
  assert.equal(pictures.length, 2);
});

test("who rushes through the list has only the image embedded where they stop", async () => {
  const { open, embeds } = page(["a", "b", "c", "d", "e"]);
  await open("a");
  for (const id of ["b", "c", "d"]) {
    await globalThis.pass(60);
    await open(id);
  }
  await globalThis.pass(1000);
  assert.deepEqual(embeds.map(({ image }) => image), ["a", "d"]);
});

test("a new model embeds what is open and what comes next with it", async () => {
  const { open, embeds, images, store } = page(["a", "b", "c"]);
  await open("a");
  await globalThis.pass(1000);
  store.update(merge, { model: "sam2.1_large" });
  images.embedAgain();
  await settle();
  assert.deepEqual(embeds.map(({ image, model, ahead }) => ({ image, model, ahead })).at(-1), { image: "a", model: "sam2.1_large", ahead: ["b", "c"] });
});

test("the state says ready when the open image is, not one that was left", async () => {
  const { open, embeds, store } = page(["a", "b"]);
  await open("a");
  await globalThis.pass(1000);
  await open("b");
  embeds[0].done({});
  await settle();
  assert.equal(store.get().embedding, "preparing");
  embeds[1].done({});
  await settle();
  assert.equal(store.get().embedding, "ready");
});
