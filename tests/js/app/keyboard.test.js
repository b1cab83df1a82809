import assert from "node:assert/strict";
import { test } from "node:test";

import { random } from "../helpers.js";
import { chord, listen, SHORTCUTS } from "../../../annotator/ui/static/keyboard.js";
import { actionsOf, chordsShown, chosenFrom, keyName, keysOf, keyText, rebound, restored } from "../../../annotator/ui/static/keymap.js";

const key = (name, parts = {}) => ({ key: name, ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, ...parts });

const actionOf = (event, chosen = {}) => actionsOf(chosen, event)[0] ?? null;

test("no two shortcuts share keys, and every one says what it does", () => {
  const keys = SHORTCUTS.flatMap((row) => row.keys.map((key) => `${row.mode ?? ""} ${key}`));
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
  const state = { active: true, modes: new Set(), refuses: [] };
  listen({ target, active: () => state.active, actionsOf: (event) => actionsOf({}, event, state.modes), run: (action, _, down) => { if (state.refuses.includes(action)) return false; done.push(down ? action : `${action} up`); return true; } });
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

test("the keyboard's cursor takes its keys first, and leaves what it has no use for", () => {
  const { press, done, state } = keyboard();
  state.modes = new Set(["cursor"]);
  press("ArrowRight");
  press(" ");
  press("Delete");
  press("Enter");
  state.refuses = ["cursorRemove"];
  press("Delete");
  press(" ", { tagName: "BUTTON" });
  assert.deepEqual(done, ["cursorMove", "cursorClick", "cursorRemove", "accept", "deleteObject"]);
});

test("a key can be given to another action, and whoever had it loses it", () => {
  const { chosen, lost } = rebound({}, "accept", "z");
  assert.equal(lost?.action, "undo");
  assert.equal(actionOf(key("z"), chosen), "accept");
  assert.equal(actionOf(key("z", { ctrlKey: true }), chosen), "undo");
  assert.equal(actionOf(key("Enter"), chosen), null);
  const back = restored(chosen, "undo");
  assert.equal(actionOf(key("z"), back), "undo");
  assert.deepEqual(keysOf(back, "accept"), []);
  assert.deepEqual(restored(restored(back, "accept"), "undo"), {});
});

test("keys that say themselves what they mean stay", () => {
  for (const taken of ["1", "Space"]) {
    const { chosen, refused } = rebound({}, "accept", taken);
    assert.deepEqual(chosen, {});
    assert.equal(refused?.fixed, true);
  }
  assert.deepEqual(rebound({}, "category", "q").chosen, {});
});

test("however keys are given away, no key does two things", () => {
  const next = random(7);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const free = SHORTCUTS.filter((row) => !row.fixed);
  const keys = SHORTCUTS.flatMap((row) => row.keys);
  let chosen = {};
  for (let i = 0; i < 500; i++) {
    chosen = next() < 0.8 ? rebound(chosen, pick(free).action, pick(keys)).chosen : restored(chosen, pick(free).action);
    const held = SHORTCUTS.flatMap((row) => keysOf(chosen, row.action).map((one) => `${row.mode ?? ""} ${one}`));
    assert.equal(new Set(held).size, held.length);
  }
});

test("what a browser remembers of keys is believed only as far as it makes sense", () => {
  assert.deepEqual(chosenFrom({ accept: ["g"], nonsense: ["x"], undo: "z", category: ["q"], redo: [7] }), { accept: ["g"] });
  assert.deepEqual(chosenFrom(null), {});
  assert.deepEqual(chosenFrom([1]), {});
});

test("assistive technology is told keys by their own names", () => {
  assert.match(keyName("Mod+Shift+z"), /^(Control|Meta)\+Shift\+z$/);
  assert.equal(keyName("ArrowLeft"), "ArrowLeft");
  assert.equal(keyName("+"), "Plus");
  assert.equal(chord(key(" ", { shiftKey: true })), "Shift+Space");
});
