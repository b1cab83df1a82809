/** A public demo: what the page says about it, and what it says when a visitor's session is over. */

import { ROOT } from "./base.js";
import { h, icon } from "./dom.js";

/** @param {number} minutes without a click, after which the session ends */
export const lasting = (minutes) => `What you do here is yours alone, and gone after ${minutes} ${minutes === 1 ? "minute" : "minutes"} without a click`;

/** The line in the header. @param {number} minutes */
export function demoLine(minutes) {
  return h("span", { class: "ann-demo", title: `Demo: ${lasting(minutes)}.`, "data-testid": "demo-line" }, h("b", {}, "Demo"), h("span", {}, lasting(minutes)));
}

/** @type {HTMLDialogElement | null} */
let dialog = null;

/** The session is over: nothing can be done on this page any more, so it lets nothing be done. */
export function sayEnded() {
  if (dialog !== null) return;
  const again = h("button", { type: "button", "data-testid": "begin-anew", on: { click: () => location.assign(`${ROOT}/`) } }, "Begin anew");
  dialog = /** @type {HTMLDialogElement} */ (h("dialog", { class: "ann-ended", "aria-labelledby": "ann-ended-title", "data-testid": "session-ended" },
    icon("clock", 28), h("h2", { id: "ann-ended-title" }, "Your demo session has ended"),
    h("p", {}, "Nobody clicked for a while, or the demo was started anew. What you made is gone, as nothing is kept here."), again));
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.body.append(dialog);
  dialog.showModal();
}
