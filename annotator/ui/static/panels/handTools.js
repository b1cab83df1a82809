/** The tools at the canvas's edge, the menu of clean-ups, and the bar that says what a clean-up would do. */

import { button, h, setText } from "../dom.js";
import { setView } from "../store.js";

const TOOLS = /** @type {const} */ ([
  ["prompt", "Click and box", "discard", "pointer"],
  ["brush", "Brush", "brush", "brush"],
  ["eraser", "Eraser", "eraser", "eraser"],
  ["lasso", "Lasso", "lasso", "lasso"],
  ["polygon", "Polygon and vertices", "polygon", "polygon"],
]);

/** Clean-ups: operation, title, what it does, options. */
const CLEANUPS = /** @type {const} */ ([
  ["fill_holes", "Fill holes", "Everything enclosed becomes part of the mask", {}],
  ["remove_specks", "Remove specks", "Parts of up to 100 pixels go", { up_to: 100 }],
  ["keep_largest", "Keep the largest part", "All other parts go", {}],
  ["smooth", "Smooth the outline", "Bumps of a few pixels go", { strength: 2 }],
  ["no_overlap", "No overlap", "Pixels of other objects are left to them", {}],
]);

/** What needs other objects: operation, title, what it does. */
const COMBINATIONS = /** @type {const} */ ([
  ["merge", "Merge with…", "Others become part of this object"],
  ["subtract", "Subtract…", "This object loses what others have"],
  ["intersect", "Intersect with…", "This object keeps what others have too"],
]);

const number = new Intl.NumberFormat("en");

/**
 * @param {{store: import("../store.js").Store, run: (action: import("../keyboard.js").Action) => void,
 *   look: (operation: string, title: string, options: {[name: string]: number}) => void,
 *   combining: ReturnType<typeof import("../combining.js").createCombining>, leave: () => void}} options
 */
export function handTools({ store, run, look, combining, leave }) {
  const buttons = TOOLS.map(([tool, title, action, icon]) => ({
    tool, element: button({ title, action, icon, testid: `tool-${tool}`, click: () => store.update(setView, { tool }) }),
  }));
  const opener = button({ title: "Clean up", action: "cleanUp", icon: "sparkle", testid: "clean-up", click: () => toggleMenu() });
  opener.setAttribute("aria-haspopup", "menu");
  /** @param {string} name @param {string} title @param {string} text @param {() => void} does */
  const row = (name, title, text, does) => h("button", {
    type: "button", role: "menuitem", "data-testid": `clean-${name}`, on: { click: () => { close(); does(); } },
  }, h("b", {}, title), h("span", {}, text));
  const rows = [
    ...CLEANUPS.map(([operation, title, text, options]) => row(operation, title, text, () => look(operation, title, options))),
    ...COMBINATIONS.map(([operation, title, text]) => row(operation, title, text, () => void combining.begin(operation, title.replace("…", "")))),
    row("split", "Split into parts", "Each part becomes an object", () => void combining.split()),
  ];
  const menu = h("div", { class: "ann-clean-menu", role: "menu", "aria-label": "Clean up", "data-testid": "clean-menu", hidden: true, on: { keydown: onKey } }, rows);
  const size = h("span", { class: "ann-brush-size", title: "Radius of the brush in image pixels ([ and ])" });
  const text = h("span", { role: "status", "data-testid": "clean-text" });
  const bar = h("div", { class: "ann-clean-bar", hidden: true, "data-testid": "clean-bar" }, text,
    h("button", { type: "button", class: "ann-button is-primary", "data-testid": "clean-apply", on: { click: () => run("accept") } }, "Apply ", h("kbd", { "data-action": "accept" })),
    h("button", { type: "button", class: "ann-button", on: { click: () => run("discard") } }, "Cancel ", h("kbd", { "data-action": "discard" })));
  const strip = h("div", { class: "ann-tools", role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" },
    buttons.map((one) => one.element), size, h("span", { class: "ann-tools-line", "aria-hidden": "true" }), opener);
  const element = h("div", { class: "ann-hand" }, strip, menu, bar);

  store.watch((state) => [state.view.tool, state.view.brush, state.image === null], ({ view, image }) => {
    strip.hidden = image === null;
    for (const { tool, element: one } of buttons) {
      one.classList.toggle("is-on", view.tool === tool);
      one.setAttribute("aria-pressed", String(view.tool === tool));
    }
    const round = view.tool === "brush" || view.tool === "eraser";
    size.style.visibility = round ? "visible" : "hidden";
    setText(size, view.brush < 10 ? view.brush.toFixed(1) : String(Math.round(view.brush)));
  });
  store.watch((state) => [state.cleanup], ({ cleanup }) => {
    bar.hidden = cleanup === null;
    if (cleanup === null) return;
    const { title, added, removed, picking } = cleanup;
    if (picking?.others.length === 0) setText(text, `${title}: click the other objects`);
    else setText(text, `${title}${picking === null ? "" : ` ${picking.others.length}`}: +${number.format(added)} / −${number.format(removed)} pixels`);
  });

  function toggleMenu() {
    if (!menu.hidden) return close();
    menu.hidden = false;
    rows[0]?.focus();
    document.addEventListener("pointerdown", outside, true);
  }

  function close() {
    menu.hidden = true;
    leave();
    document.removeEventListener("pointerdown", outside, true);
  }

  /** @param {Event} event */
  function outside(event) {
    if (event.target instanceof Node && !menu.contains(event.target) && !opener.contains(event.target)) close();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const here = rows.findIndex((row) => row === document.activeElement);
    if (event.key === "ArrowDown") rows[(here + 1) % rows.length]?.focus();
    else if (event.key === "ArrowUp") rows[(here - 1 + rows.length) % rows.length]?.focus();
    else if (event.key === "Escape" || event.key === "Tab") close();
    if (event.key !== "Enter" && event.key !== " ") event.preventDefault();
    event.stopPropagation();
  }

  return { element, toggleMenu };
}
