import assert from "node:assert/strict";
import { test } from "node:test";

import { actionOf, listen, SHORTCUTS } from "../../../annotator/ui/static/keyboard.js";
import { chordsShown, keyText } from "../../../annotator/ui/static/panels/shortcuts.js";

const key = (name, parts = {}) => ({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...parts });

test("no two shortcuts share keys, and every one says what it does", () => {
  const keys = SHORTCUTS.flatMap((row) => row.keys);
  assert.equal(new Set(keys).size, keys.length);
  for (const row of SHORTCUTS) assert.ok(row.title.length > 3 && row.group.length > 2);
});

test("keys mean the same with Caps Lock, on a Mac and on keyboards where ? needs Shift", () => {
  assert.equal(actionOf(key("z")), "undo");
  assert.equal(actionOf(key("Z", { shiftKey: true })), "redo");
  assert.equal(actionOf(key("Z")), "undo");
  assert.equal(actionOf(key("z", { ctrlKey: true })), "undo");
  assert.equal(actionOf(key("z", { metaKey: true, shiftKey: true })), "redo");
  assert.equal(actionOf(key("y", { ctrlKey: true })), "redo");
  assert.equal(actionOf(key("?", { shiftKey: true })), "help");
  assert.equal(actionOf(key("+", { shiftKey: true })), "zoomIn");
  assert.equal(actionOf(key("Tab", { shiftKey: true })), "previousCandidate");
  assert.equal(actionOf(key("ArrowRight")), "nextImage");
});

test("the browser keeps its own shortcuts", () => {
  for (const event of [key("f", { ctrlKey: true }), key("d", { ctrlKey: true }), key("ArrowLeft", { altKey: true }), key("l", { metaKey: true }), key("F5")]) {
    assert.equal(actionOf(event), null);
  }
});

function keyboard() {
  const target = new EventTarget();
  const done = [];
  const state = { active: true };
  listen({ target, active: () => state.active, run: (action, _, down) => { done.push(down ? action : `${action} up`); return true; } });
  const press = (name, element = { tagName: "BODY" }, type = "keydown") => {
    const event = Object.assign(new Event(type, { cancelable: true }), key(name));
    Object.defineProperty(event, "target", { value: element });
    target.dispatchEvent(event);
    return event.defaultPrevented;
  };
  return { press, done, state };
}

test("what is typed into a field never reaches the canvas", () => {
  const { press, done } = keyboard();
  for (const tagName of ["INPUT", "TEXTAREA", "SELECT"]) for (const name of ["z", "Delete", "Enter", "1", " "]) press(name, { tagName });
  press("d", { tagName: "DIV", isContentEditable: true });
  assert.deepEqual(done, []);
});

test("Enter and Space press the button that has the focus instead of accepting and panning", () => {
  const { press, done } = keyboard();
  press("Enter", { tagName: "BUTTON" });
  press(" ", { tagName: "BUTTON" });
  assert.deepEqual(done, []);
  assert.equal(press("Enter"), true);
  press(" ");
  press(" ", { tagName: "BODY" }, "keyup");
  assert.deepEqual(done, ["accept", "pan", "pan up"]);
});

test("on another tab keys do nothing", () => {
  const { press, done, state } = keyboard();
  state.active = false;
  press("Delete");
  assert.deepEqual(done, []);
});

test("the sheet shows keys as a keyboard does", () => {
  assert.equal(keyText("Shift+z"), "Shift+Z");
  assert.equal(keyText("ArrowRight"), "→");
  assert.equal(keyText("+"), "+");
  assert.match(keyText("Mod+Shift+z"), /^(Ctrl|⌘)\+Shift\+Z$/);
  assert.deepEqual(chordsShown(["1", "2", "3", "4", "5", "6", "7", "8", "9"]), ["1–9"]);
  assert.deepEqual(chordsShown(["+", "="]), ["+"]);
});
