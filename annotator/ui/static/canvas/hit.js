/** What lies under a place on the canvas. */

import { contains } from "./rle.js";
import { handles } from "./gestures.js";
import { shapeOf } from "./layers.js";
import { toScreen } from "./viewport.js";

/**
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./gestures.js").Hit} Hit
 * @typedef {import("./surface.js").Scene} Scene
 */

/** Reach of a point, a handle and an edge in CSS pixels: of a mouse or pen, and of a finger. */
const FINE = { point: 11, handle: 8, edge: 5 };
const COARSE = { point: 16, handle: 16, edge: 10 };

/**
 * With a draft its points and box can be hit, without one the objects.
 * @param {Scene} scene @param {Viewport} view @param {Point} screen @param {Point} image the same place in image pixels
 * @param {{objectsFirst: boolean, coarse: boolean}} how @returns {Hit | null}
 */
export function hitAt(scene, view, screen, image, { objectsFirst, coarse }) {
  const { draft } = scene;
  const reach = coarse ? COARSE : FINE;
  if (!draft || objectsFirst || !scene.view.showPrompts) return draft && !objectsFirst ? null : objectAt(scene, image);
  for (let index = draft.points.length - 1; index >= 0; index--) {
    const point = draft.points[index];
    if (point && distance(toScreen(view, point), screen) <= reach.point) return { kind: "point", index };
  }
  if (!draft.box) return null;
  const index = handles(draft.box).findIndex((handle) => distance(toScreen(view, handle), screen) <= reach.handle);
  if (index >= 0) return { kind: "handle", index };
  return isOnEdge(draft.box, image, reach.edge / view.scale) ? { kind: "box" } : null;
}

/** The smallest shown object: what lies inside another can still be reached. @param {Scene} scene @param {Point} image @returns {Hit | null} */
function objectAt(scene, image) {
  if (!scene.view.overlays || !scene.image) return null;
  let best = null;
  let smallest = Infinity;
  for (const { id, rle, bbox, hidden, locked } of scene.objects) {
    const [x = 0, y = 0, width = 0, height = 0] = bbox;
    const inside = image.x >= x && image.y >= y && image.x < x + width && image.y < y + height;
    if (hidden || locked || !inside || width * height >= smallest) continue;
    const { runs } = shapeOf(rle);
    const column = Math.floor((image.x * runs.width) / scene.image.width);
    const row = Math.floor((image.y * runs.height) / scene.image.height);
    if (!contains(runs, column, row)) continue;
    best = id;
    smallest = width * height;
  }
  return best === null ? null : { kind: "object", id: best };
}

/** @param {Point} a @param {Point} b */
export function distance(a, b) {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

/** @param {[number, number, number, number]} box @param {Point} point @param {number} reach */
function isOnEdge([x0, y0, x1, y1], { x, y }, reach) {
  const outside = x < x0 - reach || x > x1 + reach || y < y0 - reach || y > y1 + reach;
  const inside = x > x0 + reach && x < x1 - reach && y > y0 + reach && y < y1 - reach;
  return !outside && !inside;
}
