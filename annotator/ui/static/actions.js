/** What keys, buttons and the canvas ask for, as verbs. */

import { hintSeen } from "./remember.js";
import { previews } from "./hover.js";
import { categoryChosen, merge, setView } from "./store.js";

/** How long Space is held before the masks are hidden: who only pans should not see them flicker. */
const COMPARE_MS = 180;
/** How far a key moves the keyboard's cursor, in CSS pixels; four times as far while it is held. */
const CURSOR_STEP = 8;
/** What makes or changes masks; the rest only looks. */
const CHANGES = new Set(["add-point", "move-point", "remove-point", "set-box", "hover", "stroke", "lasso", "polygon", "outline", "remove-box"]);
const TELL_AGAIN_MS = 5000;
/** @type {{[key: string]: [number, number]}} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {{store: import("./store.js").Store, api: import("./api.js").Api, live: ReturnType<typeof import("./live.js").createLive>, drafting: any, objects: any, images: any, hand: ReturnType<typeof import("./hand.js").createHand>,
 *   combining: ReturnType<typeof import("./combining.js").createCombining>, cleanUp: () => void, sheet: any,
 *   fail: (error: any) => void, tell: (text: string) => void, surface: () => any, search: () => HTMLElement}} parts
 */
export function createActions({ store, api, live, drafting, objects, images, hand, combining, cleanUp, sheet, fail, tell, surface, search }) {
  const categoriesPath = () => `/projects/${encodeURIComponent(store.get().project?.id ?? "")}/categories`;

  /** @param {string} method @param {string} path @param {unknown} body */
  async function changeProject(method, path, body) {
    try {
      const reply = await api.send(method, path, body, { timeout: 20_000 });
      await images.loadProject();
      return reply ?? true;
    } catch (error) {
      fail(error);
      return null;
    }
  }

  /** A category is for what comes next; with an object selected and nothing being made it is for that object. @param {number} id */
  function chooseCategory(id) {
    const { selected, draft } = store.get();
    if (draft !== null && draft.replaces !== null) return drafting.setCategory(id);
    if (selected !== null && draft === null) objects.relabel(selected, id);
    store.update(categoryChosen, id);
  }

  /** @param {(id: number) => void} verb */
  function onSelected(verb) {
    const { selected } = store.get();
    if (selected === null) return false;
    verb(selected);
    return true;
  }

  function dismissHint() {
    hintSeen();
    store.update(merge, { hint: false });
  }

  /** Take a tool up, or lay it down again. @param {"brush" | "eraser" | "lasso" | "polygon"} tool */
  function takeUp(tool) {
    const { view } = store.get();
    store.update(setView, { tool: view.tool === tool ? "prompt" : tool });
    return true;
  }

  function accept() {
    const { draft } = store.get();
    if (surface().closePolygon() || combining.apply() || hand.apply()) return true;
    if (draft === null) return false;
    drafting.accept();
    if (store.get().draft === null) dismissHint();
    return true;
  }

  function discard() {
    const { draft, selected, view } = store.get();
    if (hand.drop()) return true;
    if (view.tool !== "prompt") store.update(setView, { tool: "prompt" });
    else if (draft !== null) drafting.discard();
    else if (selected !== null) objects.select(null);
    else if (surface().cursor.on) surface().cursor.toggle();
    else return false;
    return true;
  }

  /** @param {"outline" | "overlays" | "isolate" | "crosshair" | "quick" | "noOverlap" | "showPrompts" | "detail"} name */
  const flip = (name) => done(store.update(setView, { [name]: !store.get().view[name] }));

  /** @param {"opacity" | "outlineWidth"} name @param {number} by @param {number} least @param {number} most */
  const adjust = (name, by, least, most) => {
    const value = Math.min(most, Math.max(least, store.get().view[name] + by));
    store.update(setView, { [name]: Math.round(value * 100) / 100 });
  };

  /** Copy to the next image that can be shown, and go there. */
  async function copyToNext() {
    const copied = objects.copy();
    if (copied === 0) return void tell("There is no object to copy.");
    if (!images.go(1)) return void tell("This is the last image.");
    await images.whenOpen();
    objects.paste();
  }

  let timer = 0;
  /** Space is held: the hand pans, and after a moment without a drag the masks are hidden. @param {boolean} down */
  function hold(down) {
    clearTimeout(timer);
    store.update(setView, { comparing: false });
    if (down) timer = window.setTimeout(() => { if (!surface().isBusy()) store.update(setView, { comparing: true }); }, COMPARE_MS);
  }

  /** @param {KeyboardEvent | undefined} event an arrow @param {number} step in CSS pixels */
  function moveCursor(event, step) {
    const [dx, dy] = ARROWS[event?.key ?? ""] ?? [0, 0];
    surface().cursor.move(dx * step, dy * step);
  }

  /** An image that nobody else is at. */
  async function goToFree() {
    try {
      images.open((await live.next()).id);
    } catch (/** @type {any} */ error) {
      if (error.status === 404) tell(error.message);
      else fail(error);
    }
  }

  const isAmbiguous = () => (store.get().draft?.candidates.length ?? 0) > 1;
  const done = (/** @type {unknown} */ _) => true;

  /** Each says whether the key is used up. @type {{[action: string]: (event?: KeyboardEvent) => boolean}} */
  const verbs = {
    accept, discard,
    nextCandidate: () => isAmbiguous() && done(drafting.nextCandidate()),
    previousCandidate: () => isAmbiguous() && done(drafting.previousCandidate()),
    undo: () => surface().takeBackVertex() || done(objects.step("undo")),
    redo: () => done(objects.step("redo")),
    category: (event) => {
      const category = store.get().project?.categories[Number(event?.key) - 1];
      return category !== undefined && done(chooseCategory(category.id));
    },
    refine: () => store.get().draft === null && onSelected(objects.refine),
    lookCloser: () => {
      if (store.get().draft === null) return false;
      const [x0, y0, x1, y1] = surface().inSight();
      return x1 - x0 >= 1 && y1 - y0 >= 1 && done(drafting.lookAt([x0, y0, x1, y1]));
    },
    brush: () => takeUp("brush"),
    eraser: () => takeUp("eraser"),
    lasso: () => takeUp("lasso"),
    polygon: () => takeUp("polygon"),
    smallerBrush: () => done(hand.resize(1 / 1.25)),
    largerBrush: () => done(hand.resize(1.25)),
    cleanUp: () => done(cleanUp()),
    palette: () => done(store.update(merge, { palette: true })),
    lastCategory: () => {
      const { category, lastCategories, project } = store.get();
      const before = lastCategories.find((id) => id !== category && project?.categories.some((other) => other.id === id));
      return before !== undefined && done(chooseCategory(before));
    },
    copy: () => {
      if (getSelection()?.isCollapsed === false) return false;
      const count = objects.copy();
      return count > 0 && done(tell(count === 1 ? "1 object copied." : `${count} objects copied.`));
    },
    paste: () => objects.paste(),
    copyToNext: () => done(copyToNext()),
    nextUnlabelled: () => images.goUnlabelled() || done(tell("There is no image without objects after this one.")),
    nextFree: () => done(goToFree()),
    quick: () => flip("quick") && done(tell(store.get().view.quick ? "Quick mode: the next click or box accepts the draft." : "Quick mode is off: clicks add to the draft.")),
    toggleHover: () => done(store.update(setView, { hover: previews(store.get()) ? "off" : "on" })),
    isolate: () => flip("isolate"),
    noOverlap: () => flip("noOverlap") && done(tell(store.get().view.noOverlap ? "No overlap: accepted masks leave to other objects what is theirs." : "Masks may overlap.")),
    crosshair: () => flip("crosshair"),
    addCategory: () => done(store.update(merge, { naming: "add" })),
    deleteObject: () => surface().takeBackVertex() || onSelected(objects.remove),
    hideObject: () => onSelected(objects.toggleHidden),
    lockObject: () => onSelected(objects.toggleLocked),
    nextImage: () => images.go(1) || done(tell("This is the last image.")),
    previousImage: () => images.go(-1) || done(tell("This is the first image.")),
    mark: () => done(images.markAndGo()),
    search: () => done(search().focus()),
    fit: () => done(surface().fit()),
    zoomIn: () => done(surface().zoomIn()),
    zoomOut: () => done(surface().zoomOut()),
    actualSize: () => done(surface().actualSize()),
    toggleMasks: () => flip("overlays"),
    toggleOutline: () => flip("outline"),
    togglePrompts: () => flip("showPrompts"),
    toggleDetail: () => flip("detail"),
    toggleLocal: () => {
      const local = !store.get().view.local;
      store.update(setView, { local });
      return done(drafting.setLocal(local));
    },
    fainter: () => done(adjust("opacity", -0.05, 0, 1)),
    stronger: () => done(adjust("opacity", 0.05, 0, 1)),
    thinner: () => done(adjust("outlineWidth", -0.5, 0.5, 3)),
    thicker: () => done(adjust("outlineWidth", 0.5, 0.5, 3)),
    help: () => done(sheet.toggle()),
    cursor: () => done(surface().cursor.toggle()),
    cursorMove: (event) => done(moveCursor(event, event?.repeat ? 4 * CURSOR_STEP : CURSOR_STEP)),
    cursorNudge: (event) => done(moveCursor(event, 1)),
    cursorClick: () => done(surface().cursor.click({})),
    cursorBackground: () => done(surface().cursor.click({ shift: true })),
    cursorDrag: () => done(surface().cursor.drag()),
    cursorRemove: () => surface().cursor.isOnPrompt() && done(surface().cursor.click({ alt: true })),
  };

  return {
    chooseCategory, dismissHint,
    /** @param {import("./keyboard.js").Action} action */
    run: (action) => verbs[action]?.(),
    /** @param {import("./keyboard.js").Action} action @param {KeyboardEvent} event @param {boolean} down */
    onKey(action, event, down) {
      if (action === "pan") {
        // The canvas itself reacts to Space; only the page must not scroll or press something.
        if (!event.repeat) hold(down);
        return true;
      }
      if (action.endsWith("Candidate") && !isOnCanvas(event.target)) return false;
      if (event.repeat && (action === "accept" || action === "mark")) return true;
      return verbs[action]?.(event) ?? false;
    },
    /** @param {string} name @returns {Promise<boolean>} */
    async addCategory(name) {
      const added = await changeProject("POST", categoriesPath(), { name });
      if (added === null) return false;
      const accepting = store.get().naming === "accept";
      store.update(categoryChosen, added.id);
      store.update(merge, { naming: "no" });
      if (accepting) accept();
      return true;
    },
    /** @param {number} id @param {{name?: string, colour?: string}} parts @returns {Promise<boolean>} */
    changeCategory: async (id, parts) => await changeProject("PATCH", `${categoriesPath()}/${id}`, parts) !== null,
    /** @param {number} id */
    removeCategory: (id) => void changeProject("DELETE", `${categoriesPath()}/${id}`, {}),
  };
}

/** Tab goes through candidates only where it would not take somebody from one control to the next. @param {EventTarget | null} target */
function isOnCanvas(target) {
  return target === document.body || (target instanceof Element && target.closest(".ann-surface") !== null);
}

/**
 * What the canvas says people did there.
 * @param {{store: import("./store.js").Store, refusal: () => string | null, tell: (text: string) => void, explain: (id: string) => Promise<void>, drafting: any, objects: any, combining: ReturnType<typeof import("./combining.js").createCombining>, hover: ReturnType<typeof import("./hover.js").createHover>, hand: ReturnType<typeof import("./hand.js").createHand>, surface: () => any, showScale: (scale: number) => void,
 *   sayCursor: (x: number, y: number, object: number | null) => void}} parts
 * @returns {(intent: any) => void}
 */
export function onIntent({ store, refusal, tell, explain, drafting, objects, combining, hover, hand, surface, showScale, sayCursor }) {
  let told = -Infinity;
  return (intent) => {
    const refused = CHANGES.has(intent.type) ? refusal() : null;
    if (refused !== null) {
      if (intent.type !== "hover" && performance.now() - told > TELL_AGAIN_MS) { told = performance.now(); tell(refused); }
      return undefined;
    }
    switch (intent.type) {
      case "add-point": {
        const event = globalThis.event;
        performance.mark("annotator:click", event instanceof PointerEvent ? { startTime: event.timeStamp } : {});
        return drafting.addPoint(intent.x, intent.y, intent.label);
      }
      case "move-point": return drafting.movePoint(intent.index, intent.x, intent.y, intent.final);
      case "remove-point": return drafting.removePoint(intent.index);
      case "set-box": return drafting.setBox(intent.box, intent.final, intent.fresh);
      case "hover": return hover.move(intent.x, intent.y);
      case "hover-end": return hover.leave();
      case "stroke": return hand.stroke(intent.points, intent.erase);
      case "lasso": return hand.lasso(intent.points, intent.erase);
      case "polygon": return hand.polygon(intent.points, intent.erase);
      case "outline": return hand.outline(intent.rings, intent.region);
      case "brush-size": return hand.resize(intent.factor);
      case "remove-box": return drafting.removeBox();
      case "revert": return drafting.revert();
      case "select": return store.get().cleanup?.picking ? combining.pick(intent.id) : objects.select(intent.id);
      case "highlight": return objects.highlight(intent.id);
      case "double-click":
        if (intent.object !== null && store.get().draft === null) return objects.refine(intent.object);
        if (intent.addedPoint) drafting.takeBackPoint();
        return surface().fit();
      case "cursor": return sayCursor(intent.x, intent.y, intent.object);
      case "viewport": return showScale(intent.scale);
      case "image-ready":
        showScale(surface().viewport().scale);
        return store.update((state) => state.image?.id === intent.id ? { ...state, painted: true } : state);
      case "image-failed":
        void explain(intent.id);
        return store.update((state) => state.image?.id !== intent.id ? state : {
        ...state, image: null, failure: { id: intent.id, message: "The picture did not arrive. Check that the server runs, then try again.", retry: true },
      });
      default: return undefined;
    }
  };
}
