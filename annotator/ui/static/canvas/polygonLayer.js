/** Painting what the polygon tool shows: the outline of the mask with its vertices, and the polygon being drawn. */

import { toScreen } from "./viewport.js";

/** Vertices nearer to each other than this, in CSS pixels, are not all shown; zooming in shows them. */
const ROOM = 7;

/** @typedef {import("./viewport.js").Point} Point */

/**
 * @param {CanvasRenderingContext2D} context @param {import("./viewport.js").Viewport} view @param {import("./viewport.js").Size} host
 * @param {import("./polygonTool.js").ShownPolygon} shown @param {string} colour
 */
export function paintPolygon(context, view, host, { rings, drawn, next, erase, grip }, colour) {
  context.save();
  context.lineJoin = "round";
  rings.forEach((ring, number) => paintRing(context, ring.map((point) => toScreen(view, point)), host, grip?.ring === number ? grip : null));
  if (drawn.length > 0) paintDrawn(context, [...drawn, ...(next === null ? [] : [next])].map((point) => toScreen(view, point)), erase ? "#d3273e" : colour);
  context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} places @param {import("./viewport.js").Size} host @param {import("./polygonTool.js").Grip | null} grip */
function paintRing(context, places, host, grip) {
  stroke(context, trace(places, true), "#ffffff", 1.5);
  let [lastX, lastY] = [-Infinity, -Infinity];
  places.forEach(({ x, y }, index) => {
    const held = grip !== null && !grip.edge && grip.index === index;
    const crowded = Math.hypot(x - lastX, y - lastY) < ROOM;
    if (!held && (crowded || x < -8 || y < -8 || x > host.width + 8 || y > host.height + 8)) return;
    [lastX, lastY] = [x, y];
    vertex(context, x, y, held ? 5 : 3);
  });
  if (grip === null || !grip.edge) return;
  const [a, b] = [places[grip.index], places[(grip.index + 1) % places.length]];
  if (a !== undefined && b !== undefined) stroke(context, trace([a, b], false), "#6f95ff", 3);
}

/** @param {CanvasRenderingContext2D} context @param {Point[]} places @param {string} colour */
function paintDrawn(context, places, colour) {
  const path = trace(places, true);
  context.globalAlpha = 0.3;
  context.fillStyle = colour;
  context.fill(path);
  context.globalAlpha = 1;
  stroke(context, trace(places, false), "#ffffff", 1.5);
  places.forEach(({ x, y }, index) => vertex(context, x, y, index === 0 ? 5 : 3));
}

/** @param {Point[]} places @param {boolean} closed */
function trace(places, closed) {
  const path = new Path2D();
  places.forEach(({ x, y }, index) => { if (index === 0) path.moveTo(x, y); else path.lineTo(x, y); });
  if (closed) path.closePath();
  return path;
}

/** @param {CanvasRenderingContext2D} context @param {Path2D} path @param {string} colour @param {number} width */
function stroke(context, path, colour, width) {
  context.lineWidth = width + 2;
  context.strokeStyle = "rgba(0, 0, 0, 0.75)";
  context.stroke(path);
  context.lineWidth = width;
  context.strokeStyle = colour;
  context.stroke(path);
}

/** @param {CanvasRenderingContext2D} context @param {number} x @param {number} y @param {number} half */
function vertex(context, x, y, half) {
  context.fillStyle = "#ffffff";
  context.strokeStyle = "rgba(0, 0, 0, 0.8)";
  context.lineWidth = 1;
  context.beginPath();
  context.rect(x - half, y - half, 2 * half, 2 * half);
  context.fill();
  context.stroke();
}
