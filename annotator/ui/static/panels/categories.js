/** The categories: choose the one that accepted objects get, add, rename, recolour. */

import { h, icon, setText } from "../dom.js";
import { activeCategory, merge } from "../store.js";

/** @typedef {import("../store.js").Category} Category */

const number = new Intl.NumberFormat("en");

/**
 * @param {{store: import("../store.js").Store, choose: (id: number) => void, add: (name: string) => Promise<boolean>,
 *   change: (id: number, parts: {name?: string, colour?: string}) => Promise<boolean>, remove: (id: number) => void}} options
 */
export function categoryList({ store, choose, add, change, remove }) {
  /** @type {Map<number, HTMLElement>} */
  const rows = new Map();
  const list = h("div", { class: "ann-category-list", role: "radiogroup", "aria-label": "Category of new objects" });
  const name = h("input", {
    class: "ann-field", placeholder: "Add a category", "aria-label": "Name of a new category", maxlength: 100, "data-testid": "category-name",
    on: {
      keydown: async (/** @type {KeyboardEvent} */ event) => {
        if (event.key === "Escape") { name.value = ""; name.blur(); store.update(merge, { naming: "no" }); }
        if (event.key !== "Enter") return;
        const text = name.value.trim();
        if (text !== "" && await add(text)) { name.value = ""; name.blur(); }
      },
      blur: () => { if (name.value === "") store.update(merge, { naming: "no" }); },
    },
  });
  const element = h("section", { class: "ann-panel ann-categories", "aria-label": "Categories" },
    h("header", { class: "ann-panel-head" }, h("h2", {}, "Categories")),
    list, h("div", { class: "ann-category-add" }, icon("plus", 14), name, h("kbd", { "aria-hidden": "true", "data-action": "addCategory" })));

  store.watch((state) => [state.project?.categories, activeCategory(state)], (state) => {
    const chosen = activeCategory(state);
    const categories = state.project?.categories ?? [];
    for (const [id, row] of rows) if (!categories.some((category) => category.id === id)) { row.remove(); rows.delete(id); }
    for (const [index, category] of categories.entries()) {
      let row = rows.get(category.id);
      if (row === undefined) { row = categoryRow(category, { choose, change, remove }); rows.set(category.id, row); }
      if (list.children[index] !== row) list.insertBefore(row, list.children[index] ?? null);
      updateRow(row, category, index, category.id === chosen);
    }
  });
  store.watch((state) => [state.naming], ({ naming }) => {
    if (naming === "no") return;
    name.placeholder = naming === "accept" ? "Name it, then Enter" : "Add a category";
    name.focus();
  });
  return { element, input: name };
}

/** @param {Category} category @param {Pick<Parameters<typeof categoryList>[0], "choose" | "change" | "remove">} verbs */
function categoryRow(category, { choose, change, remove }) {
  const id = category.id;
  const colour = h("input", {
    type: "color", class: "ann-colour", value: category.colour, tabIndex: -1, title: "Change the colour",
    on: { change: () => void change(id, { colour: colour.value }), click: (/** @type {Event} */ event) => event.stopPropagation() },
  });
  const label = h("button", { type: "button", class: "ann-category-name", role: "radio" });
  const rename = () => {
    if (label.hidden) return;
    const field = h("input", { class: "ann-field ann-rename", value: label.textContent ?? "", maxlength: 100, "aria-label": "New name of the category" });
    // The label stays where it is, hidden: the row writes the new name into it as soon as the server has it.
    const close = () => { label.hidden = false; field.hidden = true; setTimeout(() => field.remove()); };
    field.addEventListener("keydown", async (event) => {
      if (event.key === "Escape") close();
      if (event.key !== "Enter") return;
      const text = field.value.trim();
      if (text === "" || text === label.textContent || await change(id, { name: text })) close();
    });
    field.addEventListener("blur", close);
    field.addEventListener("click", (event) => event.stopPropagation());
    label.hidden = true;
    label.after(field);
    field.select();
  };
  return h("div", {
    class: "ann-category-row", "data-testid": "category",
    on: {
      click: () => choose(id),
      dblclick: rename,
      keydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "F2") rename(); },
    },
  },
  h("kbd", { class: "ann-key", "aria-hidden": "true" }), colour, label,
  h("span", { class: "ann-category-actions" },
    h("button", { type: "button", class: "ann-icon-button", title: "Rename (double click)", on: { click: (/** @type {Event} */ event) => { event.stopPropagation(); rename(); } } }, icon("pencil", 14)),
    h("button", { type: "button", class: "ann-icon-button ann-category-remove", title: "Remove this unused category", on: { click: (/** @type {Event} */ event) => { event.stopPropagation(); remove(id); } } }, icon("trash", 14))),
  h("span", { class: "ann-count", title: "Objects of this category in the project" }));
}

/** @param {HTMLElement} row @param {Category} category @param {number} index @param {boolean} chosen */
function updateRow(row, category, index, chosen) {
  row.classList.toggle("is-chosen", chosen);
  row.title = category.name;
  row.classList.toggle("is-unused", category.objects === 0);
  const key = row.querySelector(".ann-key");
  if (key !== null) setText(key, index < 9 ? String(index + 1) : "");
  const name = row.querySelector(".ann-category-name");
  if (name instanceof HTMLElement) {
    setText(name, category.name);
    name.setAttribute("aria-checked", String(chosen));
  }
  const [rename, remove] = row.querySelectorAll(".ann-category-actions button");
  rename?.setAttribute("aria-label", `Rename ${category.name}`);
  remove?.setAttribute("aria-label", `Remove ${category.name}`);
  const colour = /** @type {HTMLInputElement | null} */ (row.querySelector(".ann-colour"));
  colour?.setAttribute("aria-label", `Colour of ${category.name}`);
  if (colour !== null && colour !== document.activeElement) colour.value = category.colour;
  const count = row.querySelector(".ann-count");
  if (count !== null) setText(count, category.objects === 0 ? "" : number.format(category.objects));
}
