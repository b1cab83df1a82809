import assert from "node:assert/strict";
import { test } from "node:test";

import { begun, isHandTool, stepped } from "../../../annotator/ui/static/canvas/strokes.js";

const input = (type, x, y, more = {}) => ({ type, image: { x, y }, button: 0, shift: false, space: false, ...more });

/** Press, move, let go. @returns the intents */
function play(tool, events, scale = 1) {
  let stroke = begun(tool, input(...events[0]));
  let intents = [];
  for (const event of events.slice(1)) {
    if (stroke === null) break;
    const step = stepped(stroke, input(...event), scale);
    stroke = step.gesture;
    intents = [...intents, ...step.intents];
  }
  return intents;
}

test("a stroke is told of once, when the button goes up, with every place that says something new", () => {
  const intents = play("brush", [["down", 1, 1], ["move", 5, 1], ["move", 5.2, 1], ["move", 9, 1], ["up", 9, 1]]);
  assert.deepEqual(intents, [{ type: "stroke", points: [{ x: 1, y: 1 }, { x: 5, y: 1 }, { x: 9, y: 1 }], erase: false }]);
});

test("zoomed in, small moves say something new", () => {
  assert.equal(play("brush", [["down", 1, 1], ["move", 1.2, 1], ["up", 1.4, 1]], 10)[0].points.length, 3);
});

test("the eraser, the right button and Shift take away", () => {
  assert.equal(play("eraser", [["down", 1, 1], ["up", 1, 1]])[0].erase, true);
  assert.equal(play("brush", [["down", 1, 1, { button: 2 }], ["up", 1, 1]])[0].erase, true);
  assert.equal(play("lasso", [["down", 1, 1, { shift: true }], ["move", 9, 1], ["move", 9, 9], ["up", 1, 9]])[0].erase, true);
});

test("a click with the lasso draws around nothing, and a cancelled stroke leaves nothing", () => {
  assert.deepEqual(play("lasso", [["down", 1, 1], ["up", 1, 1]]), []);
  assert.deepEqual(play("brush", [["down", 1, 1], ["move", 9, 9], ["cancel", 9, 9]]), []);
});

test("panning stays panning", () => {
  assert.equal(begun("brush", input("down", 1, 1, { space: true })), null);
  assert.equal(begun("brush", input("down", 1, 1, { button: 1 })), null);
  assert.ok(!isHandTool("prompt"));
});
