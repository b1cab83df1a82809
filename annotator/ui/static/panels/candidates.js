/** The candidates of an ambiguous answer: part, object, whole, cut out of the image. It floats, so that nothing moves. */

import { contains, decode } from "../canvas/rle.js";
import { assign, h, setText } from "../dom.js";
import { percent } from "./objectList.js";

export const NAMES = ["Part", "Object", "Whole"];
const WIDTH = 84;
const HEIGHT = 60;

/** @typedef {{x: number, y: number, width: number, height: number}} Region in image pixels */

/**
 * What of the image a thumbnail shows: the candidate with some room around it, in the thumbnail's proportions, not so
 * close that a small part can't be placed in the largest candidate.
 * @param {number[]} bbox @param {number} largest longest side of the largest candidate @param {{width: number, height: number}} image
 * @returns {Region}
 */
export function regionOf(bbox, largest, image) {
  const [x = 0, y = 0, w = 0, h = 0] = bbox;
  const proportion = WIDTH / HEIGHT;
  const tall = Math.max(h * 1.3, (w * 1.3) / proportion, largest / 2.5, 16);
  const height = Math.min(tall, image.height, image.width / proportion);
  const width = height * proportion;
  const within = (/** @type {number} */ value, /** @type {number} */ limit) => Math.min(Math.max(0, value), Math.max(0, limit));
  return { x: within(x + w / 2 - width / 2, image.width - width), y: within(y + h / 2 - height / 2, image.height - height), width, height };
}

/** @param {{store: import("../store.js").Store, choose: (index: number) => void}} options */
export function candidateStrip({ store, choose }) {
  const cards = NAMES.map((name, index) => {
    const canvas = h("canvas", { width: WIDTH, height: HEIGHT, "aria-hidden": "true" });
    const score = h("span", { class: "ann-candidate-score" });
    const card = h("button", { type: "button", class: "ann-candidate", role: "radio", "data-testid": "candidate", on: { click: () => choose(index) } },
      canvas, h("span", { class: "ann-candidate-text" }, h("span", {}, name), score));
    return { card, canvas, score };
  });
  const group = h("div", { class: "ann-candidate-group", role: "radiogroup", "aria-label": "What the click means" });
  const element = h("div", { class: "ann-candidates", hidden: true, "data-testid": "candidates" }, group, h("span", { class: "ann-candidates-key" }, h("kbd", { "data-action": "nextCandidate" }), " next"));

  /** @type {HTMLImageElement | null} */
  let picture = null;
  store.watch((state) => [state.image?.pixels.url], ({ image }) => {
    picture = null;
    if (image === null) return;
    const next = new Image();
    next.src = image.pixels.url;
    next.decode().then(() => { picture = next; show(store.get()); }, () => undefined);
  });
  // After the frame that paints the mask: three thumbnails must not hold that up.
  let due = false;
  store.watch((state) => [state.draft?.candidates, state.draft?.chosen, state.image?.id], () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => setTimeout(() => { due = false; show(store.get()); }));
  });

  /** @param {import("../store.js").State} state */
  function show({ draft, image, project }) {
    const candidates = draft?.candidates ?? [];
    const ambiguous = draft !== null && image !== null && candidates.length > 1;
    element.hidden = !ambiguous;
    if (!ambiguous) { group.replaceChildren(); return; }
    const largest = Math.max(...candidates.map((candidate) => Math.max(candidate.bbox[2] ?? 0, candidate.bbox[3] ?? 0)));
    const colour = project?.categories.find((category) => category.id === store.get().category)?.colour ?? "#3b82f6";
    for (const [index, candidate] of candidates.entries()) {
      const parts = cards[index];
      if (parts === undefined) continue;
      const chosen = index === draft.chosen;
      assign(parts.card, { "aria-checked": String(chosen), title: `${NAMES[index]}: predicted IoU ${percent(candidate.score)}` });
      setText(parts.score, percent(candidate.score));
      if (parts.card.parentNode === null) group.append(parts.card);
      const key = `${candidate.rle.counts.length} ${candidate.area} ${candidate.bbox} ${candidate.score} ${colour} ${picture?.src}`;
      if (parts.canvas.dataset["key"] === key) continue;
      parts.canvas.dataset["key"] = key;
      paint(parts.canvas, candidate, regionOf(candidate.bbox, largest, image), image, picture, colour);
    }
  }
  return { element };
}

/**
 * @param {HTMLCanvasElement} canvas @param {import("../store.js").Candidate} candidate @param {Region} region
 * @param {import("../store.js").OpenImage} image @param {HTMLImageElement | null} picture @param {string} colour
 */
function paint(canvas, candidate, region, image, picture, colour) {
  const ratio = Math.min(2, devicePixelRatio);
  const width = Math.round(WIDTH * ratio);
  const height = Math.round(HEIGHT * ratio);
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null || picture === null) return;
  const shown = image.pixels.width / image.width;
  context.drawImage(picture, region.x * shown, region.y * shown, region.width * shown, region.height * shown, 0, 0, width, height);
  const runs = decode(candidate.rle);
  const pixels = context.getImageData(0, 0, width, height);
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  for (let row = 0; row < height; row++) {
    const y = Math.floor(((region.y + ((row + 0.5) / height) * region.height) / image.height) * runs.height);
    for (let column = 0; column < width; column++) {
      const x = Math.floor(((region.x + ((column + 0.5) / width) * region.width) / image.width) * runs.width);
      tint(pixels.data, (row * width + column) * 4, contains(runs, x, y), [red ?? 0, green ?? 0, blue ?? 0]);
    }
  }
  context.putImageData(pixels, 0, 0);
}

/** The mask in its colour, everything else dark. @param {Uint8ClampedArray} data @param {number} at @param {boolean} inside @param {[number, number, number]} colour */
function tint(data, at, inside, colour) {
  const strength = inside ? 0.35 : 0.62;
  for (let channel = 0; channel < 3; channel++) {
    const to = inside ? colour[channel] ?? 0 : 12;
    data[at + channel] = (data[at + channel] ?? 0) * (1 - strength) + to * strength;
  }
}
