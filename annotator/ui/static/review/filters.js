/** The panel at the left: how many there are of what, and what is to be shown. */

import { h, setText } from "../dom.js";
import { cleared, isNarrowed, toggled } from "./filter.js";

/** @typedef {import("./filter.js").Filter} Filter */
/** @typedef {{value: string, label: string, count: number, colour?: string}} Choice */

const REVIEWS = { unreviewed: "To review", approved: "Approved", rejected: "Rejected" };
const STATES = { todo: "To do", in_progress: "In progress", done: "Done", empty: "Empty" };
const number = new Intl.NumberFormat("en");

/**
 * @param {{get: () => Filter, set: (filter: Filter) => void}} options
 */
export function filterPanel({ get, set }) {
  const groups = {
    review: group("Review", "review"), category: group("Category", "category"), author: group("Author", "author"),
    image_state: group("Image", "image_state"), rule: group("Found by rule", "rule"),
  };
  const clear = h("button", { type: "button", class: "ann-button", "data-testid": "clear-filters", on: { click: () => set(cleared(get())) } }, "Clear all");
  const fields = h("div", { class: "rev-ranges" },
    range("Score, %", ["score_min", "score_max"], { type: "number", min: "0", max: "100" }),
    range("Size, pixels", ["area_min", "area_max"], { type: "number", min: "0" }), range("Last change", ["since", "until"], { type: "date" }));
  const element = h("aside", { class: "rev-filters", "aria-label": "Filters" },
    h("header", {}, h("h2", {}, "Filter"), clear), ...Object.values(groups).map((one) => one.element), fields);

  /** @param {string} title @param {"review" | "category" | "author" | "image_state" | "rule"} name */
  function group(title, name) {
    const list = h("div", { class: "rev-choices" });
    const box = h("fieldset", { class: "rev-group" }, h("legend", {}, title), list);
    /** @param {Choice[]} choices */
    const show = (choices) => {
      box.hidden = choices.length === 0;
      list.replaceChildren(...choices.map(({ value, label, count, colour }) => h("label", { class: "rev-choice" },
        h("input", { type: "checkbox", checked: get()[name].includes(value), value, "data-testid": `filter-${name}-${value}`, on: { change: () => set(toggled(get(), name, value)) } }),
        colour === undefined ? null : h("i", { class: "ann-swatch", style: `background:${colour}` }), h("span", {}, label), h("span", { class: "ann-count" }, number.format(count)))));
    };
    return { element: box, show };
  }

  /** @param {string} title @param {["score_min" | "area_min" | "since", "score_max" | "area_max" | "until"]} names @param {{[name: string]: string}} props */
  function range(title, names, props) {
    let timer = 0;
    const inputs = names.map((name, index) => h("input", {
      ...props, class: "ann-field", "aria-label": `${title}: ${index === 0 ? "least" : "most"}`, placeholder: index === 0 ? "from" : "to", "data-field": name,
      on: { input: (/** @type {any} */ event) => { clearTimeout(timer); timer = window.setTimeout(() => set({ ...get(), [name]: event.target.value }), 250); } },
    }));
    return h("fieldset", { class: "rev-group" }, h("legend", {}, title), h("div", { class: "rev-range" }, inputs));
  }

  return {
    element,
    /** @param {any} facets @param {{id: number, name: string, colour: string}[]} categories */
    show(facets, categories) {
      const filter = get();
      /** @param {{[name: string]: string}} names @param {{[name: string]: number}} counts */
      const states = (names, counts) => Object.entries(names).map(([value, label]) => ({ value, label, count: counts[value] ?? 0 }));
      const known = new Map(categories.map((one) => [one.id, one]));
      groups.review.show(states(REVIEWS, facets.review));
      groups.category.show(facets.categories.map((/** @type {any} */ one) => ({ value: String(one.id), label: known.get(one.id)?.name ?? "?", colour: known.get(one.id)?.colour, count: one.count })));
      groups.author.show(facets.authors.map((/** @type {any} */ one) => ({ value: one.name, label: one.name, count: one.count })));
      groups.image_state.show(states(STATES, facets.image_states));
      groups.rule.show(facets.rules.map((/** @type {any} */ one) => ({ value: one.name, label: one.title, count: one.count })));
      for (const input of fields.querySelectorAll("input")) {
        const name = /** @type {"since"} */ (input.dataset["field"]);
        if (document.activeElement !== input) input.value = filter[name];
      }
      clear.disabled = !isNarrowed(filter);
      setText(clear, "Clear all");
    },
  };
}
