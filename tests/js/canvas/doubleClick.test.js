import assert from "node:assert/strict";
import { test } from "node:test";

import { DoubleClick } from "../../../annotator/ui/static/canvas/doubleClick.js";

const place = { x: 40, y: 30 };
const press = { button: 0, pointerType: "mouse" };
const released = [{ mode: "press" }, []];

test("two clicks at one place are a double click: the first has set a point, or selected an object", () => {
  for (const point of [true, false]) {
    const clicks = new DoubleClick();
    clicks.clicked(place, point);
    clicks.pressed(press, place, point);
    assert.equal(clicks.ended(...released)?.point, point);
  }
});

test("a click, Enter, and a click at the same place select what was accepted, however quick a hand is", () => {
  const clicks = new DoubleClick();
  clicks.clicked(place, true);
  clicks.pressed(press, place, false);
  assert.equal(clicks.ended(...released), null);
});

test("a third click is not the second of another pair, and one elsewhere is none", () => {
  const clicks = new DoubleClick();
  clicks.clicked(place, true);
  clicks.pressed(press, place, true);
  clicks.pressed(press, place, true);
  assert.equal(clicks.ended(...released), null);
  clicks.clicked(place, true);
  clicks.pressed(press, { x: 60, y: 30 }, true);
  assert.equal(clicks.ended(...released), null);
});
