/**
 * Painting: the picture, the objects, the draft. Each is a function of the state and the viewport.
 *
 * @typedef {import("./viewport.js").Viewport} Viewport
 * @typedef {import("./viewport.js").Size} Size
 * @typedef {import("./rle.js").Rle} Rle
 * @typedef {import("./rle.js").Runs} Runs
 * @typedef {{id: number, rle: Rle, bbox: number[], colour: string, hidden: boolean, locked: boolean}} SceneObject
 * @typedef {{x: number, y: number, label: number}} PromptPoint
 * @typedef {{points: PromptPoint[], box: [number, number, number, number] | null, mask: {rle: Rle} | null, colour: string, pending: boolean}} SceneDraft
 * @typedef {{opacity: number, outline: boolean, showPrompts: boolean, overlays: boolean}} View
 * @typedef {{runs: Runs, part: import("./rle.js").Crop, fill: HTMLCanvasElement | null, outlines: Map<number, Path2D>}} Shape
 *   fill in pixels of the mask; outlines by how many pixels make one step
 */

import { coarser, crop, decode, edges } from "./rle.js";
import { toScreen } from "./viewport.js";
import { handles } from "./gestures.js";

/** @type {WeakMap<Rle, Map<string, Shape>>} */
const shapes = new WeakMap();

/** What is needed to paint a mask, made once per mask and colour. @param {Rle} rle @param {string} colour @returns {Shape} */
export function shapeOf(rle, colour) {
  const known = shapes.get(rle) ?? new Map();
  shapes.set(rle, known);
  const found = known.get(colour);
  if (found) return found;
  const runs = decode(rle);
  const part = crop(runs);
  const shape = { runs, part, fill: part.width ? tinted(part, colour) : null, outlines: new Map() };
  known.clear(); // a mask is shown in one colour at a time
  known.set(colour, shape);
  return shape;
}

/**
 * The outline in pixels of the mask. Where several of them share a pixel of the screen it takes bigger steps: nobody sees the
 * difference, and a thousand objects stay quick.
 * @param {Shape} shape @param {number} scale screen pixels for a pixel of the mask
 */
function outlineOf(shape, scale) {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(1 / (scale * window.devicePixelRatio))));
  const known = shape.outlines.get(step);
  if (known) return known;
  const outline = new Path2D();
  const lines = edges(step > 1 ? coarser(shape.part, step) : shape.part);
  for (let i = 0; i < lines.length; i += 4) {
    outline.moveTo((lines[i] ?? 0) * step, (lines[i + 1] ?? 0) * step);
    outline.lineTo((lines[i + 2] ?? 0) * step, (lines[i + 3] ?? 0) * step);
  }
  shape.outlines.set(step, outline);
  return outline;
}

/** @param {import("./rle.js").Crop} part @param {string} colour */
function tinted(part, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = part.width;
  canvas.height = part.height;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(part.width, part.height);
  const pixels = new Uint32Array(image.data.buffer);
  const value = Number.parseInt(colour.slice(1), 16);
  const abgr = (255 << 24) | ((value & 255) << 16) | (value & 0xff00) | (value >> 16);
  for (let i = 0; i < pixels.length; i++) if (part.bits[i]) pixels[i] = abgr;
  context.putImageData(image, 0, 0);
  return canvas;
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {CanvasImageSource | null} bitmap */
export function paintPicture(context, view, image, bitmap) {
  const width = image.width * view.scale;
  const height = image.height * view.scale;
  if (!bitmap) {
    context.fillStyle = "rgba(128, 128, 128, 0.15)";
    context.fillRect(view.x, view.y, width, height);
    return;
  }
  context.imageSmoothingEnabled = view.scale < 4;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, view.x, view.y, width, height);
}

/**
 * All objects alike. What is selected or under the pointer is painted on top by `paintMarks`, so that a moving pointer never
 * repaints a thousand objects.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {Size} host
 * @param {SceneObject[]} objects @param {View} options
 */
export function paintObjects(context, view, image, host, objects, options) {
  if (!options.overlays) return;
  for (const object of objects) {
    if (object.hidden || !isVisible(object.bbox, view, host)) continue;
    const { opacity, outline } = options;
    paintMask(context, view, image, shapeOf(object.rle, object.colour), { opacity, outline, width: 1.25, inner: object.colour });
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image
 * @param {SceneObject[]} objects @param {View} options @param {{selected: number | null, highlighted: number | null}} marks
 */
export function paintMarks(context, view, image, objects, options, { selected, highlighted }) {
  for (const id of new Set([selected, highlighted])) {
    const object = objects.find((other) => other.id === id);
    if (!object || !options.overlays) continue;
    const inner = id === selected ? "#ffffff" : object.colour;
    const opacity = object.hidden ? options.opacity : 0.15;
    paintMask(context, view, image, shapeOf(object.rle, object.colour), { opacity, outline: true, width: 2.5, inner });
  }
}

/** @param {number[]} bbox @param {Viewport} view @param {Size} host */
function isVisible([x = 0, y = 0, width = 0, height = 0], view, host) {
  const from = toScreen(view, { x, y });
  const to = toScreen(view, { x: x + width, y: y + height });
  return to.x >= 0 && to.y >= 0 && from.x <= host.width && from.y <= host.height;
}

/**
 * A tint and a double outline: dark outside, bright inside, so that it shows on any picture.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {Shape} shape
 * @param {{opacity: number, outline: boolean, width: number, inner: string}} style
 */
function paintMask(context, view, image, shape, style) {
  // A mask may be smaller than the image: a candidate that was not chosen comes in the model's resolution.
  const scale = { x: (view.scale * image.width) / shape.runs.width, y: (view.scale * image.height) / shape.runs.height };
  context.save();
  context.translate(view.x, view.y);
  context.scale(scale.x, scale.y);
  if (shape.fill) {
    context.imageSmoothingEnabled = scale.x < 1;
    context.globalAlpha = style.opacity;
    context.drawImage(shape.fill, shape.part.x, shape.part.y);
  }
  if (style.outline) {
    context.globalAlpha = 1;
    context.lineCap = "square";
    const outline = outlineOf(shape, scale.x);
    for (const [width, colour] of /** @type {[number, string][]} */ ([
      [style.width + 2, "rgba(0, 0, 0, 0.75)"],
      [style.width, style.inner],
    ])) {
      context.lineWidth = width / scale.x;
      context.strokeStyle = colour;
      context.stroke(outline);
    }
  }
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {SceneDraft} draft
 * @param {View} options @param {number | null} hovered index of the point under the pointer @param {number} phase of the waiting animation, 0..1
 */
export function paintDraft(context, view, image, draft, options, hovered, phase) {
  if (draft.mask && options.overlays) {
    const shape = shapeOf(draft.mask.rle, draft.colour);
    const opacity = Math.min(1, options.opacity + 0.1);
    paintMask(context, view, image, shape, { opacity, outline: true, width: 1.75, inner: "#ffffff" });
  }
  if (!options.showPrompts) return;
  if (draft.box) paintBox(context, view, draft.box, draft.pending ? phase : 0);
  draft.points.forEach((point, index) => {
    const waiting = draft.pending && index === draft.points.length - 1;
    paintPoint(context, view, point, index === hovered, waiting ? phase : null);
  });
}

/** @param {CanvasRenderingContext2D} context @param {Viewport} view @param {[number, number, number, number]} box @param {number} phase */
function paintBox(context, view, box, phase) {
  const from = toScreen(view, { x: box[0], y: box[1] });
  const to = toScreen(view, { x: box[2], y: box[3] });
  context.save();
  context.lineWidth = 3.5;
  context.strokeStyle = "rgba(0, 0, 0, 0.6)";
  context.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  context.lineWidth = 1.5;
  context.strokeStyle = "#ffffff";
  context.setLineDash([6, 4]);
  context.lineDashOffset = -phase * 20;
  context.strokeRect(from.x, from.y, to.x - from.x, to.y - from.y);
  context.setLineDash([]);
  for (const handle of handles(box)) {
    const { x, y } = toScreen(view, handle);
    context.fillStyle = "#ffffff";
    context.strokeStyle = "rgba(0, 0, 0, 0.75)";
    context.lineWidth = 1;
    context.beginPath();
    context.rect(x - 3.5, y - 3.5, 7, 7);
    context.fill();
    context.stroke();
  }
  context.restore();
}

/**
 * Foreground is a green disc with a plus, background a red one with a minus: sign and colour both tell them apart.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {PromptPoint} point @param {boolean} hovered @param {number | null} phase
 */
function paintPoint(context, view, point, hovered, phase) {
  const { x, y } = toScreen(view, point);
  const radius = hovered ? 9 : 7;
  context.save();
  context.beginPath();
  context.arc(x, y, radius + 2, 0, 2 * Math.PI);
  context.fillStyle = "rgba(0, 0, 0, 0.55)";
  context.fill();
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = point.label ? "#0a8f4f" : "#d3273e";
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = "#ffffff";
  context.stroke();
  context.beginPath();
  context.moveTo(x - 3, y);
  context.lineTo(x + 3, y);
  if (point.label) {
    context.moveTo(x, y - 3);
    context.lineTo(x, y + 3);
  }
  context.stroke();
  if (phase !== null) {
    context.beginPath();
    context.arc(x, y, radius + 5, phase * 2 * Math.PI, (phase + 0.3) * 2 * Math.PI);
    context.strokeStyle = "#ffffff";
    context.stroke();
  }
  context.restore();
}
