/**
 * A pointer for people who don't use one: keys move it, press and let go. What it says is what a mouse would say, so every
 * tool works with it.
 */

import { toImage, toScreen } from "./viewport.js";

/** The cursor stays this far from the edge of the canvas, in CSS pixels; the view moves instead. */
const ROOM = 48;

/** @typedef {{shift?: boolean, alt?: boolean}} Keys */

export class KeyCursor {
  /**
   * @param {HTMLElement} host @param {import("./camera.js").Camera} camera
   * @param {(type: "down" | "move" | "up", screen: import("./viewport.js").Point, keys: Keys) => void} feed
   * @param {(place: import("./viewport.js").Point) => void} moved
   */
  constructor(host, camera, feed, moved) {
    this.moved = moved;
    this.camera = camera;
    this.feed = feed;
    this.on = false;
    /** Whether the button is down. */
    this.pressed = false;
    /** In image pixels, so that zooming keeps it where it is. */
    this.place = { x: 0, y: 0 };
    this.element = document.createElement("i");
    this.element.className = "surface-key-cursor";
    this.element.hidden = true;
    host.append(this.element);
  }

  get screen() {
    return toScreen(this.camera.view, this.place);
  }

  /** @param {import("./viewport.js").Point | null} pointer where the mouse is, if it is on the canvas */
  toggle(pointer) {
    this.release();
    this.on = !this.on;
    this.element.hidden = !this.on;
    if (!this.on) return;
    const { host } = this.camera;
    this.place = toImage(this.camera.view, pointer ?? { x: host.width / 2, y: host.height / 2 });
    this.move(0, 0);
  }

  /** @param {number} dx @param {number} dy in CSS pixels */
  move(dx, dy) {
    const { view, image } = this.camera;
    this.place = {
      x: Math.min(Math.max(0, this.place.x + dx / view.scale), image.width),
      y: Math.min(Math.max(0, this.place.y + dy / view.scale), image.height),
    };
    this.camera.reveal(this.screen, ROOM);
    this.draw();
    this.feed("move", this.screen, {});
    this.moved(this.place);
  }

  /** @param {Keys} keys */
  click(keys) {
    this.release();
    this.feed("down", this.screen, keys);
    this.feed("up", this.screen, keys);
  }

  /** Press, or let go. */
  drag() {
    this.pressed = !this.pressed;
    this.element.classList.toggle("is-pressed", this.pressed);
    this.feed(this.pressed ? "down" : "up", this.screen, {});
  }

  /** Somebody gave the drag up. */
  release() {
    this.pressed = false;
    this.element.classList.remove("is-pressed");
  }

  draw() {
    const { x, y } = this.screen;
    this.element.style.transform = `translate(${x}px, ${y}px)`;
  }

  remove() {
    this.element.remove();
  }
}
