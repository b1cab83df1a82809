/**
 * What others do, as it happens: their objects and states, who is where. And for them: which image this tab has open.
 *
 * Only a tab that can be seen listens: browsers allow few connections to one server, and a hidden tab reads everything
 * anew when it comes to the front.
 *
 * @typedef {{client: string, author: string, image: string}} Presence
 */

import { API } from "./base.js";
import { itemChanged, merge } from "./store.js";

/** How often a tab says that it is still there; its place is kept for 40 seconds on the server. */
const BEAT_MS = 15_000;
/** An EventSource gives up when it is refused, as after signing out. */
const ENDED = 2;
/** Who only passes by an image has not come to it. */
const ARRIVE_MS = 400;
/** Several changes in a row are read once. */
const GATHER_MS = 120;
const LIST_MS = 600;

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, client: string, images: any,
 *   listen?: (url: string) => EventSource, page?: Document, later?: typeof setTimeout}} options
 */
export function createLive({ store, api, client, images, listen = (url) => new EventSource(url), page = document, later = setTimeout }) {
  /** @type {EventSource | null} */
  let source = null;
  let arriving = 0;
  let beat = 0;
  /** @type {Map<string, number>} what is about to be read anew */
  const gathering = new Map();

  const path = (/** @type {string} */ rest) => `/projects/${encodeURIComponent(store.get().project?.id ?? "")}${rest}`;

  /** @param {string} what @param {number} ms @param {() => Promise<unknown>} read */
  function gather(what, ms, read) {
    if (gathering.has(what)) return;
    gathering.set(what, later(async () => {
      gathering.delete(what);
      await read().catch(() => undefined); // the next event, or coming back to the tab, tries again
    }, ms));
  }

  /** @param {{items: Presence[]} | null} reply */
  function heardOfOthers(reply) {
    if (reply !== null) store.update(merge, { others: reply.items.filter((one) => one.client !== client) });
  }

  /** Say where this tab is. */
  async function arrive() {
    const { project, image } = store.get();
    clearTimeout(beat);
    if (project === null || page.visibilityState === "hidden") return;
    beat = later(() => void arrive(), BEAT_MS);
    if (source?.readyState === ENDED) { disconnect(); connect(); }
    heardOfOthers(await api.send("PUT", path("/presence"), { client, image: image?.id ?? null }).catch(() => null));
  }

  function leave() {
    clearTimeout(beat);
    if (store.get().project === null) return;
    // Not `api.send`: the page may be gone before it is answered.
    void fetch(`${API}${path("/presence")}`, {
      method: "PUT", keepalive: true, headers: { "Content-Type": "application/json" }, body: JSON.stringify({ client }),
    }).catch(() => undefined);
  }

  /** @param {{item: import("./store.js").ImageItem | null, image: string | null}} data */
  function imageChanged({ item, image }) {
    if (item !== null && image !== store.get().image?.id) store.update(itemChanged, item);
    if (image === store.get().image?.id) gather("image", GATHER_MS, () => images.refreshWhenIdle());
    gather("project", LIST_MS, () => images.loadProject());
  }

  function connect() {
    const { project } = store.get();
    if (source !== null || project === null || page.visibilityState === "hidden") return;
    source = listen(`${API}${path("/events")}?client=${encodeURIComponent(client)}`);
    /** @param {string} kind @param {(data: any) => void} heard */
    const on = (kind, heard) => source?.addEventListener(kind, (event) => heard(JSON.parse(/** @type {MessageEvent} */ (event).data)));
    on("hello", ({ missed }) => { if (missed) void catchUp(); });
    on("image", imageChanged);
    on("images", () => gather("list", LIST_MS, catchUp));
    on("categories", () => gather("project", GATHER_MS, () => images.loadProject()));
    on("presence", () => gather("presence", GATHER_MS, async () => heardOfOthers(await api.get(path("/presence")))));
  }

  function disconnect() {
    source?.close();
    source = null;
  }

  /** Read everything anew. Where that fails, the next event, or coming back to the tab, tries again. */
  async function catchUp() {
    await Promise.all([images.refreshWhenIdle(), images.loadProject().then(() => images.loadList())]).catch(() => undefined);
  }

  store.watch((state) => [state.project?.id], () => connect());
  store.watch((state) => [state.project?.id, state.image?.id], () => {
    clearTimeout(arriving);
    arriving = later(() => void arrive(), ARRIVE_MS);
  });
  page.addEventListener("visibilitychange", () => {
    if (page.visibilityState === "hidden") {
      disconnect();
      leave();
    } else {
      connect();
      void arrive();
      void catchUp();
    }
  });
  window.addEventListener("pagehide", leave);

  return {
    /** An image that nobody else has, to work on next. @returns {Promise<import("./store.js").ImageItem>} */
    next: () => api.send("POST", path("/next"), { client, after: store.get().image?.id ?? null }),
    stop() {
      disconnect();
      clearTimeout(beat);
    },
  };
}
