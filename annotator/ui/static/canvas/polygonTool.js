/**
 * The polygon tool: click vertices to draw a polygon that is added to the mask (or cut out of it), and move, insert and remove
 * vertices of the mask's own outline.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./outline.js").Ring} Ring
 * @typedef {{ring: number, index: number, edge: boolean}} Grip  a vertex, or the edge that begins at it
 * @typedef {{rings: Ring[], drawn: Point[], next: Point | null, erase: boolean, grip: Grip | null}} ShownPolygon
 * @typedef {{type: "polygon", points: Point[], erase: boolean} | {type: "outline", rings: Ring[], region: Ring}} PolygonIntent
 */

import { ringsOf, toSegment } from "./outline.js";

/** Reach of a vertex and of an edge, in CSS pixels: of a mouse, and of a finger. */
const REACH = { fine: 8, coarse: 18 };
/** How far the outline may be from the pixels, in CSS pixels; on a picture that is shown small fewer vertices are in the way. */
const TOLERANCE = 1.2;

export class PolygonTool {
  constructor() {
    /** @type {Ring[]} the outline of the mask in hand */
    this.rings = [];
    /** @type {string | null} run lengths of the mask that `rings` belong to */
    this.counts = null;
    /** Whether the next mask is what an edit here made: its outline is known already. */
    this.expecting = false;
    /** @type {{points: Point[], erase: boolean} | null} the polygon being drawn */
    this.drawing = null;
    /** @type {Point | null} */
    this.next = null;
    /** @type {{grip: Grip, before: Ring, moved: boolean} | null} */
    this.drag = null;
    /** @type {Grip | null} under the pointer */
    this.hover = null;
    /** @type {Point | null} where a press began that may become a vertex */
    this.pressed = null;
    this.erase = false;
  }

  get busy() {
    return this.drawing !== null || this.drag !== null;
  }

  /** The mask in hand is another one. @param {import("./rle.js").Rle | null} rle @param {number} scale CSS pixels of an image pixel */
  follow(rle, scale) {
    const counts = rle?.counts ?? null;
    if (counts === this.counts) return;
    this.counts = counts;
    if (!this.expecting) this.rings = rle === null ? [] : ringsOf(rle, Math.max(0.75, TOLERANCE / scale));
    this.expecting = false;
    this.hover = this.drag = null;
  }

  /** @returns {ShownPolygon} */
  shown() {
    return { rings: this.rings, drawn: this.drawing?.points ?? [], next: this.next, erase: this.erase, grip: this.drag?.grip ?? this.hover };
  }

  /**
   * @param {import("./gestures.js").PointerInput} input @param {number} scale
   * @returns {{used: boolean, intents: PolygonIntent[]}}
   */
  step(input, scale) {
    if (input.type === "cancel") return { used: this.cancel(), intents: [] };
    if (this.drag !== null) return { used: true, intents: this.dragged(input) };
    if (input.type === "down") return { used: this.down(input, scale), intents: [] };
    this.next = input.image;
    if (input.type === "up" && this.pressed !== null) {
      this.pressed = null;
      return { used: true, intents: this.placed(input.image, scale, input.coarse) };
    }
    if (this.drawing === null) this.hover = this.gripAt(input.image, scale, input.coarse);
    return { used: !input.space || this.pressed !== null, intents: [] };
  }

  /** @param {import("./gestures.js").PointerInput} input @param {number} scale @returns {boolean} */
  down(input, scale) {
    if (input.space || (input.button !== 0 && input.button !== 2)) return false;
    const grip = this.drawing === null && input.button === 0 ? this.gripAt(input.image, scale, input.coarse) : null;
    const ring = grip === null ? undefined : this.rings[grip.ring];
    if (grip === null || ring === undefined) {
      if (this.drawing === null) this.erase = input.button === 2 || input.shift;
      this.pressed = input.image;
      return true;
    }
    this.drag = { grip, before: ring, moved: input.alt };
    if (input.alt && !grip.edge) this.rings = with_(this.rings, grip.ring, ring.filter((_, index) => index !== grip.index));
    else if (grip.edge) {
      const inserted = [...ring.slice(0, grip.index + 1), input.image, ...ring.slice(grip.index + 1)];
      this.rings = with_(this.rings, grip.ring, inserted);
      this.drag.grip = { ring: grip.ring, index: grip.index + 1, edge: false };
    }
    return true;
  }

  /** @param {import("./gestures.js").PointerInput} input @returns {PolygonIntent[]} */
  dragged(input) {
    const { drag } = this;
    if (drag === null) return [];
    const { grip, before } = drag;
    const ring = this.rings[grip.ring] ?? [];
    const removed = ring.length < before.length;
    if (input.type === "hold" && !drag.moved && ring.length === before.length) {
      drag.moved = true; // a finger held on a vertex removes it
      this.rings = with_(this.rings, grip.ring, before.filter((_, index) => index !== grip.index));
    } else if (!removed && input.type !== "hold") {
      drag.moved = drag.moved || input.type === "move";
      if (drag.moved) this.rings = with_(this.rings, grip.ring, ring.map((point, index) => index === grip.index ? input.image : point));
    }
    if (input.type !== "up") return [];
    this.drag = null;
    const after = this.rings[grip.ring] ?? [];
    if (!drag.moved) {
      this.rings = with_(this.rings, grip.ring, before);
      return [];
    }
    const rings = after.length < 3 ? this.rings.filter((_, index) => index !== grip.ring) : this.rings;
    const region = after.length < 3 ? before : between(before, after, grip.index);
    this.rings = rings;
    this.expecting = true;
    return [{ type: "outline", rings, region }];
  }

  /** A click while drawing, or the first one. @param {Point} point @param {number} scale @param {boolean} coarse @returns {PolygonIntent[]} */
  placed(point, scale, coarse) {
    const points = this.drawing?.points ?? [];
    const reach = (coarse ? REACH.coarse : REACH.fine) / scale;
    const [first, last] = [points[0], points.at(-1)];
    const closes = (/** @type {Point | undefined} */ other) => other !== undefined && Math.hypot(other.x - point.x, other.y - point.y) <= reach;
    if (points.length >= 3 && (closes(first) || closes(last))) return this.finish();
    if (closes(last)) return []; // twice at one place says nothing new
    this.drawing = { points: [...points, point], erase: this.erase };
    return [];
  }

  /** Close the polygon. @returns {PolygonIntent[]} */
  finish() {
    const { drawing } = this;
    this.drawing = null;
    return drawing === null || drawing.points.length < 3 ? [] : [{ type: "polygon", points: drawing.points, erase: drawing.erase }];
  }

  /** The last vertex goes. @returns {boolean} whether there was one */
  takeBack() {
    if (this.drawing === null) return false;
    const points = this.drawing.points.slice(0, -1);
    this.drawing = points.length === 0 ? null : { ...this.drawing, points };
    return true;
  }

  /** @returns {boolean} whether there was something to give up */
  cancel() {
    const was = this.busy;
    if (this.drag !== null) this.rings = with_(this.rings, this.drag.grip.ring, this.drag.before);
    this.drawing = this.drag = this.pressed = null;
    return was;
  }

  /** @param {Point} point @param {number} scale @param {boolean} coarse @returns {Grip | null} */
  gripAt(point, scale, coarse) {
    let reach = (coarse ? REACH.coarse : REACH.fine) / scale;
    /** @type {Grip | null} */
    let vertex = null;
    /** @type {Grip | null} */
    let edge = null;
    let nearest = reach;
    this.rings.forEach((ring, number) => ring.forEach((from, index) => {
      const away = Math.hypot(from.x - point.x, from.y - point.y);
      if (away <= reach) [reach, vertex] = [away, { ring: number, index, edge: false }];
      const beside = toSegment(point, from, ring[(index + 1) % ring.length] ?? from);
      if (beside <= nearest) [nearest, edge] = [beside, { ring: number, index, edge: true }];
    }));
    return vertex ?? edge;
  }
}

/** @param {Ring[]} rings @param {number} at @param {Ring} ring */
const with_ = (rings, at, ring) => rings.map((other, index) => index === at ? ring : other);

/**
 * What lies between two outlines that differ at one vertex, which was moved, inserted or removed.
 * @param {Ring} before @param {Ring} after @param {number} index of the vertex @returns {Ring}
 */
function between(before, after, index) {
  const shorter = before.length < after.length ? before : after;
  const around = (/** @type {Ring} */ ring, /** @type {number} */ at) => /** @type {Point} */ (ring[(at + ring.length) % ring.length]);
  if (before.length === after.length) return [around(before, index - 1), around(before, index), around(before, index + 1), around(after, index)];
  const longer = shorter === before ? after : before;
  return [around(longer, index - 1), around(longer, index), around(longer, index + 1)];
}
