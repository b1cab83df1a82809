/** What happens on the canvas, in words, for those who don't see it: a live region that screen readers read out. */

import { h } from "../dom.js";
import { isAnswerable } from "../store.js";
import { NAMES } from "./candidates.js";
import { areaText, percent } from "./objectList.js";

/** Said after a pause, so that keys held down don't make a queue of sentences; milliseconds. */
const PAUSE_MS = 250;

/** @typedef {import("../store.js").State} State */

/** @param {State} state @param {number} category */
const nameOf = (state, category) => state.project?.categories.find((other) => other.id === category)?.name ?? "no category";

/** The draft in words; empty while nothing is known of it. @param {State} state */
export function draftText({ draft }) {
  if (draft === null) return "";
  if (!isAnswerable(draft)) return "Background point. Add a foreground point or a box.";
  if (draft.asking) return "";
  const mask = draft.candidates[draft.chosen];
  if (mask === undefined) return "";
  const which = draft.candidates.length > 1 ? `${NAMES[draft.chosen] ?? "Mask"}, ${draft.chosen + 1} of ${draft.candidates.length}` : "Mask";
  return `${which}: ${areaText(mask.area)}, ${percent(mask.score)} sure.`;
}

/** What became of the objects. @param {State} before @param {State} now */
export function objectsTextOf(before, now) {
  if (before.image?.id !== now.image?.id) return "";
  const count = `${now.objects.length} ${now.objects.length === 1 ? "object" : "objects"}.`;
  if (now.objects.length > before.objects.length) {
    const added = now.objects.at(-1);
    return added === undefined ? "" : `Added ${nameOf(now, added.category)}. ${count}`;
  }
  return now.objects.length < before.objects.length ? `Removed. ${count}` : "";
}

/** @param {State} state */
export function imageText({ image }) {
  return image === null ? "" : `Image ${image.name}, ${image.width} by ${image.height}, ${image.objects} ${image.objects === 1 ? "object" : "objects"}.`;
}

/** @param {State} state */
export function selectedText(state) {
  const object = state.objects.find((other) => other.id === state.selected);
  return object === undefined ? "" : `Selected ${nameOf(state, object.category)}, ${areaText(object.area)}.`;
}

/** @param {{store: import("../store.js").Store}} options */
export function announcer({ store }) {
  const element = h("div", { class: "ann-said", role: "status", "aria-live": "polite", "data-testid": "announcer" });
  let timer = 0;
  let text = "";
  /** @param {string} next */
  const say = (next) => {
    if (next === "" || next === text) return;
    text = next;
    clearTimeout(timer);
    timer = window.setTimeout(() => { element.textContent = text; }, PAUSE_MS);
  };
  let before = store.get();
  store.watch((state) => [state.image?.id, state.painted], (state) => { if (state.painted) say(imageText(state)); });
  store.watch((state) => [state.selected], (state) => say(selectedText(state)));
  store.watch((state) => [state.objects], (state) => { say(objectsTextOf(before, state)); before = state; });
  store.watch((state) => [state.draft?.asking, state.draft?.candidates, state.draft?.chosen, state.draft?.points.length], (state) => say(draftText(state)));
  return {
    element,
    /** Where the keyboard's cursor is. @param {number} x @param {number} y in image pixels @param {number | null} object under it */
    cursor(x, y, object) {
      const state = store.get();
      const found = state.objects.find((other) => other.id === object);
      say(`${Math.floor(x)}, ${Math.floor(y)}${found === undefined ? "" : `, on ${nameOf(state, found.category)}`}`);
    },
  };
}
