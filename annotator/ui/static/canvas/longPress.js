/** A finger or pen held still: what the right button is for a mouse. A ring that fills says that it is being counted. */

/** How long, in milliseconds. */
export const HOLD_MS = 500;

export class LongPress {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.timer = 0;
    this.ring = document.createElement("i");
    this.ring.className = "surface-hold";
    this.ring.hidden = true;
    host.append(this.ring);
  }

  /** @param {import("./viewport.js").Point} screen @param {() => void} done */
  begin(screen, done) {
    this.end();
    this.ring.style.transform = `translate(${screen.x}px, ${screen.y}px)`;
    this.ring.hidden = false;
    this.timer = window.setTimeout(() => {
      this.end();
      navigator.vibrate?.(15);
      done();
    }, HOLD_MS);
  }

  end() {
    clearTimeout(this.timer);
    this.ring.hidden = true;
  }

  remove() {
    this.end();
    this.ring.remove();
  }
}
