/** The project and its images: the list, opening one, going on to the next, adding files. */

import { patiently } from "./api.js";
import { API } from "./base.js";
import { fetchPicture, keepPictures } from "./pictures.js";
import { imageLoaded, imageMarked, imageOpening, itemChanged, merge, projectLoaded } from "./store.js";

const FIRST_PAGE = 200;
const PAGE = 1000;
const SCAN_POLL_MS = 700;
const FIRST_POLLS_MS = 150;
const AWAY_POLL_MS = 1500;
/** How long a folder that is still being read may hold up the first image: the one to start with may come yet. */
const PATIENCE_MS = 1500;
/** Pictures kept ready: those that are likely next. A large one takes 60 MB when it is decoded. */
const PICTURES = 3;
/** Who goes on this soon is looking for an image: those in between are not worth the encoder's time. */
const PASSING_MS = 250;
/** How often it is looked how far an image that is prepared has come; milliseconds. */
const LOOK_MS = 400;
/** How often it is looked whether the page is at rest; milliseconds. */
const IDLE_MS = 150;
/** The image that the address names. @param {string} hash */
export function imageInHash(hash) {
  const id = new URLSearchParams(hash.replace(/^#/, "")).get("image") ?? "";
  return id === "" || id.includes("%") ? null : id; // a % is left where its two digits are missing
}

/** The object that the address names. @param {string} hash */
export function objectInHash(hash) {
  const id = Number(new URLSearchParams(hash.replace(/^#/, "")).get("object") ?? Number.NaN);
  return Number.isInteger(id) && id > 0 ? id : null;
}

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, queue: any, drafting: any, fail: (error: any, retry?: () => void) => void}} options
 */
export function createImages({ store, api, queue, drafting, fail }) {
  let listing = 0;
  let opening = 0;
  let stopped = false;
  let opened = -Infinity;
  let fetching = 0;
  store.watch((state) => [state.painted, state.list.items], ({ painted }) => { if (painted) void fetchAhead(); });

  const path = (/** @type {string} */ rest) => `/projects/${encodeURIComponent(store.get().project?.id ?? "")}${rest}`;

  async function loadProject() {
    const { items } = await api.get("/projects");
    store.update(projectLoaded, items[0]);
    return items[0];
  }

  /** The whole list, page by page; what is shown stays until the new first page is there. */
  async function loadList() {
    const mine = ++listing;
    const { status, query } = store.get().list;
    /** @type {import("./store.js").ImageItem[]} */
    let items = [];
    let cursor = null;
    do {
      const words = new URLSearchParams({ limit: String(items.length === 0 ? FIRST_PAGE : PAGE) });
      if (status !== "") words.set("status", status);
      if (query !== "") words.set("query", query);
      if (cursor !== null) words.set("cursor", cursor);
      const page = await api.get(path(`/images?${words}`));
      if (mine !== listing) return;
      items = [...items, ...page.items];
      cursor = page.cursor;
      const shown = store.get().list;
      const growing = cursor !== null && shown.complete && shown.items.length > items.length;
      if (!growing) store.update(merge, { list: { ...shown, items, complete: cursor === null } });
    } while (cursor !== null);
  }

  /** While the server looks through the folder the list grows. */
  async function follow() {
    let listed = -1;
    const began = performance.now();
    while (!stopped) {
      const project = await loadProject();
      const early = performance.now() - began < PATIENCE_MS;
      const { total, broken } = project.counts;
      const known = total + broken;
      if (known !== listed) {
        listed = known;
        await loadList();
      }
      const scanning = project.scan.state === "scanning";
      if (!scanning || !early || project.last_image !== null || imageInHash(location.hash) !== null) await openSomething();
      if (!scanning) return;
      await new Promise((resolve) => setTimeout(resolve, early ? FIRST_POLLS_MS : SCAN_POLL_MS));
    }
  }

  async function openSomething() {
    const { image, opening: coming, failure, project, list } = store.get();
    if (image !== null || coming !== null || failure !== null || project === null) return;
    const last = list.items.find((item) => item.id === project.last_image)?.problem === null ? project.last_image : null;
    const named = imageInHash(location.hash) ?? last;
    const readable = list.items.filter((item) => item.problem === null);
    const first = readable.find((item) => item.state === "todo" || item.state === "in_progress") ?? readable[0];
    const wanted = named ?? first?.id ?? null;
    if (wanted !== null) await open(wanted);
  }

  /** @param {string} id */
  async function open(id) {
    const mine = ++opening;
    drafting.forget();
    store.update(imageOpening, id);
    if (imageInHash(location.hash) !== id) history.replaceState(null, "", `#image=${encodeURIComponent(id)}`);
    const problem = store.get().list.items.find((item) => item.id === id)?.problem ?? null;
    if (problem !== null) {
      // The list has said why. The file may be back since.
      store.update(merge, { opening: null, failure: { id, message: problem, retry: false } });
      const now = await api.get(`/images/${encodeURIComponent(id)}`).catch(() => null);
      if (mine !== opening || now === null || now.problem !== null) return;
      store.update(itemChanged, now);
      store.update(imageOpening, id);
    }
    await queue.whenEmpty(id);
    if (mine !== opening) return;
    try {
      const image = await api.get(`/images/${encodeURIComponent(id)}`);
      if (mine !== opening) return;
      queue.know(image);
      store.update(imageLoaded, image);
      if (image.problem !== null) {
        store.update(merge, { image: null, failure: { id, message: image.problem, retry: false } });
        return;
      }
      void embed(id, mine);
      drafting.resume(null);
    } catch (/** @type {any} */ error) {
      if (mine !== opening) return;
      store.update(merge, { opening: null, failure: { id, message: error.message, retry: error.status !== 404 } });
      if (error.passing === true) void openWhenBack(id, mine);
    }
  }

  /** Say why a picture did not arrive: its file may be gone. @param {string} id */
  async function explain(id) {
    const image = await api.get(`/images/${encodeURIComponent(id)}`).catch(() => null);
    if (image === null || image.problem === null || store.get().failure?.id !== id) return;
    store.update(merge, { failure: { id, message: image.problem, retry: true } });
    await loadList().catch(() => undefined);
  }

  /** The server was away: open the image as soon as it answers, unless another one was chosen meanwhile. @param {string} id @param {number} mine */
  async function openWhenBack(id, mine) {
    while (mine === opening && !stopped) {
      await new Promise((resolve) => setTimeout(resolve, AWAY_POLL_MS));
      const back = await loadProject().then(() => true, () => false);
      if (back && mine === opening) return void open(id);
    }
  }

  /** Make clicks on the image quick, and after that those on the images that come next. @param {string} id @param {number} mine */
  async function embed(id, mine) {
    store.update(merge, { embedding: "preparing", waiting: null, trouble: null });
    const passing = performance.now() - opened < PASSING_MS;
    opened = performance.now();
    if (passing) await new Promise((resolve) => setTimeout(resolve, PASSING_MS));
    if (mine !== opening) return;
    const { model, project } = store.get();
    void tellProgress(id, mine, model);
    const next = coming(project?.prefetch ?? 0);
    try {
      const ask = () => api.send("POST", `/images/${encodeURIComponent(id)}/embed`, { model, ahead: next.map((item) => item.id) });
      const reply = await patiently(ask, () => mine === opening && !stopped);
      if (reply?.encoded === true) store.update(merge, { encodeMs: reply.ms }); // how long the next one is likely to take
      if (mine === opening) store.update(merge, { embedding: "ready", waiting: null });
    } catch (/** @type {any} */ error) {
      if (mine !== opening || error.code === "superseded") return;
      const retry = () => { if (mine === opening) void embed(id, mine); };
      store.update(merge, { embedding: "failed", waiting: null, trouble: { message: error.message, retry } });
    }
  }

  /** While an image is prepared: whether it waits for others or is worked at. @param {string} id @param {number} mine @param {string | null} model */
  async function tellProgress(id, mine, model) {
    const query = model === null ? "" : `?model=${encodeURIComponent(model)}`;
    const isOver = () => mine !== opening || stopped || store.get().embedding !== "preparing";
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      if (isOver()) return;
      const found = await api.get(`/images/${encodeURIComponent(id)}/embed${query}`).catch(() => null);
      if (found !== null && !isOver()) store.update(merge, { waiting: { queued: found.state !== "encoding", ahead: found.ahead } });
    }
  }

  /** The images that can be shown on one side of the open one, the nearest first. @param {1 | -1} way @param {number} count */
  function beside(way, count) {
    const { list, image, opening: coming, failure } = store.get();
    const here = image?.id ?? coming ?? failure?.id;
    let index = list.items.findIndex((item) => item.id === here);
    if (index < 0 && way === -1) index = list.items.length;
    /** @type {import("./store.js").ImageItem[]} */
    const found = [];
    for (index += way; found.length < count && index >= 0 && index < list.items.length; index += way) {
      const item = list.items[index];
      if (item !== undefined && item.problem === null) found.push(item);
    }
    return found;
  }

  /** @param {1 | -1} way @returns {import("./store.js").ImageItem | null} the next image that can be shown */
  const neighbour = (way) => beside(way, 1)[0] ?? null;

  /** What is likely to be opened next: the images that follow in the list, then the one before. @param {number} count of those that follow */
  const coming = (count) => count === 0 ? [] : [...beside(1, count), ...beside(-1, 1)];

  /** Have the pictures ready that are likely next, one after the other, and let go of all others. */
  async function fetchAhead() {
    const wanted = coming(PICTURES - 1).map((item) => `${API}/images/${encodeURIComponent(item.id)}/pixels`);
    const mine = ++fetching;
    keepPictures(wanted);
    for (const url of wanted) if (mine === fetching && !stopped) await fetchPicture(url);
  }

  /** Come to the state of the server again, without disturbing what is being done. */
  async function refresh() {
    const { image, draft } = store.get();
    if (image === null || queue.pending > 0 || drafting.busy) return;
    try {
      const fresh = await api.get(`/images/${encodeURIComponent(image.id)}`);
      if (store.get().image !== image || store.get().draft !== draft || queue.pending > 0) return;
      queue.know(fresh);
      store.update(imageLoaded, { ...fresh, pixels: image.pixels });
      drafting.resume(draft);
      await loadProject();
    } catch (/** @type {any} */ error) {
      if (error.status !== 0) fail(error);
    }
  }

  /** `refresh` as soon as nothing is on its way to the server; somebody else changed the image. */
  async function refreshWhenIdle() {
    const { image } = store.get();
    while (!stopped && image !== null && store.get().image?.id === image.id) {
      if (queue.pending === 0 && !drafting.busy) return refresh();
      await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
    }
    return undefined;
  }

  /** @param {Iterable<File>} files */
  async function upload(files) {
    const all = [...files];
    let added = null;
    for (const [done, file] of all.entries()) {
      const show = (/** @type {number} */ part) => store.update(merge, { upload: { name: file.name, part, done, total: all.length } });
      show(0);
      try {
        const { items } = await api.upload(path("/images"), file, show);
        added ??= items[0];
      } catch (error) {
        fail(error);
      }
    }
    store.update(merge, { upload: null });
    await loadProject();
    await loadList();
    if (added !== null && store.get().image === null) await open(added.id);
  }

  /** @param {string} state */
  function mark(state) {
    const { image } = store.get();
    if (image === null) return;
    store.update(imageMarked, state);
    queue.add({ kind: "state", image: image.id, key: `state:${image.id}`, body: { state } });
  }

  return {
    follow, open, explain, refresh, refreshWhenIdle, upload, mark, loadProject, loadList,
    /** The model is another one now: what is open is made ready for it. */
    embedAgain() {
      const { image } = store.get();
      if (image !== null) void embed(image.id, opening);
    },
    /** @param {1 | -1} way */
    go(way) {
      const item = neighbour(way);
      if (item !== null) void open(item.id);
      return item !== null;
    },
    /** The next image that nobody has labelled yet. */
    goUnlabelled() {
      const item = beside(1, Infinity).find((other) => other.objects === 0 && other.state === "todo");
      if (item !== undefined) void open(item.id);
      return item !== undefined;
    },
    /** Resolves when the image that was chosen last is there, or can't be. @returns {Promise<void>} */
    async whenOpen() {
      while (store.get().opening !== null) await new Promise((resolve) => setTimeout(resolve, 20));
    },
    /** Say that the image is finished, and go on. A finished one is opened again instead. */
    markAndGo() {
      const { image, objects } = store.get();
      if (image === null) return;
      if (image.state === "done" || image.state === "empty") {
        mark(objects.length === 0 ? "todo" : "in_progress");
        return;
      }
      mark(objects.length === 0 ? "empty" : "done");
      const next = neighbour(1);
      if (next !== null) void open(next.id);
    },
    /** @param {{status?: string, query?: string}} parts */
    filter(parts) {
      const { list } = store.get();
      store.update(merge, { list: { ...list, ...parts, complete: false } });
      return loadList().catch(fail);
    },
    stop: () => { stopped = true; },
  };
}
