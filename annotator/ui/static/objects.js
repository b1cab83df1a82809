/** Verbs about accepted objects, undo and redo. */

import { freshId } from "./drafting.js";
import { imageLoaded, merge, objectAdded, objectChanged, objectDeleted } from "./store.js";

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, queue: any, drafting: any,
 *   fail: (error: any) => void, tell: (text: string) => void}} options
 */
export function createObjects({ store, api, queue, drafting, fail, tell }) {
  let stepping = Promise.resolve();

  const find = (/** @type {number | null} */ id) => store.get().objects.find((object) => object.id === id);

  /** @param {number} id @param {{[name: string]: unknown}} parts @param {string | null} label */
  function patch(id, parts, label) {
    const { image } = store.get();
    if (image === null || find(id) === undefined) return;
    store.update(objectChanged, id, parts);
    queue.add({ kind: "patch", image: image.id, key: `object:${id}`, body: parts, object: id });
    if (label !== null) store.update((state) => ({ ...state, history: { undo: label, redo: null } }));
  }

  /** @param {number} id */
  function isLocked(id) {
    const object = find(id);
    if (object?.locked !== true) return false;
    tell("This object is locked. Unlock it first (L).");
    return true;
  }

  /** @param {"undo" | "redo"} way */
  async function step(way) {
    await queue.whenEmpty();
    const { image, project, draft } = store.get();
    if (image === null || project === null) return;
    try {
      const path = `/projects/${encodeURIComponent(project.id)}/${way}`;
      const reply = await api.send("POST", path, { image: image.id }, { timeout: 20_000 });
      if (store.get().image?.id !== image.id) return;
      queue.know(reply.image);
      store.update(imageLoaded, reply.image);
      drafting.resume(draft);
      if (reply.done === null) tell(way === "undo" ? "There is nothing to undo on this image." : "There is nothing to redo on this image.");
    } catch (error) {
      fail(error);
    }
  }

  /** Below zero until the server has numbered it. */
  const temporary = () => -(Date.now() * 1000 + Math.floor(Math.random() * 1000));

  return {
    isLocked,
    /** Remember the selected object, or all that are shown. @returns {number} how many */
    copy() {
      const { objects, selected, image } = store.get();
      const wanted = objects.filter((object) => object.rle !== null && (selected === null ? !object.hidden : object.id === selected));
      if (image === null || wanted.length === 0) return 0;
      store.update(merge, { clipboard: { from: image.id, objects: wanted } });
      return wanted.length;
    },
    /** Put what was copied onto the image on the screen. @returns {boolean} whether there was something */
    paste() {
      const { image, clipboard } = store.get();
      if (image === null || clipboard === null) return false;
      const fits = clipboard.objects.filter((object) => object.rle?.size[0] === image.height && object.rle.size[1] === image.width);
      if (fits.length < clipboard.objects.length) {
        tell("This image has another size than the one that was copied from.");
        return true;
      }
      for (const original of fits) {
        const object = temporary();
        store.update(objectAdded, { ...original, id: object, hidden: false, locked: false, revision: 0, pending: true });
        queue.add({ kind: "add", image: image.id, key: `object:${object}`, object, body: { category: original.category, rle: original.rle, key: freshId() } });
      }
      store.update((state) => ({ ...state, history: { undo: "add object", redo: null } }));
      tell(fits.length === 1 ? "1 object pasted." : `${fits.length} objects pasted.`);
      return true;
    },
    /** @param {number | null} id */
    select: (id) => store.update(merge, { selected: id }),
    /** @param {number | null} id */
    highlight: (id) => store.update(merge, { highlighted: id }),
    /** @param {number} id @param {number} category */
    relabel(id, category) {
      if (find(id)?.category !== category && !isLocked(id)) patch(id, { category }, "relabel");
    },
    /** Correct an object's mask by clicking. @param {number} id */
    refine(id) {
      const object = find(id);
      if (object !== undefined && !isLocked(id)) drafting.refine(object, store.get().view.local);
    },
    /** @param {number} id */
    toggleHidden: (id) => patch(id, { hidden: !(find(id)?.hidden ?? false) }, null),
    /** @param {number} id */
    toggleLocked: (id) => patch(id, { locked: !(find(id)?.locked ?? false) }, null),
    /** @param {number} id */
    remove(id) {
      const { image, objects } = store.get();
      if (image === null || find(id) === undefined || isLocked(id)) return;
      if (store.get().draft?.replaces === id) drafting.discard();
      const index = objects.findIndex((object) => object.id === id);
      const selected = store.get().selected === id;
      store.update(objectDeleted, id);
      if (selected) store.update(merge, { selected: store.get().objects[Math.min(index, objects.length - 2)]?.id ?? null });
      queue.add({ kind: "delete", image: image.id, key: `object:${id}`, body: {}, object: id });
      store.update((state) => ({ ...state, history: { undo: "delete", redo: null } }));
    },
    /** One step at a time, each after everything before it is saved. @param {"undo" | "redo"} way */
    step(way) {
      stepping = stepping.then(() => step(way));
      return stepping;
    },
    whenIdle: () => stepping,
  };
}
