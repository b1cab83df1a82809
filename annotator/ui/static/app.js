/** Puts the page together: state, server, panels, canvas, keys. `mount` is what Gradio's component calls. */

import { createApi } from "./api.js";
import { createCrosshair } from "./canvas/crosshair.js";
import { createSurface } from "./canvas/surface.js";
import { createCombining } from "./combining.js";
import { createConflicts } from "./conflicts.js";
import { createDrafting, freshId } from "./drafting.js";
import { h } from "./dom.js";
import { createHand } from "./hand.js";
import { createHover } from "./hover.js";
import { createImages } from "./images.js";
import { adoptJournals, claimTab } from "./journal.js";
import { listen } from "./keyboard.js";
import { showHints } from "./keyHints.js";
import { actionsOf } from "./keymap.js";
import { createObjects } from "./objects.js";
import { createActions, onIntent } from "./actions.js";
import { announcer } from "./panels/announcer.js";
import { candidateStrip } from "./panels/candidates.js";
import { categoryList } from "./panels/categories.js";
import { imageList } from "./panels/imageList.js";
import { objectList } from "./panels/objectList.js";
import { categoryPalette } from "./panels/palette.js";
import { handTools } from "./panels/handTools.js";
import { shortcutSheet } from "./panels/shortcuts.js";
import { stage } from "./panels/stage.js";
import { statusBar, toasts, viewSettings } from "./panels/status.js";
import { createLinks } from "./links.js";
import { createLive } from "./live.js";
import { createModels } from "./models.js";
import { remembered, rememberView } from "./remember.js";
import { heard, refusalOf, whoAmI } from "./person.js";
import { createScene } from "./scene.js";
import { createStore, initialState, imageMarked, merge, objectNumbered, objectSaved, toastAdded, toastGone } from "./store.js";
import { createWriteQueue } from "./writes.js";

const TOAST_MS = 7000;
const COUNTS_MS = 300;
const CURSOR = new Set(["cursor"]);
/** How long saving a draft waits at most for the mask that people wait for. */
const HOLD_MS = 300;

/**
 * @param {HTMLElement} element an empty place that fills the window below the header
 */
export async function mount(element) {
  if (element.dataset["mounted"] !== undefined) return;
  element.dataset["mounted"] = "";
  element.classList.add("ann-root");
  const store = createStore({ ...initialState(), ...remembered() });
  const client = freshId();
  const me = await whoAmI();
  const api = createApi({ client, me, heard });
  const feedback = createFeedback(store);
  const journal = await claimTab(me);

  const queue = createWriteQueue({
    send: ({ method, path, body }) => api.send(method, path, body, { timeout: 60_000 }),
    look: async (image, object) => {
      const { annotations } = await api.get(`/images/${encodeURIComponent(image)}`);
      return annotations.find((/** @type {{id: number}} */ annotation) => annotation.id === object) ?? null;
    },
    hold: () => Promise.race([drafting.whenAnswered(), new Promise((resolve) => setTimeout(resolve, HOLD_MS))]),
    storage: localStorage, name: journal,
    onProgress: ({ phase, pending, message }) => store.update((state) => ({ ...state, saving: { ...state.saving, phase, pending, message } })),
    onSaved: (write, reply, more) => { applySaved(store, feedback.tell, write, reply, more); recount(); },
    onRefused: (write, error) => void conflicts.settle(write, error).then((settled) => {
      if (settled) return;
      feedback.fail(error);
      if (store.get().image?.id === write.image) void images.open(write.image);
    }),
  });
  const drafting = createDrafting({
    store, api, add: queue.add, fail: feedback.fail, needCategory: () => store.update(merge, { naming: "accept" }),
  });
  const hover = createHover({
    store, ask: (image, body) => api.send("POST", `/images/${encodeURIComponent(image)}/predict`, body, { timeout: 5_000 }),
    isPressed: () => surface.isBusy(),
  });
  const objects = createObjects({ store, api, queue, drafting, fail: feedback.fail, tell: feedback.tell });
  const hand = createHand({ store, api, drafting, objects, fail: feedback.fail, tell: feedback.tell });
  const combining = createCombining({ store, api, queue, drafting, objects, fail: feedback.fail, tell: feedback.tell });
  const images = createImages({ store, api, queue, drafting, fail: feedback.fail });
  const conflicts = createConflicts({ store, images, objects, drafting, fail: feedback.fail, tell: feedback.tell });
  const live = createLive({ store, api, client, images });
  const models = createModels({ store, api, fail: feedback.fail, changed: () => { images.embedAgain(); drafting.askAgain(); } });
  let timer = 0;
  const recount = () => { clearTimeout(timer); timer = window.setTimeout(() => images.loadProject().catch(() => undefined), COUNTS_MS); };

  const sheet = shortcutSheet({ store, firstSteps: () => store.update(merge, { hint: true }) });
  const actions = createActions({ store, live, drafting, api, objects, images, hand, combining, cleanUp: () => tools.toggleMenu(), sheet, ...feedback, surface: () => surface, search: () => list.search });
  const list = imageList({ store, open: images.open, filter: images.filter, addFiles: images.upload });
  const strip = candidateStrip({ store, choose: drafting.choose });
  const middle = stage({
    store, run: actions.run, dismissHint: actions.dismissHint, addFiles: images.upload, chooseFiles: list.choose,
    reopen: images.open, strip: strip.element,
  });
  const surface = createSurface(middle.host, onIntent({ store, refusal: () => refusalOf(me), tell: feedback.tell, explain: images.explain, drafting, objects, combining, hover, hand, surface: () => surface, showScale: middle.showScale, sayCursor: (...place) => said.cursor(...place) }));
  const said = announcer({ store });
  const crosshair = createCrosshair(middle.host);
  store.watch((state) => [state.view.crosshair], ({ view }) => crosshair.show(view.crosshair));
  const tools = handTools({ store, run: actions.run, look: hand.look, combining, leave: () => middle.host.focus() });
  middle.host.after(tools.element);
  const palette = categoryPalette({ store, choose: actions.chooseCategory, add: actions.addCategory, leave: () => middle.host.focus() });
  const scene = createScene({ store, surface });
  element.replaceChildren(h("div", { class: "ann-app" }, list.element, middle.element,
    h("aside", { class: "ann-side" },
      categoryList({ store, choose: actions.chooseCategory, add: actions.addCategory, change: actions.changeCategory, remove: actions.removeCategory }).element,
      objectList({ store, verbs: objects }).element, viewSettings({ store, setLocal: drafting.setLocal }).element),
    statusBar({ store, help: sheet.toggle, models, leave: () => middle.host.focus() }).element),
  toasts({ store, close: (id) => store.update(toastGone, id) }).element, sheet.element, palette.element, said.element);

  // The mouse must not leave a button focused: the next Space or Enter is for the canvas.
  element.addEventListener("mousedown", (event) => {
    if (event.target instanceof Element && event.target.closest("button, [role=option], [role=radio]:not(input)") && !event.target.closest("input, select")) event.preventDefault();
  });
  // A ring around the canvas helps only those who get there by Tab.
  element.addEventListener("pointerdown", () => element.classList.remove("by-keyboard"), true);
  element.addEventListener("keydown", (event) => { if (event.key === "Tab") element.classList.add("by-keyboard"); }, true);
  rememberView(store);
  store.watch((state) => [state.keys], ({ keys }) => showHints(element, keys));
  listen({
    target: window, active: () => element.checkVisibility() && !sheet.open && !store.get().palette, run: actions.onKey,
    actionsOf: (event) => actionsOf(store.get().keys, event, surface.cursor.on ? CURSOR : undefined),
  });
  window.addEventListener("focus", () => { queue.nudge(); void images.refresh(); });
  window.addEventListener("online", () => queue.nudge());
  createLinks({ store, images, look: (bbox) => surface.lookAt(bbox) });
  store.watch((state) => [state.project?.name, state.list.items.length], ({ project }) => {
    if (project === null) return;
    const title = document.querySelector("[data-annotator-project]");
    if (title !== null) title.textContent = project.name;
    document.title = `${project.name} – annotator`;
  });
  expose({ store, queue, drafting, objects, combining, surface, scene });
  adoptJournals(journal, queue.replay);
  void models.start();
  await start(images, store, feedback);
}

/** @param {any} images @param {import("./store.js").Store} store @param {ReturnType<typeof createFeedback>} feedback */
async function start(images, store, feedback) {
  try {
    await images.follow();
  } catch (/** @type {any} */ error) {
    feedback.fail(error, () => void start(images, store, feedback));
  }
}

/** @param {import("./store.js").Store} store */
function createFeedback(store) {
  let last = 0;
  /** @param {"error" | "info"} kind @param {string} text @param {(() => void) | null} retry */
  const toast = (kind, text, retry) => {
    const id = ++last;
    store.update(toastAdded, { id, kind, text, retry });
    if (retry === null) window.setTimeout(() => store.update(toastGone, id), TOAST_MS);
  };
  return {
    /** @param {any} error @param {() => void} [retry] */
    fail(error, retry) {
      if (error.status === undefined) throw error;
      if (error.final === true) return; // the page is over, and says so
      toast("error", error.message, retry ?? null);
    },
    /** @param {string} text */
    tell: (text) => toast("info", text, null),
  };
}

/** @param {import("./store.js").Store} store @param {(text: string) => void} tell @param {import("./writes.js").Write} write @param {any} reply @param {boolean} more */
function applySaved(store, tell, write, reply, more) {
  if (reply === null) return;
  const saved = reply.saved ?? new Date().toISOString();
  store.update((state) => ({ ...state, saving: { ...state.saving, saved } }));
  if (store.get().image?.id !== write.image) return;
  if (reply.history !== undefined && !more) store.update(merge, { history: reply.history });
  const cut = write.kind === "accept" ? reply.annotation?.provenance?.cut ?? 0 : 0;
  if (cut > 0) tell(`No overlap: ${cut.toLocaleString("en")} ${cut === 1 ? "pixel stays" : "pixels stay"} with other objects.`);
  if (write.object !== undefined && reply.annotation !== undefined) store.update(more ? objectNumbered : objectSaved, write.object, reply.annotation);
  if (write.kind === "state") store.update(imageMarked, reply.state);
}

/** What tests and benchmarks look at. @param {{store: import("./store.js").Store, queue: any, drafting: any, objects: any, combining: any, surface: any, scene: any}} parts */
function expose({ store, queue, drafting, objects, combining, surface, scene }) {
  const state = () => {
    const { draft, ...rest } = store.get();
    const mask = draft?.candidates[draft.chosen] ?? null;
    return { ...rest, draft: draft === null ? null : { ...draft, mask } };
  };
  const settled = () => {
    const { image, opening, painted } = store.get();
    return queue.pending === 0 && !drafting.busy && opening === null && (image === null || painted);
  };
  const whenIdle = async () => {
    do {
      await objects.whenIdle();
      await combining.whenIdle();
      await queue.whenEmpty();
      await drafting.whenIdle();
      await new Promise((resolve) => setTimeout(resolve, 0));
      await surface.whenPainted();
    } while (!settled());
  };
  Object.assign(window, { annotator: { state, whenIdle, toScreen: (/** @type {number} */ x, /** @type {number} */ y) => scene.toClient(x, y) } });
}
