/**
 * The layer of all objects. A thousand of them can take longer than a frame, so it paints only what it must: the strips that
 * a pan uncovers and the places where an object changed. While the view zooms and painting is slow, what is
 * painted is stretched until the view rests.
 *
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./viewport.js").Size} Size
 * @typedef {import("./regions.js").Region} Region
 * @typedef {{view: Viewport, image: Size | null, ratio: number, objects: import("./layers.js").SceneObject[], options: import("./layers.js").View}} Picture
 *   ratio: pixels of the layer for a CSS pixel
 */

import { paintObjects } from "./layers.js";
import { changedPlaces, uncovered } from "./regions.js";
import { toScreen } from "./viewport.js";

/** A view that has not moved for so long (ms) rests. */
const REST = 90;
/** A frame that took no longer than this (ms) was painted in time. */
const QUICK = 20;
/** Where painting is slow a strip is painted when it is so wide (CSS pixels) or the view rests: few wide ones cost less than many narrow ones. */
const LAG = 48;
/** How far an outline reaches out of its object's box, CSS pixels. */
const REACH = 5;

export class ObjectLayer {
  /** @param {HTMLCanvasElement} canvas @param {() => void} wake asks for another call of `paint` */
  constructor(canvas, wake) {
    this.canvas = canvas;
    this.wake = wake;
    /** @type {Viewport} the view that the layer is painted for */
    this.view = { scale: 1, x: 0, y: 0 };
    this.all = true;
    /** @type {number[][]} boxes in image pixels */
    this.places = [];
    /** How long the last whole paint took, ms. */
    this.cost = 0;
    this.timer = 0;
    /** @type {Viewport | null} the view whose rest is waited for */
    this.awaited = null;
    /** Whether the view rests and what is missing is to be painted. */
    this.settle = false;
  }

  /** Everything looks different. */
  invalidate() {
    this.all = true;
  }

  /** @param {import("./layers.js").SceneObject[]} before @param {import("./layers.js").SceneObject[]} after */
  change(before, after) {
    const places = changedPlaces(before, after);
    if (places) this.places.push(...places);
    else this.all = true;
  }

  /** @param {Picture} picture */
  paint(picture) {
    if (this.all) return this.paintAll(picture);
    const { view, ratio } = picture;
    if (view.scale !== this.view.scale) return this.stretch(picture);
    if (this.mayLag(view)) return this.follow(view);
    const regions = view === this.view ? [] : this.scroll(view, ratio);
    this.settle = false;
    regions.push(...this.places.map((place) => this.regionOf(place, ratio)));
    this.places = [];
    for (const region of regions) this.paintRegion(picture, region);
  }

  /** @param {Picture} picture */
  paintAll(picture) {
    clearTimeout(this.timer);
    this.awaited = null;
    this.settle = false;
    this.all = false;
    this.places = [];
    this.view = picture.view;
    this.canvas.style.transform = "";
    this.paintRegion(picture, { x: 0, y: 0, width: this.canvas.width, height: this.canvas.height });
    // The browser paints after the script is done: only the next frame tells how long it took.
    const begin = performance.now();
    requestAnimationFrame(() => { this.cost = performance.now() - begin; });
  }

  /** @param {Picture} picture */
  stretch(picture) {
    if (this.cost <= QUICK) return this.paintAll(picture);
    const { view } = picture;
    const factor = view.scale / this.view.scale;
    this.canvas.style.transform = `translate(${view.x - this.view.x * factor}px, ${view.y - this.view.y * factor}px) scale(${factor})`;
    this.atRest(view, () => { this.all = true; });
  }

  /** @param {Viewport} view */
  mayLag(view) {
    const far = Math.max(Math.abs(view.x - this.view.x), Math.abs(view.y - this.view.y));
    return far > 0 && far < LAG && this.cost > QUICK && this.places.length === 0 && !this.settle;
  }

  /** What is painted moves along as a picture. @param {Viewport} view */
  follow(view) {
    this.canvas.style.transform = `translate(${view.x - this.view.x}px, ${view.y - this.view.y}px)`;
    this.atRest(view, () => { this.settle = true; });
  }

  /**
   * Pushes what is painted by whole pixels, so that nothing blurs.
   * @param {Viewport} view @param {number} ratio @returns {Region[]} what has come into sight
   */
  scroll(view, ratio) {
    const dx = Math.round((view.x - this.view.x) * ratio);
    const dy = Math.round((view.y - this.view.y) * ratio);
    const rest = { x: view.x - this.view.x - dx / ratio, y: view.y - this.view.y - dy / ratio };
    const exact = Math.hypot(rest.x, rest.y) * ratio < 0.01;
    this.view = exact ? view : { scale: view.scale, x: this.view.x + dx / ratio, y: this.view.y + dy / ratio };
    this.canvas.style.transform = exact ? "" : `translate(${rest.x}px, ${rest.y}px)`;
    if (!exact) this.atRest(view, () => { this.all = true; });
    if (dx !== 0 || dy !== 0) {
      const context = this.context();
      context.save();
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.globalCompositeOperation = "copy";
      context.drawImage(this.canvas, dx, dy);
      context.restore();
    }
    return uncovered(dx, dy, this.canvas);
  }

  /**
   * Other paints while the view stands still, of an animation say, must not put this off.
   * @param {Viewport} view @param {() => void} then
   */
  atRest(view, then) {
    if (view === this.awaited) return;
    this.awaited = view;
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => {
      this.awaited = null;
      then();
      this.wake();
    }, REST);
  }

  /** @param {number[]} place in image pixels @param {number} ratio @returns {Region} in pixels of the layer, whole ones */
  regionOf([x = 0, y = 0, width = 0, height = 0], ratio) {
    const from = toScreen(this.view, { x, y });
    const to = toScreen(this.view, { x: x + width, y: y + height });
    const left = Math.max(0, Math.floor((from.x - REACH) * ratio));
    const top = Math.max(0, Math.floor((from.y - REACH) * ratio));
    const right = Math.min(this.canvas.width, Math.ceil((to.x + REACH) * ratio));
    const bottom = Math.min(this.canvas.height, Math.ceil((to.y + REACH) * ratio));
    return { x: left, y: top, width: Math.max(0, right - left), height: Math.max(0, bottom - top) };
  }

  /** @param {Picture} picture @param {Region} region in pixels of the layer */
  paintRegion({ image, ratio, objects, options }, { x, y, width, height }) {
    const context = this.context();
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.beginPath();
    context.rect(x, y, width, height);
    context.clip();
    context.clearRect(x, y, width, height);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const sight = { x: x / ratio - REACH, y: y / ratio - REACH, width: width / ratio + 2 * REACH, height: height / ratio + 2 * REACH };
    if (image && width && height) paintObjects(context, this.view, image, sight, objects, options);
    context.restore();
  }

  context() {
    return /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
  }

  destroy() {
    clearTimeout(this.timer);
  }
}
