import assert from "node:assert/strict";
import { test } from "node:test";

import { PALM_MS, PALM_SIZE, Touches } from "../../../annotator/ui/static/canvas/touches.js";
import { random } from "../helpers.js";

/** A hand at a screen: says what is done with each event. */
function hand() {
  const touches = new Touches();
  const now = { time: 10_000 };
  const event = (kind) => (type, id, x = 0, y = 0, contact = 20) => touches.step({ type, id, kind, at: { x, y }, time: now.time, contact });
  return { finger: event("touch"), pen: event("pen"), mouse: event("mouse"), now };
}

test("one finger draws", () => {
  const { finger } = hand();
  assert.deepEqual(["down", "move", "up"].map((type) => finger(type, 1).draws), [true, true, true]);
});

test("a second finger takes back what the first began, and both move the view", () => {
  const { finger } = hand();
  finger("down", 1, 100, 100);
  const second = finger("down", 2, 200, 100);
  assert.deepEqual([second.draws, second.cancel], [false, true]);
  const moved = finger("move", 2, 300, 100);
  assert.deepEqual(moved.pinch, { before: [{ x: 200, y: 100 }, { x: 100, y: 100 }], after: [{ x: 300, y: 100 }, { x: 100, y: 100 }] });
  assert.equal(moved.draws, false);
});

test("after a pinch the finger that stays draws nothing; the next touch does", () => {
  const { finger } = hand();
  finger("down", 1);
  finger("down", 2);
  finger("up", 2);
  assert.equal(finger("move", 1, 50, 50).draws, false);
  assert.equal(finger("up", 1).draws, false);
  assert.equal(finger("down", 3).draws, true);
});

test("a third finger says nothing: the view doesn't jump", () => {
  const { finger } = hand();
  finger("down", 1, 0, 0);
  finger("down", 2, 100, 0);
  assert.deepEqual(finger("down", 3, 500, 500), { draws: false, cancel: false, pinch: null });
  assert.equal(finger("move", 3, 900, 900).pinch, null);
  finger("up", 1);
  assert.equal(finger("move", 3, 100, 900).pinch, null);
});

test("while a pen writes, and a moment after, the palm does nothing", () => {
  const { finger, pen, now } = hand();
  pen("down", 9);
  assert.equal(finger("down", 1).draws, false);
  assert.equal(finger("move", 1).draws, false);
  pen("up", 9);
  now.time += PALM_MS - 1;
  assert.equal(finger("down", 2).draws, false);
  assert.equal(finger("up", 2).draws, false);
  now.time += 1;
  assert.equal(finger("down", 3).draws, true);
});

test("a palm that came before the pen is taken back", () => {
  const { finger, pen } = hand();
  finger("down", 1);
  const verdict = pen("down", 9);
  assert.deepEqual([verdict.draws, verdict.cancel], [true, true]);
  assert.equal(finger("move", 1).draws, false);
  assert.equal(finger("up", 1).draws, false);
});

test("a large contact is no fingertip", () => {
  assert.equal(hand().finger("down", 1, 0, 0, PALM_SIZE + 1).draws, false);
});

test("whatever fingers do, when all have left the next one draws", () => {
  const next = random(3);
  for (let round = 0; round < 200; round++) {
    const { finger } = hand();
    const down = new Set();
    for (let i = 0; i < 30; i++) {
      const id = Math.floor(next() * 5);
      if (!down.has(id)) { down.add(id); finger("down", id, next() * 500, next() * 500); }
      else if (next() < 0.5) { down.delete(id); finger(next() < 0.5 ? "up" : "cancel", id); }
      else finger("move", id, next() * 500, next() * 500);
    }
    for (const id of down) finger("up", id);
    assert.equal(finger("down", 99).draws, true);
  }
});
