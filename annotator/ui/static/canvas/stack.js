/**
 * The canvases on top of each other, repainted in the next frame where something changed: the picture, all objects, the marked
 * ones, the draft.
 *
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./viewport.js").Size} Size
 * @typedef {import("./surface.js").Scene} Scene
 * @typedef {"picture" | "objects" | "marks" | "draft"} Layer
 * @typedef {{scene: Scene, view: Viewport, host: Size, bitmap: CanvasImageSource | null, hovered: number | null}} Frame  hovered: index of a point
 */

import { paintDraft, paintMarks, paintObjects, paintPicture } from "./layers.js";

/** @type {Layer[]} */
const LAYERS = ["picture", "objects", "marks", "draft"];
/** With more objects than this a moving view shifts their painted layer and repaints it when it rests. */
const MANY_OBJECTS = 40;
const REST = 90;

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

export class Stack {
  /** @param {HTMLElement} host @param {() => Frame} frame what there is to paint */
  constructor(host, frame) {
    this.frame = frame;
    /** @type {Set<Layer>} */
    this.dirty = new Set(LAYERS);
    this.request = 0;
    this.rest = 0;
    /** @type {Viewport | null} the viewport that the objects were painted for */
    this.paintedView = null;
    /** @type {(() => void)[]} */
    this.waiting = [];
    /** @type {Map<Layer, HTMLCanvasElement>} */
    this.canvases = new Map();
    for (const name of LAYERS) {
      const canvas = document.createElement("canvas");
      canvas.className = `surface-layer surface-${name}`;
      host.append(canvas);
      this.canvases.set(name, canvas);
    }
  }

  /** Something changed. @param {Layer[]} layers all of them unless named */
  touch(...layers) {
    for (const layer of layers.length ? layers : LAYERS) this.dirty.add(layer);
    if (!this.request) this.request = requestAnimationFrame(() => this.paint());
  }

  /** The viewport changed. */
  moved() {
    this.touch("picture", "marks", "draft");
    window.clearTimeout(this.rest);
    if (this.frame().scene.objects.length > MANY_OBJECTS) this.rest = window.setTimeout(() => this.touch("objects"), REST);
    else this.touch("objects");
  }

  /** The host changed its size: at once, because a canvas that does is empty until it is painted. @param {Size} size */
  resize({ width, height }) {
    for (const canvas of this.canvases.values()) {
      canvas.width = Math.round(width * window.devicePixelRatio);
      canvas.height = Math.round(height * window.devicePixelRatio);
    }
    this.touch();
    this.paint();
  }

  /** Resolves after the next paint. @returns {Promise<void>} */
  whenPainted() {
    /** @type {Promise<void>} */
    const painted = new Promise((resolve) => this.waiting.push(resolve));
    this.touch("draft");
    return painted;
  }

  paint() {
    cancelAnimationFrame(this.request);
    this.request = 0;
    const dirty = new Set(this.dirty);
    this.dirty.clear();
    const { scene, view, host, bitmap, hovered } = this.frame();
    const { image, objects, draft, view: options } = scene;
    const phase = still.matches ? 0 : (performance.now() / 900) % 1;
    for (const layer of dirty) {
      const context = this.clean(layer, host);
      if (!image || !context) continue;
      if (layer === "picture") paintPicture(context, view, image, bitmap);
      if (layer === "objects") paintObjects(context, view, image, host, objects, options);
      if (layer === "marks") paintMarks(context, view, image, objects, options, scene);
      if (layer === "draft" && draft) paintDraft(context, view, image, draft, options, hovered, phase);
    }
    if (dirty.has("objects")) this.paintedView = view;
    this.shift(view);
    if (draft?.pending && !still.matches) this.touch("draft");
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** Until the objects are painted anew, their layer moves along as a picture. @param {Viewport} view */
  shift(view) {
    const canvas = this.canvases.get("objects");
    const painted = this.paintedView;
    if (!canvas || !painted) return;
    const factor = view.scale / painted.scale;
    const x = view.x - painted.x * factor;
    const y = view.y - painted.y * factor;
    canvas.style.transform = painted === view ? "" : `translate(${x}px, ${y}px) scale(${factor})`;
  }

  /** @param {Layer} layer @param {Size} host */
  clean(layer, host) {
    const context = this.canvases.get(layer)?.getContext("2d") ?? null;
    context?.setTransform(window.devicePixelRatio, 0, 0, window.devicePixelRatio, 0, 0);
    context?.clearRect(0, 0, host.width, host.height);
    return context;
  }

  remove() {
    cancelAnimationFrame(this.request);
    window.clearTimeout(this.rest);
    for (const canvas of this.canvases.values()) canvas.remove();
  }
}
