/** A long list on the server, fetched where it is looked at; what is fetched keeps its place. */

const PAGE = 200;

/**
 * @template {{id: number | string}} T
 * @param {{fetch: (limit: number, offset: number) => Promise<{items: T[], total: number}>, changed: () => void, failed: (error: any) => void}} options
 */
export function createPages({ fetch, changed, failed }) {
  /** @type {Map<number, T>} */
  let items = new Map();
  /** @type {Map<T["id"], number>} */
  let places = new Map();
  /** @type {Set<number>} pages that are there or on their way */
  let asked = new Set();
  let total = 0;
  let loaded = false;
  let round = 0;

  /** @param {number} page */
  async function load(page) {
    const mine = round;
    asked.add(page);
    try {
      const reply = await fetch(PAGE, page * PAGE);
      if (mine !== round) return;
      total = reply.total;
      loaded = true;
      for (const [index, item] of reply.items.entries()) {
        items.set(page * PAGE + index, item);
        places.set(item.id, page * PAGE + index);
      }
      changed();
    } catch (error) {
      if (mine !== round) return;
      asked.delete(page);
      failed(error);
    }
  }

  return {
    get total() { return total; },
    get loaded() { return loaded; },
    /** @param {number} index */
    at: (index) => items.get(index) ?? null,
    /** @param {T["id"]} id */
    placeOf: (id) => places.get(id) ?? null,
    /** Begin anew; what is on the screen stays until the first page is there. */
    reset() {
      round += 1;
      const mine = round;
      asked = new Set();
      /** @type {Map<number, T>} */
      const old = items;
      items = new Map();
      places = new Map();
      const first = load(0);
      if (loaded && mine === round) for (const [index, item] of old) if (index < PAGE) items.set(index, item);
      return first;
    },
    /** Have these items fetched. @param {number} first @param {number} last */
    want(first, last) {
      for (let page = Math.floor(first / PAGE); page * PAGE < Math.min(last, total); page++) if (!asked.has(page)) void load(page);
    },
    /** @param {readonly T[]} fresh items that are shown, as they are now */
    replace(fresh) {
      for (const item of fresh) {
        const place = places.get(item.id);
        if (place !== undefined) items.set(place, item);
      }
      changed();
    },
    /** Every item up to a number, those that were not looked at yet too. @param {number} most @returns {Promise<T[]>} */
    async all(most) {
      const wanted = Math.min(total, most);
      for (let offset = 0; offset < wanted; offset += PAGE) {
        if (items.has(offset) && items.has(Math.min(offset + PAGE, total) - 1)) continue;
        await load(offset / PAGE);
      }
      return [...Array(wanted).keys()].map((index) => items.get(index)).filter((item) => item !== undefined);
    },
  };
}
