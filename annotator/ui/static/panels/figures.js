/** One's own figures, behind the time of the last click: how quick answers are, what an object takes. */

import { h } from "../dom.js";
import { lines } from "../statistics.js";

/** @param {{store: import("../store.js").Store}} options */
export function figures({ store }) {
  const body = h("dl", { class: "ann-figures-list" });
  const opener = h("button", {
    type: "button", class: "ann-status-latency", title: "From the click to the answer; click for your figures", "aria-haspopup": "dialog",
    "aria-expanded": "false", "data-testid": "status-latency", hidden: true, on: { click: () => toggle() },
  });
  const panel = h("div", { class: "ann-figures", role: "dialog", "aria-label": "Your figures", "data-testid": "figures", hidden: true },
    h("h3", {}, "Since you opened the page"), body);
  const element = h("span", { class: "ann-menu-place" }, opener, panel);

  function toggle() {
    panel.hidden = !panel.hidden;
    opener.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) document.addEventListener("pointerdown", outside, true);
    else document.removeEventListener("pointerdown", outside, true);
  }

  /** @param {Event} event */
  function outside(event) {
    if (event.target instanceof Node && !element.contains(event.target)) toggle();
  }

  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    event.stopPropagation();
    toggle();
  });
  store.watch((state) => [state.statistics], ({ statistics }) => {
    body.replaceChildren(...lines(statistics).flatMap(([what, value]) => [h("dt", {}, what), h("dd", {}, value)]));
  });
  store.watch((state) => [state.latency], ({ latency }) => {
    opener.hidden = latency === null;
    if (latency !== null) opener.textContent = `${Math.round(latency)} ms`;
  });
  return { element };
}
