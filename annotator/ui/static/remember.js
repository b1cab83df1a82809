/** What a browser remembers of how somebody likes to work. Losing it loses no work. */

import { initialState } from "./store.js";

const KEY = "annotator:view";
const HINT = "annotator:hint";

/** @returns {Partial<import("./store.js").State>} */
export function remembered() {
  const { view } = initialState();
  const hint = localStorage.getItem(HINT) !== "seen";
  try {
    const { opacity, outline, showPrompts } = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    if (typeof opacity === "number" && opacity >= 0 && opacity <= 1) view.opacity = opacity;
    if (typeof outline === "boolean") view.outline = outline;
    if (typeof showPrompts === "boolean") view.showPrompts = showPrompts;
  } catch {
    // Somebody else wrote there; start afresh.
  }
  return { view, hint };
}

/** @param {import("./store.js").Store} store */
export function rememberView(store) {
  store.watch((state) => [state.view], ({ view: { opacity, outline, showPrompts } }) => {
    localStorage.setItem(KEY, JSON.stringify({ opacity, outline, showPrompts }));
  });
}

export const hintSeen = () => localStorage.setItem(HINT, "seen");
