/** Hand tools: what people paint, cut and clean up in a mask. Each act is a step of the draft, undone like any other. */

import { Bitmap } from "./canvas/bitmap.js";
import { reshape } from "./canvas/outline.js";
import { area, bounds, decode } from "./canvas/rle.js";
import { merge, setView } from "./store.js";

/** @typedef {import("./store.js").Rle} Rle */

const SMALLEST = 0.5;
const LARGEST = 2000;

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, drafting: any, objects: any, fail: (error: any) => void,
 *   tell: (text: string) => void}} options
 */
export function createHand({ store, api, drafting, objects, fail, tell }) {
  let asked = 0;

  /** The mask that the hand works on: the draft's, else the selected object's. @returns {{rle: Rle | null, object: any}} */
  function worked() {
    const { draft, selected, objects: all } = store.get();
    if (draft !== null) return { rle: draft.candidates[draft.chosen]?.rle ?? draft.mask?.rle ?? null, object: null };
    const object = all.find((other) => other.id === selected) ?? null;
    return { rle: object?.rle ?? null, object };
  }

  /** @param {Rle} rle @param {string} label @param {any} object the one that the mask begins from, if it was not a draft yet */
  function take(rle, label, object) {
    const runs = decode(rle);
    const { x, y, width, height } = bounds(runs);
    if (width === 0) {
      drafting.discard();
      tell("Nothing is left of the mask.");
      return;
    }
    const refined = object === null ? {} : { replaces: object.id, category: object.category };
    drafting.setMask({ rle, score: 1, area: area(runs), bbox: [x, y, width, height] }, label, { ...refined, local: store.get().view.local });
  }

  /** @param {string} label @param {(bitmap: Bitmap) => void} edit */
  function edit(label, edit) {
    const { image } = store.get();
    const { rle, object } = worked();
    if (image === null || (object !== null && objects.isLocked(object.id))) return;
    const fits = rle !== null && rle.size[0] === image.height && rle.size[1] === image.width;
    const bitmap = fits ? Bitmap.fromRle(/** @type {any} */ (rle)) : new Bitmap(image.width, image.height);
    edit(bitmap);
    const made = /** @type {Rle} */ (bitmap.toRle());
    if (rle === null && bitmap.area() === 0) return; // an eraser on nothing
    take(made, label, object);
  }

  return {
    /** @param {{x: number, y: number}[]} points in image pixels @param {boolean} erase */
    stroke(points, erase) {
      const radius = store.get().view.brush;
      edit(erase ? "erase" : "brush", (bitmap) => {
        const [first] = points;
        if (first !== undefined && points.length === 1) bitmap.stroke(first, first, radius, erase ? 0 : 1);
        for (let i = 1; i < points.length; i++) {
          const [from, to] = [points[i - 1], points[i]];
          if (from !== undefined && to !== undefined) bitmap.stroke(from, to, radius, erase ? 0 : 1);
        }
      });
    },
    /** @param {{x: number, y: number}[]} points @param {boolean} erase */
    lasso: (points, erase) => edit(erase ? "cut out" : "lasso", (bitmap) => { bitmap.polygon(points, erase ? 0 : 1); }),
    /** @param {{x: number, y: number}[]} points @param {boolean} erase */
    polygon: (points, erase) => edit(erase ? "cut out" : "polygon", (bitmap) => { bitmap.polygon(points, erase ? 0 : 1); }),
    /** A vertex of the outline was moved, put in or taken out. @param {{x: number, y: number}[][]} rings @param {{x: number, y: number}[]} region */
    outline: (rings, region) => edit("edit outline", (bitmap) => reshape(bitmap, rings, region)),
    /** @param {number} factor */
    resize(factor) {
      const brush = Math.min(LARGEST, Math.max(SMALLEST, store.get().view.brush * factor));
      store.update(setView, { brush });
    },
    /** Show what a clean-up would do; nothing is changed before it is applied. @param {string} operation @param {string} title @param {{[name: string]: number}} [options] */
    async look(operation, title, options = {}) {
      const { image } = store.get();
      const { rle, object } = worked();
      if (image === null || rle === null) return void tell("There is no mask to clean up: make a draft or select an object.");
      if (object !== null && objects.isLocked(object.id)) return;
      const mine = ++asked;
      try {
        const except = object?.id ?? store.get().draft?.replaces ?? null;
        const reply = await api.send("POST", `/images/${encodeURIComponent(image.id)}/mask-edit`, { rle, operation, except, ...options }, { timeout: 30_000 });
        if (mine !== asked || store.get().image?.id !== image.id) return;
        if (reply.added + reply.removed === 0) return void tell(`${title}: nothing to change.`);
        store.update(merge, { cleanup: { title, rle: reply.rle, added: reply.added, removed: reply.removed, object, picking: null } });
      } catch (error) {
        fail(error);
      }
    },
    /** @returns {boolean} whether there was something to apply */
    apply() {
      const { cleanup } = store.get();
      if (cleanup === null) return false;
      store.update(merge, { cleanup: null });
      take(cleanup.rle, cleanup.title.toLowerCase(), cleanup.object);
      return true;
    },
    /** @returns {boolean} whether there was something to drop */
    drop() {
      asked += 1;
      if (store.get().cleanup === null) return false;
      store.update(merge, { cleanup: null });
      return true;
    },
  };
}
