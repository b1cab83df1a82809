/**
 * Which touches draw, which move the view, and which are a resting hand: pure, fed with every pointer event.
 *
 * One finger or the pen draws. A second finger takes back what the first began, and the two move the view until all fingers
 * have left; a third says nothing. While a pen is near, and for a moment after, no finger does anything: it is the palm.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {{type: "down" | "move" | "up" | "cancel", id: number, kind: string, at: Point, time: number, contact: number}} Touch
 *   kind: `touch`, `pen` or `mouse`; time: milliseconds; contact: longer side of what touches, CSS pixels
 * @typedef {{draws: boolean, cancel: boolean, pinch: {before: [Point, Point], after: [Point, Point]} | null}} Verdict
 *   draws: the event belongs to a gesture on the picture; cancel: what was begun is taken back before
 */

/** A hand that writes rests and lifts between strokes: this long after the pen, in milliseconds, touches are the palm's. */
export const PALM_MS = 1000;

/** A contact larger than this is no fingertip; CSS pixels (about 15 mm). */
export const PALM_SIZE = 60;

export class Touches {
  constructor() {
    /** @type {Map<number, Point>} fingers on the screen that are not the palm's */
    this.fingers = new Map();
    /** @type {[number, number] | null} the two that move the view */
    this.pair = null;
    /** Whether fingers wait until all have left. */
    this.spent = false;
    this.penSeen = -Infinity;
  }

  /** @param {Touch} touch @returns {Verdict} */
  step(touch) {
    if (touch.kind === "pen") return this.pen(touch);
    if (touch.kind !== "touch") return { draws: true, cancel: false, pinch: null };
    if (touch.type === "down") return this.down(touch);
    const known = this.fingers.get(touch.id);
    if (known === undefined) return NOTHING;
    const pinch = this.moved(touch, known);
    const draws = !this.spent;
    if (touch.type === "up" || touch.type === "cancel") this.leave(touch.id);
    return { draws, cancel: false, pinch };
  }

  /** @param {Touch} touch @returns {Verdict} */
  pen(touch) {
    this.penSeen = touch.time;
    const cancel = touch.type === "down" && this.fingers.size > 0 && !this.spent;
    if (touch.type === "down") {
      this.fingers.clear();
      this.pair = null;
      this.spent = false;
    }
    return { draws: true, cancel, pinch: null };
  }

  /** @param {Touch} touch @returns {Verdict} */
  down(touch) {
    if (touch.time - this.penSeen < PALM_MS || touch.contact > PALM_SIZE) return NOTHING;
    this.fingers.set(touch.id, touch.at);
    if (this.fingers.size === 1) return { draws: true, cancel: false, pinch: null };
    const cancel = !this.spent;
    this.spent = true;
    if (this.pair === null && this.fingers.size === 2) {
      const [first, second] = [...this.fingers.keys()];
      this.pair = [first ?? -1, second ?? -1];
    }
    return { draws: false, cancel, pinch: null };
  }

  /** @param {Touch} touch @param {Point} before @returns {Verdict["pinch"]} */
  moved(touch, before) {
    this.fingers.set(touch.id, touch.at);
    if (this.pair === null || !this.pair.includes(touch.id)) return null;
    const other = this.fingers.get(this.pair[0] === touch.id ? this.pair[1] : this.pair[0]);
    return other === undefined ? null : { before: [before, other], after: [touch.at, other] };
  }

  /** @param {number} id */
  leave(id) {
    this.fingers.delete(id);
    if (this.pair?.includes(id)) this.pair = null;
    if (this.fingers.size === 0) this.spent = false;
  }
}

/** @type {Verdict} */
const NOTHING = { draws: false, cancel: false, pinch: null };
