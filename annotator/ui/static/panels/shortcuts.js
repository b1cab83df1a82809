/** The sheet behind `?`: what every key does, and where somebody gives an action another one. */

import { button, h, setText } from "../dom.js";
import { chord, GESTURES, SHORTCUTS } from "../keyboard.js";
import { chordsShown, keysOf, keyText, rebound, restored } from "../keymap.js";
import { merge } from "../store.js";

/** @typedef {import("../keymap.js").Shortcut} Shortcut */

const ROWS = /** @type {readonly Shortcut[]} */ (SHORTCUTS);
const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "CapsLock", "Dead", "Process"]);

/** @param {{store: import("../store.js").Store, firstSteps: () => void}} options */
export function shortcutSheet({ store, firstSteps }) {
  let editing = false;
  /** @type {Shortcut | null} the row that waits for a key */
  let waiting = null;
  const status = h("p", { class: "ann-sheet-status", role: "status", "data-testid": "keys-status" });
  const body = h("div", { class: "ann-sheet-body" });
  const change = h("button", { type: "button", class: "ann-button", "data-testid": "change-keys", "aria-pressed": "false", on: { click: () => edit(!editing) } }, "Change keys");
  const reset = h("button", { type: "button", class: "ann-button", "data-testid": "reset-keys", hidden: true, on: { click: () => { store.update(merge, { keys: {} }); say("All keys are as they were made."); } } }, "Reset all");
  const dialog = h("dialog", { class: "ann-sheet", "aria-label": "Shortcuts", "data-testid": "shortcuts" },
    h("header", {}, h("h2", {}, "Shortcuts"), reset, change,
      h("button", { type: "button", class: "ann-button", "data-testid": "first-steps", on: { click: () => { dialog.close(); firstSteps(); } } }, "Show the first steps"),
      button({ title: "Close (Esc)", icon: "close", click: () => dialog.close() })),
    status, body);

  /** @param {string} text */
  const say = (text) => setText(status, text);

  /** @param {boolean} on */
  function edit(on) {
    editing = on;
    waiting = null;
    change.setAttribute("aria-pressed", String(on));
    setText(change, on ? "Done" : "Change keys");
    say(on ? "Choose a row, then press its new key." : "");
    draw();
  }

  function draw() {
    const { keys } = store.get();
    reset.hidden = !editing || Object.keys(keys).length === 0;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset["row"] : undefined;
    const groups = [...new Set(ROWS.map((row) => row.group))];
    body.replaceChildren(
      ...groups.map((group) => h("section", {}, h("h3", {}, group),
        h("dl", {}, ROWS.filter((row) => row.group === group).map((row) => line(row.title, keysShown(row)))))),
      h("section", {}, h("h3", {}, "Mouse, pen and touch"), h("dl", {}, GESTURES.map((row) => line(row.title, row.keys.map((key) => h("kbd", {}, key)))))));
    if (focused !== undefined) /** @type {HTMLElement | null} */ (body.querySelector(`[data-row="${focused}"]`))?.focus();
  }

  /** @param {Shortcut} row @returns {Node[]} */
  function keysShown(row) {
    const { keys } = store.get();
    const shown = chordsShown(keysOf(keys, row.action)).map((key) => h("kbd", {}, key));
    if (!editing || row.fixed) return shown;
    const text = waiting === row ? [h("span", {}, "Press a key…")] : shown.length > 0 ? shown : [h("span", {}, "No key")];
    const own = keys[row.action] === undefined ? [] : [button({ title: `Back to ${row.title}’s own key`, icon: "undo", click: () => { store.update(merge, { keys: restored(store.get().keys, row.action) }); } })];
    return [...own, h("button", {
      type: "button", class: "ann-key-choice", "data-row": row.action, "data-testid": `key-${row.action}`, title: `Change the key: ${row.title}`,
      on: { click: () => { waiting = row; say(`Press the new key for “${row.title}”, or Esc to leave it.`); draw(); } },
    }, ...text)];
  }

  /** @param {KeyboardEvent} event */
  function choose(event) {
    if (waiting === null || MODIFIERS.has(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    const row = waiting;
    waiting = null;
    const key = chord(event);
    if (key === "Escape" && row.action !== "discard") say("");
    else {
      const { chosen, lost, refused } = rebound(store.get().keys, row.action, key);
      if (refused !== null) say(`${keyText(key)} can’t be changed: ${refused.title}.`);
      else say(lost === null ? `${keyText(key)}: ${row.title}.` : `${keyText(key)} was “${lost.title}”; that has no key from it now.`);
      store.update(merge, { keys: chosen });
    }
    draw();
  }

  dialog.addEventListener("keydown", choose, true);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  dialog.addEventListener("close", () => edit(false));
  store.watch((state) => [state.keys], draw);
  return {
    element: dialog,
    toggle() {
      if (dialog.open) dialog.close();
      else dialog.showModal();
    },
    get open() {
      return dialog.open;
    },
  };
}

/** @param {string} title @param {Node[]} keys */
function line(title, keys) {
  return h("div", { class: "ann-shortcut" }, h("dt", {}, title), h("dd", {}, keys));
}
