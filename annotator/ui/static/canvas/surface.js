/**
 * The canvas on the page: listens, asks the pure parts what it means, and paints what changed in the next frame.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./layers.js").SceneObject} SceneObject
 * @typedef {import("./layers.js").SceneDraft} SceneDraft
 * @typedef {import("./gestures.js").Hit} Hit
 * @typedef {{id: string, width: number, height: number, url: string}} SceneImage
 * @typedef {{image: SceneImage | null, objects: SceneObject[], selected: number | null, highlighted: number | null,
 *   draft: SceneDraft | null, preview: {rle: import("./rle.js").Rle, colour: string} | null, colour?: string, view: import("./layers.js").View}} Scene
 */

import { clampToImage, inSight, isInside, toImage, toScreen } from "./viewport.js";
import { Camera } from "./camera.js";
import { IDLE, step } from "./gestures.js";
import { DoubleClick } from "./doubleClick.js";
import { distance, hitAt } from "./hit.js";
import { HandTool } from "./handTool.js";
import { KeyCursor } from "./keyCursor.js";
import { LongPress } from "./longPress.js";
import { mouseShape } from "./mouseShape.js";
import { isHandTool } from "./strokes.js";
import { Stack } from "./stack.js";
import { Touches } from "./touches.js";
import { takePicture } from "../pictures.js";

/** The pointer that keys move. */
const KEYBOARD = -1;
/**
 * What a pointer says, whichever it is.
 * @typedef {{type: "down" | "move" | "up" | "hold" | "cancel", screen: Point, button: number, shift: boolean, alt: boolean,
 *   control: boolean, coarse: boolean}} Said
 */
/** @type {{[name: string]: "down" | "move" | "up" | "cancel"}} */
const TYPES = { pointerdown: "down", pointermove: "move", pointerup: "up", pointercancel: "cancel" };

/** @param {HTMLElement} host @param {(intent: import("./gestures.js").Intent) => void} onIntent */
export function createSurface(host, onIntent) {
  const surface = new Surface(host, onIntent);
  return {
    /** @param {Scene} scene */
    render: (scene) => surface.render(scene),
    fit: () => surface.camera.fit(),
    zoomIn: () => surface.camera.zoomBy(1.5),
    zoomOut: () => surface.camera.zoomBy(1 / 1.5),
    actualSize: () => surface.camera.zoomBy(1 / surface.view.scale),
    /** The pointer that keys move. */
    cursor: {
      get on() { return surface.cursor.on; },
      toggle: () => surface.toggleCursor(),
      /** @param {number} dx @param {number} dy in CSS pixels */
      move: (dx, dy) => surface.cursor.move(dx, dy),
      /** @param {import("./keyCursor.js").Keys} keys */
      click: (keys) => surface.cursor.click(keys),
      drag: () => surface.cursor.drag(),
      /** Whether a point or the box of the draft is under it. */
      isOnPrompt: () => ["point", "handle", "box"].includes(surface.hitUnder(surface.cursor.screen)?.kind ?? ""),
    },
    cancel: () => surface.cancel(),
    /** @param {number} x @param {number} y */
    toClient: (x, y) => surface.toClient({ x, y }),
    /** @param {number} clientX @param {number} clientY */
    toImage: (clientX, clientY) => toImage(surface.view, surface.toScreenPoint({ clientX, clientY })),
    viewport: () => surface.view,
    /** The part of the image that is in sight with some room around it, [x0, y0, x1, y1] in image pixels. */
    inSight: () => inSight(surface.view, surface.camera.host, surface.size),
    isBusy: () => surface.gesture.mode !== "idle" || surface.hand.stroke !== null,
    whenPainted: () => surface.stack.whenPainted(),
    destroy: () => surface.destroy(),
  };
}

class Surface {
  /** @param {HTMLElement} host @param {(intent: import("./gestures.js").Intent) => void} onIntent */
  constructor(host, onIntent) {
    this.element = host;
    this.onIntent = onIntent;
    /** @type {Scene} */
    this.scene = {
      image: null,
      objects: [],
      selected: null,
      highlighted: null,
      draft: null,
      preview: null,
      view: { opacity: 0.4, outline: true, outlineWidth: 1, showPrompts: true, overlays: true },
    };
    this.camera = new Camera(() => this.looked());
    /** @type {import("./gestures.js").Gesture} */
    this.gesture = IDLE;
    this.hand = new HandTool(host);
    this.touches = new Touches();
    this.longPress = new LongPress(host);
    this.cursor = new KeyCursor(host, this.camera, (type, screen, { shift = false, alt = false }) =>
      this.feed({ type, screen, button: 0, shift, alt, control: false, coarse: false }, KEYBOARD),
    ({ x, y }) => this.onIntent({ type: "cursor", x, y, object: this.hover?.kind === "object" ? this.hover.id : null }));
    /** @type {number | null} the pointer whose gesture it is */
    this.active = null;
    this.space = false;
    this.pointerInside = false;
    /** @type {Point} where the pointer was last */
    this.pointer = { x: 0, y: 0 };
    /** @type {Hit | null} */
    this.hover = null;
    this.doubleClick = new DoubleClick();
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.stop = new AbortController();
    this.stack = new Stack(host, () => {
      const { scene, view, bitmap, camera: { host } } = this;
      return { scene, view, bitmap, host, hovered: this.hover?.kind === "point" ? this.hover.index : null, stroke: this.hand.stroke };
    });
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
    this.resize();
  }

  get view() {
    return this.camera.view;
  }

  get size() {
    return this.scene.image ?? { width: 1, height: 1 };
  }

  /** @param {Scene} scene */
  render(scene) {
    const before = this.scene;
    this.scene = scene;
    if (scene.image?.id !== before.image?.id) this.load(scene.image);
    const options = scene.view !== before.view;
    const objects = scene.objects !== before.objects;
    if (objects) this.stack.changed(before.objects, scene.objects);
    if (masksLookOther(before.view, scene.view)) this.stack.touch("objects");
    if (scene.view.brush !== before.view.brush || scene.view.tool !== before.view.tool) this.showCursor();
    if (options || scene.selected !== before.selected || scene.highlighted !== before.highlighted) this.stack.touch("marks");
    if (options || scene.draft !== before.draft || scene.preview !== before.preview) this.stack.touch("draft");
  }

  /** @param {SceneImage | null} image */
  load(image) {
    this.cancel();
    this.bitmap?.close();
    this.bitmap = null;
    this.stack.touch();
    if (!image) return;
    this.camera.show(image);
    this.looked();
    takePicture(image.url)
      .then((bitmap) => {
        if (this.scene.image?.id !== image.id) return;
        this.bitmap = bitmap;
        this.stack.touch("picture");
        this.onIntent({ type: "image-ready", id: image.id });
      })
      .catch((/** @type {Error} */ error) => {
        if (this.scene.image?.id === image.id) this.onIntent({ type: "image-failed", id: image.id, message: error.message });
      });
  }

  listen() {
    const options = { signal: this.stop.signal };
    const { element } = this;
    for (const type of /** @type {const} */ (["pointerdown", "pointermove", "pointerup", "pointercancel"])) {
      element.addEventListener(type, (event) => this.onPointer(event), options);
    }
    element.addEventListener("pointerenter", () => (this.pointerInside = true), options);
    element.addEventListener("pointerleave", () => this.onLeave(), options);
    element.addEventListener("contextmenu", (event) => event.preventDefault(), options);
    element.addEventListener("wheel", (event) => this.onWheel(event), { ...options, passive: false });
    window.addEventListener("keydown", (event) => this.onEscape(event), { ...options, capture: true });
    window.addEventListener("keydown", (event) => this.onSpace(event, true), options);
    window.addEventListener("keyup", (event) => this.onSpace(event, false), options);
    window.addEventListener("blur", () => this.cancel(), options);
  }

  /** In a drag Escape gives up the drag; the page, for which it drops the draft, never hears of it. @param {KeyboardEvent} event */
  onEscape(event) {
    if (event.key !== "Escape" || (this.gesture.mode === "idle" && this.hand.stroke === null)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.cancel();
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  onSpace(event, down) {
    if (event.code !== "Space" || this.cursor.on) return;
    if (down && (!this.pointerInside || isTyping(event.target))) return;
    // Otherwise a button that was clicked before would be pressed again.
    if (this.pointerInside) event.preventDefault();
    this.space = down;
    this.showCursor();
  }

  onLeave() {
    this.pointerInside = false;
    this.hover = null;
    this.showCursor();
    this.stack.touch("draft");
    this.onIntent({ type: "highlight", id: null });
    this.onIntent({ type: "hover-end" });
  }

  /** @param {PointerEvent} event */
  onPointer(event) {
    const screen = this.toScreenPoint(event);
    const type = TYPES[event.type] ?? "cancel";
    const { pointerType: kind, pointerId: id, timeStamp: time } = event;
    const { draws, cancel, pinch } = this.touches.step({ type, id, kind, time, at: screen, contact: Math.max(event.width, event.height) });
    if (cancel) this.cancel();
    if (pinch) this.camera.pinch(pinch);
    if (!draws || (this.active !== null && id !== this.active)) return;
    const coarse = kind === "touch";
    if (type === "down") {
      this.element.focus({ preventScroll: true });
      this.element.setPointerCapture(id);
      if (event.button === 1) event.preventDefault();
      this.doubleClick.pressed(event, screen);
    }
    this.feed({ type, screen, button: event.button, shift: event.shiftKey, alt: event.altKey, control: event.ctrlKey || event.metaKey, coarse }, id);
    const holds = kind !== "mouse" && event.button === 0 && (this.gesture.mode === "press" || this.gesture.mode === "move-point");
    if (type === "down" && holds) {
      this.longPress.begin(screen, () => this.feed({ type: "hold", screen, button: 0, shift: false, alt: false, control: false, coarse }, id));
    }
  }

  /** A pointer, whichever it is, says something. @param {Said} said @param {number} pointer */
  feed(said, pointer) {
    const { type, screen, coarse } = said;
    this.pointer = screen;
    const raw = toImage(this.view, screen);
    if (this.byHand(said, raw, pointer)) return;
    const idle = this.gesture.mode === "idle";
    const hit = idle ? this.hitUnder(screen, said) : null;
    if (idle) this.showHover(hit, raw, coarse);
    const before = this.gesture;
    const { gesture, intents } = step(before, {
      ...said,
      image: clampToImage(raw, this.size),
      inside: isInside(raw, this.size),
      space: this.space,
      hit,
      box: this.scene.draft?.box ?? null,
      objects: !this.scene.draft && hit?.kind === "object" && hit.id !== this.scene.selected,
    });
    this.gesture = gesture;
    this.active = gesture.mode === "idle" ? null : pointer;
    if (gesture.mode !== before.mode) this.longPress.end();
    const first = type === "up" ? this.doubleClick.ended(before, intents) : null;
    if (first) {
      const under = before.mode === "press" && before.from.hit?.kind === "object" ? before.from.hit.id : null;
      this.onIntent({ type: "double-click", addedPoint: first.point, object: under });
    } else {
      for (const intent of intents) this.emit(intent, screen);
    }
    this.showCursor();
  }

  /** @param {Point} screen @param {{control: boolean, coarse: boolean}} [how] @returns {Hit | null} */
  hitUnder(screen, { control, coarse } = { control: false, coarse: false }) {
    return hitAt(this.scene, this.view, screen, toImage(this.view, screen), { objectsFirst: control, coarse });
  }

  /** A hand tool draws. @param {Said} said @param {Point} raw @param {number} pointer @returns {boolean} whether the event was used up */
  byHand(said, raw, pointer) {
    if (this.gesture.mode !== "idle" || !this.scene.image || said.type === "hold") return false;
    const input = /** @type {any} */ ({ ...said, image: raw, space: this.space });
    const { used, intents } = this.hand.step(this.scene.view.tool, input, this.view.scale);
    if (!used) return false;
    this.hover = null;
    this.showCursor();
    for (const intent of intents) this.onIntent(intent);
    this.active = this.hand.stroke === null ? null : pointer;
    this.stack.touch("stroke");
    return true;
  }

  /** @param {import("./gestures.js").Intent} intent @param {Point} screen */
  emit(intent, screen) {
    if (!this.scene.image) return;
    if (intent.type === "pan") {
      this.camera.panBy(Number(intent.dx), Number(intent.dy));
      return;
    }
    if (intent.type === "add-point" || intent.type === "select") {
      this.doubleClick.clicked(screen, intent.type === "add-point");
    }
    this.onIntent(intent);
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    event.preventDefault();
    if (event.altKey && isHandTool(this.scene.view.tool)) {
      this.onIntent({ type: "brush-size", factor: Math.exp(-Math.sign(event.deltaY) * 0.12) });
      return;
    }
    // Wheel events come with whole pixels; where the pointer moved to is known better on screens that have parts of them.
    const rounded = this.toScreenPoint(event);
    const at = distance(rounded, this.pointer) < 2 ? this.pointer : rounded;
    this.camera.wheel(event, at);
  }

  /** The view moved. */
  looked() {
    this.stack.moved();
    this.cursor.draw();
    this.showCursor();
    this.onIntent({ type: "viewport", scale: this.view.scale });
  }

  toggleCursor() {
    if (this.active === KEYBOARD) this.cancel();
    this.element.focus({ preventScroll: true });
    this.cursor.toggle(this.pointerInside ? this.pointer : null);
    this.showCursor();
    if (!this.cursor.on) this.onIntent({ type: "hover-end" });
  }

  cancel() {
    const { gesture, intents } = step(this.gesture, /** @type {any} */ ({ type: "cancel" }));
    this.gesture = gesture;
    this.hand.stroke = null;
    this.longPress.end();
    this.cursor.release();
    this.stack.touch("stroke");
    this.active = null;
    this.space = false;
    for (const intent of intents) this.onIntent(intent);
    this.showCursor();
  }

  /** @param {Hit | null} hit @param {Point} image @param {boolean} coarse a finger: what is under it is not looked at */
  showHover(hit, image, coarse) {
    const object = hit?.kind === "object" ? hit.id : null;
    if (object !== this.scene.highlighted) this.onIntent({ type: "highlight", id: object });
    if (JSON.stringify(hit) !== JSON.stringify(this.hover)) {
      this.hover = hit;
      this.stack.touch("draft");
    }
    this.onIntent(!coarse && isInside(image, this.size) ? { type: "hover", x: image.x, y: image.y } : { type: "hover-end" });
  }

  showCursor() {
    const ring = this.hand.showRing(this.scene.view, this.pointer, this.view.scale, (this.pointerInside || this.cursor.on) && !this.space && this.gesture.mode === "idle");
    const { gesture, hover, space, scene } = this;
    this.element.style.cursor = mouseShape({ gesture, hover, space, ring, scene });
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return; // another tab is shown; this one comes back as it was
    this.camera.resize({ width, height });
    this.stack.resize(this.camera.host);
    this.cursor.draw();
    if (this.scene.image) this.onIntent({ type: "viewport", scale: this.view.scale });
  }

  /** @param {{clientX: number, clientY: number}} event @returns {Point} */
  toScreenPoint(event) {
    const corner = this.element.getBoundingClientRect();
    return { x: event.clientX - corner.left, y: event.clientY - corner.top };
  }

  /** @param {Point} point in image pixels @returns {[number, number]} */
  toClient(point) {
    const corner = this.element.getBoundingClientRect();
    const { x, y } = toScreen(this.view, point);
    return [corner.left + x, corner.top + y];
  }

  destroy() {
    this.stop.abort();
    this.observer.disconnect();
    this.stack.remove();
    this.hand.remove();
    this.longPress.remove();
    this.cursor.remove();
  }
}

/** Whether all objects are to be painted in another way. @param {Scene["view"]} a @param {Scene["view"]} b */
function masksLookOther(a, b) {
  return a.opacity !== b.opacity || a.outline !== b.outline || a.outlineWidth !== b.outlineWidth || a.overlays !== b.overlays;
}

/** Whether a key belongs to a text field. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
