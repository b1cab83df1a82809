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
 * @typedef {{opacity: number, outline: boolean, outlineWidth: number, showPrompts: boolean, overlays: boolean, tool?: string, brush?: number}} View
 * @typedef {{x: number, y: number, fill: HTMLCanvasElement | null, outline: Path2D, colour: string}} Level
 *   a mask at one step: where it is and its outline in pixels of the mask, its tint in units of the step
 * @typedef {{runs: Runs, box: {x: number, y: number, width: number, height: number}, levels: Map<number, Level>}} Shape
 *   levels: by step, how many pixels of the mask make one that is painted
 */

import { bounds, crop, decode, edges } from "./rle.js";
import { toScreen } from "./viewport.js";
import { handles } from "./gestures.js";

/** @typedef {{added: Rle | null, removed: Rle | null}} Difference */

/** @type {WeakMap<Rle, Shape>} */
const shapes = new WeakMap();

/** Of a mask with more pixels than this only the step that was painted last is kept. */
const LARGE = 4_000_000;

/** What is known of a mask, made once. @param {Rle} rle @returns {Shape} */
export function shapeOf(rle) {
  const known = shapes.get(rle);
  if (known) return known;
  const runs = decode(rle);
  const shape = { runs, box: bounds(runs), levels: new Map() };
  shapes.set(rle, shape);
  return shape;
}

/**
 * Where several pixels of the mask share one of the screen they are painted as one: nobody sees the difference, a thousand
 * objects stay quick and the mask of a huge picture small.
 * @param {Shape} shape @param {number} step @param {string} colour @returns {Level}
 */
function levelOf(shape, step, colour) {
  const known = shape.levels.get(step);
  if (known?.colour === colour) return known;
  const part = crop(shape.runs, step, shape.box);
  const outline = known?.outline ?? outlineOf(part, step);
  const level = { x: part.x * step, y: part.y * step, fill: part.width ? tinted(part, colour) : null, outline, colour };
  if (shape.box.width * shape.box.height > LARGE) shape.levels.clear();
  shape.levels.set(step, level);
  return level;
}

/** @param {import("./rle.js").Crop} part @param {number} step @returns {Path2D} in pixels of the mask */
function outlineOf(part, step) {
  const outline = new Path2D();
  const lines = edges(part);
  for (let i = 0; i < lines.length; i += 4) {
    outline.moveTo((lines[i] ?? 0) * step, (lines[i + 1] ?? 0) * step);
    outline.lineTo((lines[i + 2] ?? 0) * step, (lines[i + 3] ?? 0) * step);
  }
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
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image
 * @param {import("./regions.js").Region} sight what is to be painted, in CSS pixels
 * @param {SceneObject[]} objects @param {View} options
 */
export function paintObjects(context, view, image, sight, objects, options) {
  if (!options.overlays) return;
  for (const object of objects) {
    if (object.hidden || !isVisible(object.bbox, view, sight)) continue;
    const { opacity, outline, outlineWidth } = options;
    paintMask(context, view, image, object, { opacity, outline, width: 1.25 * outlineWidth, inner: object.colour });
  }
}

/**
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image
 * @param {SceneObject[]} objects @param {View} options @param {{selected: number | null, highlighted: number | null}} marks
 * @param {readonly number[]} [picked] those that an operation takes
 */
export function paintMarks(context, view, image, objects, options, { selected, highlighted }, picked = []) {
  for (const id of new Set([selected, highlighted, ...picked])) {
    const object = objects.find((other) => other.id === id);
    if (!object || !options.overlays) continue;
    const inner = id === selected || picked.includes(object.id) ? "#ffffff" : object.colour;
    const opacity = object.hidden ? options.opacity : 0.15;
    paintMask(context, view, image, object, { opacity, outline: true, width: 2.5 * options.outlineWidth, inner });
  }
}

/** @param {number[]} bbox @param {Viewport} view @param {import("./regions.js").Region} sight */
function isVisible([x = 0, y = 0, width = 0, height = 0], view, sight) {
  const from = toScreen(view, { x, y });
  const to = toScreen(view, { x: x + width, y: y + height });
  return to.x >= sight.x && to.y >= sight.y && from.x <= sight.x + sight.width && from.y <= sight.y + sight.height;
}

/**
 * A tint and a double outline: dark outside, bright inside, so that it shows on any picture.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {{rle: Rle, colour: string}} mask
 * @param {{opacity: number, outline: boolean, width: number, inner: string}} style
 */
function paintMask(context, view, image, { rle, colour }, style) {
  const shape = shapeOf(rle);
  // A mask may be smaller than the image: a candidate that was not chosen comes in the model's resolution.
  const scale = { x: (view.scale * image.width) / shape.runs.width, y: (view.scale * image.height) / shape.runs.height };
  const step = 2 ** Math.max(0, Math.floor(Math.log2(1 / (scale.x * window.devicePixelRatio))));
  const { x, y, fill, outline } = levelOf(shape, step, colour);
  context.save();
  context.translate(view.x, view.y);
  context.scale(scale.x, scale.y);
  if (fill) {
    context.imageSmoothingEnabled = scale.x < 1;
    context.globalAlpha = style.opacity;
    context.drawImage(fill, x, y, fill.width * step, fill.height * step);
  }
  if (style.outline) {
    context.globalAlpha = 1;
    context.lineCap = "square";
    for (const [width, stroke] of /** @type {[number, string][]} */ ([
      [style.width + 2, "rgba(0, 0, 0, 0.75)"],
      [style.width, style.inner],
    ])) {
      context.lineWidth = width / scale.x;
      context.strokeStyle = stroke;
      context.stroke(outline);
    }
  }
  context.restore();
}

/**
 * What an edit would add, green, and take away, red; what is taken lies outside the outline of what is left.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {Difference} difference @param {View} options
 */
export function paintDifference(context, view, image, { added, removed }, options) {
  if (!options.overlays) return;
  const style = { opacity: 0.75, outline: false, width: 1 };
  if (added) paintMask(context, view, image, { rle: added, colour: "#0a8f4f" }, { ...style, inner: "#0a8f4f" });
  if (removed) paintMask(context, view, image, { rle: removed, colour: "#d3273e" }, { ...style, inner: "#d3273e" });
}

/**
 * The stroke under the hand, before it is part of the mask: what it adds in the mask's colour, what it takes away in red.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {import("./strokes.js").Stroke} stroke @param {number} radius in image pixels @param {string} colour
 */
export function paintStroke(context, view, { tool, erase, points }, radius, colour) {
  const path = new Path2D();
  points.forEach((point, index) => {
    const { x, y } = toScreen(view, point);
    if (index === 0) path.moveTo(x, y);
    path.lineTo(x, y);
  });
  context.save();
  context.lineCap = "round";
  context.lineJoin = "round";
  context.globalAlpha = 0.5;
  context.fillStyle = context.strokeStyle = erase ? "#d3273e" : colour;
  if (tool === "lasso") {
    context.fill(path);
    context.globalAlpha = 1;
    context.lineWidth = 1.5;
    context.strokeStyle = "#ffffff";
    context.setLineDash([4, 3]);
  } else {
    context.lineWidth = Math.max(1, 2 * radius * view.scale);
  }
  context.stroke(path);
  context.restore();
}

/**
 * What a click would give: lighter than a draft, and gone with the pointer.
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {{rle: Rle, colour: string}} preview @param {View} options
 */
export function paintPreview(context, view, image, preview, options) {
  if (options.overlays) paintMask(context, view, image, preview, { opacity: options.opacity * 0.6, outline: true, width: options.outlineWidth, inner: preview.colour });
}

/**
 * @param {CanvasRenderingContext2D} context @param {Viewport} view @param {Size} image @param {SceneDraft} draft
 * @param {View} options @param {number | null} hovered index of the point under the pointer @param {number} phase of the waiting animation, 0..1
 */
export function paintDraft(context, view, image, draft, options, hovered, phase) {
  if (draft.mask && options.overlays) {
    const opacity = Math.min(1, options.opacity + 0.1);
    paintMask(context, view, image, { rle: draft.mask.rle, colour: draft.colour }, { opacity, outline: true, width: 1.75 * options.outlineWidth, inner: "#ffffff" });
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
