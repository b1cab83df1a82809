/**
 * The canvases on top of each other, repainted in the next frame where something changed: the picture, all objects, the marked
 * ones, the draft.
 *
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./viewport.js").Size} Size
 * @typedef {import("./surface.js").Scene} Scene
 * @typedef {"picture" | "objects" | "marks" | "draft" | "stroke"} Layer
 * @typedef {{scene: Scene, view: Viewport, host: Size, bitmap: CanvasImageSource | null, hovered: number | null,
 *   stroke: import("./strokes.js").Stroke | null, polygon: import("./polygonTool.js").ShownPolygon | null}} Frame  hovered: index of a point
 */

import { paintDifference, paintDraft, paintMarks, paintPicture, paintPreview, paintStroke } from "./layers.js";
import { paintPolygon } from "./polygonLayer.js";
import { ObjectLayer } from "./objectLayer.js";

/** @type {Layer[]} */
const LAYERS = ["picture", "objects", "marks", "draft", "stroke"];

const still = window.matchMedia("(prefers-reduced-motion: reduce)");

export class Stack {
  /** @param {HTMLElement} host @param {() => Frame} frame what there is to paint */
  constructor(host, frame) {
    this.frame = frame;
    /** Pixels of the canvases for a CSS pixel. */
    this.ratio = window.devicePixelRatio;
    this.stop = new AbortController();
    /** @type {Set<Layer>} */
    this.dirty = new Set(LAYERS);
    this.request = 0;
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
    this.objects = new ObjectLayer(/** @type {HTMLCanvasElement} */ (this.canvases.get("objects")), () => this.touch("draft"));
    this.followRatio();
  }

  /** A window that goes to another screen keeps its size: no observer of sizes sees that. */
  followRatio() {
    const changed = () => {
      this.resize(this.frame().host);
      this.followRatio();
    };
    window.matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`).addEventListener("change", changed, { once: true, signal: this.stop.signal });
  }

  /** Something changed. @param {Layer[]} layers all of them unless named */
  touch(...layers) {
    for (const layer of layers.length ? layers : LAYERS) this.dirty.add(layer);
    if (!this.request) this.request = requestAnimationFrame(() => this.paint());
  }

  /** The viewport changed. The objects see that themselves. */
  moved() {
    this.touch("picture", "marks", "draft", "stroke");
  }

  /** Some objects changed. @param {import("./layers.js").SceneObject[]} before @param {import("./layers.js").SceneObject[]} after */
  changed(before, after) {
    this.objects.change(before, after);
    this.touch("marks");
  }

  /** The host changed its size: at once, because a canvas that does is empty until it is painted. @param {Size} size */
  resize({ width, height }) {
    this.ratio = window.devicePixelRatio;
    for (const canvas of this.canvases.values()) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
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
    if (this.ratio !== window.devicePixelRatio) return this.resize(this.frame().host);
    const dirty = new Set(this.dirty);
    this.dirty.clear();
    const { scene, view, host, bitmap, hovered, stroke, polygon } = this.frame();
    const { image, objects, draft, preview, view: options } = scene;
    const phase = still.matches ? 0 : (performance.now() / 900) % 1;
    if (dirty.delete("objects")) this.objects.invalidate();
    this.objects.paint({ view, image, ratio: this.ratio, objects, options });
    for (const layer of dirty) {
      const context = this.clean(layer, host);
      if (!image || !context) continue;
      if (layer === "picture") paintPicture(context, view, image, bitmap);
      if (layer === "marks") paintMarks(context, view, image, objects, options, scene, scene.picking?.others);
      if (layer === "stroke" && stroke) paintStroke(context, view, stroke, options.brush ?? 1, scene.colour ?? "#3b82f6");
      if (layer === "stroke" && polygon && !scene.difference) paintPolygon(context, view, host, polygon, scene.colour ?? "#3b82f6");
      if (layer === "draft" && !draft && preview) paintPreview(context, view, image, preview, options);
      if (layer === "draft" && draft) paintDraft(context, view, image, draft, options, hovered, phase);
      if (layer === "draft" && scene.difference) paintDifference(context, view, image, scene.difference, options);
    }
    if (draft?.pending && !still.matches) this.touch("draft");
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  /** @param {Layer} layer @param {Size} host */
  clean(layer, host) {
    const context = this.canvases.get(layer)?.getContext("2d") ?? null;
    context?.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context?.clearRect(0, 0, host.width, host.height);
    return context;
  }

  remove() {
    this.stop.abort();
    cancelAnimationFrame(this.request);
    this.objects.destroy();
    for (const canvas of this.canvases.values()) canvas.remove();
  }
}
