/**
 * What people do, on its way to the server's disk: first in, first out, one at a time, kept in the browser's storage until
 * the server has said that it is saved, tried again while the server is away, replayed after a reload.
 *
 * A write names what it is about by `key`. Revisions, and the ids of objects that the server had not numbered yet, are
 * filled in when it is sent, from what the server said last (`truth`).
 *
 * @typedef {"put-draft" | "drop-draft" | "accept" | "add" | "patch" | "delete" | "state"} Kind
 * @typedef {{kind: Kind, image: string, key: string, body: {[name: string]: unknown}, object?: number}} Write
 * @typedef {{drafts: {[image: string]: number | null}, objects: {[id: string]: number}, ids: {[temporary: string]: number}}} Truth
 * @typedef {{getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void}} Storage
 * @typedef {{phase: "idle" | "saving" | "offline", pending: number, message: string | null}} Progress
 */

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;
const TRIES_AT_ERRORS = 4;

/** @returns {Truth} */
export const nothingKnown = () => ({ drafts: {}, objects: {}, ids: {} });

/**
 * The request that a write is, or null when there is nothing to do (any more).
 * @param {Write} write @param {Truth} truth
 * @returns {{method: string, path: string, body: unknown} | null}
 */
export function toRequest(write, truth) {
  const image = `/images/${encodeURIComponent(write.image)}`;
  const revision = truth.drafts[write.image] ?? null;
  switch (write.kind) {
    case "put-draft": return { method: "PUT", path: `${image}/draft`, body: { ...write.body, ...refined(write, truth), revision } };
    case "drop-draft": return revision === null ? null : { method: "DELETE", path: `${image}/draft`, body: { revision } };
    case "accept":
    case "add": return { method: "POST", path: `${image}/annotations`, body: write.body };
    case "state": return { method: "PATCH", path: image, body: write.body };
    default: return aboutObject(write, truth);
  }
}

/** The object that a draft refines, by the number it has by now, as it was seen. @param {Write} write @param {Truth} truth */
function refined(write, truth) {
  const replaces = /** @type {number | null | undefined} */ (write.body["replaces"]);
  if (replaces == null) return {};
  const id = truth.ids[replaces] ?? replaces;
  const seen = truth.objects[id];
  return seen === undefined ? { replaces: id } : { replaces: id, replaces_revision: seen };
}

/** @param {Write} write @param {Truth} truth */
function aboutObject(write, truth) {
  const id = write.object === undefined ? undefined : truth.ids[write.object] ?? write.object;
  const revision = id === undefined ? undefined : truth.objects[id];
  // An object that never came to be (its accept was refused) has nothing to change.
  if (id === undefined || revision === undefined) return null;
  return { method: write.kind === "patch" ? "PATCH" : "DELETE", path: `/annotations/${id}`, body: { ...write.body, revision } };
}

/**
 * What is known after the server's reply to a write.
 * @param {Truth} truth @param {Write} write @param {any} reply
 * @returns {Truth}
 */
export function learn(truth, write, reply) {
  const drafts = { ...truth.drafts };
  const objects = { ...truth.objects };
  const ids = { ...truth.ids };
  if (write.kind === "put-draft") drafts[write.image] = reply.draft.revision;
  if (write.kind === "drop-draft" || write.kind === "accept") drafts[write.image] = null;
  const made = write.kind === "accept" || write.kind === "add";
  if (made || write.kind === "patch") objects[reply.annotation.id] = reply.annotation.revision;
  if (made && write.object !== undefined) ids[write.object] = reply.annotation.id;
  return { drafts, objects, ids };
}

/** Whether two writes are about the same thing. @param {Write} one @param {Write} other */
const related = (one, other) => one.key === other.key || (one.object !== undefined && one.object === other.object);

/** Whether an object is as a write wants it. @param {Write} write @param {any} object */
const isAsWanted = (write, object) => object !== null && Object.entries(write.body).every(([field, value]) => object[field] === value);

/**
 * @param {{send: (request: {method: string, path: string, body: unknown}) => Promise<any>, storage: Storage, name: string,
 *   onSaved: (write: Write, reply: any, more: boolean) => void, onRefused: (write: Write, error: any, dropped: Write[]) => void,
 *   onProgress: (progress: Progress) => void, look: (image: string, object: number) => Promise<any>, hold?: () => Promise<void>, later?: (run: () => void, ms: number) => unknown}} options
 *   look: an object as the server has it now, or null;
 *   hold: a draft is sent when this resolves (it is in the storage already): the server's cores are for the mask first;
 *   onSaved: reply is null when there was nothing to do; more: whether other writes about the same thing still wait
 */
export function createWriteQueue({ send, storage, name, onSaved, onRefused, onProgress, look, hold = () => Promise.resolve(), later = setTimeout }) {
  /** @type {Write[]} */
  let writes = [];
  let truth = nothingKnown();
  let sending = false;
  /** @type {string | null} why the first write could not be sent */
  let trouble = null;
  let tries = 0;
  /** Whether an earlier page may have sent the first write already. */
  let replayed = false;
  /** Counts rounds, so that a timer of an earlier one does nothing. */
  let round = 0;
  /** @type {{image: string | null, resolve: () => void}[]} */
  let waiters = [];

  const isPending = (/** @type {string | null} */ image) => writes.some((write) => image === null || write.image === image);

  function journal() {
    try {
      if (writes.length === 0) storage.removeItem(name);
      else storage.setItem(name, JSON.stringify({ writes, truth, at: Date.now() }));
    } catch {
      // Storage is full or forbidden. The write still goes to the server; only a crash in between would lose it.
    }
  }

  function report() {
    onProgress({ phase: writes.length === 0 ? "idle" : trouble === null ? "saving" : "offline", pending: writes.length, message: trouble });
    const done = waiters.filter((waiter) => !isPending(waiter.image));
    waiters = waiters.filter((waiter) => !done.includes(waiter));
    for (const waiter of done) waiter.resolve();
  }

  async function pump() {
    const write = writes[0];
    if (sending || write === undefined) return;
    sending = true;
    if (write.kind === "put-draft") await hold();
    const request = toRequest(write, truth);
    let reply = null;
    try {
      if (request !== null) reply = await send(request);
    } catch (error) {
      const done = await sentBefore(write, error);
      if (done === null) failed(write, error);
      else saved(write, { annotation: done });
      return;
    }
    saved(write, reply);
  }

  /**
   * A change that was sent before, whose reply was lost, finds its own effect as a conflict. Everything else that is sent
   * twice gets the same reply twice.
   * @param {Write} write @param {any} error @returns {Promise<any>} the object, or null when it is a real conflict
   */
  async function sentBefore(write, error) {
    if (error.status !== 409 || write.kind !== "patch" || (tries === 0 && !replayed) || write.object === undefined) return null;
    try {
      const object = await look(write.image, truth.ids[write.object] ?? write.object);
      return isAsWanted(write, object) ? object : null;
    } catch {
      return null;
    }
  }

  /** Go on to the next write. @param {Write[]} rest */
  function advance(rest) {
    writes = rest;
    sending = false;
    trouble = null;
    tries = 0;
    replayed = false;
    round += 1;
    journal();
  }

  /** @param {Write} write @param {any} reply */
  function saved(write, reply) {
    if (reply !== null) truth = learn(truth, write, reply);
    advance(writes.slice(1));
    onSaved(write, reply, writes.some((other) => related(other, write)));
    report();
    void pump();
  }

  /** @param {Write} write @param {any} error */
  function failed(write, error) {
    if (error.final === true) {
      advance([]); // nobody is there to save it for
      report();
      return;
    }
    if (write.kind === "delete" && error.status === 404) {
      saved(write, null); // an earlier try got through, its reply did not
      return;
    }
    tries += 1;
    if (error.passing === true || (error.status >= 500 && tries < TRIES_AT_ERRORS)) {
      trouble = error.message;
      report();
      const mine = round;
      const pause = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(8, tries - 1));
      later(() => retry(mine), (error.retryAfter ?? 0) * 1000 || pause);
      return;
    }
    // What was built on a refused write can't hold either.
    const dropped = writes.slice(1).filter((other) => related(other, write));
    advance(writes.slice(1).filter((other) => !related(other, write)));
    onRefused(write, error, dropped);
    report();
    void pump();
  }

  /** @param {number} mine */
  function retry(mine) {
    if (mine !== round || trouble === null || !sending) return;
    round += 1;
    sending = false;
    void pump();
  }

  return {
    /** @param {Write} write */
    add(write) {
      writes = [...writes, write];
      journal();
      report();
      void pump();
    },
    /** Take up what an earlier page left behind. @param {{writes: Write[], truth: Truth}} left */
    replay(left) {
      truth = {
        drafts: { ...left.truth.drafts, ...truth.drafts },
        objects: { ...left.truth.objects, ...truth.objects },
        ids: { ...left.truth.ids, ...truth.ids },
      };
      replayed = writes.length === 0;
      writes = [...writes, ...left.writes];
      journal();
      report();
      void pump();
    },
    /** Remember the revisions of an image as the server has it now. @param {{id: string, draft: any, annotations: any[]}} image */
    know(image) {
      const objects = { ...truth.objects };
      for (const annotation of image.annotations) objects[annotation.id] = annotation.revision;
      truth = { ...truth, objects, drafts: { ...truth.drafts, [image.id]: image.draft?.revision ?? null } };
    },
    /** Try again now instead of after the pause. */
    nudge: () => retry(round),
    /** Resolves when everything (about one image) is saved. @param {string | null} [image] @returns {Promise<void>} */
    whenEmpty(image = null) {
      if (!isPending(image)) return Promise.resolve();
      return new Promise((resolve) => { waiters.push({ image, resolve }); });
    },
    get pending() {
      return writes.length;
    },
  };
}
