import assert from "node:assert/strict";
import { test } from "node:test";

import { Bitmap } from "../../../annotator/ui/static/canvas/bitmap.js";
import { reshape, ringsOf, simplified } from "../../../annotator/ui/static/canvas/outline.js";
import { PolygonTool } from "../../../annotator/ui/static/canvas/polygonTool.js";
import { encode, random } from "../helpers.js";

const [WIDTH, HEIGHT] = [19, 15];
const randomBits = (next, density) => Array.from({ length: WIDTH * HEIGHT }, () => (next() < density ? 1 : 0));
const rleOf = (bits) => encode(bits, WIDTH, HEIGHT);
const bitsOf = (bitmap) => Array.from({ length: WIDTH * HEIGHT }, (_, at) => (bitmap.has(at % WIDTH, Math.floor(at / WIDTH)) ? 1 : 0));
const EVERYTHING = [{ x: 0, y: 0 }, { x: WIDTH, y: 0 }, { x: WIDTH, y: HEIGHT }, { x: 0, y: HEIGHT }];

test("the outline of any mask, parts and holes and corners that touch included, encloses exactly its pixels", () => {
  const next = random(5);
  for (let round = 0; round < 300; round++) {
    const bits = randomBits(next, [0.03, 0.3, 0.5, 0.8][round % 4]);
    const rings = ringsOf(rleOf(bits), 0);
    const drawn = new Bitmap(WIDTH, HEIGHT);
    reshape(drawn, rings, EVERYTHING);
    assert.deepEqual(bitsOf(drawn), bits);
  }
});

test("a simplified outline keeps its corners and leaves out what lies on a line", () => {
  const stairs = Array.from({ length: 40 }, (_, i) => ({ x: Math.ceil(i / 2), y: Math.floor(i / 2) }));
  const ring = [...stairs, { x: 20, y: 40 }, { x: 0, y: 40 }];
  const fewer = simplified(ring, 0.75);
  assert.ok(fewer.length <= 5, String(fewer.length));
  assert.ok(fewer.every((point) => ring.includes(point)));
  const jagged = [{ x: 0, y: 0 }, { x: 5, y: 1 }, { x: 10, y: 0 }, { x: 10, y: 10 }, { x: 5, y: 9 }, { x: 0, y: 10 }];
  assert.deepEqual(simplified(jagged, 0), jagged);
});

/** A polygon tool over a mask, as somebody with a mouse uses it; the mask follows like in the app. */
function tool(bits) {
  const polygon = new PolygonTool();
  const state = { rle: rleOf(bits) };
  polygon.follow(state.rle, 1000);
  const input = (type, x, y, more = {}) => {
    const { intents } = polygon.step({ type, image: { x, y }, screen: { x, y }, button: 0, shift: false, alt: false, space: false, coarse: false, ...more }, 10);
    for (const intent of intents) {
      const bitmap = Bitmap.fromRle(state.rle);
      if (intent.type === "outline") reshape(bitmap, intent.rings, intent.region);
      else bitmap.polygon(intent.points, intent.erase ? 0 : 1);
      state.rle = bitmap.toRle();
      polygon.follow(state.rle, 1000);
    }
    return intents;
  };
  const click = (x, y, more) => [...input("down", x, y, more), ...input("up", x, y, more)];
  const drag = (from, to) => [...input("down", ...from), ...input("move", ...to), ...input("up", ...to)];
  return { polygon, click, drag, input, bits: () => bitsOf(Bitmap.fromRle(state.rle)) };
}

const rectangle = (x0, y0, x1, y1) => Array.from({ length: WIDTH * HEIGHT }, (_, at) => (at % WIDTH >= x0 && at % WIDTH < x1 && at / WIDTH >= y0 && Math.floor(at / WIDTH) < y1 ? 1 : 0));

test("moving a corner moves the mask's corner and nothing else", () => {
  const { drag, bits, polygon } = tool(rectangle(2, 2, 8, 8));
  drag([8, 8], [12, 12]);
  const after = bits();
  assert.equal(after[11 * WIDTH + 11], 1);
  assert.equal(after[2 * WIDTH + 2], 1);
  assert.equal(after[2 * WIDTH + 10], 0);
  assert.equal(polygon.rings[0]?.length, 4, "the outline that was edited stays, vertex by vertex");
  drag([12, 12], [8, 8]);
  assert.deepEqual(bits(), rectangle(2, 2, 8, 8));
});

test("a vertex is put into an edge, and taken out with Alt", () => {
  const { drag, click, bits, polygon } = tool(rectangle(2, 2, 8, 8));
  drag([5, 8], [5, 13]);
  assert.equal(polygon.rings[0]?.length, 5);
  assert.equal(bits()[10 * WIDTH + 4], 1, "inside the new tip");
  assert.equal(bits()[10 * WIDTH + 2], 0, "beside it");
  click(5, 13, { alt: true });
  assert.equal(polygon.rings[0]?.length, 4);
  assert.deepEqual(bits(), rectangle(2, 2, 8, 8));
});

test("an edit of the outline never touches pixels that are not between the old and the new one", () => {
  const next = random(9);
  for (let round = 0; round < 200; round++) {
    const before = randomBits(next, 0.5).map((bit, at) => (at % WIDTH < 3 || at % WIDTH > 9 ? bit : 1));
    const { polygon, drag, bits } = tool(before);
    const some = polygon.rings[Math.floor(next() * polygon.rings.length)] ?? [];
    const vertex = some[Math.floor(next() * some.length)] ?? { x: 0, y: 0 };
    const ring = polygon.rings[polygon.gripAt(vertex, 10, false)?.ring ?? -1] ?? [];
    const to = [Math.round(next() * WIDTH), Math.round(next() * HEIGHT)];
    drag([vertex.x, vertex.y], to);
    const near = [...ring, { x: to[0], y: to[1] }];
    const [left, right] = [Math.min(...near.map((point) => point.x)), Math.max(...near.map((point) => point.x))];
    bits().forEach((bit, at) => {
      if (at % WIDTH < left || at % WIDTH >= right) assert.equal(bit, before[at]);
    });
  }
});

test("a polygon is drawn vertex by vertex, closed at its first, and cut out with the right button", () => {
  const { click, bits, polygon } = tool(rectangle(0, 0, 0, 0));
  for (const [x, y] of [[2, 2], [10, 2], [10, 10], [2, 10]]) click(x, y);
  assert.equal(polygon.busy, true);
  assert.deepEqual(click(2, 2).map((intent) => intent.type), ["polygon"]);
  assert.deepEqual(bits(), rectangle(2, 2, 10, 10));
  const right = { button: 2 };
  for (const [x, y] of [[4, 4], [6, 4], [6, 6], [4, 6], [4, 4]]) click(x, y, right);
  assert.equal(bits()[5 * WIDTH + 5], 0);
  assert.equal(bits()[7 * WIDTH + 7], 1);
});

test("vertices are taken back one by one, and a drag that is given up leaves the outline", () => {
  const { click, input, polygon, bits } = tool(rectangle(2, 2, 8, 8));
  click(12, 12);
  click(14, 12);
  assert.equal(polygon.takeBack(), true);
  assert.equal(polygon.takeBack(), true);
  assert.equal(polygon.takeBack(), false);
  input("down", 8, 8);
  input("move", 12, 12);
  assert.equal(polygon.cancel(), true);
  assert.deepEqual(polygon.rings[0]?.find((point) => point.x === 8 && point.y === 8), { x: 8, y: 8 });
  assert.deepEqual(bits(), rectangle(2, 2, 8, 8));
});
