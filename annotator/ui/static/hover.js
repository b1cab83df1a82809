/**
 * The mask that a click would give, while the pointer moves: one request in flight, and of what waits only the newest place.
 * Nothing is asked while somebody draws, drags or waits for a click's answer.
 */

import { decoded, percentile } from "./statistics.js";
import { merge } from "./store.js";

/** Slower than this a preview lags behind the hand: then it is off unless somebody wants it. */
export const QUICK_MS = 60;
const ENOUGH = 4;

/** Whether previews are on. @param {import("./store.js").State} state */
export function previews({ view, statistics }) {
  if (view.hover !== "auto") return view.hover === "on";
  // The first answers after a start are slow and say little.
  return statistics.decodes.length < ENOUGH || (percentile(statistics.decodes, 50) ?? 0) < QUICK_MS;
}

/** Whether a click now would begin an object, and quickly. @param {import("./store.js").State} state */
function isFree(state) {
  return previews(state) && state.draft === null && state.painted && state.embedding === "ready" && state.loadingModel === null
    && state.saving.phase !== "offline" && state.highlighted === null && state.view.tool === "prompt" && state.view.overlays;
}

/**
 * @param {{store: import("./store.js").Store, ask: (image: string, body: {[name: string]: unknown}) => Promise<any>,
 *   isPressed: () => boolean, later?: (run: () => void) => unknown}} options
 *   isPressed: whether a button is down: a click is coming, and must find the model free
 */
export function createHover({ store, ask, isPressed, later = requestAnimationFrame }) {
  let flying = false;
  let due = false;
  let seq = 0;
  /** @type {{x: number, y: number} | null} where the pointer is */
  let place = null;
  /** @type {{x: number, y: number} | null} the place that waits to be asked for */
  let waiting = null;

  function clear() {
    waiting = null;
    if (store.get().preview !== null) store.update(merge, { preview: null });
  }

  /** With the next frame: who moves the pointer and clicks at once wants the click's answer, not the preview's. */
  function soon() {
    if (due || flying) return;
    due = true;
    later(() => { due = false; void next(); });
  }

  async function next() {
    const { image, model } = store.get();
    if (flying || waiting === null || image === null || isPressed() || !isFree(store.get())) return;
    const { x, y } = waiting;
    waiting = null;
    flying = true;
    try {
      const reply = await ask(image.id, { points: [[x, y, 1]], multimask: "auto", model, hover: true, seq: ++seq });
      store.update((state) => ({ ...state, statistics: decoded(state.statistics, reply) }));
      const state = store.get();
      if (place !== null && state.image?.id === image.id && state.model === model && isFree(state)) {
        store.update(merge, { preview: { x, y, image: image.id, reply } });
      }
    } catch {
      // A preview that does not come is missed by nobody; the next move asks again.
    } finally {
      flying = false;
      if (waiting !== null) soon();
    }
  }

  // A draft, another image, an object under the pointer: what was shown does not hold any more.
  store.watch((state) => [isFree(state)], (state) => { if (!isFree(state)) clear(); });

  return {
    /** @param {number} x @param {number} y in image pixels */
    move(x, y) {
      if (place?.x === x && place.y === y) return;
      place = { x, y };
      if (!isFree(store.get())) return;
      waiting = place;
      soon();
    },
    leave() {
      place = null;
      clear();
    },
    get busy() {
      return flying || waiting !== null;
    },
  };
}
