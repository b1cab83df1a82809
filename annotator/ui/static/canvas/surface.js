/**
 * The canvas on the page: listens, asks the pure parts what it means, and paints what changed in the next frame.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./layers.js").SceneObject} SceneObject
 * @typedef {import("./layers.js").SceneDraft} SceneDraft
 * @typedef {import("./gestures.js").Hit} Hit
 * @typedef {{id: string, width: number, height: number, url: string}} SceneImage
 * @typedef {{image: SceneImage | null, objects: SceneObject[], selected: number | null, highlighted: number | null,
 *   draft: SceneDraft | null, preview: {rle: import("./rle.js").Rle, colour: string} | null, colour?: string, view: import("./layers.js").View}} Scene
 */

import { clampToImage, fit, inSight, isInside, pan, resized, toImage, toScreen, zoom } from "./viewport.js";
import { IDLE, step } from "./gestures.js";
import { distance, hitAt } from "./hit.js";
import { HandTool } from "./handTool.js";
import { isHandTool } from "./strokes.js";
import { Stack } from "./stack.js";
import { takePicture } from "../pictures.js";

const DOUBLE_CLICK = { milliseconds: 300, distance: 4 };
/** @type {{[name: string]: "down" | "move" | "up" | "cancel"}} */
const TYPES = { pointerdown: "down", pointermove: "move", pointerup: "up", pointercancel: "cancel" };
const HANDLE_CURSORS = ["nwse", "nesw", "nwse", "nesw", "ns", "ew", "ns", "ew"];

/** @param {HTMLElement} host @param {(intent: import("./gestures.js").Intent) => void} onIntent */
export function createSurface(host, onIntent) {
  const surface = new Surface(host, onIntent);
  return {
    /** @param {Scene} scene */
    render: (scene) => surface.render(scene),
    fit: () => surface.fit(),
    zoomIn: () => surface.zoomBy(1.5),
    zoomOut: () => surface.zoomBy(1 / 1.5),
    actualSize: () => surface.zoomBy(1 / surface.view.scale),
    cancel: () => surface.cancel(),
    /** @param {number} x @param {number} y */
    toClient: (x, y) => surface.toClient({ x, y }),
    /** @param {number} clientX @param {number} clientY */
    toImage: (clientX, clientY) => toImage(surface.view, surface.toScreenPoint({ clientX, clientY })),
    viewport: () => surface.view,
    /** The part of the image that is in sight with some room around it, [x0, y0, x1, y1] in image pixels. */
    inSight: () => inSight(surface.view, surface.host, surface.size),
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
    /** @type {Viewport} */
    this.view = { scale: 1, x: 0, y: 0 };
    /** Whether the view still is the whole image: then it stays that when the window changes. */
    this.fitted = true;
    this.host = { width: 0, height: 0 };
    /** @type {import("./gestures.js").Gesture} */
    this.gesture = IDLE;
    this.hand = new HandTool(host);
    /** @type {number | null} the pointer whose gesture it is */
    this.active = null;
    this.space = false;
    this.pointerInside = false;
    /** @type {Point} where the pointer was last */
    this.pointer = { x: 0, y: 0 };
    /** @type {Map<number, Point>} */
    this.touches = new Map();
    /** @type {Hit | null} */
    this.hover = null;
    /** @type {{time: number, screen: Point, point: boolean} | null} */
    this.lastClick = null;
    /** @type {{time: number, screen: Point, point: boolean} | null} the click before a press that may make it a double one */
    this.second = null;
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.stop = new AbortController();
    this.stack = new Stack(host, () => {
      const { scene, view, bitmap } = this;
      return { scene, view, bitmap, host: this.host, hovered: this.hover?.kind === "point" ? this.hover.index : null, stroke: this.hand.stroke };
    });
    this.listen();
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(host);
    this.resize();
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
    this.view = fit(image, this.host);
    this.fitted = true;
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
    if (event.code !== "Space") return;
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
    if (event.pointerType === "touch" && this.pinch(event)) return;
    if (this.active === null ? !event.isPrimary : event.pointerId !== this.active) return;
    const screen = this.toScreenPoint(event);
    this.pointer = screen;
    const raw = toImage(this.view, screen);
    if (event.type === "pointerdown") {
      this.element.focus({ preventScroll: true });
      this.element.setPointerCapture(event.pointerId);
      if (event.button === 1) event.preventDefault();
      this.second = this.isSecondPress(event, screen);
    }
    if (this.byHand(event, screen, raw)) return;
    const idle = this.gesture.mode === "idle";
    const hit = idle ? hitAt(this.scene, this.view, screen, raw, event.ctrlKey || event.metaKey) : null;
    if (idle) this.showHover(hit, raw);
    const before = this.gesture;
    const { gesture, intents } = step(before, {
      type: TYPES[event.type] ?? "cancel",
      screen,
      image: clampToImage(raw, this.size),
      inside: isInside(raw, this.size),
      button: event.button,
      shift: event.shiftKey,
      alt: event.altKey,
      control: event.ctrlKey || event.metaKey,
      space: this.space,
      hit,
      box: this.scene.draft?.box ?? null,
      objects: !this.scene.draft && hit?.kind === "object" && hit.id !== this.scene.selected,
    });
    this.gesture = gesture;
    this.active = gesture.mode === "idle" ? null : event.pointerId;
    if (event.type === "pointerup" && this.second && isStill(before, intents)) {
      const under = before.mode === "press" && before.from.hit?.kind === "object" ? before.from.hit.id : null;
      this.onIntent({ type: "double-click", addedPoint: this.second.point, object: under });
    } else {
      for (const intent of intents) this.emit(intent, screen);
    }
    this.showCursor();
  }

  /** A hand tool draws. @param {PointerEvent} event @param {Point} screen @param {Point} raw @returns {boolean} whether the event was used up */
  byHand(event, screen, raw) {
    if (this.gesture.mode !== "idle" || !this.scene.image) return false;
    const input = /** @type {any} */ ({ type: TYPES[event.type], screen, image: raw, button: event.button, shift: event.shiftKey, space: this.space });
    const { used, intents } = this.hand.step(this.scene.view.tool, input, this.view.scale);
    if (!used) return false;
    this.hover = null;
    this.showCursor();
    for (const intent of intents) this.onIntent(intent);
    this.active = this.hand.stroke === null ? null : event.pointerId;
    this.stack.touch("stroke");
    return true;
  }

  /** @param {import("./gestures.js").Intent} intent @param {Point} screen */
  emit(intent, screen) {
    if (!this.scene.image) return;
    if (intent.type === "pan") {
      this.look(pan(this.view, Number(intent.dx), Number(intent.dy), this.size, this.host));
      return;
    }
    if (intent.type === "add-point" || intent.type === "select") {
      this.lastClick = { time: performance.now(), screen, point: intent.type === "add-point" };
    }
    this.onIntent(intent);
  }

  /**
   * A double click fits the view. Its first click has acted already; the page takes a point back that it added. Only when
   * the button goes up again is it known that the second press is no drag.
   * @param {PointerEvent} event @param {Point} screen
   */
  isSecondPress(event, screen) {
    const last = this.lastClick;
    this.lastClick = null;
    if (!last || event.button !== 0 || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return null;
    const near = distance(screen, last.screen) <= DOUBLE_CLICK.distance;
    return near && performance.now() - last.time <= DOUBLE_CLICK.milliseconds ? last : null;
  }

  /** Two fingers pan and zoom. @param {PointerEvent} event @returns {boolean} whether the event was used up */
  pinch(event) {
    const screen = this.toScreenPoint(event);
    const before = [...this.touches.values()];
    if (event.type === "pointerup" || event.type === "pointercancel") this.touches.delete(event.pointerId);
    else if (event.type === "pointerdown" || this.touches.has(event.pointerId)) this.touches.set(event.pointerId, screen);
    if (before.length < 2 && this.touches.size < 2) return false;
    if (this.gesture.mode !== "idle") this.cancel();
    const after = [...this.touches.values()];
    const [a, b] = before;
    const [c, d] = after;
    if (a && b && c && d) {
      const centre = { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
      const factor = Math.hypot(c.x - d.x, c.y - d.y) / Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
      const moved = pan(this.view, centre.x - (a.x + b.x) / 2, centre.y - (a.y + b.y) / 2, this.size, this.host);
      this.look(zoom(moved, factor, centre, this.size, this.host));
    }
    return true;
  }

  /** @param {WheelEvent} event */
  onWheel(event) {
    event.preventDefault();
    if (event.altKey && isHandTool(this.scene.view.tool)) {
      this.onIntent({ type: "brush-size", factor: Math.exp(-Math.sign(event.deltaY) * 0.12) });
      return;
    }
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? this.host.height : 1;
    // A pinch on a trackpad comes as a wheel with Ctrl and small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    const delta = Math.min(Math.max(event.deltaY * unit, -400), 400);
    // Wheel events come with whole pixels; where the pointer moved to is known better on screens that have parts of them.
    const rounded = this.toScreenPoint(event);
    const at = distance(rounded, this.pointer) < 2 ? this.pointer : rounded;
    this.look(zoom(this.view, Math.exp(-delta * speed), at, this.size, this.host));
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.look(zoom(this.view, factor, { x: this.host.width / 2, y: this.host.height / 2 }, this.size, this.host));
  }

  /** @param {Viewport} view */
  look(view) {
    this.view = view;
    this.fitted = false;
    this.stack.moved();
    this.showCursor();
    this.onIntent({ type: "viewport", scale: view.scale });
  }

  fit() {
    this.look(fit(this.size, this.host));
    this.fitted = true;
  }

  cancel() {
    const { gesture, intents } = step(this.gesture, /** @type {any} */ ({ type: "cancel" }));
    this.gesture = gesture;
    this.hand.stroke = null;
    this.stack.touch("stroke");
    this.active = null;
    this.space = false;
    for (const intent of intents) this.onIntent(intent);
    this.showCursor();
  }

  /** @param {Hit | null} hit @param {Point} image */
  showHover(hit, image) {
    const object = hit?.kind === "object" ? hit.id : null;
    if (object !== this.scene.highlighted) this.onIntent({ type: "highlight", id: object });
    if (JSON.stringify(hit) !== JSON.stringify(this.hover)) {
      this.hover = hit;
      this.stack.touch("draft");
    }
    this.onIntent(isInside(image, this.size) ? { type: "hover", x: image.x, y: image.y } : { type: "hover-end" });
  }

  showCursor() {
    const ring = this.hand.showRing(this.scene.view, this.pointer, this.view.scale, this.pointerInside && !this.space && this.gesture.mode === "idle");
    let cursor = ring ? "none" : "crosshair";
    if (this.gesture.mode === "pan") cursor = "grabbing";
    else if (this.space) cursor = "grab";
    else if (this.gesture.mode === "move-point" || this.hover?.kind === "point") cursor = "move";
    else if (this.hover?.kind === "handle") cursor = `${HANDLE_CURSORS[this.hover.index]}-resize`;
    else if (this.hover?.kind === "object" && !this.scene.draft && this.hover.id !== this.scene.selected) cursor = "pointer";
    this.element.style.cursor = cursor;
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return; // another tab is shown; this one comes back as it was
    const before = this.host;
    this.host = { width, height };
    const { image } = this.scene;
    if (image) this.view = this.fitted ? fit(image, this.host) : resized(this.view, before, this.host, image);
    this.stack.resize(this.host);
    if (image) this.onIntent({ type: "viewport", scale: this.view.scale });
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
  }
}

/** Whether all objects are to be painted in another way. @param {Scene["view"]} a @param {Scene["view"]} b */
function masksLookOther(a, b) {
  return a.opacity !== b.opacity || a.outline !== b.outline || a.outlineWidth !== b.outlineWidth || a.overlays !== b.overlays;
}

/** Whether a press that ends now was a click and no drag. @param {import("./gestures.js").Gesture} before @param {import("./gestures.js").Intent[]} intents */
function isStill(before, intents) {
  return before.mode === "press" ? !intents.some((intent) => intent.type === "set-box") : before.mode === "move-point" && !intents.length;
}

/** Whether a key belongs to a text field. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
