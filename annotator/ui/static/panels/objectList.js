/** The objects of the image: what they are, how sure the model was, and what can be done with one. */

import { button, h, icon, setText, virtualList } from "../dom.js";
import { retitle, showHints } from "../keyHints.js";

/** @typedef {import("../store.js").Annotation} Annotation */

const ROW_HEIGHT = 36;
const number = new Intl.NumberFormat("en");

/** Area in pixels, short. @param {number} area */
export function areaText(area) {
  if (area >= 999_500) return `${(area / 1e6).toFixed(1)} Mpx`;
  return area >= 9_950 ? `${Math.round(area / 1000)} kpx` : `${number.format(area)} px`;
}

/** @param {number | null} score */
export const percent = (score) => score === null ? "–" : `${Math.round(Math.min(1, Math.max(0, score)) * 100)} %`;

/**
 * @param {{store: import("../store.js").Store, verbs: {select: (id: number | null) => void, highlight: (id: number | null) => void,
 *   toggleHidden: (id: number) => void, toggleLocked: (id: number) => void, refine: (id: number) => void, remove: (id: number) => void,
 *   relabel: (id: number, category: number) => void}}} options
 */
export function objectList({ store, verbs }) {
  const count = h("span", { class: "ann-count", "data-testid": "object-count" });
  const nothing = h("p", { class: "ann-nothing" }, "Click on something in the picture.");
  const scroller = h("div", { class: "ann-scroll ann-object-list", role: "grid", "aria-label": "Objects", tabIndex: 0 });
  scroller.addEventListener("pointerleave", () => verbs.highlight(null));
  scroller.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp" || event.target !== scroller) return;
    const { objects, selected } = store.get();
    const index = objects.findIndex((object) => object.id === selected);
    const next = objects[Math.max(0, Math.min(objects.length - 1, index + (event.key === "ArrowDown" ? 1 : -1)))];
    if (next !== undefined) verbs.select(next.id);
    event.preventDefault();
  });
  const rows = virtualList({
    viewport: scroller, rowHeight: ROW_HEIGHT, key: (/** @type {Annotation} */ object) => object.id,
    create: (object) => objectRow(object, verbs, store),
    update: (row, object) => updateRow(row, object, store.get()),
  });
  store.watch((state) => [state.objects, state.image === null], (state) => {
    rows.set(state.objects);
    setText(count, state.objects.length === 0 ? "" : number.format(state.objects.length));
    nothing.hidden = state.objects.length > 0 || state.image === null;
  });
  /** @type {number | null} */
  let shown = null;
  store.watch((state) => [state.selected, state.highlighted, state.project?.categories, state.draft === null, state.draft?.replaces], (state) => {
    const index = state.objects.findIndex((object) => object.id === state.selected);
    if (index >= 0 && state.selected !== shown) rows.reveal(index);
    else rows.draw();
    shown = state.selected;
  });
  const element = h("section", { class: "ann-panel ann-objects", "aria-label": "Objects" },
    h("header", { class: "ann-panel-head" }, h("h2", {}, "Objects"), count), nothing, scroller);
  return { element };
}

/** @param {Annotation} object @param {Parameters<typeof objectList>[0]["verbs"]} verbs @param {import("../store.js").Store} store */
function objectRow(object, verbs, store) {
  const id = object.id;
  /** @param {(id: number) => void} verb */
  const own = (verb) => (/** @type {Event} */ event) => { event.stopPropagation(); verb(id); };
  const relabel = h("select", {
    class: "ann-relabel", "aria-label": "Category of this object", tabIndex: -1,
    on: {
      change: () => verbs.relabel(id, Number(relabel.value)),
      click: (/** @type {Event} */ event) => event.stopPropagation(),
    },
  });
  const row = h("div", {
    class: "ann-object-row", role: "row", "data-testid": "object-row",
    on: {
      click: () => verbs.select(store.get().selected === id ? null : id),
      pointerenter: () => verbs.highlight(id),
    },
  },
  h("i", { class: "ann-swatch" }),
  h("span", { class: "ann-object-category", role: "gridcell" }, h("span", { class: "ann-object-name" }), h("span", { class: "ann-object-review" }), relabel),
  h("span", { class: "ann-object-figures", role: "gridcell" }, h("span", { title: "How sure the model was" }), h("span", { title: "Area" })),
  h("span", { class: "ann-object-actions", role: "gridcell" },
    button({ title: "Refine", action: "refine", icon: "pencil", testid: "object-refine", click: own(verbs.refine) }),
    button({ title: "Hide", action: "hideObject", icon: "eye", testid: "object-hide", click: own(verbs.toggleHidden) }),
    button({ title: "Lock", action: "lockObject", icon: "unlock", testid: "object-lock", click: own(verbs.toggleLocked) }),
    button({ title: "Delete", action: "deleteObject", icon: "trash", testid: "object-delete", click: own(verbs.remove) })));
  showHints(row, store.get().keys);
  return row;
}

/** @param {HTMLElement} row @param {Annotation} object @param {import("../store.js").State} state */
function updateRow(row, object, state) {
  const categories = state.project?.categories ?? [];
  const category = categories.find((other) => other.id === object.category);
  const selected = state.selected === object.id;
  row.setAttribute("aria-selected", String(selected));
  row.classList.toggle("is-highlighted", state.highlighted === object.id);
  row.classList.toggle("is-hidden", object.hidden);
  row.classList.toggle("is-locked", object.locked);
  row.classList.toggle("is-pending", object.pending === true);
  const swatch = /** @type {HTMLElement} */ (row.querySelector(".ann-swatch"));
  swatch.style.background = category?.colour ?? "#888888";
  const name = /** @type {HTMLElement} */ (row.querySelector(".ann-object-name"));
  setText(name, category?.name ?? "?");
  const review = /** @type {HTMLElement} */ (row.querySelector(".ann-object-review"));
  setText(review, object.review === "rejected" ? (object.note === "" || object.note === undefined ? "Rejected" : `Rejected: ${object.note}`) : object.review === "approved" ? "✓" : "");
  review.title = object.review === "approved" ? "Approved" : review.textContent ?? "";
  row.classList.toggle("is-rejected", object.review === "rejected");
  const relabel = /** @type {HTMLSelectElement} */ (row.querySelector(".ann-relabel"));
  if (selected && !object.locked) fill(relabel, categories, object.category);
  row.classList.toggle("can-relabel", selected && !object.locked);
  const [score, area] = row.querySelectorAll(".ann-object-figures span");
  if (score !== undefined) setText(score, percent(object.score));
  if (area !== undefined) setText(area, areaText(object.area));
  row.classList.toggle("is-refined", state.draft?.replaces === object.id);
  const [refine, hide, lock] = row.querySelectorAll("button");
  if (refine !== undefined) refine.disabled = object.locked || state.draft !== null;
  if (hide !== undefined) toggle(hide, object.hidden ? "eye-off" : "eye", object.hidden ? "Show" : "Hide", object.hidden, state.keys);
  if (lock !== undefined) toggle(lock, object.locked ? "lock" : "unlock", object.locked ? "Unlock" : "Lock", object.locked, state.keys);
}

/** @param {HTMLButtonElement} element @param {"eye" | "eye-off" | "lock" | "unlock"} picture @param {string} title @param {boolean} on @param {import("../keymap.js").Chosen} keys */
function toggle(element, picture, title, on, keys) {
  if (element.dataset["icon"] === picture) return;
  element.dataset["icon"] = picture;
  element.replaceChildren(icon(picture));
  retitle(element, title, keys);
  element.setAttribute("aria-label", title);
  element.classList.toggle("is-on", on);
}

/** @param {HTMLSelectElement} select @param {import("../store.js").Category[]} categories @param {number} value */
function fill(select, categories, value) {
  const wanted = categories.map((category) => `${category.id} ${category.name}`).join("\n");
  if (select.dataset["options"] !== wanted) {
    select.dataset["options"] = wanted;
    select.replaceChildren(...categories.map((category) => h("option", { value: String(category.id) }, category.name)));
  }
  select.value = String(value);
}
