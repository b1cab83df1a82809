/**
 * What a pointer's presses and moves mean: a pure function of the gesture so far, the event, and what lies under it.
 *
 * @typedef {import("./viewport.js").Point} Point
 * @typedef {[number, number, number, number]} Box
 * @typedef {{kind: "point", index: number} | {kind: "handle", index: number} | {kind: "box"} | {kind: "object", id: number}} Hit
 *   handle index: 0–3 corners clockwise from the top left, 4–7 sides clockwise from the top
 * @typedef {{
 *   type: "down" | "move" | "up" | "hold" | "cancel", screen: Point, image: Point, inside: boolean, button: number,
 *   shift: boolean, alt: boolean, control: boolean, space: boolean, coarse: boolean, hit: Hit | null, box: Box | null, objects: boolean,
 * }} PointerInput  hold: a finger was held still; image is clamped to the image, inside says whether it had to be; coarse: a
 *   finger, which trembles; objects: a plain click selects objects
 * @typedef {{mode: "idle"} | {mode: "pan", last: Point} | {mode: "press", from: PointerInput} | {mode: "box", from: Point, begun: boolean}
 *   | {mode: "move-point", index: number, moved: boolean, from: Point} | {mode: "resize", handle: number, box: Box}
 *   | {mode: "spent"}} Gesture  spent: it has done what it meant; letting go says nothing more
 * @typedef {Record<string, unknown> & {type: string}} Intent
 * @typedef {{gesture: Gesture, intents: Intent[]}} Step
 */

/** A press that moves further than this (CSS pixels) is a drag; a finger's, which never rests, further. */
export const DRAG_DISTANCE = 4;
export const COARSE_DISTANCE = 10;

/** @param {Point} from @param {PointerInput} input */
const isFar = (from, input) => Math.hypot(input.screen.x - from.x, input.screen.y - from.y) > (input.coarse ? COARSE_DISTANCE : DRAG_DISTANCE);

/** @type {Gesture} */
export const IDLE = { mode: "idle" };

/** @param {Gesture} gesture @param {PointerInput} input @returns {Step} */
export function step(gesture, input) {
  if (input.type === "cancel") return cancelled(gesture);
  if (gesture.mode === "idle") return input.type === "down" ? pressed(input) : { gesture, intents: [] };
  if (gesture.mode === "spent") return { gesture: input.type === "up" ? IDLE : gesture, intents: [] };
  if (gesture.mode === "pan") return panning(gesture, input);
  if (gesture.mode === "move-point") return movingPoint(gesture, input);
  if (gesture.mode === "resize") return resizing(gesture, input);
  if (gesture.mode === "box") return drawing(gesture.from, input, gesture.begun);
  return held(gesture.from, input);
}

/** @param {PointerInput} input @returns {Step} */
function pressed(input) {
  if (input.button === 1 || (input.space && input.button === 0)) {
    return { gesture: { mode: "pan", last: input.screen }, intents: [] };
  }
  const plain = input.button === 0 && !input.alt && !input.control;
  if (plain && !input.shift && input.hit?.kind === "point") {
    return { gesture: { mode: "move-point", index: input.hit.index, moved: false, from: input.screen }, intents: [] };
  }
  if (plain && !input.shift && input.hit?.kind === "handle" && input.box) {
    return { gesture: { mode: "resize", handle: input.hit.index, box: input.box }, intents: [] };
  }
  return { gesture: { mode: "press", from: input }, intents: [] };
}

/** A button is down and has not moved far yet. @param {PointerInput} from @param {PointerInput} input @returns {Step} */
function held(from, input) {
  if (input.type === "hold") return { gesture: { mode: "spent" }, intents: clicked({ ...from, button: 2 }) };
  const far = isFar(from.screen, input);
  if (far && from.button === 0 && !from.alt && !from.control) return drawing(from.image, input, false);
  if (input.type !== "up") return { gesture: { mode: "press", from }, intents: [] };
  return { gesture: IDLE, intents: far ? [] : clicked(from) };
}

/** @param {PointerInput} input @returns {Intent[]} */
function clicked(input) {
  const { hit } = input;
  if (input.alt) {
    if (hit?.kind === "point") return [{ type: "remove-point", index: hit.index }];
    return hit?.kind === "handle" || hit?.kind === "box" ? [{ type: "remove-box" }] : [];
  }
  const object = hit?.kind === "object" ? hit.id : null;
  if (input.control) return [{ type: "select", id: object }];
  if (input.objects && object !== null && input.button === 0 && !input.shift) return [{ type: "select", id: object }];
  if (!input.inside || (input.button !== 0 && input.button !== 2)) return [];
  const label = input.button === 2 || input.shift ? 0 : 1;
  return [{ type: "add-point", x: input.image.x, y: input.image.y, label }];
}

/** @param {Point} from @param {PointerInput} input @param {boolean} begun whether the box was told of before @returns {Step} */
function drawing(from, input, begun) {
  const box = between(from, input.image);
  const final = input.type === "up";
  const empty = box[2] - box[0] < 1 || box[3] - box[1] < 1;
  /** @type {Gesture} */
  const gesture = final ? IDLE : { mode: "box", from, begun: begun || !empty };
  if (empty) return { gesture, intents: final ? [{ type: "revert" }] : [] };
  return { gesture, intents: [{ type: "set-box", box, final, fresh: !begun }] };
}

/** @param {Extract<Gesture, {mode: "pan"}>} gesture @param {PointerInput} input @returns {Step} */
function panning(gesture, input) {
  const intents = [{ type: "pan", dx: input.screen.x - gesture.last.x, dy: input.screen.y - gesture.last.y }];
  return { gesture: input.type === "up" ? IDLE : { mode: "pan", last: input.screen }, intents };
}

/** @param {Extract<Gesture, {mode: "move-point"}>} gesture @param {PointerInput} input @returns {Step} */
function movingPoint(gesture, input) {
  const moved = gesture.moved || isFar(gesture.from, input);
  if (input.type === "hold" && !moved) return { gesture: { mode: "spent" }, intents: [{ type: "remove-point", index: gesture.index }] };
  const final = input.type === "up";
  const { x, y } = input.image;
  return {
    gesture: final ? IDLE : { ...gesture, moved },
    intents: moved ? [{ type: "move-point", index: gesture.index, x, y, final }] : [],
  };
}

/** @param {Extract<Gesture, {mode: "resize"}>} gesture @param {PointerInput} input @returns {Step} */
function resizing(gesture, input) {
  const [x0, y0, x1, y1] = gesture.box;
  const { x, y } = input.image;
  const [left, top, right, bottom] = HANDLE_SIDES[gesture.handle] ?? [false, false, false, false];
  const box = between({ x: left ? x : x0, y: top ? y : y0 }, { x: right ? x : x1, y: bottom ? y : y1 });
  const final = input.type === "up";
  if (box[2] - box[0] < 1 || box[3] - box[1] < 1) {
    return { gesture: final ? IDLE : gesture, intents: final ? [{ type: "revert" }] : [] };
  }
  return { gesture: final ? IDLE : gesture, intents: [{ type: "set-box", box, final }] };
}

/** Which sides [left, top, right, bottom] each handle moves. */
const HANDLE_SIDES = [
  [true, true, false, false],
  [false, true, true, false],
  [false, false, true, true],
  [true, false, false, true],
  [false, true, false, false],
  [false, false, true, false],
  [false, false, false, true],
  [true, false, false, false],
];

/** Where the handles of a box are, in the order of their indices. @param {Box} box @returns {Point[]} */
export function handles([x0, y0, x1, y1]) {
  const x = (x0 + x1) / 2;
  const y = (y0 + y1) / 2;
  return [
    { x: x0, y: y0 },
    { x: x1, y: y0 },
    { x: x1, y: y1 },
    { x: x0, y: y1 },
    { x, y: y0 },
    { x: x1, y },
    { x, y: y1 },
    { x: x0, y },
  ];
}

/** @param {Gesture} gesture @returns {Step} */
function cancelled(gesture) {
  const live = gesture.mode === "box" || gesture.mode === "resize" || (gesture.mode === "move-point" && gesture.moved);
  return { gesture: IDLE, intents: live ? [{ type: "revert" }] : [] };
}

/** @param {Point} a @param {Point} b @returns {Box} */
function between(a, b) {
  return [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.max(a.x, b.x), Math.max(a.y, b.y)];
}
