/**
 * The canvas on the page: what is shown of the image, what happens on it, and what has to be painted in the next frame.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./layers.js").SceneObject} SceneObject
 * @typedef {import("./layers.js").SceneDraft} SceneDraft
 * @typedef {{id: string, width: number, height: number, url: string}} SceneImage
 * @typedef {{image: SceneImage | null, objects: SceneObject[], selected: number | null, highlighted: number | null,
 *   draft: SceneDraft | null, preview: {rle: import("./rle.js").Rle, colour: string} | null, colour?: string,
 *   difference?: import("./layers.js").Difference | null, picking?: {others: number[]} | null, view: import("./layers.js").View}} Scene
 */

import { inSight, toImage, toScreen } from "./viewport.js";
import { Camera } from "./camera.js";
import { Pointing } from "./pointing.js";
import { Stack } from "./stack.js";
import { takePicture } from "../pictures.js";

/** @param {HTMLElement} host @param {(intent: import("./gestures.js").Intent) => void} onIntent */
export function createSurface(host, onIntent) {
  const surface = new Surface(host, onIntent);
  return {
    /** @param {Scene} scene */
    render: (scene) => surface.render(scene),
    fit: () => surface.camera.fit(),
    /** @param {number[]} bbox in image pixels */
    lookAt: (bbox) => surface.camera.lookAt(bbox),
    zoomIn: () => surface.camera.zoomBy(1.5),
    zoomOut: () => surface.camera.zoomBy(1 / 1.5),
    actualSize: () => surface.camera.zoomBy(1 / surface.view.scale),
    /** The pointer that keys move. */
    cursor: {
      get on() { return surface.pointing.cursor.on; },
      toggle: () => surface.pointing.toggleCursor(),
      /** @param {number} dx @param {number} dy in CSS pixels */
      move: (dx, dy) => surface.pointing.cursor.move(dx, dy),
      /** @param {import("./keyCursor.js").Keys} keys */
      click: (keys) => surface.pointing.cursor.click(keys),
      drag: () => surface.pointing.cursor.drag(),
      /** Whether a point or the box of the draft is under it. */
      isOnPrompt: () => ["point", "handle", "box"].includes(surface.pointing.hitUnder(surface.pointing.cursor.screen)?.kind ?? ""),
    },
    cancel: () => surface.pointing.cancel(),
    /** @param {number} x @param {number} y */
    toClient: (x, y) => surface.toClient({ x, y }),
    /** @param {number} clientX @param {number} clientY */
    toImage: (clientX, clientY) => toImage(surface.view, surface.pointing.toScreenPoint({ clientX, clientY })),
    viewport: () => surface.view,
    /** The part of the image that is in sight with some room around it, [x0, y0, x1, y1] in image pixels. */
    inSight: () => inSight(surface.view, surface.camera.host, surface.size),
    isBusy: () => surface.pointing.busy,
    /** Close the polygon that is being drawn. @returns {boolean} whether there was one */
    closePolygon: () => surface.pointing.closePolygon(),
    /** Take back its last vertex. @returns {boolean} whether there was one */
    takeBackVertex: () => surface.pointing.takeBackVertex(),
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
    this.pointing = new Pointing({ element: host, camera: this.camera, scene: () => this.scene, touch: (layer) => this.stack.touch(layer), onIntent });
    /** @type {ImageBitmap | null} */
    this.bitmap = null;
    this.stop = new AbortController();
    this.stack = new Stack(host, () => {
      const { scene, view, bitmap, camera: { host } } = this;
      return { scene, view, bitmap, host, ...this.pointing.shown };
    });
    this.pointing.listen(this.stop.signal);
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
    if (scene.view.brush !== before.view.brush || scene.view.tool !== before.view.tool) this.pointing.showCursor();
    this.followMask(before);
    if (scene.picking !== before.picking) this.stack.touch("marks");
    if (scene.difference !== before.difference) this.stack.touch("stroke");
    if (options || scene.selected !== before.selected || scene.highlighted !== before.highlighted) this.stack.touch("marks");
    if (options || scene.draft !== before.draft || scene.preview !== before.preview || scene.difference !== before.difference) this.stack.touch("draft");
  }

  /** The polygon tool shows the outline of the mask in hand. @param {Scene} before */
  followMask(before) {
    const { draft, selected, objects, view } = this.scene;
    if (view.tool !== "polygon" && before.view.tool !== "polygon") return;
    const mask = draft ? draft.mask : objects.find((object) => object.id === selected) ?? null;
    this.pointing.hand.polygon.follow(view.tool === "polygon" ? mask?.rle ?? null : null, this.view.scale);
    this.stack.touch("stroke");
  }

  /** @param {SceneImage | null} image */
  load(image) {
    this.pointing.cancel();
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

  /** The view moved. */
  looked() {
    this.stack.moved();
    this.pointing.cursor.draw();
    this.pointing.showCursor();
    this.onIntent({ type: "viewport", scale: this.view.scale });
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width || !height) return; // another tab is shown; this one comes back as it was
    this.camera.resize({ width, height });
    this.stack.resize(this.camera.host);
    this.pointing.cursor.draw();
    if (this.scene.image) this.onIntent({ type: "viewport", scale: this.view.scale });
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
    this.pointing.remove();
  }
}

/** Whether all objects are to be painted in another way. @param {Scene["view"]} a @param {Scene["view"]} b */
function masksLookOther(a, b) {
  return a.opacity !== b.opacity || a.outline !== b.outline || a.outlineWidth !== b.outlineWidth || a.overlays !== b.overlays;
}

