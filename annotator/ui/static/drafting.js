/** The draft: every click, drag and choice; what is asked of the model and what is saved. */

import { clickAnswered, objectAccepted } from "./statistics.js";
import { accepted, activeCategory, answered, draftChanged, isAnswerable, samePrompt } from "./store.js";
import { counter, createPredictor } from "./predict.js";

/**
 * @typedef {import("./store.js").Store} Store
 * @typedef {import("./store.js").Draft} Draft
 * @typedef {import("./writes.js").Write} Write
 */

/** A name nobody else has made. `crypto.randomUUID` is missing on pages without TLS. */
export function freshId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Draft} draft @returns {{[name: string]: unknown}} */
const promptOf = (draft) => ({
  points: draft.points.map(({ x, y, label }) => [x, y, label]), box: draft.box, mask: draft.mask, choice: draft.choice, local: draft.local, crop: draft.crop,
});

/** Whether looking closer can say more: one click may mean a part, which a closer look would lock in. @param {Draft} draft */
const deservesCloser = (draft) => draft.crop !== null && (draft.crop !== "auto" || draft.box !== null || draft.points.length > 1);

/**
 * Whether a preview shows what a draft asks for: then its mask is on the screen already.
 * @param {import("./store.js").Preview | null} preview @param {string} image @param {Draft} draft
 */
function isShown(preview, image, draft) {
  const [point] = draft.points;
  return preview !== null && preview.image === image && draft.points.length === 1 && draft.box === null && draft.mask === null
    && point?.label === 1 && point.x === preview.x && point.y === preview.y;
}

/**
 * @param {{store: Store, api: import("./api.js").Api, add: (write: Write) => void, fail: (error: any) => void,
 *   needCategory: () => void}} options
 */
export function createDrafting({ store, api, add, fail, needCategory }) {
  /** @type {Draft | null} the draft as it is saved or about to be: what a drag that is given up goes back to */
  let committed = null;
  /** When the draft was begun, by the clock of `performance.now`. */
  let begun = 0;

  const number = counter();
  /** @type {(image: string, body: {[name: string]: unknown}) => Promise<any>} */
  const predict = (image, body) => api.send("POST", `/images/${encodeURIComponent(image)}/predict`, body, { timeout: 120_000 });

  const predictor = createPredictor({
    ask: predict, number,
    onAnswer(question, reply, ms) {
      const { image, draft } = store.get();
      if (image?.id !== question.image) return;
      const more = isLatest(question) && draft !== null && draft.id === question.draft && deservesCloser(draft);
      store.update(answered, question.draft, reply, !isLatest(question), more ? "asked" : "no");
      store.update((state) => ({ ...state, latency: ms, statistics: clickAnswered(state.statistics, reply, ms) }));
      if (more) lookCloser();
    },
    onFailure(question, error) {
      const { draft } = store.get();
      if (draft?.id === question.draft) store.update(draftChanged, { ...draft, asking: false });
      fail(error);
    },
    onHeld(error) {
      const held = error === null ? null : { away: error.status === 0, message: error.message };
      if (held !== null || store.get().held !== null) store.update((state) => ({ ...state, held }));
    },
  });

  /** Beside the other one: a click never waits for a part of the image to be encoded. */
  const closer = createPredictor({
    ask: predict, number,
    onAnswer(question, reply) {
      if (store.get().image?.id === question.image) store.update(answered, question.draft, reply, false, "shown");
    },
    onFailure(question) {
      const { draft } = store.get(); // the image's answer is there, and good enough
      if (draft?.id === question.draft) store.update(draftChanged, { ...draft, closer: "no" });
    },
  });

  /** @type {import("./predict.js").Question | null} */
  let asked = null;
  /** @param {import("./predict.js").Question} question */
  const isLatest = (question) => asked === question;

  function ask() {
    const { image, draft } = store.get();
    closer.cancel();
    if (image === null || draft === null || !isAnswerable(draft)) {
      predictor.cancel();
      return;
    }
    store.update(draftChanged, { ...draft, asking: true, closer: "no" });
    asked = { image: image.id, draft: draft.id, body: { ...promptOf(draft), crop: null, multimask: "auto", model: store.get().model } };
    predictor.request(asked);
  }

  /** The image's answer is on the screen: now the closer look, which has to encode a part of the image. */
  function lookCloser() {
    const { image, draft, model } = store.get();
    if (image === null || draft === null) return;
    closer.request({ image: image.id, draft: draft.id, body: { ...promptOf(draft), multimask: "auto", model } });
  }

  function cancel() {
    predictor.cancel();
    closer.cancel();
  }

  /** @param {string} label names the step for undo */
  function save(label) {
    const { image, draft } = store.get();
    if (image === null || draft === null) return;
    committed = draft;
    const body = { id: draft.id, ...promptOf(draft), category: activeCategory(store.get()), label, replaces: draft.replaces };
    add({ kind: "put-draft", image: image.id, key: `draft:${image.id}`, body });
    store.update((state) => ({ ...state, history: { undo: label, redo: null } }));
  }

  /** @returns {Draft} the draft, or the beginning of one */
  function current() {
    const { draft, category, view } = store.get();
    return draft ?? {
      id: freshId(), points: [], box: null, mask: null, choice: null, local: false, crop: view.detail ? "auto" : null, replaces: null, category, candidates: [], chosen: 0, asking: false, closer: "no",
    };
  }

  /** @param {Partial<Draft>} parts @param {string} label @param {boolean} final */
  function change(parts, label, final) {
    const { image, draft, preview } = store.get();
    if (image === null) return;
    if (draft === null) begun = performance.now();
    const next = { ...current(), ...parts };
    if (draft === null && isShown(preview, image.id, next)) Object.assign(next, { candidates: preview?.reply.candidates, chosen: preview?.reply.chosen });
    if (next.points.length === 0 && next.box === null && next.mask === null) {
      discard();
      return;
    }
    store.update(draftChanged, next);
    ask(); // first: the mask is what people wait for
    if (final) save(label);
  }

  function discard() {
    const { image, draft } = store.get();
    if (image === null || draft === null) return;
    cancel();
    if (committed !== null) {
      add({ kind: "drop-draft", image: image.id, key: `draft:${image.id}`, body: {} });
      store.update((state) => ({ ...state, history: { undo: "discard draft", redo: null } }));
    }
    committed = null;
    store.update(draftChanged, null);
  }

  /** Give up a drag: the draft is again what was saved last. */
  function revert() {
    store.update(draftChanged, committed);
    ask();
  }

  /** @param {number} choice */
  function choose(choice) {
    const { draft } = store.get();
    if (draft === null || draft.candidates.length < 2) return;
    const count = draft.candidates.length;
    change({ choice: (choice + count) % count, chosen: (choice + count) % count }, "candidate", true);
  }

  function accept() {
    const { image, draft } = store.get();
    const category = activeCategory(store.get());
    if (image === null || draft === null || !isAnswerable(draft)) return;
    if (category === null) {
      needCategory();
      return;
    }
    cancel();
    // Below zero until the server has numbered it; from the clock, so that a page that replays an older one's writes can't mix them up.
    const object = draft.replaces ?? -(Date.now() * 1000 + Math.floor(Math.random() * 1000));
    const clicks = draft.points.length + (draft.box === null ? 0 : 1);
    const seconds = (performance.now() - begun) / 1000;
    store.update(accepted, object, category);
    committed = null;
    add({ kind: "accept", image: image.id, key: `draft:${image.id}`, body: { category, draft: draft.id, model: store.get().model, closer: draft.closer === "shown", no_overlap: store.get().view.noOverlap }, object });
    store.update((state) => ({
      ...state, history: { undo: draft.replaces === null ? "accept" : "refine", redo: null },
      statistics: objectAccepted(state.statistics, clicks, seconds),
    }));
  }

  /** In quick work a click on something else accepts what the one before gave. @param {boolean} begins whether what comes begins an object */
  function acceptBefore(begins) {
    const { draft, view } = store.get();
    if (begins && view.quick && draft !== null && draft.replaces === null && isAnswerable(draft)) accept();
  }

  return {
    choose, accept, discard, revert,
    /** @param {number} x @param {number} y @param {number} label */
    addPoint(x, y, label) {
      acceptBefore(label === 1);
      change({ points: [...current().points, { x, y, label }] }, "point", true);
    },
    /** Make an accepted object the draft: points then correct its mask. @param {import("./store.js").Annotation} object @param {boolean} local */
    refine(object, local) {
      const { id, rle, score, area, bbox, category } = object;
      if (rle === null || store.get().draft !== null) return;
      change({ mask: { rle }, replaces: id, category, local, crop: null, candidates: [{ rle, score: score ?? 1, area, bbox }], chosen: 0 }, "refine", true);
    },
    /**
     * The mask is what a hand made of it; points can correct it further.
     * @param {import("./store.js").Candidate} mask @param {string} label @param {Partial<Draft>} parts
     */
    setMask(mask, label, parts) {
      change({ points: [], box: null, choice: null, crop: null, mask: { rle: mask.rle }, candidates: [mask], chosen: 0, ...parts }, label, true);
    },
    /** Look closer at a part of the image, in its pixels. @param {number[]} crop */
    lookAt(crop) {
      if (store.get().draft !== null) change({ crop }, "look closer", true);
    },
    /** @param {number} category */
    setCategory: (category) => change({ category }, "relabel", true),
    /** @param {boolean} local */
    setLocal(local) {
      const { draft } = store.get();
      if (draft !== null && draft.mask !== null) change({ local }, "local refinement", true);
    },
    /** @param {number} index @param {number} x @param {number} y @param {boolean} final */
    movePoint(index, x, y, final) {
      const points = current().points.map((point, at) => at === index ? { ...point, x, y } : point);
      change({ points }, "move point", final);
    },
    /** @param {number} index */
    removePoint: (index) => change({ points: current().points.filter((_, at) => at !== index) }, "remove point", true),
    /** @param {number[]} box @param {boolean} final @param {boolean} [fresh] whether its drawing begins */
    setBox(box, final, fresh = false) {
      acceptBefore(fresh);
      change({ box }, committed?.box ? "move box" : "box", final);
    },
    removeBox: () => change({ box: null }, "remove box", true),
    /** The first of two clicks that make a double click has set a point; take it back. */
    takeBackPoint() {
      const { draft } = store.get();
      if (draft !== null) change({ points: draft.points.slice(0, -1) }, "remove point", true);
    },
    nextCandidate: () => choose((store.get().draft?.chosen ?? 0) + 1),
    previousCandidate: () => choose((store.get().draft?.chosen ?? 0) - 1),
    /** The draft came from the server (opened, undone, another tab): ask for its mask unless that is on the screen. @param {Draft | null} before */
    resume(before) {
      const { draft } = store.get();
      committed = draft;
      if (draft === null) cancel();
      else if (before === null || draft.candidates.length === 0 || before.asking || !samePrompt(before, draft)) ask();
    },
    forget() {
      committed = null;
      cancel();
    },
    /** The model is another one now. */
    askAgain() {
      if (store.get().draft !== null) ask();
    },
    /** Resolves when what people wait for is there. */
    whenAnswered: () => predictor.whenIdle(),
    whenIdle: () => predictor.whenIdle().then(() => closer.whenIdle()),
    get busy() {
      return predictor.busy || closer.busy;
    },
  };
}
