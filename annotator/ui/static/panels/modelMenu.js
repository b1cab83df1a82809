/** The model in the status line, and the menu that opens from it. */

import { h, icon, setText } from "../dom.js";
import { modelOf } from "../models.js";

/** @param {number} count of weights */
export const millions = (count) => count === 0 ? "" : count < 1e9 ? `${Math.round(count / 1e6)} M` : `${(count / 1e9).toFixed(1)} G`;

/** @param {string} device */
export const deviceTitle = (device) => device === "auto" ? "" : device.toUpperCase().replace(":", " ");

/** What the line under a model's name says. @param {import("../store.js").ModelItem} model */
export function details(model) {
  if (!model.present) return `Not here yet. Run: annotator models download ${model.name}`;
  return [millions(model.parameters) === "" ? "" : `${millions(model.parameters)} parameters`, deviceTitle(model.device)].filter(Boolean).join(" · ");
}

/**
 * @param {{store: import("../store.js").Store, verbs: {look: () => void, choose: (name: string) => void}, leave: () => void}} options
 *   leave: puts the keys back to where people work
 */
export function modelMenu({ store, verbs, leave }) {
  const label = h("span");
  const opener = h("button", {
    type: "button", class: "ann-status-model", title: "Choose the model", "aria-haspopup": "menu", "aria-expanded": "false",
    "data-testid": "status-model", on: { click: () => (menu.hidden ? open() : close()) },
  }, label, icon("up", 12));
  const menu = h("div", { class: "ann-menu", role: "menu", "aria-label": "Model", "data-testid": "model-menu", hidden: true, on: { keydown: onKey } });
  const element = h("span", { class: "ann-menu-place" }, opener, menu);

  function open() {
    verbs.look();
    menu.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    focusOn(menu.querySelector("[aria-checked=true]") ?? menu.querySelector("button"));
    document.addEventListener("pointerdown", outside, true);
  }

  function close() {
    menu.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    leave();
    document.removeEventListener("pointerdown", outside, true);
  }

  /** @param {Event} event */
  function outside(event) {
    if (event.target instanceof Node && !element.contains(event.target)) close();
  }

  /** @param {Element | null | undefined} item */
  const focusOn = (item) => { if (item instanceof HTMLElement) item.focus(); };

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const rows = [...menu.querySelectorAll("button")];
    const here = rows.findIndex((row) => row === document.activeElement);
    if (event.key === "ArrowDown") focusOn(rows[(here + 1) % rows.length]);
    else if (event.key === "ArrowUp") focusOn(rows[(here - 1 + rows.length) % rows.length]);
    else if (event.key === "Escape" || event.key === "Tab") close();
    // Enter and Space press the row by themselves; no other key is for the canvas while the menu is open.
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
    event.stopPropagation();
  }

  store.watch((state) => [state.models, state.model], (state) => {
    const current = modelOf(state);
    menu.replaceChildren(...state.models.filter((model) => model.name !== "fake" || model === current).map((model) => h("button", {
      type: "button", role: "menuitemradio", "aria-checked": String(model === current), "aria-disabled": model.present ? null : "true",
      "data-testid": "model-choice", "data-model": model.name,
      on: { click: () => { if (model.present) { close(); if (model !== current) verbs.choose(model.name); } } },
    }, model === current ? icon("check") : h("i"), h("b", {}, model.title), h("span", {}, details(model)))));
  });
  store.watch((state) => [state.models, state.model, state.project?.model], (state) => {
    const current = modelOf(state);
    setText(label, current === null ? "" : [current.title, deviceTitle(current.device)].filter(Boolean).join(" · "));
    const notice = current?.notice ?? null;
    opener.title = notice ?? "Choose the model";
    opener.classList.toggle("has-notice", notice !== null);
  });
  return { element };
}
