/**
 * What pointers and keys do on the canvas: every pointer, and the one that keys move, is heard the same way; the pure parts say
 * what it means.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./gestures.js").Hit} Hit
 * @typedef {import("./surface.js").Scene} Scene
 * @typedef {{type: "down" | "move" | "up" | "hold" | "cancel", screen: Point, button: number, shift: boolean, alt: boolean,
 *   control: boolean, coarse: boolean}} Said  what a pointer says, whichever it is
 * @typedef {{element: HTMLElement, camera: import("./camera.js").Camera, scene: () => Scene, touch: (layer: "draft" | "stroke") => void,
 *   onIntent: (intent: import("./gestures.js").Intent) => void}} Canvas  touch: a layer looks different now
 */

import { clampToImage, isInside, toImage } from "./viewport.js";
import { IDLE, step } from "./gestures.js";
import { DoubleClick } from "./doubleClick.js";
import { distance, hitAt } from "./hit.js";
import { HandTool } from "./handTool.js";
import { KeyCursor } from "./keyCursor.js";
import { LongPress } from "./longPress.js";
import { mouseShape } from "./mouseShape.js";
import { isHandTool } from "./strokes.js";
import { Touches } from "./touches.js";

/** The pointer that keys move. */
const KEYBOARD = -1;
/** @type {{[name: string]: "down" | "move" | "up" | "cancel"}} */
const TYPES = { pointerdown: "down", pointermove: "move", pointerup: "up", pointercancel: "cancel" };

export class Pointing {
  /** @param {Canvas} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.element = canvas.element;
    this.camera = canvas.camera;
    this.touch = canvas.touch;
    this.onIntent = canvas.onIntent;
    /** @type {import("./gestures.js").Gesture} */
    this.gesture = IDLE;
    this.hand = new HandTool(this.element);
    this.touches = new Touches();
    this.longPress = new LongPress(this.element);
    this.cursor = new KeyCursor(this.element, this.camera, (type, screen, { shift = false, alt = false }) =>
      this.feed({ type, screen, button: 0, shift, alt, control: false, coarse: false }, KEYBOARD),
    ({ x, y }) => this.onIntent({ type: "cursor", x, y, object: this.hover?.kind === "object" ? this.hover.id : null }));
    /** @type {number | null} the pointer whose gesture it is */
    this.active = null;
    this.space = false;
    this.inside = false;
    /** @type {Point} where the pointer was last */
    this.pointer = { x: 0, y: 0 };
    /** @type {Hit | null} */
    this.hover = null;
    this.doubleClick = new DoubleClick();
  }

  get scene() {
    return this.canvas.scene();
  }

  get view() {
    return this.camera.view;
  }

  get size() {
    return this.scene.image ?? { width: 1, height: 1 };
  }

  /** Whether a button is down. */
  get busy() {
    return this.gesture.mode !== "idle" || this.hand.pressed;
  }

  /** What of it there is to paint. */
  get shown() {
    return {
      hovered: this.hover?.kind === "point" ? this.hover.index : null, stroke: this.hand.stroke,
      polygon: this.scene.view.tool === "polygon" ? this.hand.polygon.shown() : null,
    };
  }

  /** @param {AbortSignal} signal ends it */
  listen(signal) {
    const options = { signal };
    const { element } = this;
    for (const type of /** @type {const} */ (["pointerdown", "pointermove", "pointerup", "pointercancel"])) {
      element.addEventListener(type, (event) => this.onPointer(event), options);
    }
    element.addEventListener("pointerenter", () => (this.inside = true), options);
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
    if (event.key !== "Escape" || (this.gesture.mode === "idle" && !this.hand.busy)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    this.cancel();
  }

  /** @param {KeyboardEvent} event @param {boolean} down */
  onSpace(event, down) {
    if (event.code !== "Space" || this.cursor.on) return;
    if (down && (!this.inside || isTyping(event.target))) return;
    // Otherwise a button that was clicked before would be pressed again.
    if (this.inside) event.preventDefault();
    this.space = down;
    this.showCursor();
  }

  onLeave() {
    this.inside = false;
    this.hover = null;
    this.showCursor();
    this.touch("draft");
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
      this.doubleClick.pressed(event, screen, this.scene.draft !== null);
    }
    this.feed({ type, screen, button: event.button, shift: event.shiftKey, alt: event.altKey, control: event.ctrlKey || event.metaKey, coarse }, id);
    const holds = kind !== "mouse" && event.button === 0 && (this.gesture.mode === "press" || this.gesture.mode === "move-point");
    if (type === "down" && holds) {
      this.longPress.begin(screen, () => this.feed({ type: "hold", screen, button: 0, shift: false, alt: false, control: false, coarse }, id));
    }
  }

  /** A pointer, whichever it is, says something. @param {Said} said @param {number} pointer */
  feed(said, pointer) {
    if (this.scene.picking) said = { ...said, control: true }; // clicks choose objects
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
    if (this.gesture.mode !== "idle" || !this.scene.image || this.scene.picking) return false;
    const input = /** @type {any} */ ({ ...said, image: raw, space: this.space });
    const { used, intents } = this.hand.step(this.scene.view.tool, input, this.view.scale);
    if (!used) return false;
    this.hover = null;
    this.showCursor();
    for (const intent of intents) this.onIntent(intent);
    this.active = this.hand.pressed ? pointer : null;
    this.touch("stroke");
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

  /** The pointer that keys move comes or goes. */
  toggleCursor() {
    if (this.active === KEYBOARD) this.cancel();
    this.element.focus({ preventScroll: true });
    this.cursor.toggle(this.inside ? this.pointer : null);
    this.showCursor();
    if (!this.cursor.on) this.onIntent({ type: "hover-end" });
  }

  /** @returns {boolean} whether there was one */
  closePolygon() {
    const was = this.hand.polygon.drawing !== null;
    for (const intent of this.hand.polygon.finish()) this.onIntent(intent);
    this.touch("stroke");
    return was;
  }

  /** @returns {boolean} whether there was one */
  takeBackVertex() {
    this.touch("stroke");
    return this.hand.polygon.takeBack();
  }

  /** Give up what is under way. */
  cancel() {
    const { gesture, intents } = step(this.gesture, /** @type {any} */ ({ type: "cancel" }));
    this.gesture = gesture;
    this.hand.cancel();
    this.longPress.end();
    this.cursor.release();
    this.touch("stroke");
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
      this.touch("draft");
    }
    this.onIntent(!coarse && isInside(image, this.size) ? { type: "hover", x: image.x, y: image.y } : { type: "hover-end" });
  }

  showCursor() {
    const ring = this.hand.showRing(this.scene.view, this.pointer, this.view.scale, (this.inside || this.cursor.on) && !this.space && this.gesture.mode === "idle");
    const { gesture, hover, space, scene } = this;
    this.element.style.cursor = mouseShape({ gesture, hover, space, ring, scene });
  }

  /** @param {{clientX: number, clientY: number}} event @returns {Point} */
  toScreenPoint(event) {
    const corner = this.element.getBoundingClientRect();
    return { x: event.clientX - corner.left, y: event.clientY - corner.top };
  }

  remove() {
    this.hand.remove();
    this.longPress.remove();
    this.cursor.remove();
  }
}

/** Whether a key belongs to a text field. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
