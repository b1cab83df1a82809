/** Where people look: the viewport, and everything that moves it. */

import { fit, pan, resized, zoom } from "./viewport.js";

/**
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./viewport.js").Size} Size
 */

/** How close a small object is looked at; screen pixels an image pixel. */
const CLOSE = 4;

export class Camera {
  /** @param {() => void} moved called after each move */
  constructor(moved) {
    this.moved = moved;
    /** @type {import("./viewport.js").Viewport} */
    this.view = { scale: 1, x: 0, y: 0 };
    /** Whether the view still is the whole image: then it stays that when the window changes. */
    this.fitted = true;
    /** @type {Size} */
    this.host = { width: 0, height: 0 };
    /** @type {Size} */
    this.image = { width: 1, height: 1 };
  }

  /** @param {import("./viewport.js").Viewport} view */
  look(view) {
    this.view = view;
    this.fitted = false;
    this.moved();
  }

  fit() {
    this.look(fit(this.image, this.host));
    this.fitted = true;
  }

  /** Have a box in sight with as much around it, but no farther away than the whole image. @param {number[]} bbox x, y, width, height in image pixels */
  lookAt([x = 0, y = 0, width = 0, height = 0]) {
    const whole = fit(this.image, this.host).scale;
    const scale = Math.max(whole, Math.min(this.host.width / (2 * width + 32), this.host.height / (2 * height + 32), CLOSE));
    this.look({ scale, x: this.host.width / 2 - (x + width / 2) * scale, y: this.host.height / 2 - (y + height / 2) * scale });
  }

  /** Another image. @param {Size} image */
  show(image) {
    this.image = image;
    this.view = fit(image, this.host);
    this.fitted = true;
  }

  /** @param {Size} host */
  resize(host) {
    const before = this.host;
    this.host = host;
    this.view = this.fitted ? fit(this.image, host) : resized(this.view, before, host, this.image);
  }

  /** @param {number} dx @param {number} dy */
  panBy(dx, dy) {
    this.look(pan(this.view, dx, dy, this.image, this.host));
  }

  /** @param {number} factor @param {Point} [at] what stays where it is */
  zoomBy(factor, at = { x: this.host.width / 2, y: this.host.height / 2 }) {
    this.look(zoom(this.view, factor, at, this.image, this.host));
  }

  /** @param {WheelEvent} event @param {Point} at */
  wheel(event, at) {
    const unit = event.deltaMode === 1 ? 16 : event.deltaMode === 2 ? this.host.height : 1;
    // A pinch on a trackpad comes as a wheel with Ctrl and small steps.
    const speed = event.ctrlKey ? 0.01 : 0.0018;
    const delta = Math.min(Math.max(event.deltaY * unit, -400), 400);
    this.zoomBy(Math.exp(-delta * speed), at);
  }

  /** Two fingers moved. @param {{before: [Point, Point], after: [Point, Point]}} pinch */
  pinch({ before: [a, b], after: [c, d] }) {
    const centre = { x: (c.x + d.x) / 2, y: (c.y + d.y) / 2 };
    const factor = Math.hypot(c.x - d.x, c.y - d.y) / Math.max(1, Math.hypot(a.x - b.x, a.y - b.y));
    const moved = pan(this.view, centre.x - (a.x + b.x) / 2, centre.y - (a.y + b.y) / 2, this.image, this.host);
    this.look(zoom(moved, factor, centre, this.image, this.host));
  }

  /** Have a place in sight, with some room around it. @param {Point} screen @param {number} room */
  reveal(screen, room) {
    const over = (/** @type {number} */ at, /** @type {number} */ size) => at < room ? room - at : at > size - room ? size - room - at : 0;
    const [dx, dy] = [over(screen.x, this.host.width), over(screen.y, this.host.height)];
    if (dx !== 0 || dy !== 0) this.panBy(dx, dy);
  }
}
