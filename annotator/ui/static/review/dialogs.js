/** What is asked before something is done: why an object is rejected, which category it gets. */

import { h } from "../dom.js";

const KEPT = 5;
const NOTES = "annotator:review-notes";

/** Notes given lately, the newest first. @returns {string[]} */
export function lastNotes() {
  try {
    const notes = JSON.parse(localStorage.getItem(NOTES) ?? "[]");
    return Array.isArray(notes) ? notes.filter((note) => typeof note === "string").slice(0, KEPT) : [];
  } catch {
    return [];
  }
}

/** @param {string} note */
function keepNote(note) {
  if (note !== "") localStorage.setItem(NOTES, JSON.stringify([note, ...lastNotes().filter((other) => other !== note)].slice(0, KEPT)));
}

/**
 * @param {HTMLElement} host @param {(dialog: HTMLDialogElement, done: (value: any) => void) => Node[]} content
 * @returns {Promise<any>} null when it was given up
 */
function ask(host, content) {
  return new Promise((resolve) => {
    const dialog = h("dialog", { class: "rev-dialog" });
    /** @param {any} value */
    const done = (value) => { dialog.close(); dialog.remove(); resolve(value); };
    dialog.append(...content(dialog, done));
    dialog.addEventListener("cancel", () => done(null));
    dialog.addEventListener("click", (event) => { if (event.target === dialog) done(null); });
    dialog.addEventListener("keydown", (event) => event.stopPropagation());
    host.append(dialog);
    dialog.showModal();
  });
}

/** Why objects go back. @param {HTMLElement} host @param {string} what @returns {Promise<string | null>} */
export const askNote = (host, what) => ask(host, (_, done) => {
  const input = h("textarea", { class: "ann-field", rows: "3", maxlength: "2000", "aria-label": "Note", "data-testid": "note", placeholder: "What is wrong? (may stay empty)" });
  const send = () => { const note = input.value.trim(); keepNote(note); done(note); };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
  });
  const earlier = lastNotes();
  return [h("h2", {}, `Reject ${what}`), h("p", {}, "It goes back to whoever made it, with this note."), input,
    h("div", { class: "rev-notes" }, earlier.map((note) => h("button", { type: "button", class: "ann-button", on: { click: () => { input.value = note; send(); } } }, note))),
    h("div", { class: "rev-buttons" }, h("button", { type: "button", class: "ann-button", on: { click: () => done(null) } }, "Cancel"),
      h("button", { type: "button", class: "ann-button is-primary", "data-testid": "send-note", on: { click: send } }, "Reject"))];
});

/** Whoever comes gets the images. */
export const NOBODY = "";

/** Who is to do images. @param {HTMLElement} host @param {string} what @param {string[]} people @returns {Promise<string | null>} a name, or NOBODY */
export const askPerson = (host, what, people) => ask(host, (_, done) => {
  const list = h("div", { class: "rev-categories", role: "listbox", "aria-label": "People" });
  const search = h("input", { type: "search", class: "ann-field", placeholder: "Find a person, or type a name", maxlength: "100", "aria-label": "Find a person", "data-testid": "person-search" });
  const option = (/** @type {string} */ name, /** @type {string} */ label) => h("button", { type: "button", role: "option", class: "rev-category", on: { click: () => done(name) } }, label);
  const found = () => people.filter((name) => name.toLowerCase().includes(search.value.trim().toLowerCase()));
  const show = () => list.replaceChildren(...found().map((name) => option(name, name)), option(NOBODY, "Whoever comes"));
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    const typed = search.value.trim();
    if (event.key === "Enter" && typed !== "") { event.preventDefault(); done(found()[0] ?? typed); }
  });
  walk(search, list);
  show();
  return [h("h2", {}, `Who is to do ${what}?`), search, list];
});

/** Arrow keys lead from the search into the list and through it. @param {HTMLElement} search @param {HTMLElement} list */
function walk(search, list) {
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") { event.preventDefault(); /** @type {HTMLElement | null} */ (list.firstElementChild)?.focus(); }
  });
  list.addEventListener("keydown", (event) => {
    const next = event.key === "ArrowDown" ? document.activeElement?.nextElementSibling : event.key === "ArrowUp" ? document.activeElement?.previousElementSibling : null;
    if (next instanceof HTMLElement) { event.preventDefault(); next.focus(); }
  });
}

/** Which category objects get. @param {HTMLElement} host @param {string} what @param {{id: number, name: string, colour: string}[]} categories @returns {Promise<number | null>} */
export const askCategory = (host, what, categories) => ask(host, (_, done) => {
  const list = h("div", { class: "rev-categories", role: "listbox", "aria-label": "Categories" });
  const search = h("input", { type: "search", class: "ann-field", placeholder: "Find a category", "aria-label": "Find a category", "data-testid": "category-search" });
  const found = () => categories.filter((one) => one.name.toLowerCase().includes(search.value.trim().toLowerCase()));
  const show = () => list.replaceChildren(...found().map((one) => h("button", { type: "button", role: "option", class: "rev-category", on: { click: () => done(one.id) } },
    h("i", { class: "ann-swatch", style: `background:${one.colour}` }), one.name)));
  search.addEventListener("input", show);
  search.addEventListener("keydown", (event) => {
    const [first] = found();
    if (event.key === "Enter" && first !== undefined) { event.preventDefault(); done(first.id); }
  });
  walk(search, list);
  show();
  return [h("h2", {}, `Category of ${what}`), search, list];
});
