/** Which model answers here. Each tab has its own; other people keep theirs. */

import { merge } from "./store.js";

const KEY = "annotator:model";
const POLL_MS = 400;

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, fail: (error: any) => void, changed: () => void}} options
 *   changed: called when another model is ready to answer
 */
export function createModels({ store, api, fail, changed }) {
  let choosing = 0;

  /** @returns {Promise<import("./store.js").ModelItem[]>} */
  async function look() {
    const { items } = await api.get("/models");
    store.update(merge, { models: items });
    return items;
  }

  /** Take up the model of the last visit, if it is still here. */
  async function start() {
    const items = await look();
    const last = localStorage.getItem(KEY);
    const known = items.find((item) => item.name === last && item.present);
    if (known !== undefined && !known.default) await choose(known.name);
  }

  /** @param {string} name */
  async function choose(name) {
    const mine = ++choosing;
    const before = store.get().model;
    store.update(merge, { model: name, loadingModel: "Loading" });
    try {
      await api.send("POST", `/models/${encodeURIComponent(name)}/load`, {});
      const loaded = await follow(name, mine);
      if (mine !== choosing) return;
      if (loaded.state === "failed") throw { status: 503, message: loaded.problem ?? "The model can't be loaded." };
      localStorage.setItem(KEY, name);
      store.update(merge, { loadingModel: null });
      changed();
    } catch (error) {
      if (mine !== choosing) return;
      store.update(merge, { model: before, loadingModel: null });
      fail(error);
    }
  }

  /** Until it is loaded or can't be. @param {string} name @param {number} mine @returns {Promise<import("./store.js").ModelItem>} */
  async function follow(name, mine) {
    for (;;) {
      const model = (await look()).find((item) => item.name === name);
      if (model === undefined) throw { status: 404, message: `There is no model “${name}” any more.` };
      if (mine !== choosing || model.state === "ready" || model.state === "failed") return model;
      store.update(merge, { loadingModel: model.step ?? "Loading" });
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  return {
    start: () => start().catch(fail),
    look: () => void look().catch(fail),
    /** @param {string} name */
    choose: (name) => void choose(name),
  };
}

/** The model that answers in this tab. @param {import("./store.js").State} state */
export function modelOf({ models, model }) {
  return models.find((item) => item.name === model) ?? models.find((item) => item.default) ?? null;
}
