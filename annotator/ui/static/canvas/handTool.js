/** A hand tool on the canvas: the stroke under way, and the ring that shows how large the brush is. */

import { begun, isHandTool, stepped } from "./strokes.js";

/** Smaller than this, in CSS pixels, the ring alone would be lost on the picture: the cross stays. */
const VISIBLE = 6;

export class HandTool {
  /** @param {HTMLElement} host */
  constructor(host) {
    /** @type {import("./strokes.js").Stroke | null} */
    this.stroke = null;
    this.ring = document.createElement("i");
    this.ring.className = "surface-brush";
    this.ring.hidden = true;
    host.append(this.ring);
  }

  /**
   * @param {string | undefined} tool @param {import("./gestures.js").PointerInput} input @param {number} scale
   * @returns {{used: boolean, intents: {type: string, [name: string]: unknown}[]}} used: whether the event was the tool's
   */
  step(tool, input, scale) {
    if (!isHandTool(tool)) return { used: false, intents: [] };
    if (this.stroke === null) {
      this.stroke = begun(tool, input);
      return { used: this.stroke !== null || (input.type === "move" && !input.space), intents: [] };
    }
    const { gesture, intents } = stepped(this.stroke, input, scale);
    this.stroke = gesture;
    return { used: true, intents };
  }

  /**
   * Show the ring at the pointer.
   * @param {import("./layers.js").View} view @param {import("./viewport.js").Point} pointer @param {number} scale @param {boolean} there whether the pointer is on the canvas and free
   * @returns {boolean} whether it stands for the cursor
   */
  showRing({ tool, brush = 1 }, pointer, scale, there) {
    const round = there && (tool === "brush" || tool === "eraser");
    this.ring.hidden = !round;
    if (!round) return false;
    const side = Math.max(2, 2 * brush * scale);
    Object.assign(this.ring.style, {
      width: `${side}px`, height: `${side}px`, transform: `translate(${pointer.x - side / 2}px, ${pointer.y - side / 2}px)`,
    });
    return side >= VISIBLE;
  }

  remove() {
    this.ring.remove();
  }
}
