/** The Review tab put together: what is looked for, the gallery, judgements, keys. `mount` is what Gradio's component calls. */

import { createApi } from "../api.js";
import { button, h, icon, setText } from "../dom.js";
import { freshId } from "../drafting.js";
import { bigView } from "./bigView.js";
import { MOST, openContactSheet } from "./contactSheet.js";
import { askCategory, askNote, askPerson, NOBODY } from "./dialogs.js";
import { filterPanel } from "./filters.js";
import { flipped, isNarrowed, remembered, SORTS, toQuery } from "./filter.js";
import { createGallery } from "./gallery.js";
import { createJudging } from "./judging.js";
import { REVIEW_SHORTCUTS, verbOf } from "./keys.js";
import { createPages } from "./pages.js";
import { extended, flipped as flippedAt, focused, meant, nothingChosen } from "./selection.js";
import { fillImage, fillNothing, fillObject } from "./tiles.js";
import { takesText } from "../keyboard.js";
import { heard, whoAmI } from "../person.js";

/** @typedef {import("./filter.js").Filter} Filter */

const MOST_JUDGED = 5000;
const TYPING_MS = 200;
const TELL_MS = 6000;
const SIZES = { least: 96, most: 384, step: 32 };
/** Crops are made in few sizes, so that a browser that has one need not ask again. */
const PICTURES = [128, 192, 288, 384];

/**
 * @param {HTMLElement} element an empty place that fills the window below the header
 */
export async function mount(element) {
  if (element.dataset["mounted"] !== undefined) return;
  element.dataset["mounted"] = "";
  element.classList.add("ann-root");
  const api = createApi({ client: freshId(), me: await whoAmI(), heard });
  /** @type {any} */
  let project = null;
  /** @type {any} */
  let facets = null;
  /** @type {Filter} */
  let filter = remembered(null);
  let selection = nothingChosen();
  let size = Number(localStorage.getItem("annotator:review-size") ?? 0) || 180;
  let trouble = "";

  const path = (/** @type {string} */ rest) => `/projects/${encodeURIComponent(project.id)}${rest}`;
  const category = (/** @type {number} */ id) => project?.categories.find((/** @type {any} */ one) => one.id === id) ?? { id, name: "?", colour: "#888888" };
  const nameOf = (/** @type {number} */ id) => category(id).name;
  const objects = () => filter.mode === "objects";

  const pages = createPages({
    fetch: (limit, offset) => api.get(path(`/${objects() ? "objects" : "gallery"}?${toQuery(filter)}&limit=${limit}&offset=${offset}`)),
    changed: () => { trouble = ""; show(); },
    failed: (error) => { trouble = error.message; show(); },
  });
  const judging = createJudging({
    post: (rest, body) => api.send("POST", path(rest), body, { timeout: 60_000 }),
    show: pages.replace, tell, nameOf,
    fail: (error) => tell(error.message),
  });
  const gallery = createGallery({
    count: () => pages.total,
    want: pages.want,
    state: (index) => ({ focus: index === selection.focus, chosen: selection.chosen.has(index) }),
    fill(tile, index, shown) {
      const item = /** @type {any} */ (pages.at(index));
      const pixels = PICTURES.find((one) => one >= shown * Math.min(2, devicePixelRatio)) ?? 384;
      if (item === null) fillNothing(tile);
      else if (item.crop !== undefined) fillObject(tile, item, category(item.category), pixels);
      else fillImage(tile, item);
    },
    press(index, event, twice) {
      if (twice) { selection = focused(selection, index); run("open"); return; }
      if (event.shiftKey) selection = extended(selection, index);
      else if (event.ctrlKey || event.metaKey || (event.target instanceof Element && event.target.closest(".rev-check") !== null)) selection = flippedAt(selection, index);
      else selection = { ...focused(selection, index), chosen: new Set() };
      show();
    },
  });
  const panel = filterPanel({ get: () => filter, set });
  const big = bigView({ run: (verb) => run(/** @type {any} */ (verb)), nameOf });

  // ---- the bar above and the line below

  let timer = 0;
  const search = h("input", {
    type: "search", class: "ann-field", placeholder: "Image or note", "aria-label": "Find by name of the image or by note", "data-testid": "review-search",
    on: { input: () => { clearTimeout(timer); timer = window.setTimeout(() => set({ ...filter, query: search.value }), TYPING_MS); } },
  });
  const modes = h("div", { class: "rev-modes", role: "group", "aria-label": "Show" }, (/** @type {const} */ (["objects", "images"])).map((mode) =>
    h("button", { type: "button", class: "ann-button", "data-mode": mode, title: "Objects, or images (G)", on: { click: () => { if (filter.mode !== mode) set(flipped(filter)); } } }, mode === "objects" ? "Objects" : "Images")));
  const sort = h("select", { class: "ann-field ann-select", "aria-label": "Sort by", "data-testid": "review-sort", on: { change: () => set({ ...filter, sort: sort.value }) } });
  const direction = h("button", { type: "button", class: "ann-icon-button", "data-testid": "review-direction", on: { click: () => set({ ...filter, descending: !filter.descending }) } }, icon("up"));
  const slider = h("input", { type: "range", min: String(SIZES.least), max: String(SIZES.most), value: String(size), "aria-label": "Size of the tiles", title: "Size of the tiles (+ and −)", on: { input: () => resize(Number(slider.value)) } });
  const count = h("span", { class: "ann-count", "data-testid": "review-count" });
  const chosen = h("span", { class: "rev-chosen" });
  const told = h("span", { class: "rev-told", role: "status", "data-testid": "review-told" });
  const message = h("div", { class: "rev-message", hidden: true });
  const act = (/** @type {string} */ label, /** @type {string} */ key, /** @type {import("./keys.js").Verb} */ verb, /** @type {string} */ style = "") =>
    h("button", { type: "button", class: `ann-button ${style}`, "data-verb": verb, on: { click: () => run(verb) } }, h("span", {}, label), h("kbd", { "aria-hidden": "true" }, key));
  const verbs = h("div", { class: "rev-verbs", role: "toolbar", "aria-label": "Judge" }, act("Approve", "A", "approve", "is-primary"), act("Reject…", "R", "reject"),
    act("To review", "U", "takeBack"), act("Relabel…", "C", "relabel"), act("Assign…", "I", "assign"), act("Open", "⏎", "open"), act("Large", "V", "big"));
  const keys = h("dialog", { class: "rev-dialog rev-keys", "aria-label": "Keys of the review" }, h("h2", {}, "Keys of the review"), h("dl", {}, REVIEW_SHORTCUTS.flatMap((row) =>
    [h("dt", {}, [...new Set(row.keys)].slice(0, 4).map((key) => h("kbd", {}, SHOWN[/** @type {keyof typeof SHOWN} */ (key)] ?? key.replace("Mod+", "Ctrl ")))), h("dd", {}, row.title)])));
  keys.addEventListener("click", () => keys.close());

  element.replaceChildren(h("div", { class: "rev-app" }, panel.element,
    h("main", { class: "rev-main" },
      h("div", { class: "rev-bar" }, modes, h("div", { class: "ann-search rev-search" }, icon("search", 14), search), sort, direction, slider, h("span", { class: "rev-space" }), count,
        act("Contact sheet", "P", "sheet"), button({ title: "Keys (?)", icon: "help", click: () => run("help") })),
      h("div", { class: "rev-area" }, gallery.element, message, big.element),
      h("div", { class: "rev-foot" }, verbs, chosen, told))), keys);

  /** @param {string} text */
  function tell(text) {
    setText(told, text);
    clearTimeout(telling);
    telling = window.setTimeout(() => setText(told, ""), TELL_MS);
  }
  let telling = 0;

  /** Look for something else. @param {Filter} next */
  function set(next) {
    filter = next;
    localStorage.setItem(`annotator:review:${project.id}`, JSON.stringify(filter));
    selection = nothingChosen();
    gallery.toTop();
    show();
    void pages.reset();
  }

  /** @param {number} next */
  function resize(next) {
    size = Math.min(SIZES.most, Math.max(SIZES.least, next));
    slider.value = String(size);
    localStorage.setItem("annotator:review-size", String(size));
    gallery.resize(size, selection.focus);
  }

  function show() {
    const { total, loaded } = pages;
    if (selection.focus >= total && total > 0) selection = focused(selection, total - 1);
    for (const one of modes.querySelectorAll("button")) one.setAttribute("aria-pressed", String(one.dataset["mode"] === filter.mode));
    const rows = SORTS[filter.mode];
    if (sort.dataset["mode"] !== filter.mode) {
      sort.dataset["mode"] = filter.mode;
      sort.replaceChildren(...rows.map(([value, label]) => h("option", { value }, label)));
    }
    sort.value = filter.sort;
    direction.classList.toggle("is-down", filter.descending);
    direction.title = filter.descending ? "Largest first; click for smallest first" : "Smallest first; click for largest first";
    direction.setAttribute("aria-label", direction.title);
    if (document.activeElement !== search) search.value = filter.query;
    const noun = objects() ? (total === 1 ? "object" : "objects") : (total === 1 ? "image" : "images");
    setText(count, loaded ? `${total.toLocaleString("en")} ${noun}` : "");
    setText(chosen, selection.chosen.size === 0 ? "" : `${selection.chosen.size.toLocaleString("en")} selected`);
    verbs.hidden = total === 0;
    setText(/** @type {Element} */ (verbs.querySelector("[data-verb=approve] span")), objects() ? "Approve" : "Mark done");
    for (const one of verbs.querySelectorAll("button")) one.hidden = objects() ? one.dataset["verb"] === "assign" : !FOR_IMAGES.has(one.dataset["verb"] ?? "");
    showMessage(loaded, total);
    if (facets !== null) panel.show(facets, project.categories);
    if (big.isOpen) big.show(focusedObject());
    gallery.redraw();
  }

  /** @param {boolean} loaded @param {number} total */
  function showMessage(loaded, total) {
    const kind = trouble !== "" ? trouble : !loaded || total > 0 ? "" : isNarrowed(filter) ? "narrow" : "empty";
    message.hidden = kind === "";
    if (message.dataset["kind"] === kind) return;
    message.dataset["kind"] = kind;
    const again = h("button", { type: "button", class: "ann-button is-primary", on: { click: () => void refresh() } }, "Try again");
    const clear = h("button", { type: "button", class: "ann-button is-primary", on: { click: () => set({ ...remembered(null), mode: filter.mode, sort: SORTS[filter.mode][0][0] }) } }, "Clear the filter");
    if (trouble !== "") message.replaceChildren(h("h3", {}, "The gallery can’t be shown"), h("p", {}, trouble), again);
    else if (kind === "narrow") message.replaceChildren(h("h3", {}, `No ${filter.mode === "objects" ? "object" : "image"} matches the filter`), clear);
    else if (kind === "empty") message.replaceChildren(h("h3", {}, "Nothing to review yet"), h("p", {}, "Objects appear here as soon as they are accepted on the Annotate tab, or imported."));
  }

  /** @returns {any} */
  const focusedObject = () => objects() ? pages.at(selection.focus) : null;

  /** @param {number} index */
  function go(index) {
    selection = focused(selection, index);
    gallery.reveal(index);
    show();
  }

  /** The items that a verb is about. @returns {Promise<any[]>} */
  async function items() {
    const wanted = meant(selection);
    if (wanted.some((index) => pages.at(index) === null)) await pages.all(MOST_JUDGED);
    return wanted.map((index) => pages.at(index)).filter((item) => item !== null);
  }

  /** @param {any[]} about @param {import("./judging.js").Verdict} verdict */
  function judge(about, verdict) {
    const single = selection.chosen.size === 0;
    void judging.judge(about, verdict).then(loadFacets);
    selection = { ...selection, chosen: new Set() };
    if (single) {
      for (let index = selection.focus + 1; index < pages.total; index++) {
        const next = /** @type {any} */ (pages.at(index));
        if (next === null || next.review === "unreviewed") return void go(index);
      }
    }
    show();
  }

  const what = (/** @type {any[]} */ about) => about.length === 1 ? `“${nameOf(about[0].category)}”` : `${about.length.toLocaleString("en")} objects`;

  /** Images are marked done, not judged. @param {any[]} about */
  async function finish(about) {
    for (const image of about) {
      try {
        await api.send("PATCH", `/images/${encodeURIComponent(image.id)}`, { state: image.objects === 0 ? "empty" : "done" });
      } catch (/** @type {any} */ error) {
        tell(error.message);
      }
    }
    tell(`${about.length} ${about.length === 1 ? "image" : "images"} marked done.`);
    selection = { ...selection, chosen: new Set() };
    await refresh();
  }

  /** @type {{[verb: string]: (event?: KeyboardEvent) => unknown}} */
  const does = {
    move(event) {
      const index = gallery.step(event?.key ?? "", selection.focus);
      if (index === null) return;
      if (event?.shiftKey) { selection = extended(selection, index); gallery.reveal(index); show(); } else go(index);
    },
    select: () => { selection = flippedAt(selection, selection.focus); show(); },
    selectAll: async () => {
      const all = await pages.all(MOST_JUDGED);
      selection = { ...selection, chosen: new Set(all.keys()) };
      if (pages.total > MOST_JUDGED) tell(`The first ${MOST_JUDGED.toLocaleString("en")} are selected; narrow the filter for the rest.`);
      show();
    },
    leave: () => { if (big.isOpen) big.show(null); else selection = { ...selection, chosen: new Set() }; show(); gallery.element.focus(); },
    approve: async () => {
      const about = await items();
      if (objects()) judge(about, { review: "approved", note: "" }); else await finish(about);
    },
    reject: async () => {
      if (!objects()) return;
      const about = await items();
      const note = about.length === 0 ? null : await askNote(element, what(about));
      if (note !== null) judge(about, { review: "rejected", note });
      gallery.element.focus();
    },
    takeBack: async () => { if (objects()) judge(await items(), { review: "unreviewed", note: "" }); },
    relabel: async () => {
      if (!objects()) return;
      const about = await items();
      const id = about.length === 0 ? null : await askCategory(element, what(about), project.categories);
      if (id !== null) judge(about, { category: id });
      gallery.element.focus();
    },
    assign: async () => {
      const about = objects() ? [] : await items();
      if (about.length === 0) return;
      const images = about.length === 1 ? `“${about[0].name}”` : `${about.length.toLocaleString("en")} images`;
      try {
        const people = await api.get(path("/people"));
        const name = await askPerson(element, images, people.items.map((/** @type {{name: string}} */ one) => one.name));
        if (name !== null) {
          await api.send("POST", path("/assign"), { images: about.map((one) => one.id), assignee: name === NOBODY ? null : name }, { timeout: 20_000 });
          tell(name === NOBODY ? `${images} can be done by whoever comes.` : `${images} assigned to ${name}: “next for me” hands them out.`);
          await refresh();
        }
      } catch (/** @type {any} */ error) {
        tell(error.message);
      }
      gallery.element.focus();
    },
    category: async (event) => {
      const wanted = project.categories[Number(event?.key) - 1];
      if (objects() && wanted !== undefined) judge(await items(), { category: wanted.id });
    },
    open: () => {
      const item = /** @type {any} */ (pages.at(selection.focus));
      if (item !== null) location.hash = item.crop === undefined ? `#image=${encodeURIComponent(item.id)}` : `#image=${encodeURIComponent(item.image)}&object=${item.id}`;
    },
    undo: async () => {
      const done = await judging.undo();
      tell(done ? "Taken back." : "There is no judgement of this visit to take back.");
      if (done) await refresh();
    },
    big: () => { big.show(big.isOpen ? null : focusedObject()); },
    flip: () => set(flipped(filter)),
    larger: () => resize(size + SIZES.step),
    smaller: () => resize(size - SIZES.step),
    search: () => search.focus(),
    sheet: async () => {
      const all = await pages.all(MOST);
      const opened = openContactSheet({ title: `${project.name}: ${count.textContent}`, about: `${new Date().toLocaleDateString()}.`, items: all, total: pages.total, nameOf });
      if (!opened) tell("The browser did not open a new window; allow it for this page.");
    },
    help: () => keys.showModal(),
  };

  /** @param {import("./keys.js").Verb} verb @param {KeyboardEvent} [event] */
  function run(verb, event) {
    if (project === null) return;
    void does[verb]?.(event);
  }

  window.addEventListener("keydown", (event) => {
    if (!element.checkVisibility() || event.defaultPrevented || document.querySelector("dialog[open]") !== null) return;
    if (takesText(event.target) && !(event.target instanceof HTMLInputElement && ["checkbox", "range"].includes(event.target.type))) {
      if (event.key === "Escape") gallery.element.focus();
      return;
    }
    const pressed = event.target instanceof HTMLElement && event.target.closest("button, a, input, summary, [role=tab]") !== null;
    const verb = verbOf(event);
    if (verb === null || (pressed && ["Enter", " ", "ArrowLeft", "ArrowRight"].includes(event.key))) return;
    event.preventDefault();
    run(verb, event);
  });

  async function loadFacets() {
    facets = await api.get(path("/facets")).catch(() => facets);
    show();
  }

  /** As it is on the server now; places and what has the focus stay. */
  async function refresh() {
    try {
      const { items: projects } = await api.get("/projects");
      const first = project === null;
      project = projects[0];
      if (first) filter = remembered(localStorage.getItem(`annotator:review:${project.id}`));
      show();
      await Promise.all([loadFacets(), pages.reset()]);
    } catch (/** @type {any} */ error) {
      trouble = error.message;
      show();
    }
  }

  window.addEventListener("annotator:review-filter", () => { if (project !== null) filter = remembered(localStorage.getItem(`annotator:review:${project.id}`)); });
  let seen = false;
  new IntersectionObserver(([entry]) => {
    const now = entry?.isIntersecting === true;
    if (now && !seen) { void refresh(); gallery.element.focus({ preventScroll: true }); }
    seen = now;
  }).observe(element);
  Object.assign(window, { annotatorReview: { whenIdle: () => judging.whenIdle(), state: () => ({ filter, total: pages.total, selection: { ...selection, chosen: [...selection.chosen] } }) } });
}

/** What can be done to images; the rest is about objects. */
const FOR_IMAGES = new Set(["approve", "assign", "open"]);
const SHOWN = { ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓", Escape: "Esc", Enter: "⏎", "-": "−" };
