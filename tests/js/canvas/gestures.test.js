import assert from "node:assert/strict";
import { test } from "node:test";

import { IDLE, step } from "../../../annotator/ui/static/canvas/gestures.js";

const none = { inside: true, button: 0, shift: false, alt: false, control: false, space: false, coarse: false, hit: null, box: null, objects: false };

/** Plays events given as [type, x, y, more]; screen and image coincide. Returns the intents. */
function play(events, common = {}) {
  let gesture = IDLE;
  const all = [];
  for (const [type, x = 0, y = 0, more = {}] of events) {
    const { gesture: next, intents } = step(gesture, { ...none, ...common, type, screen: { x, y }, image: { x, y }, ...more });
    gesture = next;
    all.push(...intents);
  }
  assert.equal(gesture.mode, "idle");
  return all;
}

test("a click adds a foreground point, right or with Shift a background point", () => {
  const click = [["down", 10, 20], ["move", 11, 21], ["up", 11, 21]];
  assert.deepEqual(play(click), [{ type: "add-point", x: 10, y: 20, label: 1 }]);
  assert.deepEqual(play(click, { button: 2 }), [{ type: "add-point", x: 10, y: 20, label: 0 }]);
  assert.deepEqual(play(click, { shift: true }), [{ type: "add-point", x: 10, y: 20, label: 0 }]);
});

test("outside the image nothing is added", () => {
  assert.deepEqual(play([["down", 10, 20], ["up", 10, 20]], { inside: false }), []);
});

test("a drag draws a box in any direction, live and once for good", () => {
  const intents = play([["down", 50, 60], ["move", 30, 20], ["up", 10, 15]]);
  assert.deepEqual(intents, [
    { type: "set-box", box: [30, 20, 50, 60], final: false, fresh: true },
    { type: "set-box", box: [10, 15, 50, 60], final: true, fresh: false },
  ]);
});

test("a box without any area is taken back", () => {
  assert.deepEqual(play([["down", 50, 60], ["move", 80, 60], ["up", 80, 60]]), [{ type: "revert" }]);
});

test("a cancelled drag leaves nothing", () => {
  const intents = play([["down", 50, 60], ["move", 80, 90], ["cancel"]]);
  assert.deepEqual(intents.at(-1), { type: "revert" });
  assert.ok(!intents.some((intent) => intent.final));
});

test("a point under the pointer is moved, or removed with Alt", () => {
  const hit = { kind: "point", index: 2 };
  assert.deepEqual(play([["down", 5, 5, { hit }], ["move", 30, 5], ["up", 31, 6]]), [
    { type: "move-point", index: 2, x: 30, y: 5, final: false },
    { type: "move-point", index: 2, x: 31, y: 6, final: true },
  ]);
  assert.deepEqual(play([["down", 5, 5, { hit }], ["up", 5, 5]]), []);
  assert.deepEqual(play([["down", 5, 5, { hit, alt: true }], ["up", 5, 5]], { alt: true }), [{ type: "remove-point", index: 2 }]);
});

test("a handle of the box moves its sides only", () => {
  const box = [10, 10, 100, 100];
  const corner = play([["down", 100, 100, { hit: { kind: "handle", index: 2 }, box }], ["up", 150, 160]]);
  assert.deepEqual(corner, [{ type: "set-box", box: [10, 10, 150, 160], final: true }]);
  const top = play([["down", 55, 10, { hit: { kind: "handle", index: 4 }, box }], ["up", 70, 40]]);
  assert.deepEqual(top, [{ type: "set-box", box: [10, 40, 100, 100], final: true }]);
  const crossed = play([["down", 10, 10, { hit: { kind: "handle", index: 0 }, box }], ["up", 130, 140]]);
  assert.deepEqual(crossed, [{ type: "set-box", box: [100, 100, 130, 140], final: true }]);
});

test("an object is selected by a plain click without a draft and by Ctrl with one", () => {
  const hit = { kind: "object", id: 7 };
  assert.deepEqual(play([["down", 5, 5, { hit, objects: true }], ["up", 5, 5]]), [{ type: "select", id: 7 }]);
  assert.deepEqual(play([["down", 5, 5, { hit }], ["up", 5, 5]]), [{ type: "add-point", x: 5, y: 5, label: 1 }]);
  assert.deepEqual(play([["down", 5, 5, { hit, control: true }], ["up", 5, 5]]), [{ type: "select", id: 7 }]);
  assert.deepEqual(play([["down", 5, 5, { control: true }], ["up", 5, 5]]), [{ type: "select", id: null }]);
});

test("the middle button and Space pan and never prompt", () => {
  for (const common of [{ button: 1 }, { space: true }]) {
    const intents = play([["down", 5, 5], ["move", 25, 15], ["up", 30, 15]], common);
    assert.deepEqual(intents, [
      { type: "pan", dx: 20, dy: 10 },
      { type: "pan", dx: 5, dy: 0 },
    ]);
  }
});

test("a finger held still adds a background point, once, and removes a point that it holds", () => {
  assert.deepEqual(play([["down", 10, 20], ["hold", 10, 20], ["move", 12, 20], ["up", 12, 20]], { coarse: true }), [{ type: "add-point", x: 10, y: 20, label: 0 }]);
  const hit = { kind: "point", index: 1 };
  assert.deepEqual(play([["down", 5, 5, { hit }], ["hold", 5, 5], ["up", 40, 40]], { coarse: true }), [{ type: "remove-point", index: 1 }]);
});

test("a finger that trembles still taps", () => {
  assert.equal(play([["down", 10, 20], ["move", 17, 24], ["up", 17, 24]], { coarse: true })[0]?.type, "add-point");
  assert.equal(play([["down", 10, 20], ["move", 17, 24], ["up", 17, 24]])[0]?.type, "set-box");
});
