/**
 * Which keys do what: the shortcuts of keyboard.js, with the keys that somebody chose instead.
 *
 * @typedef {import("./keyboard.js").Action} Action
 * @typedef {{readonly [action: string]: readonly string[]}} Chosen  keys by action, of the actions whose keys were changed
 * @typedef {{keys: readonly string[], action: Action, title: string, group: string, mode?: string, fixed?: boolean}} Shortcut
 */

import { chord, SHORTCUTS } from "./keyboard.js";

const ROWS = /** @type {readonly Shortcut[]} */ (SHORTCUTS);
const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
const SHOWN = new Map(Object.entries({
  Escape: "Esc", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", Backspace: "⌫", Delete: "Del", "-": "−",
}));

/** @param {Chosen} chosen @param {Action} action @returns {readonly string[]} */
export function keysOf(chosen, action) {
  return chosen[action] ?? ROWS.find((row) => row.action === action)?.keys ?? [];
}

/**
 * What a key event means, most particular first.
 * @param {Chosen} chosen @param {Parameters<typeof chord>[0]} event @param {ReadonlySet<string>} [modes] those that are on
 * @returns {Action[]}
 */
export function actionsOf(chosen, event, modes = new Set()) {
  const pressed = chord(event);
  const found = ROWS.filter((row) => (row.mode === undefined || modes.has(row.mode)) && keysOf(chosen, row.action).includes(pressed));
  return [...found.filter((row) => row.mode !== undefined), ...found.filter((row) => row.mode === undefined)].map((row) => row.action);
}

/**
 * Give an action a key. Whoever had the key loses it, unless it holds in another mode.
 * @param {Chosen} chosen @param {Action} action @param {string} key a chord
 * @returns {{chosen: Chosen, lost: Shortcut | null, refused: Shortcut | null}} lost: who had it; refused: a fixed one has it, nothing was changed
 */
export function rebound(chosen, action, key) {
  const row = ROWS.find((other) => other.action === action);
  const holder = ROWS.find((other) => other.action !== action && other.mode === row?.mode && keysOf(chosen, other.action).includes(key)) ?? null;
  if (row === undefined || row.fixed || holder?.fixed) return { chosen, lost: null, refused: holder ?? row ?? null };
  const rest = holder === null ? {} : { [holder.action]: keysOf(chosen, holder.action).filter((other) => other !== key) };
  return { chosen: { ...chosen, ...rest, [action]: [key] }, lost: holder, refused: null };
}

/** The action has its own keys again; who took one of them loses it. @param {Chosen} chosen @param {Action} action @returns {Chosen} */
export function restored(chosen, action) {
  const row = ROWS.find((other) => other.action === action);
  if (row === undefined) return chosen;
  const { [action]: _, ...rest } = chosen;
  return Object.fromEntries(Object.entries(rest).map(([other, keys]) => {
    const same = ROWS.find((one) => one.action === other)?.mode === row.mode;
    return [other, same ? keys.filter((key) => !row.keys.includes(key)) : keys];
  }));
}

/** What was stored, as far as it still means something. @param {unknown} stored @returns {Chosen} */
export function chosenFrom(stored) {
  if (typeof stored !== "object" || stored === null) return {};
  return Object.fromEntries(Object.entries(stored).filter(([action, keys]) => {
    const row = ROWS.find((other) => other.action === action);
    return row !== undefined && !row.fixed && Array.isArray(keys) && keys.every((key) => typeof key === "string" && key !== "");
  }));
}

/** A chord as a keyboard shows it. @param {string} keys */
export function keyText(keys) {
  return keys.split(/(?<=.)\+/).map((part) => {
    if (part === "Mod") return isMac ? "⌘" : "Ctrl";
    return SHOWN.get(part) ?? (/^[a-z]$/.test(part) ? part.toUpperCase() : part);
  }).join("+");
}

/** A chord as assistive technology is told: `aria-keyshortcuts`. @param {string} keys */
export function keyName(keys) {
  return keys.split(/(?<=.)\+/).map((part) => part === "Mod" ? (isMac ? "Meta" : "Control") : part === "+" ? "Plus" : part).join("+");
}

/** Chords of a row, short: nine digits are a range, and one of two spellings of a key is enough. @param {readonly string[]} keys */
export function chordsShown(keys) {
  if (keys.length === 9) return ["1–9"];
  return keys.filter((key) => key !== "=" && key !== "_").map(keyText);
}
