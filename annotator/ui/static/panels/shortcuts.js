/** The sheet behind `?`: the same table that the keys work from. */

import { button, h } from "../dom.js";
import { GESTURES, SHORTCUTS } from "../keyboard.js";

const SHOWN = new Map(Object.entries({
  Escape: "Esc", ArrowRight: "→", ArrowLeft: "←", Backspace: "⌫", Delete: "Del", "-": "−",
}));
const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

/** A chord as a keyboard shows it. @param {string} keys */
export function keyText(keys) {
  return keys.split(/(?<=.)\+/).map((part) => {
    if (part === "Mod") return isMac ? "⌘" : "Ctrl";
    return SHOWN.get(part) ?? (/^[a-z]$/.test(part) ? part.toUpperCase() : part);
  }).join("+");
}

/** Chords of a row, short: nine digits are a range, and one of two spellings of a key is enough. @param {readonly string[]} keys */
export function chordsShown(keys) {
  if (keys.length === 9) return ["1–9"];
  return keys.filter((key) => key !== "=" && key !== "_").map(keyText);
}

/** @param {{firstSteps: () => void}} options */
export function shortcutSheet({ firstSteps }) {
  const groups = [...new Set(SHORTCUTS.map((row) => row.group))];
  const row = (/** @type {readonly string[]} */ keys, /** @type {string} */ title) => h("div", { class: "ann-shortcut" },
    h("dt", {}, title), h("dd", {}, keys.map((key) => h("kbd", {}, key))));
  const dialog = h("dialog", { class: "ann-sheet", "aria-label": "Shortcuts", "data-testid": "shortcuts" },
    h("header", {}, h("h2", {}, "Shortcuts"),
      h("button", { type: "button", class: "ann-button", "data-testid": "first-steps", on: { click: () => { dialog.close(); firstSteps(); } } }, "Show the first steps"),
      button({ title: "Close", key: "Esc", icon: "close", click: () => dialog.close() })),
    h("div", { class: "ann-sheet-body" },
      groups.map((group) => h("section", {}, h("h3", {}, group),
        h("dl", {}, SHORTCUTS.filter((one) => one.group === group).map((one) => row(chordsShown(one.keys), one.title))))),
      h("section", {}, h("h3", {}, "Mouse"), h("dl", {}, GESTURES.map((one) => row(one.keys, one.title))))));
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
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
