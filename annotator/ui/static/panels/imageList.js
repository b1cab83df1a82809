/** The images of the project: find one, see how far the work is, open it. */

import { API } from "../base.js";
import { h, icon, setText, virtualList } from "../dom.js";
import { peopleOn, showPeople } from "./presence.js";

/** @typedef {import("../store.js").ImageItem} ImageItem */

export const STATES = { todo: "To do", in_progress: "In progress", done: "Done", empty: "Empty", broken: "Broken" };
const FILTERS = [["", "All"], ...Object.entries(STATES), ["returned", "Sent back to me"]];
const ROW_HEIGHT = 56;
const TYPING_MS = 180;
const NAME_END = 9;

const number = new Intl.NumberFormat("en");

/** @param {number} count */
export const objectsText = (count) => count === 0 ? "No objects" : count === 1 ? "1 object" : `${number.format(count)} objects`;

const SHOWN = "can't be shown: ";
/** Why a file can't be shown, without its name, which stands above. @param {string} problem */
export function reasonOf(problem) {
  const reason = problem.slice(problem.indexOf(SHOWN) + SHOWN.length);
  return problem.includes(SHOWN) ? reason.charAt(0).toUpperCase() + reason.slice(1) : problem;
}

/** @param {ImageItem} item */
const stateOf = (item) => item.problem === null ? item.state : "broken";

/**
 * @param {{store: import("../store.js").Store, open: (id: string) => void, filter: (parts: {status?: string, query?: string}) => void,
 *   addFiles: (files: Iterable<File>) => void}} options
 */
export function imageList({ store, open, filter, addFiles }) {
  const chooser = h("input", {
    type: "file", multiple: true, accept: "image/*", hidden: true, tabIndex: -1, "aria-hidden": "true",
    on: { change: () => { addFiles(chooser.files ?? []); chooser.value = ""; } },
  });
  let timer = 0;
  const search = h("input", {
    type: "search", class: "ann-field", placeholder: "Find by name", "aria-label": "Find an image by name", "data-testid": "image-search",
    on: {
      input: () => { clearTimeout(timer); timer = window.setTimeout(() => filter({ query: search.value.trim() }), TYPING_MS); },
      keydown: (/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") { search.value = ""; filter({ query: "" }); search.blur(); } },
    },
  });
  const status = h("select", {
    class: "ann-field ann-select", "aria-label": "Show images by state", "data-testid": "image-filter",
    on: { change: () => filter({ status: status.value }) },
  }, FILTERS.map(([value, label]) => h("option", { value }, label)));
  const position = h("span", { class: "ann-count", "data-testid": "position" });
  const scan = h("div", { class: "ann-scan", role: "status", hidden: true }, h("span"), h("progress", { max: "1", "aria-label": "Reading the folder" }));
  const nothing = h("p", { class: "ann-nothing", hidden: true });
  const scroller = h("div", { class: "ann-scroll ann-image-list", role: "listbox", "aria-label": "Images", tabIndex: 0 });
  scroller.addEventListener("keydown", (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const { list, image } = store.get();
    const index = list.items.findIndex((item) => item.id === image?.id) + (event.key === "ArrowDown" ? 1 : -1);
    const item = list.items[index];
    if (item !== undefined) open(item.id);
    event.preventDefault();
  });
  const rows = virtualList({
    viewport: scroller, rowHeight: ROW_HEIGHT, key: (/** @type {ImageItem} */ item) => item.id,
    create: (item) => imageRow(item, open),
    update: (row, item) => updateRow(row, item, store.get()),
  });
  const element = h("section", { class: "ann-panel ann-images", "aria-label": "Images" },
    h("header", { class: "ann-panel-head" }, h("h2", {}, "Images"), position,
      h("button", { type: "button", class: "ann-icon-button", title: "Add images", "aria-label": "Add images", on: { click: () => chooser.click() } }, icon("plus"))),
    h("div", { class: "ann-filters" }, h("div", { class: "ann-search" }, icon("search", 14), search), status), scan, nothing, scroller, chooser);

  let revealed = -1;
  const current = () => store.get().image?.id ?? store.get().opening ?? store.get().failure?.id ?? null;
  store.watch((state) => [state.list.items], (state) => rows.set(state.list.items));
  store.watch((state) => [state.image?.id, state.opening, state.failure, state.list.items.length], (state) => {
    const index = state.list.items.findIndex((item) => item.id === current());
    if (index >= 0 && index !== revealed) rows.reveal(index);
    else rows.draw();
    revealed = index;
    const total = number.format(state.list.items.length);
    setText(position, index >= 0 ? `${number.format(index + 1)} / ${total}` : total);
  });
  store.watch((state) => [state.others], () => rows.draw());
  store.watch((state) => [state.project?.counts, state.project?.scan, state.list], (state) => showCounts(state));

  /** @param {import("../store.js").State} state */
  function showCounts({ project, list }) {
    if (project === null) return;
    const scanning = project.scan.state === "scanning";
    scan.hidden = !scanning;
    const [text, bar] = scan.children;
    if (text !== undefined) setText(text, `Reading the folder… ${number.format(project.scan.done)} / ${number.format(project.scan.total)}`);
    if (bar instanceof HTMLProgressElement) bar.value = project.scan.total === 0 ? 0 : project.scan.done / project.scan.total;
    for (const [index, [value, label]] of FILTERS.entries()) {
      const count = value === "" ? null : project.counts[value ?? ""] ?? 0;
      const option = status.options[index];
      if (option !== undefined) setText(option, count === null ? String(label) : `${label} (${number.format(count)})`);
    }
    const filtered = list.status !== "" || list.query !== "";
    nothing.hidden = list.items.length > 0 || !list.complete;
    setText(nothing, filtered ? "No image matches this filter." : "No images yet.");
  }

  return { element, search, choose: () => chooser.click() };
}



/**
 * A path as folder, start and end of the file's name: names of a series differ at their end, so that must not be cut off.
 * @param {string} name @returns {[string, string, string]}
 */
export function nameParts(name) {
  const slash = name.lastIndexOf("/") + 1;
  const characters = [...name.slice(slash)];
  const end = Math.max(0, characters.length - NAME_END);
  return [name.slice(0, slash), characters.slice(0, end).join(""), characters.slice(end).join("")];
}

/** @param {ImageItem} item @param {(id: string) => void} open */
function imageRow(item, open) {
  const picture = item.problem === null
    ? h("img", { alt: "", decoding: "async", width: 48, height: 40, src: `${API}/images/${encodeURIComponent(item.id)}/thumbnail`, draggable: false })
    : h("span", { class: "ann-thumb-broken" }, icon("warning", 18));
  const [folder, start, end] = nameParts(item.name);
  return h("div", { class: "ann-image-row", role: "option", "data-testid": "image-item", title: item.problem === null ? item.name : `${item.name}\n${item.problem}`, on: { click: () => open(item.id) } },
    h("span", { class: "ann-thumb" }, picture),
    h("span", { class: "ann-image-text" },
      h("span", { class: "ann-image-name" }, folder === "" ? null : h("span", { class: "ann-folder" }, folder), h("span", { class: "ann-name-start" }, start), h("span", {}, end)),
      h("span", { class: "ann-image-state" }, h("i", { class: "ann-dot" }), h("span"))),
    h("span", { class: "ann-row-people" }));
}

/** @param {HTMLElement} row @param {ImageItem} item @param {import("../store.js").State} state */
function updateRow(row, item, state) {
  const kind = stateOf(item);
  const here = (state.image?.id ?? state.opening ?? state.failure?.id) === item.id;
  row.setAttribute("aria-selected", String(here));
  row.dataset["state"] = kind;
  const people = row.querySelector(".ann-row-people");
  if (people instanceof HTMLElement) showPeople(people, peopleOn(state.others, item.id));
  const text = row.querySelector(".ann-image-state span");
  const label = STATES[/** @type {keyof typeof STATES} */ (kind)];
  if (text !== null) setText(text, item.problem !== null ? reasonOf(item.problem) : (item.objects === 0 ? label : `${label} · ${objectsText(item.objects)}`));
}
