/**
 * What a pointer's presses and moves mean while a hand tool is taken up: a pure function, as in gestures.js.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {import("./gestures.js").PointerInput} PointerInput
 * @typedef {"brush" | "eraser" | "lasso"} HandTool
 * @typedef {{mode: "stroke", tool: HandTool, erase: boolean, points: Point[]}} Stroke  points in image pixels, as they came
 */

/** Points nearer to each other than this, in CSS pixels, say nothing new. */
const NEAR = 1;

/** @param {string | undefined} tool @returns {tool is HandTool} */
export const isHandTool = (tool) => tool === "brush" || tool === "eraser" || tool === "lasso";

/**
 * The stroke that a press begins, or null where another gesture is meant (panning, the middle button).
 * @param {HandTool} tool @param {PointerInput} input @returns {Stroke | null}
 */
export function begun(tool, input) {
  if (input.type !== "down" || input.space || (input.button !== 0 && input.button !== 2)) return null;
  return { mode: "stroke", tool, erase: tool === "eraser" || input.button === 2 || input.shift, points: [input.image] };
}

/**
 * The stroke after another event; null when it is over, and what came of it.
 * @param {Stroke} stroke @param {PointerInput} input @param {number} scale CSS pixels of an image pixel
 * @returns {{gesture: Stroke | null, intents: {type: string, [name: string]: unknown}[]}}
 */
export function stepped(stroke, input, scale) {
  if (input.type === "cancel") return { gesture: null, intents: [] };
  const last = stroke.points.at(-1);
  const far = last === undefined || Math.hypot(input.image.x - last.x, input.image.y - last.y) * scale >= NEAR;
  const points = far ? [...stroke.points, input.image] : stroke.points;
  if (input.type !== "up") return { gesture: { ...stroke, points }, intents: [] };
  const { tool, erase } = stroke;
  if (tool === "lasso" && points.length < 3) return { gesture: null, intents: [] };
  return { gesture: null, intents: [{ type: tool === "lasso" ? "lasso" : "stroke", points, erase }] };
}
