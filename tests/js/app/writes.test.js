import assert from "node:assert/strict";
import { test } from "node:test";

import { ApiError } from "../../../annotator/ui/static/api.js";
import { createWriteQueue, toRequest } from "../../../annotator/ui/static/writes.js";
import { random } from "../helpers.js";
import { FakeServer, handClock, memory, settle } from "./world.js";

function page(server, storage = memory(), options = {}) {
  const clock = handClock();
  const seen = { saved: [], refused: [], progress: [] };
  const queue = createWriteQueue({
    send: (request) => server.send(request), storage, name: "journal", later: clock.later,
    look: async (image, id) => server.annotations.get(id) ?? null,
    onSaved: (write, reply, more) => seen.saved.push([write.kind, more]),
    onRefused: (write, error, dropped) => seen.refused.push([write.kind, error.message, dropped.length]),
    onProgress: (progress) => seen.progress.push(progress),
    ...options,
  });
  return { queue, storage, clock, ...seen };
}

const put = (id, points) => ({ kind: "put-draft", image: "i", key: "draft:i", body: { id, points } });
const accept = (id, object, category = 1) => ({ kind: "accept", image: "i", key: "draft:i", body: { draft: id, category }, object });
const patch = (object, body) => ({ kind: "patch", image: "i", key: `object:${object}`, body, object });
const remove = (object) => ({ kind: "delete", image: "i", key: `object:${object}`, body: {}, object });
const drop = { kind: "drop-draft", image: "i", key: "draft:i", body: {} };

test("clicks made faster than the server saves arrive one by one, each on the revision before it", async () => {
  const server = new FakeServer();
  const { queue, progress, storage } = page(server);
  for (let n = 1; n <= 5; n++) queue.add(put("d", n));
  assert.equal(progress.at(-1).phase, "saving");
  await queue.whenEmpty();
  assert.equal(server.log.length, 5);
  assert.deepEqual(server.draft, { content: { id: "d", points: 5 }, revision: 5 });
  assert.deepEqual(progress.at(-1), { phase: "idle", pending: 0, message: null });
  assert.equal(storage.entries.size, 0);
});

test("a draft is in the storage at once and goes to the server after the mask; an accept waits for nothing", async () => {
  const server = new FakeServer();
  let release = () => {};
  const hold = () => new Promise((resolve) => { release = resolve; });
  const { queue, storage } = page(server, memory(), { hold });
  queue.add(put("d", 1));
  await settle();
  assert.equal(server.log.length, 0);
  assert.match(storage.getItem("journal"), /"points":1/);
  queue.add(accept("d", -7));
  release();
  await queue.whenEmpty();
  assert.equal(server.annotations.size, 1);
});

test("an object can be relabelled, hidden and deleted before the server has numbered it", async () => {
  const server = new FakeServer();
  const { queue, saved } = page(server);
  for (const write of [put("d", 1), accept("d", -7), patch(-7, { category: 2 }), patch(-7, { hidden: true })]) queue.add(write);
  await queue.whenEmpty();
  const { category, hidden } = server.annotations.get(1);
  assert.deepEqual({ category, hidden }, { category: 2, hidden: true });
  assert.deepEqual(saved, [["put-draft", true], ["accept", true], ["patch", true], ["patch", false]]);
  queue.add(remove(-7));
  await queue.whenEmpty();
  assert.equal(server.annotations.size, 0);
});

test("while the server is away writes wait, with longer and longer pauses, and nothing is sent twice at once", async () => {
  const server = new FakeServer();
  server.down = true;
  const { queue, progress, clock } = page(server);
  queue.add(put("d", 1));
  queue.add(put("d", 2));
  const pauses = [];
  for (let n = 0; n < 8; n++) {
    await settle();
    assert.equal(clock.waits().length, 1);
    pauses.push(clock.waits()[0]);
    await clock.tick();
  }
  assert.deepEqual(pauses, [250, 500, 1000, 2000, 4000, 4000, 4000, 4000]);
  assert.deepEqual(progress.at(-1), { phase: "offline", pending: 2, message: "away" });
  server.down = false;
  await clock.tick();
  await queue.whenEmpty();
  assert.equal(server.draft.content.points, 2);
});

test("a nudge tries at once, and the pause that was running then does nothing", async () => {
  const server = new FakeServer();
  server.down = true;
  const { queue, clock } = page(server);
  queue.add(put("d", 1));
  await settle();
  server.down = false;
  queue.nudge();
  await queue.whenEmpty();
  await clock.tick();
  assert.equal(server.log.length, 1);
});

test("a page that is closed at any moment loses nothing: the next one sends what was not acknowledged", async () => {
  const numbers = random(11);
  for (let round = 0; round < 60; round++) {
    const server = new FakeServer();
    const storage = memory();
    const first = page(server, storage);
    const writes = [put("a", 1), put("a", 2), accept("a", -1), put("b", 1), patch(-1, { category: 3 }), drop, put("c", 1), accept("c", -2)];
    const closing = Math.floor(numbers() * 40);
    for (const write of writes) first.queue.add(write);
    for (let n = 0; n < closing; n++) await Promise.resolve();
    server.deaf = numbers() < 0.5; // the reply to the write in flight is lost, or the write itself
    server.down = !server.deaf;
    await settle();
    server.deaf = server.down = false;
    const left = storage.getItem("journal");
    const second = page(server, storage);
    if (left !== null) second.queue.replay(JSON.parse(left));
    await second.queue.whenEmpty();
    assert.deepEqual(second.refused, [], `closed after ${closing} steps`);
    assert.equal(server.draft, null);
    assert.deepEqual([...server.annotations.values()].map(({ draft, category }) => [draft, category]), [["a", 3], ["c", 1]]);
    assert.equal(storage.entries.size, 0);
  }
});

test("a change whose reply was lost is no conflict, somebody else's change is", async () => {
  const server = new FakeServer();
  server.annotations.set(5, { id: 5, revision: 1, category: 1 });
  const { queue, clock, refused } = page(server);
  queue.know({ id: "i", draft: null, annotations: [{ id: 5, revision: 1 }] });
  server.deaf = true;
  queue.add(patch(5, { category: 2 }));
  await settle();
  server.deaf = false;
  await clock.tick();
  queue.add(patch(5, { category: 3 }));
  await queue.whenEmpty();
  assert.deepEqual([refused, server.annotations.get(5).category], [[], 3]);
  server.down = true;
  queue.add(patch(5, { category: 4 }));
  await settle();
  server.down = false;
  Object.assign(server.annotations.get(5), { category: 9, revision: 12 });
  await clock.tick();
  await queue.whenEmpty();
  assert.equal(refused.length, 1);
  assert.equal(server.annotations.get(5).category, 9);
});

test("a conflict drops what was built on it and nothing else", async () => {
  const server = new FakeServer();
  server.annotations.set(5, { id: 5, revision: 3, category: 1 });
  const { queue, refused } = page(server);
  queue.know({ id: "i", draft: null, annotations: [{ id: 5, revision: 3 }] });
  server.draft = { content: { id: "other tab" }, revision: 9 };
  queue.add(put("d", 1));
  queue.add(put("d", 2));
  queue.add(patch(5, { category: 2 }));
  await queue.whenEmpty();
  assert.deepEqual(refused, [["put-draft", "changed in another tab", 1]]);
  assert.equal(server.draft.content.id, "other tab");
  assert.equal(server.annotations.get(5).category, 2);
});

test("what would be about an object that never came to be is left out", async () => {
  const server = new FakeServer();
  const { queue, refused } = page(server);
  queue.add(accept("not there", -3));
  queue.add(patch(-3, { hidden: true }));
  queue.add(put("next", 1));
  await queue.whenEmpty();
  assert.equal(refused.length, 1);
  assert.deepEqual(server.log, ["PUT /images/i/draft"].slice(0, server.log.length));
});

test("a delete whose reply was lost counts as done", async () => {
  const server = new FakeServer();
  server.annotations.set(5, { id: 5, revision: 1 });
  const { queue, clock, refused } = page(server);
  queue.know({ id: "i", draft: null, annotations: [{ id: 5, revision: 1 }] });
  server.deaf = true;
  queue.add(remove(5));
  await settle();
  server.deaf = false;
  await clock.tick();
  await queue.whenEmpty();
  assert.deepEqual(refused, []);
});

test("waiting for one image does not wait for another", async () => {
  const server = new FakeServer();
  server.down = true;
  const { queue, clock } = page(server);
  queue.add(put("d", 1));
  await queue.whenEmpty("another image");
  let done = false;
  void queue.whenEmpty("i").then(() => { done = true; });
  await settle();
  assert.equal(done, false);
  server.down = false;
  await clock.tick();
  await settle();
  assert.equal(done, true);
});

test("a browser that refuses to store anything still saves", async () => {
  const server = new FakeServer();
  const full = { getItem: () => null, setItem: () => { throw new Error("QuotaExceededError"); }, removeItem: () => undefined };
  const { queue } = page(server, full);
  queue.add(put("d", 1));
  await queue.whenEmpty();
  assert.equal(server.draft.content.points, 1);
});

test("an object that is refined before the server has numbered it is named by its number when that is there", () => {
  const write = { kind: "put-draft", image: "i", key: "draft:i", body: { id: "d", replaces: -7 } };
  assert.deepEqual(toRequest(write, { drafts: {}, objects: { 3: 1 }, ids: { "-7": 3 } }).body, { id: "d", replaces: 3, replaces_revision: 1, revision: null });
});

test("when a demo session is over nothing waits any more, and nothing is left in the browser for the next one", async () => {
  const server = new FakeServer();
  const { queue, progress, storage, clock, refused } = page(server);
  server.down = true;
  queue.add(put("d", 1));
  queue.add(accept("d", -7));
  await settle();
  assert.equal(progress.at(-1).phase, "offline");
  server.send = async () => { throw new ApiError({ status: 401, code: "session_ended", message: "over" }); };
  await clock.tick();
  await queue.whenEmpty();
  assert.deepEqual(progress.at(-1), { phase: "idle", pending: 0, message: null });
  assert.equal(storage.entries.size, 0);
  assert.deepEqual(refused, [], "there is nobody to show it to");
  assert.deepEqual(clock.waits(), []);
});
