/** Tiles: an object cut out of its image, or a small image with its masks. */

import { h, icon, setText } from "../dom.js";

/** @typedef {import("./judging.js").FoundObject} FoundObject */
/** @typedef {import("../store.js").ImageItem & {rejected: number, assignee: string | null, updated: string | null, thumbnail: string, overview: string}} FoundImage */

const REVIEWS = { unreviewed: "To review", approved: "Approved", rejected: "Rejected" };
const STATES = { todo: "To do", in_progress: "In progress", done: "Done", empty: "Empty" };
const ICONS = /** @type {const} */ ({ approved: "check", rejected: "close" });

/** @param {number | null} score */
export const percent = (score) => score === null ? "" : `${Math.round(score * 100)} %`;

/** @param {number} area */
const pixels = (area) => area < 10_000 ? `${area} px` : area < 10_000_000 ? `${Math.round(area / 1000)} kpx` : `${Math.round(area / 1_000_000)} Mpx`;

/** An empty tile; `fill` says what it shows. */
export function emptyTile() {
  return h("div", { class: "rev-tile", role: "gridcell", tabIndex: -1, "data-testid": "tile" },
    h("span", { class: "rev-picture" }, h("img", { alt: "", decoding: "async", draggable: false, on: { load: (/** @type {Event} */ event) => /** @type {Element} */ (event.target).classList.remove("is-coming") } })),
    h("span", { class: "rev-badge" }), h("span", { class: "rev-check", "aria-hidden": "true" }, icon("check", 12)),
    h("span", { class: "rev-caption" }, h("span", { class: "rev-line" }, h("i", { class: "ann-swatch" }), h("b"), h("span", { class: "rev-figure" })), h("span", { class: "rev-small" })));
}

/** @param {HTMLElement} tile @param {string | null} url */
function picture(tile, url) {
  const image = /** @type {HTMLImageElement} */ (tile.querySelector("img"));
  const before = image.getAttribute("src");
  if (before === url) return;
  // The tile's former picture must not stand under another object's name while the new one is on its way.
  if (before?.split("?")[0] !== url?.split("?")[0]) image.classList.add("is-coming");
  if (url === null) image.removeAttribute("src");
  else image.src = url;
}

/** @param {HTMLElement} tile @param {{name: string, colour: string | null, figure: string, small: string, badge: string, kind: string}} parts */
function texts(tile, { name, colour, figure, small, badge, kind }) {
  const [title, side, below, mark, swatch] = ["b", ".rev-figure", ".rev-small", ".rev-badge", ".ann-swatch"].map((one) => /** @type {HTMLElement} */ (tile.querySelector(one)));
  if (title === undefined || side === undefined || below === undefined || mark === undefined || swatch === undefined) return;
  tile.removeAttribute("aria-busy");
  setText(title, name);
  setText(side, figure);
  setText(below, small);
  below.title = small;
  swatch.hidden = colour === null;
  swatch.style.background = colour ?? "";
  tile.dataset["kind"] = kind;
  if (mark.dataset["text"] !== badge) {
    mark.dataset["text"] = badge;
    const sign = kind === "approved" || kind === "rejected" ? icon(ICONS[kind], 12) : null;
    mark.replaceChildren(...(sign === null ? [] : [sign]), badge);
  }
}

/** @param {HTMLElement} tile @param {FoundObject} object @param {{name: string, colour: string}} category @param {number} size of the picture */
export function fillObject(tile, object, category, size) {
  picture(tile, `${object.crop}&size=${size}`);
  const small = object.review === "rejected" && object.note !== "" ? object.note : `${object.image_name} · ${object.author}`;
  texts(tile, {
    name: category.name, colour: category.colour, figure: [percent(object.score), pixels(object.area)].filter(Boolean).join(" · "), small,
    badge: object.review === "unreviewed" ? "" : REVIEWS[object.review], kind: object.review,
  });
  tile.title = `Object ${object.id} on ${object.image_name}, ${object.bbox[2]} × ${object.bbox[3]} px\nby ${object.author}, changed ${object.updated.slice(0, 16).replace("T", " ")}${object.note === "" ? "" : `\n“${object.note}”`}`;
}

/** @param {HTMLElement} tile @param {FoundImage} image */
export function fillImage(tile, image) {
  picture(tile, image.problem !== null ? null : image.objects > 0 ? image.overview : image.thumbnail);
  const state = STATES[/** @type {keyof typeof STATES} */ (image.state)] ?? image.state;
  const objects = image.objects === 1 ? "1 object" : `${image.objects.toLocaleString("en")} objects`;
  texts(tile, {
    name: image.name, colour: null, figure: "", small: image.problem ?? (image.assignee === null ? objects : `${objects} · for ${image.assignee}`), badge: image.rejected > 0 ? `${image.rejected} rejected` : state,
    kind: image.rejected > 0 ? "rejected" : image.state === "done" || image.state === "empty" ? "approved" : "unreviewed",
  });
  tile.title = `${image.name}, ${image.width} × ${image.height}`;
}

/** A tile whose item is still on its way. @param {HTMLElement} tile */
export function fillNothing(tile) {
  picture(tile, null);
  texts(tile, { name: "", colour: null, figure: "", small: "", badge: "", kind: "waiting" });
  tile.setAttribute("aria-busy", "true");
}
