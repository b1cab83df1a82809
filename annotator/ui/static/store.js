import { nothingMeasured } from "./statistics.js";

/**
 * The state of the page in one place. Reducers are pure: `(state, …) => state`; panels watch the parts they show.
 *
 * @typedef {{x: number, y: number, label: number}} PromptPoint
 * @typedef {{size: [number, number], counts: string}} Rle
 * @typedef {{rle: Rle, score: number, area: number, bbox: number[]}} Candidate
 * @typedef {{id: string, points: PromptPoint[], box: number[] | null, mask: {rle: Rle} | null, choice: number | null,
 *   local: boolean, crop: "auto" | number[] | null, replaces: number | null, category: number | null, candidates: Candidate[], chosen: number,
 *   asking: boolean, closer: "no" | "asked" | "shown"}} Draft
 *   candidates: of the last answer; empty before the first; replaces: the object that is being refined; local: points change
 *   a given mask only where they are; crop: where to look closer after the image's answer; closer: whether that is on the screen
 * @typedef {{id: number, category: number, rle: Rle | null, area: number, bbox: number[], score: number | null, hidden: boolean,
 *   locked: boolean, revision: number, updated_by?: string, review?: string, note?: string, pending?: boolean}} Annotation  id < 0: the server has not numbered it yet
 * @typedef {{id: string, name: string, width: number, height: number, state: string, objects: number, problem: string | null,
 *   note: string | null}} ImageItem
 * @typedef {ImageItem & {pixels: {url: string, width: number, height: number}, thumbnail: string}} OpenImage
 * @typedef {{id: number, name: string, colour: string, objects: number}} Category
 * @typedef {{id: string, name: string, author: string, categories: Category[], counts: {[state: string]: number}, last_image: string | null,
 *   scan: {state: string, done: number, total: number}, model: {name: string, device: string}, prefetch: number}} Project
 * @typedef {{name: string, title: string, parameters: number, present: boolean, device: string, state: "unloaded" | "loading" | "ready" | "failed",
 *   step: string | null, problem: string | null, notice: string | null, default: boolean}} ModelItem
 * @typedef {{id: number, kind: "error" | "info", text: string, retry: (() => void) | null}} Toast
 * @typedef {{opacity: number, outline: boolean, outlineWidth: number, showPrompts: boolean, overlays: boolean, tool: "prompt" | "brush" | "eraser" | "lasso" | "polygon", brush: number,
 *   comparing: boolean, isolate: boolean, crosshair: boolean, hover: "auto" | "on" | "off", local: boolean, quick: boolean, detail: boolean, noOverlap: boolean}} View
 *   brush: its radius in image pixels; comparing: masks are hidden while a key is held; isolate: only the object in question is shown; quick: the next click
 *   accepts the draft and begins another object
 * @typedef {{x: number, y: number, image: string, reply: any}} Preview  what a click there would give
 * @typedef {{title: string, rle: Rle, added: number, removed: number, object: Annotation | null,
 *   picking: {operation: string, others: number[]} | null}} Cleanup  what an edit of the draft's or an object's mask would do;
 *   picking: clicks choose the other objects that it needs
 * @typedef {import("./statistics.js").Statistics} Statistics
 * @typedef {{project: Project | null, list: {items: ImageItem[], status: string, query: string, complete: boolean, total: number | null},
 *   image: OpenImage | null, opening: string | null, failure: {id: string | null, message: string, retry: boolean} | null, painted: boolean,
 *   embedding: "none" | "preparing" | "ready" | "failed", waiting: {queued: boolean, ahead: number} | null, trouble: {message: string, retry: () => void} | null, objects: Annotation[], draft: Draft | null,
 *   history: {undo: string | null, redo: string | null}, selected: number | null, highlighted: number | null,
 *   category: number | null, view: View, saving: {phase: string, pending: number, message: string | null, saved: string | null},
 *   latency: number | null, encodeMs: number | null, preview: Preview | null, cleanup: Cleanup | null, clipboard: {from: string, objects: Annotation[]} | null, statistics: Statistics, lastCategories: number[], palette: boolean, toasts: Toast[], hint: boolean, upload: {name: string, part: number, done: number, total: number} | null,
 *   naming: "no" | "add" | "accept", others: readonly import("./live.js").Presence[], keys: import("./keymap.js").Chosen, models: ModelItem[], model: string | null, loadingModel: string | null,
 *   held: {away: boolean, message: string} | null}} State
 */

/** @returns {State} */
export const initialState = () => ({
  project: null,
  list: { items: [], status: "", query: "", complete: false, total: null },
  image: null, opening: null, failure: null, painted: false, embedding: "none", waiting: null, trouble: null, objects: [], draft: null,
  history: { undo: null, redo: null }, selected: null, highlighted: null, category: null,
  view: {
    opacity: 0.45, outline: true, outlineWidth: 1, showPrompts: true, overlays: true, tool: "prompt", brush: 8, comparing: false, isolate: false,
    crosshair: false, hover: "auto", local: true, quick: false, detail: true, noOverlap: false,
  },
  saving: { phase: "idle", pending: 0, message: null, saved: null },
  latency: null, encodeMs: null, preview: null, cleanup: null, clipboard: null, statistics: nothingMeasured(), lastCategories: [], palette: false, toasts: [], hint: false, upload: null, naming: "no", others: [], keys: {}, models: [], model: null, loadingModel: null, held: null,
});

/**
 * @param {State} state
 */
export function createStore(state) {
  /** @type {Set<() => void>} */
  const watchers = new Set();
  let announced = false;
  const announce = () => {
    announced = false;
    for (const watcher of watchers) watcher();
  };
  return {
    get: () => state,
    /**
     * Replace the state; watchers hear of it once, after the current task.
     * @template {any[]} A
     * @param {(state: State, ...args: A) => State} reducer @param {A} args
     */
    update(reducer, ...args) {
      const next = reducer(state, ...args);
      if (next === state) return;
      state = next;
      if (!announced) {
        announced = true;
        queueMicrotask(announce);
      }
    },
    /**
     * Call `show` now and whenever a value that `select` returns has become another one.
     * @param {(state: State) => unknown[]} select @param {(state: State) => void} show
     * @returns {() => void} stop watching
     */
    watch(select, show) {
      let seen = select(state);
      const watcher = () => {
        const now = select(state);
        if (now.every((value, index) => Object.is(value, seen[index]))) return;
        seen = now;
        show(state);
      };
      watchers.add(watcher);
      show(state);
      return () => watchers.delete(watcher);
    },
  };
}

/** @typedef {ReturnType<typeof createStore>} Store */

/** @param {State} state @param {Partial<State>} parts @returns {State} */
export const merge = (state, parts) => ({ ...state, ...parts });

/** The category that the next accepted object gets: an object that is refined has its own. @param {State} state */
export const activeCategory = (state) => state.draft?.replaces != null ? state.draft.category : state.category;

/** @param {State} state @param {number} category @returns {State} */
export const categoryChosen = (state, category) => ({
  ...state, category, lastCategories: [category, ...state.lastCategories.filter((other) => other !== category)].slice(0, 9),
});

/** @param {State} state @param {Partial<View>} parts @returns {State} */
export const setView = (state, parts) => ({ ...state, view: { ...state.view, ...parts } });

/** An image is on its way: what was on the last one is gone from the screen. @param {State} state @param {string} id @returns {State} */
export const imageOpening = (state, id) => ({
  ...state, opening: id, failure: null, image: null, painted: false, embedding: "none", waiting: null, trouble: null, objects: [], draft: null,
  history: { undo: null, redo: null }, selected: null, highlighted: null, preview: null, cleanup: null,
});

/**
 * The server's truth about the image on the screen (or the one being opened).
 * @param {State} state @param {any} image @returns {State}
 */
export function imageLoaded(state, image) {
  const { annotations, draft, history, ...item } = image;
  const same = state.image?.id === item.id;
  return {
    ...itemChanged(state, item),
    image: item, opening: null, failure: null, history,
    objects: annotations,
    draft: draft === null ? null : draftFrom(draft, same ? state.draft : null),
    selected: same && annotations.some((/** @type {Annotation} */ a) => a.id === state.selected) ? state.selected : null,
    highlighted: null,
  };
}

/**
 * A draft of the server, with the mask that is on the screen until the model has answered for it.
 * @param {any} draft @param {Draft | null} shown @returns {Draft}
 */
function draftFrom(draft, shown) {
  const kept = shown !== null && shown.id === draft.id && isAnswerable(fromServer(draft)) ? shown : null;
  return {
    ...fromServer(draft),
    candidates: kept?.candidates ?? [], chosen: kept?.chosen ?? 0, asking: false, closer: kept?.closer ?? "no",
  };
}

/** @param {any} draft */
function fromServer(draft) {
  return {
    id: draft.id, box: draft.box, mask: draft.mask, choice: draft.choice, category: draft.category,
    local: draft.local ?? false, crop: draft.crop ?? null, replaces: draft.replaces ?? null,
    points: draft.points.map((/** @type {number[]} */ [x, y, label]) => ({ x, y, label })),
  };
}

/** Whether the model can say anything: background points alone do not make an object. @param {Pick<Draft, "points" | "box" | "mask">} draft */
export function isAnswerable(draft) {
  return draft.box !== null || draft.mask !== null || draft.points.some((point) => point.label === 1);
}

/** Whether one prompt is another: the same points in the same order, box, mask and choice. @param {Draft} a @param {Draft} b */
export function samePrompt(a, b) {
  return JSON.stringify([a.points, a.box, a.mask, a.choice, a.local, a.crop]) === JSON.stringify([b.points, b.box, b.mask, b.choice, b.local, b.crop]);
}

/** @param {State} state @param {Draft | null} draft @returns {State} */
export function draftChanged(state, draft) {
  if (draft !== null && !isAnswerable(draft)) draft = { ...draft, candidates: [], chosen: 0, asking: false };
  return { ...state, draft, preview: draft === null ? state.preview : null, cleanup: null, selected: draft === null ? state.selected : null };
}

/**
 * The model answered for a draft.
 * @param {State} state @param {string} draft @param {any} reply @param {boolean} asking whether a newer question is out
 * @param {"no" | "asked" | "shown"} closer @returns {State}
 */
export function answered(state, draft, reply, asking, closer) {
  if (state.draft === null || state.draft.id !== draft || !isAnswerable(state.draft)) return state;
  return { ...state, draft: { ...state.draft, candidates: reply.candidates, chosen: reply.chosen, asking, closer } };
}

/**
 * The draft became an object; its place in the list is taken before the server has numbered it.
 * @param {State} state @param {number} id temporary, below 0, or that of the object that was refined @param {number} category @returns {State}
 */
export function accepted(state, id, category) {
  if (state.draft === null || state.image === null) return state;
  const shown = state.draft.candidates[state.draft.chosen] ?? null;
  if (state.draft.replaces !== null) {
    const parts = shown === null ? {} : { rle: shown.rle, area: shown.area, bbox: shown.bbox, score: shown.score };
    return { ...objectChanged(state, id, { ...parts, category }), draft: null, selected: id };
  }
  /** @type {Annotation} */
  const object = {
    id, category, rle: shown?.rle ?? null, area: shown?.area ?? 0, bbox: shown?.bbox ?? [0, 0, 0, 0], score: shown?.score ?? null,
    hidden: false, locked: false, revision: 0, pending: true,
  };
  const started = state.image.state === "todo" || state.image.state === "empty" ? "in_progress" : state.image.state;
  return countObjects({
    ...state, draft: null, objects: [...state.objects, object], image: { ...state.image, state: started },
  });
}

/** The server's reply for an object that is shown. @param {State} state @param {number} id as shown @param {any} annotation @returns {State} */
export function objectSaved(state, id, annotation) {
  if (!state.objects.some((object) => object.id === id)) return state;
  return {
    ...state,
    objects: state.objects.map((object) => object.id === id ? annotation : object),
    selected: state.selected === id ? annotation.id : state.selected,
    highlighted: state.highlighted === id ? annotation.id : state.highlighted,
    draft: state.draft !== null && state.draft.replaces === id ? { ...state.draft, replaces: annotation.id } : state.draft,
  };
}

/** The object has its number now, but more is to be saved about it. @param {State} state @param {number} id @param {any} annotation @returns {State} */
export function objectNumbered(state, id, annotation) {
  const shown = state.objects.find((object) => object.id === id);
  if (shown === undefined) return state;
  const { category, hidden, locked } = shown;
  return objectSaved(state, id, { ...annotation, category, hidden, locked });
}

/** @param {State} state @param {number} id @param {Partial<Annotation>} parts @returns {State} */
export const objectChanged = (state, id, parts) => ({
  ...state, objects: state.objects.map((object) => object.id === id ? { ...object, ...parts } : object),
});

/** An object made elsewhere, shown before the server has numbered it. @param {State} state @param {Annotation} object @returns {State} */
export function objectAdded(state, object) {
  if (state.image === null) return state;
  const started = state.image.state === "todo" || state.image.state === "empty" ? "in_progress" : state.image.state;
  return countObjects({ ...state, objects: [...state.objects, object], image: { ...state.image, state: started } });
}

/** @param {State} state @param {number} id @returns {State} */
export const objectDeleted = (state, id) => countObjects({
  ...state,
  objects: state.objects.filter((object) => object.id !== id),
  selected: state.selected === id ? null : state.selected,
  highlighted: state.highlighted === id ? null : state.highlighted,
});

/** The image's number of objects, and its entry in the list, follow the objects on the screen. @param {State} state @returns {State} */
function countObjects(state) {
  if (state.image === null) return state;
  const image = { ...state.image, objects: state.objects.length };
  return itemChanged({ ...state, image }, image);
}

/** An entry of the list as it is now. @param {State} state @param {ImageItem} item @returns {State} */
export function itemChanged(state, item) {
  const index = state.list.items.findIndex((other) => other.id === item.id);
  const before = state.list.items[index];
  if (before === undefined) return state;
  if (before.state === item.state && before.objects === item.objects && before.problem === item.problem) return state;
  const { id, name, width, height, state: progress, objects, problem, note } = item;
  const items = [...state.list.items];
  items[index] = { id, name, width, height, state: progress, objects, problem, note };
  return { ...state, list: { ...state.list, items } };
}

/** @param {State} state @param {string} progress @returns {State} */
export function imageMarked(state, progress) {
  if (state.image === null) return state;
  const image = { ...state.image, state: progress };
  return itemChanged({ ...state, image }, image);
}

/** The project as the server has it; a chosen category that is gone is not chosen any more. @param {State} state @param {Project} project @returns {State} */
export function projectLoaded(state, project) {
  const known = project.categories.some((category) => category.id === state.category);
  return { ...state, project, category: known ? state.category : project.categories[0]?.id ?? null };
}

/** @param {State} state @param {Toast} toast @returns {State} */
export function toastAdded(state, toast) {
  const others = state.toasts.filter((other) => other.text !== toast.text);
  return { ...state, toasts: [...others, toast].slice(-4) };
}

/** @param {State} state @param {number} id @returns {State} */
export const toastGone = (state, id) => ({ ...state, toasts: state.toasts.filter((toast) => toast.id !== id) });
