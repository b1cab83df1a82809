/** What a browser remembers of how somebody likes to work. Losing it loses no work. */

import { chosenFrom } from "./keymap.js";
import { initialState } from "./store.js";

const KEY = "annotator:view";
const KEYS = "annotator:keys";
const HINT = "annotator:hint";
/** Parts of the view that are a matter of taste; the others belong to the moment. */
const KEPT = /** @type {const} */ (["opacity", "outline", "outlineWidth", "showPrompts", "crosshair", "hover", "local", "detail", "noOverlap"]);
/** @type {{[name: string]: (value: any) => boolean}} */
const FITS = {
  opacity: (value) => value >= 0 && value <= 1,
  outlineWidth: (value) => value >= 0.5 && value <= 3,
  hover: (value) => ["auto", "on", "off"].includes(value),
};

/** @returns {Partial<import("./store.js").State>} */
export function remembered() {
  const { view } = initialState();
  const keys = chosenFrom(read(KEYS));
  const hint = localStorage.getItem(HINT) !== "seen";
  const stored = read(KEY);
  for (const name of KEPT) {
    const value = stored[name];
    if (typeof value === typeof view[name] && (FITS[name]?.(value) ?? true)) Object.assign(view, { [name]: value });
  }
  return { view, hint, keys };
}

/** @param {string} key @returns {{[name: string]: any}} */
function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") ?? {};
  } catch {
    return {}; // somebody else wrote there; start afresh
  }
}

/** @param {import("./store.js").Store} store */
export function rememberView(store) {
  store.watch((state) => [state.view], ({ view }) => {
    localStorage.setItem(KEY, JSON.stringify(Object.fromEntries(KEPT.map((name) => [name, view[name]]))));
  });
  store.watch((state) => [state.keys], ({ keys }) => localStorage.setItem(KEYS, JSON.stringify(keys)));
}

export const hintSeen = () => localStorage.setItem(HINT, "seen");
