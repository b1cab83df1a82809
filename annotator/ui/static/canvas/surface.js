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
 *   draft: SceneDraft | null, view: import("./layers.js").View}} Scene
 */

import { clampToImage, fit, isInside, pan, resized, toImage, toScreen, zoom } from "./viewport.js";
import { contains } from "./rle.js";
import { handles, IDLE, step } from "./gestures.js";
import { paintDraft, paintMarks, paintObjects, paintPicture, shapeOf } from "./layers.js";

const GRAB = 11;
const DOUBLE_CLICK = { milliseconds: 300, distance: 4 };
/** With more objects than this a moving view shifts the painted layer and repaints it when it rests. */
const MANY_OBJECTS = 40;
const REST = 90;
const HANDLE_CURSORS = ["nwse", "nesw", "nwse", "nesw", "ns", "ew", "ns", "ew"];

/** @param {HTMLElement} host @param {(intent: import("./gestures.js").Intent) => void} onIntent */
export function createSurface(host, onIntent) {
  const surface = new Surface(host, onIntent);
  return {
    /** @param {Scene} scene */
    render: (scene) => surface.render(scene),
    fit: () => surface.look(fit(surface.size, surface.host)),
    zoomIn: () => surface.zoomBy(1.5),
    zoomOut: () => surface.zoomBy(1 / 1.5),
    actualSize: () => surface.zoomBy(1 / surface.view.scale),
    cancel: () => surface.cancel(),
    /** @param {number} x @param {number} y */
    toClient: (x, y) => surface.toClient({ x, y }),
    viewport: () => surface.view,
    whenPainted: () => surface.whenPainted(),
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
      view: { opacity: 0.4, outline: true, showPrompts: true, overlays: true },
    };
    /** @type {Viewport} */
    this.view = { scale: 1, x: 0, y: 0 };
    /** @type {Viewport} */
    this.paintedView = this.view;
    this.host = { width: 0, height: 0 };
    /** @type {import("./gestures.js").Gesture} */
    this.gesture = IDLE;
    this.space = false;
    this.pointerInside = false;
    /** @type {Map<number, Point>} */
    this.touches = new Map();
    /** @type {Hit | null} */
    this.hover = null;
    this.dirty = { picture: true, objects: true, marks: true, draft: true };
    this.frame = 0;
    this.rest = 0;
    /** @type {(() => void)[]} */
    this.waiting = [];
    /** @type {{time: number, screen: Point, point: boolean} | null} */
    this.lastClick = null;
    /** @type {{time: number, screen: Point, point: boolean} | null} the click before a press that may make it a double one */
    this.second = null;
    /** @type {ImageBitmap | HTMLImageElement | null} */
    this.bitmap = null;
    this.stop = new AbortController();
    this.layers = ["picture", "objects", "marks", "draft"].map((name) => {
      const canvas = document.createElement("canvas");
      canvas.className = `surface-layer surface-${name}`;
      host.append(canvas);
      return canvas;
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
    const marks = scene.selected !== before.selected || scene.highlighted !== before.highlighted;
    if (options || scene.objects !== before.objects) this.dirty.objects = true;
    if (options || marks || scene.objects !== before.objects) this.dirty.marks = true;
    if (options || scene.draft !== before.draft) this.dirty.draft = true;
    this.schedule();
  }

  /** @param {SceneImage | null} image */
  load(image) {
    this.cancel();
    this.bitmap = null;
    this.dirty = { picture: true, objects: true, marks: true, draft: true };
    if (!image) return;
    this.view = fit(image, this.host);
    const element = new Image();
    element.decoding = "async";
    element.src = image.url;
    element
      .decode()
      .then(() => {
        if (this.scene.image?.id !== image.id) return;
        this.bitmap = element;
        this.dirty.picture = true;
        this.schedule();
        this.onIntent({ type: "image-ready", id: image.id });
      })
      .catch(() => {
        if (this.scene.image?.id === image.id) this.onIntent({ type: "image-failed", id: image.id });
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
    window.addEventListener("keydown", (event) => this.onSpace(event, true), options);
    window.addEventListener("keyup", (event) => this.onSpace(event, false), options);
    window.addEventListener("blur", () => this.cancel(), options);
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
    this.dirty.draft = true;
    this.schedule();
    this.onIntent({ type: "highlight", id: null });
    this.onIntent({ type: "hover-end" });
  }

  /** @param {PointerEvent} event */
  onPointer(event) {
    if (event.pointerType === "touch" && this.pinch(event)) return;
    if (!event.isPrimary && this.gesture.mode === "idle") return;
    const screen = this.toScreenPoint(event);
    const raw = toImage(this.view, screen);
    if (event.type === "pointerdown") {
      this.element.focus({ preventScroll: true });
      this.element.setPointerCapture(event.pointerId);
      if (event.button === 1) event.preventDefault();
      this.second = this.isSecondPress(event, screen);
    }
    const hit = this.gesture.mode === "idle" ? this.hitAt(screen, raw, event.ctrlKey || event.metaKey) : null;
    if (this.gesture.mode === "idle") this.showHover(hit, raw);
    const before = this.gesture;
    const { gesture, intents } = step(before, {
      type: event.type === "pointerdown" ? "down" : event.type === "pointermove" ? "move" : event.type === "pointerup" ? "up" : "cancel",
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
    if (event.type === "pointerup" && this.second && isStill(before, intents)) {
      this.onIntent({ type: "double-click", addedPoint: this.second.point });
    } else {
      for (const intent of intents) this.emit(intent, screen);
    }
    this.showCursor();
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
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? this.host.height : 1;
    // A pinch on a trackpad comes as a wheel with Ctrl and small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    const delta = Math.min(Math.max(event.deltaY * unit, -400), 400);
    this.look(zoom(this.view, Math.exp(-delta * speed), this.toScreenPoint(event), this.size, this.host));
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.look(zoom(this.view, factor, { x: this.host.width / 2, y: this.host.height / 2 }, this.size, this.host));
  }

  /** @param {Viewport} view */
  look(view) {
    this.view = view;
    this.dirty.picture = this.dirty.marks = this.dirty.draft = true;
    if (this.scene.objects.length > MANY_OBJECTS) {
      window.clearTimeout(this.rest);
      this.rest = window.setTimeout(() => {
        this.dirty.objects = true;
        this.schedule();
      }, REST);
    } else {
      this.dirty.objects = true;
    }
    this.schedule();
    this.onIntent({ type: "viewport", scale: view.scale });
  }

  cancel() {
    const { gesture, intents } = step(this.gesture, /** @type {any} */ ({ type: "cancel" }));
    this.gesture = gesture;
    this.space = false;
    for (const intent of intents) this.onIntent(intent);
    this.showCursor();
  }

  /** @param {Point} screen @param {Point} image @param {boolean} objectsFirst @returns {Hit | null} */
  hitAt(screen, image, objectsFirst) {
    const { draft } = this.scene;
    if (draft && !objectsFirst && this.scene.view.showPrompts) {
      for (let index = draft.points.length - 1; index >= 0; index--) {
        const point = draft.points[index];
        if (point && distance(toScreen(this.view, point), screen) <= GRAB) return { kind: "point", index };
      }
      if (draft.box) {
        const index = handles(draft.box).findIndex((handle) => distance(toScreen(this.view, handle), screen) <= GRAB - 3);
        if (index >= 0) return { kind: "handle", index };
        if (isOnEdge(draft.box, image, 5 / this.view.scale)) return { kind: "box" };
      }
      return null;
    }
    return this.objectAt(image);
  }

  /** The smallest shown object under a place: what lies inside another can still be reached. @param {Point} image @returns {Hit | null} */
  objectAt(image) {
    if (!this.scene.view.overlays) return null;
    let best = null;
    for (const object of this.scene.objects) {
      const [x = 0, y = 0, width = 0, height = 0] = object.bbox;
      if (object.hidden || object.locked || image.x < x || image.y < y || image.x >= x + width || image.y >= y + height) continue;
      if (best && best.bbox[2] * best.bbox[3] <= width * height) continue;
      const { runs } = shapeOf(object.rle, object.colour);
      const scale = { x: runs.width / this.size.width, y: runs.height / this.size.height };
      if (contains(runs, Math.floor(image.x * scale.x), Math.floor(image.y * scale.y))) best = /** @type {any} */ (object);
    }
    return best ? { kind: "object", id: best.id } : null;
  }

  /** @param {Hit | null} hit @param {Point} image */
  showHover(hit, image) {
    const object = hit?.kind === "object" ? hit.id : null;
    if (object !== this.scene.highlighted) this.onIntent({ type: "highlight", id: object });
    if (JSON.stringify(hit) !== JSON.stringify(this.hover)) {
      this.hover = hit;
      this.dirty.draft = true;
      this.schedule();
    }
    this.onIntent(isInside(image, this.size) ? { type: "hover", x: image.x, y: image.y } : { type: "hover-end" });
  }

  showCursor() {
    let cursor = "crosshair";
    if (this.gesture.mode === "pan") cursor = "grabbing";
    else if (this.space) cursor = "grab";
    else if (this.gesture.mode === "move-point" || this.hover?.kind === "point") cursor = "move";
    else if (this.hover?.kind === "handle") cursor = `${HANDLE_CURSORS[this.hover.index]}-resize`;
    else if (this.hover?.kind === "object" && !this.scene.draft && this.hover.id !== this.scene.selected) cursor = "pointer";
    this.element.style.cursor = cursor;
  }

  resize() {
    const before = this.host;
    this.host = { width: this.element.clientWidth, height: this.element.clientHeight };
    const ratio = window.devicePixelRatio;
    for (const layer of this.layers) {
      layer.width = Math.round(this.host.width * ratio);
      layer.height = Math.round(this.host.height * ratio);
    }
    const image = this.scene.image;
    if (image) this.view = before.width ? resized(this.view, before, this.host, image) : fit(image, this.host);
    this.dirty = { picture: true, objects: true, marks: true, draft: true };
    this.paint(); // at once: a canvas that changed its size is empty until it is painted
  }

  schedule() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  whenPainted() {
    /** @type {Promise<void>} */
    const painted = new Promise((resolve) => this.waiting.push(resolve));
    this.schedule();
    return painted;
  }

  paint() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    const { image, objects, draft, view: options } = this.scene;
    const [picture, middle, marks, top] = this.layers;
    if (picture && this.dirty.picture) this.clean(picture, (c) => image && paintPicture(c, this.view, image, this.bitmap));
    if (middle && this.dirty.objects) {
      this.clean(middle, (c) => image && paintObjects(c, this.view, image, this.host, objects, options));
      this.paintedView = this.view;
      middle.style.transform = "";
    } else if (middle && this.paintedView !== this.view) {
      const factor = this.view.scale / this.paintedView.scale;
      const x = this.view.x - this.paintedView.x * factor;
      const y = this.view.y - this.paintedView.y * factor;
      middle.style.transform = `translate(${x}px, ${y}px) scale(${factor})`;
    }
    if (marks && this.dirty.marks) {
      this.clean(marks, (c) => image && paintMarks(c, this.view, image, objects, options, this.scene));
    }
    if (top && this.dirty.draft) {
      const hovered = this.hover?.kind === "point" ? this.hover.index : null;
      const phase = still.matches ? 0 : (performance.now() / 900) % 1;
      this.clean(top, (c) => image && draft && paintDraft(c, this.view, image, draft, options, hovered, phase));
    }
    const animated = Boolean(draft?.pending) && !still.matches;
    this.dirty = { picture: false, objects: false, marks: false, draft: animated };
    if (animated) this.schedule();
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** @param {HTMLCanvasElement} layer @param {(context: CanvasRenderingContext2D) => void} paint */
  clean(layer, paint) {
    const context = /** @type {CanvasRenderingContext2D} */ (layer.getContext("2d"));
    const ratio = window.devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.host.width, this.host.height);
    paint(context);
  }

  /** @param {MouseEvent} event @returns {Point} */
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
    cancelAnimationFrame(this.frame);
    for (const layer of this.layers) layer.remove();
  }
}

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/** Whether a press that ends now was a click and no drag. @param {import("./gestures.js").Gesture} before @param {import("./gestures.js").Intent[]} intents */
function isStill(before, intents) {
  return before.mode === "press" ? !intents.some((intent) => intent.type === "set-box") : before.mode === "move-point" && !intents.length;
}

/** @param {Point} a @param {Point} b */
function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** @param {[number, number, number, number]} box @param {Point} point @param {number} reach */
function isOnEdge([x0, y0, x1, y1], { x, y }, reach) {
  const outside = x < x0 - reach || x > x1 + reach || y < y0 - reach || y > y1 + reach;
  const inside = x > x0 + reach && x < x1 - reach && y > y0 + reach && y < y1 - reach;
  return !outside && !inside;
}

/** Whether a key belongs to a text field. @param {EventTarget | null} target */
export function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea, select"));
}
