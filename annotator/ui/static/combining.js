/** Objects made of objects: pick the others by clicking, see what would change, apply. One step of undo on the server. */

import { imageLoaded, merge } from "./store.js";

/** @typedef {"merge" | "subtract" | "intersect"} Operation */

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, queue: any, drafting: any, objects: any,
 *   fail: (error: any) => void, tell: (text: string) => void}} options
 */
export function createCombining({ store, api, queue, drafting, objects, fail, tell }) {
  let asked = 0;
  /** @type {Promise<unknown>} */
  let working = Promise.resolve();
  /** @template T @param {Promise<T>} work @returns {Promise<T>} */
  const busy = (work) => { working = Promise.allSettled([working, work]); return work; };

  /** The object that the operation is about, with everything about it saved: the draft accepted, else the selected one. */
  async function subject() {
    const { draft } = store.get();
    if (draft !== null) {
      drafting.accept();
      if (store.get().draft !== null) return null; // it has no category yet, and asks for one
      const id = draft.replaces ?? store.get().objects.at(-1)?.id ?? null;
      store.update(merge, { selected: id });
    }
    await queue.whenEmpty();
    const { objects: all, selected } = store.get();
    const object = all.find((other) => other.id === selected) ?? null;
    if (object === null) tell("Select an object first, or make a draft.");
    return object === null || objects.isLocked(object.id) ? null : object;
  }

  /** @param {string} operation @param {number[]} ids the object's first @returns {Promise<number>} how many parts; 0: it was not done */
  async function combine(operation, ids) {
    await queue.whenEmpty();
    const { image, objects: all } = store.get();
    if (image === null) return 0;
    const seen = ids.map((id) => ({ id, revision: all.find((other) => other.id === id)?.revision ?? 0 }));
    try {
      const reply = await api.send("POST", `/images/${encodeURIComponent(image.id)}/combine`, { operation, objects: seen }, { timeout: 30_000 });
      if (store.get().image?.id !== image.id) return 0;
      queue.know(reply.image);
      store.update(imageLoaded, reply.image);
      store.update(merge, { selected: ids[0] ?? null });
      return reply.parts;
    } catch (error) {
      fail(error);
      return 0;
    }
  }

  return {
    /** @param {Operation} operation @param {string} title */
    async begin(operation, title) {
      const object = await busy(subject());
      if (object === null || object.rle === null) return;
      if (store.get().objects.length < 2) return void tell("There is no other object on this image.");
      store.update(merge, { cleanup: { title, rle: object.rle, added: 0, removed: 0, object, picking: { operation, others: [] } } });
    },
    /** Take another object into the operation, or out of it. @param {number | null} id */
    async pick(id) {
      const { cleanup, image } = store.get();
      if (cleanup === null || cleanup.picking === null || image === null || id === null || id === cleanup.object?.id) return;
      const before = cleanup.picking;
      const others = before.others.includes(id) ? before.others.filter((other) => other !== id) : [...before.others, id];
      const picking = { ...before, others };
      store.update(merge, { cleanup: { ...cleanup, picking } });
      const mine = ++asked;
      const rle = cleanup.object?.rle ?? cleanup.rle;
      try {
        const reply = others.length === 0 ? { rle, added: 0, removed: 0 }
          : await busy(api.send("POST", `/images/${encodeURIComponent(image.id)}/mask-edit`, { rle, operation: picking.operation, others }, { timeout: 30_000 }));
        const now = store.get().cleanup;
        if (mine === asked && now?.picking?.others === others) store.update(merge, { cleanup: { ...now, rle: reply.rle, added: reply.added, removed: reply.removed } });
      } catch (error) {
        fail(error);
      }
    },
    /** @returns {boolean} whether objects were being picked */
    apply() {
      const { cleanup } = store.get();
      if (cleanup === null || cleanup.picking === null || cleanup.object === null) return false;
      const { picking, object } = cleanup;
      if (picking.others.length === 0) tell("Click the other objects first.");
      else {
        store.update(merge, { cleanup: null });
        void busy(combine(picking.operation, [object.id, ...picking.others]));
      }
      return true;
    },
    /** Resolves when nothing that was asked for is under way. */
    async whenIdle() {
      for (let seen = null; seen !== working;) { seen = working; await working; }
    },
    /** Each part of the object becomes one. */
    async split() {
      const object = await busy(subject());
      if (object === null) return;
      const parts = await busy(combine("split", [object.id]));
      if (parts > 1) tell(`${parts} objects now, one for each part.`);
    },
  };
}
