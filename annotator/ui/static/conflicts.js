/** Two people changed the same object: what is on the server is shown, with one's own version to take instead. */

import { Bitmap } from "./canvas/bitmap.js";
import { merge } from "./store.js";

/** @typedef {import("./store.js").Annotation} Annotation */

/**
 * How many pixels a mask would add to another one, and remove from it.
 * @param {import("./store.js").Rle} before @param {import("./store.js").Rle} after
 */
export function differenceOf(before, after) {
  const [old, fresh] = [Bitmap.fromRle(/** @type {any} */ (before)), Bitmap.fromRle(/** @type {any} */ (after))];
  const { x, y, width, height } = old.covered;
  let both = 0;
  for (let row = y; row < y + height; row++) for (let column = x; column < x + width; column++) if (old.has(column, row) && fresh.has(column, row)) both += 1;
  return { added: fresh.area() - both, removed: old.area() - both };
}

/**
 * @param {{store: import("./store.js").Store, images: any, objects: any, drafting: any, fail: (error: any, retry?: () => void) => void, tell: (text: string) => void}} options
 */
export function createConflicts({ store, images, objects, drafting, fail, tell }) {
  /** @param {number} id */
  const find = (id) => store.get().objects.find((object) => object.id === id) ?? null;

  /** @param {import("./writes.js").Write} write @param {Annotation} mine @param {any} error */
  function offer(write, mine, error) {
    const theirs = find(mine.id);
    if (theirs === null) return tell(`Somebody has deleted object ${mine.id} meanwhile; your change of it is dropped.`);
    const who = theirs.updated_by ?? "Somebody";
    if (write.kind === "delete") return fail(error, () => objects.remove(mine.id));
    if (mine.rle === null || theirs.rle === null || JSON.stringify(mine.rle) === JSON.stringify(theirs.rle)) {
      if (theirs.category !== mine.category) fail(error, () => objects.relabel(mine.id, mine.category));
      return undefined;
    }
    store.update(merge, {
      selected: theirs.id,
      cleanup: { title: `${who} has changed this object too. Yours instead`, rle: mine.rle, ...differenceOf(theirs.rle, mine.rle), object: theirs, picking: null },
    });
    return undefined;
  }

  return {
    /**
     * A write was refused because somebody else was quicker.
     * @param {import("./writes.js").Write} write @param {any} error @returns {Promise<boolean>} whether it was about an object
     */
    async settle(write, error) {
      const mine = write.object === undefined ? null : find(write.object);
      if (error.code !== "conflict" || write.object === undefined || write.object < 0) return false;
      const here = store.get().image?.id === write.image;
      const kept = mine ?? (write.kind === "delete" ? /** @type {Annotation} */ ({ id: write.object }) : null);
      if (!here || kept === null) return false;
      await images.open(write.image);
      // What it was made of is shown as a whole from now on; the points alone would be asked of the other's mask.
      if (store.get().draft?.replaces === write.object) drafting.discard();
      offer(write, kept, error);
      return true;
    },
  };
}
