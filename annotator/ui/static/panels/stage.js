/** The middle of the page: the bar above the canvas, the canvas, and what floats on it. */

import { button, h, icon, setText } from "../dom.js";
import { retitle } from "../keyHints.js";
import { nameParts, objectsText } from "./imageList.js";
import { presenceLine } from "./presence.js";

/** @typedef {import("../store.js").State} State */

/**
 * @param {{store: import("../store.js").Store, run: (action: import("../keyboard.js").Action) => void, dismissHint: () => void,
 *   addFiles: (files: Iterable<File>) => void, chooseFiles: () => void, reopen: (id: string) => void, strip: HTMLElement}} options
 */
export function stage({ store, run, dismissHint, addFiles, chooseFiles, reopen, strip }) {
  const host = h("div", { class: "ann-surface", tabIndex: 0, role: "application", "data-testid": "canvas", "aria-label": "Canvas: click to add points, drag to draw a box" });
  const scale = h("span", { class: "ann-scale", "aria-label": "Zoom" });
  const zoom = h("div", { class: "ann-zoom", role: "group", "aria-label": "Zoom" },
    button({ title: "Zoom out", action: "zoomOut", icon: "minus", click: () => run("zoomOut") }), scale,
    button({ title: "Zoom in", action: "zoomIn", icon: "plus", click: () => run("zoomIn") }),
    button({ title: "Fit", action: "fit", icon: "fit", click: () => run("fit") }));
  const message = h("div", { class: "ann-message", hidden: true, role: "status" });
  const veil = h("div", { class: "ann-veil", hidden: true }, h("span", { class: "ann-spinner" }), h("span", {}, "Opening…"));
  const element = h("main", { class: "ann-stage" }, bar({ store, run }),
    h("div", { class: "ann-canvas-area" }, host, veil, message, hint({ store, dismissHint }), sentBack({ store }), strip, zoom));

  store.watch((state) => [state.failure, state.project?.counts, state.project?.scan.state, state.opening, state.image, state.upload], (state) => {
    const content = messageOf(state, { chooseFiles, reopen });
    message.hidden = content === null;
    if (content !== null) message.replaceChildren(content);
    zoom.hidden = state.image === null;
  });
  let timer = 0;
  store.watch((state) => [state.opening, state.image?.id, state.painted], (state) => {
    clearTimeout(timer);
    const loading = state.opening !== null || (state.image !== null && !state.painted);
    if (!loading) veil.hidden = true;
    else timer = window.setTimeout(() => { veil.hidden = false; }, 250); // a quick one would only flicker
  });
  acceptDrops(element, addFiles);
  return { element, host, showScale: (/** @type {number} */ value) => setText(scale, `${Math.round(value * 100)} %`) };
}

/** @param {{store: import("../store.js").Store, run: (action: import("../keyboard.js").Action) => void}} options */
function bar({ store, run }) {
  const name = h("span", { class: "ann-title-name" }, h("span", { class: "ann-folder" }), h("span", { class: "ann-name-start" }), h("span"));
  const details = h("span", { class: "ann-title-details" });
  const previous = button({ title: "Previous image", action: "previousImage", icon: "left", testid: "previous", click: () => run("previousImage") });
  const next = button({ title: "Next image", action: "nextImage", icon: "right", testid: "next", click: () => run("nextImage") });
  const undo = button({ title: "Undo", action: "undo", icon: "undo", testid: "undo", click: () => run("undo") });
  const redo = button({ title: "Redo", action: "redo", icon: "redo", testid: "redo", click: () => run("redo") });
  const discard = button({ title: "Discard", action: "discard", label: "Discard", class: "ann-button", testid: "discard", click: () => run("discard") });
  const accept = button({ title: "Accept", action: "accept", label: "Accept", class: "ann-button is-primary", testid: "accept", click: () => run("accept") });
  const mark = button({ title: "Mark done and go on", action: "mark", label: "Mark done", class: "ann-button ann-mark-button", testid: "mark", icon: "flag", click: () => run("mark") });
  store.watch((state) => [state.image, state.opening, state.failure, state.list.items], ({ image, opening, failure, list }) => {
    const item = image ?? list.items.find((other) => other.id === (opening ?? failure?.id));
    for (const [index, part] of nameParts(item?.name ?? "").entries()) {
      const span = name.children[index];
      if (span !== undefined) setText(span, part);
    }
    name.title = item?.name ?? "";
    setText(details, item === undefined || item.problem !== null ? "" : [`${item.width} × ${item.height}`, item.note].filter(Boolean).join(" · "));
    const finished = image?.state === "done" || image?.state === "empty";
    const label = mark.querySelector("span");
    if (label !== null) setText(label, finished ? "Reopen" : image?.objects === 0 ? "Mark empty" : "Mark done");
    retitle(mark, finished ? "Open the image for work again" : `${objectsText(image?.objects ?? 0)}: mark it ${image?.objects === 0 ? "empty" : "done"} and go on`, store.get().keys);
    mark.classList.toggle("is-finished", finished);
    mark.disabled = image === null;
  });
  store.watch((state) => [state.draft, state.history], ({ draft, history }) => {
    accept.disabled = draft === null || (draft.box === null && draft.mask === null && !draft.points.some((point) => point.label === 1));
    discard.disabled = draft === null;
    undo.disabled = history.undo === null;
    redo.disabled = history.redo === null;
    retitle(undo, history.undo === null ? "Nothing to undo" : `Undo: ${history.undo}`, store.get().keys);
    retitle(redo, history.redo === null ? "Nothing to redo" : `Redo: ${history.redo}`, store.get().keys);
  });
  return h("div", { class: "ann-bar", role: "toolbar", "aria-label": "Image and draft" },
    h("div", { class: "ann-bar-group" }, previous, next), h("div", { class: "ann-title" }, name, details), presenceLine({ store }),
    h("div", { class: "ann-bar-group" }, undo, redo), h("span", { class: "ann-divider" }),
    h("div", { class: "ann-bar-group" }, discard, accept), h("span", { class: "ann-divider" }), mark);
}

/** Why the selected object was sent back. @param {{store: import("../store.js").Store}} options */
function sentBack({ store }) {
  const element = h("div", { class: "ann-sent-back", role: "note", "data-testid": "sent-back", hidden: true });
  store.watch((state) => [state.selected, state.objects, state.draft], ({ selected, objects, draft }) => {
    const id = selected ?? draft?.replaces ?? null;
    const object = objects.find((one) => one.id === id);
    element.hidden = object?.review !== "rejected";
    setText(element, object?.note ? `Sent back: ${object.note}` : "Sent back by a reviewer");
  });
  return element;
}

/** Three lines for somebody who has not been here before. @param {{store: import("../store.js").Store, dismissHint: () => void}} options */
function hint({ store, dismissHint }) {
  const finger = matchMedia("(pointer: coarse)").matches;
  /** @param {HTMLElement} key @param {(Node | string)[]} text */
  const line = (key, ...text) => h("li", {}, key, h("span", {}, text));
  const element = h("div", { class: "ann-hint", role: "note", "data-testid": "hint", hidden: true },
    h("ol", {}, line(h("kbd", {}, finger ? "Tap" : "Click"), "on an object; drag draws a box around it"),
      line(h("kbd", {}, finger ? "Long press" : "Right click"), finger ? "takes a part away; two fingers zoom" : "or Shift + click takes a part away"),
      line(h("kbd", { "data-action": "accept" }), "keeps the object; ", h("kbd", { "data-action": "help" }), " shows every key")),
    button({ title: "Close", icon: "close", click: dismissHint }));
  store.watch((state) => [state.hint, state.image === null, state.cleanup === null], (state) => { element.hidden = !state.hint || state.image === null || state.cleanup !== null; });
  return element;
}

/** @param {State} state @param {{chooseFiles: () => void, reopen: (id: string) => void}} verbs @returns {HTMLElement | null} */
function messageOf(state, { chooseFiles, reopen }) {
  const { failure, project, upload } = state;
  if (upload !== null) {
    return h("div", { class: "ann-card" }, icon("upload", 28), h("h3", {}, `Adding ${upload.done + 1} of ${upload.total}`), h("p", {}, upload.name),
      h("progress", { max: "1", value: upload.part, "aria-label": "Upload" }));
  }
  if (failure !== null) {
    const { id } = failure;
    return h("div", { class: "ann-card", "data-testid": "failure" }, icon("warning", 28), h("h3", {}, "This image can’t be shown"), h("p", {}, failure.message),
      failure.retry && id !== null ? h("button", { type: "button", class: "ann-button", on: { click: () => reopen(id) } }, "Try again") : null);
  }
  if (project === null || state.image !== null || state.opening !== null) return null;
  const { total, broken } = project.counts;
  if (project.scan.state === "scanning") return (total ?? 0) > 0 ? null : h("div", { class: "ann-card" }, h("span", { class: "ann-spinner" }), h("h3", {}, "Reading the folder…"));
  if ((total ?? 0) - (broken ?? 0) > 0) return null;
  return h("div", { class: "ann-card", "data-testid": "empty-project" }, icon("upload", 28),
    h("h3", {}, (broken ?? 0) > 0 ? "None of the files can be read" : "Add images to begin"),
    h("p", {}, "Drop pictures here, or put them into the project’s folder."),
    h("button", { type: "button", class: "ann-button is-primary", on: { click: chooseFiles } }, "Choose images"));
}

/** @param {HTMLElement} element @param {(files: Iterable<File>) => void} addFiles */
function acceptDrops(element, addFiles) {
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files") === true;
  element.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.classList.add("is-dropping");
  });
  element.addEventListener("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && element.contains(event.relatedTarget))) element.classList.remove("is-dropping");
  });
  element.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    element.classList.remove("is-dropping");
    addFiles(event.dataTransfer?.files ?? []);
  });
}
