/**
 * Two clicks that are one. The first has acted already; the page takes a point back that it added. Only when the button
 * goes up again is it known that the second press is no drag.
 */

import { distance } from "./hit.js";

const WITHIN_MS = 300;
/** How far apart, in CSS pixels, with a mouse and with a finger. */
const NEAR = { fine: 4, coarse: 24 };

/** @typedef {{time: number, screen: import("./viewport.js").Point, point: boolean}} Click  point: whether it added one */

export class DoubleClick {
  constructor() {
    /** @type {Click | null} */
    this.last = null;
    /** @type {Click | null} the click before a press that may make it a double one */
    this.first = null;
  }

  /** A click has acted. @param {import("./viewport.js").Point} screen @param {boolean} point */
  clicked(screen, point) {
    this.last = { time: performance.now(), screen, point };
  }

  /**
   * A button went down. A click whose draft was accepted or dropped meanwhile is over: the next one begins anew.
   * @param {PointerEvent} event @param {import("./viewport.js").Point} screen @param {boolean} drafting whether there is a draft
   */
  pressed(event, screen, drafting) {
    const { last } = this;
    this.last = this.first = null;
    if (!last || (last.point && !drafting) || event.button !== 0 || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    const near = distance(screen, last.screen) <= (event.pointerType === "touch" ? NEAR.coarse : NEAR.fine);
    if (near && performance.now() - last.time <= WITHIN_MS) this.first = last;
  }

  /**
   * A button went up: the first of two clicks if this ends the second.
   * @param {import("./gestures.js").Gesture} before @param {import("./gestures.js").Intent[]} intents @returns {Click | null}
   */
  ended(before, intents) {
    const { first } = this;
    this.first = null;
    const still = before.mode === "press" ? !intents.some((intent) => intent.type === "set-box") : before.mode === "move-point" && !intents.length;
    return still ? first : null;
  }
}
