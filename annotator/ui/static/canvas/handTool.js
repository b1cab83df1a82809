/** A hand tool on the canvas: the stroke or polygon under way, and the ring that shows how large the brush is. */

import { PolygonTool } from "./polygonTool.js";
import { begun, isHandTool, stepped } from "./strokes.js";

/** Smaller than this, in CSS pixels, the ring alone would be lost on the picture: the cross stays. */
const VISIBLE = 6;

/** @typedef {{used: boolean, intents: {type: string, [name: string]: unknown}[]}} Used  used: whether the event was the tool's */

export class HandTool {
  /** @param {HTMLElement} host */
  constructor(host) {
    /** @type {import("./strokes.js").Stroke | null} */
    this.stroke = null;
    this.polygon = new PolygonTool();
    this.ring = document.createElement("i");
    this.ring.className = "surface-brush";
    this.ring.hidden = true;
    host.append(this.ring);
  }

  /** Whether something is under way that Escape gives up. */
  get busy() {
    return this.stroke !== null || this.polygon.busy;
  }

  /** Whether a button is down. */
  get pressed() {
    return this.stroke !== null || this.polygon.drag !== null || this.polygon.pressed !== null;
  }

  /**
   * @param {string | undefined} tool @param {import("./gestures.js").PointerInput} input @param {number} scale
   * @returns {Used}
   */
  step(tool, input, scale) {
    if (tool === "polygon") return this.polygon.step(input, scale);
    if (!isHandTool(tool) || input.type === "hold") return { used: false, intents: [] };
    if (this.stroke === null) {
      this.stroke = begun(tool, input);
      return { used: this.stroke !== null || (input.type === "move" && !input.space), intents: [] };
    }
    const { gesture, intents } = stepped(this.stroke, input, scale);
    this.stroke = gesture;
    return { used: true, intents };
  }

  cancel() {
    this.stroke = null;
    this.polygon.cancel();
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
