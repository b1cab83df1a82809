/** The palette: find a category by a few letters, those used last first. */

import { h, setText } from "../dom.js";
import { merge } from "../store.js";

/** @typedef {import("../store.js").Category} Category */

/**
 * The categories that hold all words of what was typed, those used last first, then in their own order; names that begin
 * with it come before others.
 * @param {Category[]} categories @param {number[]} recent ids, the last one first @param {string} typed @returns {Category[]}
 */
export function matches(categories, recent, typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (/** @type {Category} */ category) => {
    const used = recent.indexOf(category.id);
    const begins = words.length > 0 && category.name.toLowerCase().startsWith(words[0] ?? "") ? 0 : 1;
    return [words.length === 0 ? 0 : begins, used < 0 ? recent.length : used];
  };
  const found = categories.filter((category) => words.every((word) => category.name.toLowerCase().includes(word)));
  const ranks = new Map(found.map((category) => [category, rank(category)]));
  return found.sort((a, b) => {
    const [x = 0, y = 0] = ranks.get(a) ?? [];
    const [u = 0, v = 0] = ranks.get(b) ?? [];
    return x - u || y - v || a.id - b.id;
  });
}

/**
 * @param {{store: import("../store.js").Store, choose: (id: number) => void, add: (name: string) => Promise<boolean>, leave: () => void}} options
 *   leave: puts the keys back to the canvas
 */
export function categoryPalette({ store, choose, add, leave }) {
  let at = 0;
  const field = h("input", {
    class: "ann-field", placeholder: "Category…", "aria-label": "Find a category", role: "combobox", "aria-expanded": "true",
    "aria-controls": "ann-palette-list", autocomplete: "off", maxlength: 100, "data-testid": "palette-field",
    on: { input: () => { at = 0; show(); }, keydown: onKey },
  });
  const list = h("div", { class: "ann-palette-list", id: "ann-palette-list", role: "listbox", "aria-label": "Categories" });
  const dialog = h("dialog", { class: "ann-palette", "aria-label": "Choose a category", "data-testid": "palette" }, field, list);
  dialog.addEventListener("close", () => { store.update(merge, { palette: false }); leave(); });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

  store.watch((state) => [state.palette], ({ palette }) => {
    if (!palette) { if (dialog.open) dialog.close(); return; }
    field.value = "";
    at = 0;
    show();
    if (!dialog.open) dialog.showModal();
    field.focus();
  });

  /** @returns {{text: string, run: () => void, category: Category | null}[]} */
  function rows() {
    const { project, lastCategories } = store.get();
    const typed = field.value.trim();
    const categories = project?.categories ?? [];
    const found = matches(categories, lastCategories, typed).map((category) => ({ text: category.name, category, run: () => choose(category.id) }));
    const known = categories.some((category) => category.name.toLowerCase() === typed.toLowerCase());
    return typed === "" || known ? found : [...found, { text: `Add “${typed}”`, category: null, run: () => void add(typed) }];
  }

  function show() {
    const all = rows();
    at = Math.max(0, Math.min(at, all.length - 1));
    list.replaceChildren(...all.map((row, index) => h("div", {
      class: "ann-palette-row", role: "option", id: `ann-palette-${index}`, "aria-selected": String(index === at), "data-testid": "palette-row",
      on: { click: () => take(row), pointermove: () => { if (at !== index) { at = index; mark(); } } },
    }, swatch(row.category), h("span", {}, row.text), row.category === null ? null : h("kbd", { "aria-hidden": "true" }, hotkey(row.category)))));
    if (all.length === 0) list.replaceChildren(h("p", { class: "ann-nothing" }, "No categories yet: type a name."));
    mark();
  }

  function mark() {
    for (const [index, row] of [...list.children].entries()) row.setAttribute("aria-selected", String(index === at));
    field.setAttribute("aria-activedescendant", `ann-palette-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {{run: () => void}} row */
  function take(row) {
    dialog.close();
    store.update(merge, { palette: false }); // now, not with the event that comes later: the next key may be on its way
    row.run();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    const all = rows();
    const row = all[at];
    if (event.key === "ArrowDown") at = Math.min(all.length - 1, at + 1);
    else if (event.key === "ArrowUp") at = Math.max(0, at - 1);
    else if (event.key === "Enter" && row !== undefined) take(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
    mark();
  }

  /** @param {Category | null} category */
  function swatch(category) {
    const mark = h("i", { class: "ann-swatch" });
    if (category !== null) mark.style.background = category.colour;
    setText(mark, "");
    return mark;
  }

  /** The digit that chooses a category without the palette. @param {Category} category */
  function hotkey(category) {
    const index = (store.get().project?.categories ?? []).indexOf(category);
    return index >= 0 && index < 9 ? String(index + 1) : "";
  }

  return { element: dialog };
}
