/** From the state to what the canvas paints: plain data, the same objects as long as nothing about them changed. */

import { difference, overlap } from "./canvas/difference.js";
import { activeCategory } from "./store.js";

const NO_CATEGORY = "#3b82f6";

/** @typedef {import("./store.js").State} State */

/** @param {State} state @param {number | null} category */
function colourOf(state, category) {
  return state.project?.categories.find((other) => other.id === category)?.colour ?? NO_CATEGORY;
}

/** Objects that have a mask to paint; the one that is being refined is painted as the draft. @param {State} state */
export function sceneObjects(state) {
  const { draft, view, selected } = state;
  const refined = draft?.replaces ?? state.cleanup?.object?.id ?? null;
  const alone = (/** @type {number} */ id) => !view.isolate || (draft === null && (selected === null || id === selected));
  const colours = new Map(state.project?.categories.map((category) => [category.id, category.colour]));
  return state.objects.filter((object) => object.rle !== null && object.id !== refined && alone(object.id)).map(({ id, rle, bbox, category, hidden, locked }) => (
    { id, rle, bbox, colour: colours.get(category) ?? NO_CATEGORY, hidden, locked }
  ));
}

/** @param {State} state */
export function sceneDraft(state) {
  const { draft, cleanup } = state;
  if (draft === null) {
    const object = cleanup?.object ?? null;
    return object === null || cleanup === null ? null : { points: [], box: null, mask: { rle: cleanup.rle }, colour: colourOf(state, object.category), pending: false };
  }
  const shown = cleanup ?? draft.candidates[draft.chosen] ?? null;
  return {
    points: draft.points, box: draft.box, mask: shown === null ? null : { rle: shown.rle },
    colour: colourOf(state, activeCategory(state)), pending: draft.asking && shown === null,
  };
}

/**
 * What an edit would add to the mask and take from it; with “no overlap” what accepting leaves to other objects.
 * @param {State} state @returns {{added: import("./store.js").Rle | null, removed: import("./store.js").Rle | null} | null}
 */
export function sceneDifference(state) {
  const { cleanup, draft, objects, view } = state;
  const shown = draft?.candidates[draft.chosen] ?? null;
  if (cleanup !== null) {
    const before = cleanup.object?.rle ?? shown?.rle ?? null;
    return before === null || before === cleanup.rle ? null : difference(before, cleanup.rle);
  }
  if (!view.noOverlap || draft === null || shown === null) return null;
  const others = objects.flatMap(({ id, rle, bbox }) => id !== draft.replaces && rle !== null && String(rle.size) === String(shown.rle.size) ? [{ rle, bbox }] : []);
  return { added: null, removed: overlap(shown, others) };
}

/** What a click would give where the pointer is. @param {State} state */
export function scenePreview(state) {
  const shown = state.preview?.reply.candidates[state.preview.reply.chosen] ?? null;
  return shown === null ? null : { rle: shown.rle, colour: colourOf(state, state.category) };
}

/**
 * Keep the canvas at the state, and tell the benchmark when a mask is on the screen.
 * @param {{store: import("./store.js").Store, surface: any}} options
 */
export function createScene({ store, surface }) {
  /** @type {any} */
  let scene = { image: null, objects: [], selected: null, highlighted: null, draft: null, preview: null, difference: null, picking: null, view: store.get().view };
  /** @param {(state: State) => unknown[]} select @param {(state: State) => object} make */
  const part = (select, make) => store.watch(select, (state) => { scene = { ...scene, ...make(state) }; });
  part((state) => [state.image?.id, state.image?.pixels.url], ({ image }) => ({
    image: image === null ? null : { id: image.id, width: image.width, height: image.height, url: image.pixels.url, pixelWidth: image.pixels.width, pixelHeight: image.pixels.height },
  }));
  part((state) => [state.objects, state.project?.categories, state.draft?.replaces, state.cleanup?.object, state.view.isolate && state.selected, state.view.isolate && state.draft === null], (state) => ({ objects: sceneObjects(state) }));
  part((state) => [state.draft, state.cleanup, state.category, state.project?.categories], (state) => ({ draft: sceneDraft(state) }));
  part((state) => [state.draft?.candidates, state.draft?.chosen, state.cleanup, state.objects, state.view.noOverlap], (state) => (
    { difference: sceneDifference(state), picking: state.cleanup?.picking ?? null }
  ));
  part((state) => [activeCategory(state), state.project?.categories], (state) => ({ colour: colourOf(state, activeCategory(state)) }));
  part((state) => [state.preview, state.category, state.project?.categories], (state) => ({ preview: scenePreview(state) }));
  part((state) => [state.selected, state.highlighted, state.view], ({ selected, highlighted, view }) => (
    { selected, highlighted, view: view.comparing ? { ...view, overlays: false } : view }
  ));
  let seen = 0;
  /** @type {unknown} */
  let mask = null;
  store.watch((state) => [state], ({ draft }) => {
    surface.render(scene);
    const candidates = draft?.candidates ?? null;
    if (candidates === null || candidates.length === 0 || candidates === mask) return;
    mask = candidates;
    const seq = ++seen;
    surface.whenPainted().then(() => performance.mark("annotator:mask-painted", { detail: { seq } }));
  });
  return { toClient: (/** @type {number} */ x, /** @type {number} */ y) => surface.toClient(x, y) };
}
