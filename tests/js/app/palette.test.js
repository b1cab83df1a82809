import assert from "node:assert/strict";
import { test } from "node:test";

import { matches } from "../../../annotator/ui/static/panels/palette.js";

const categories = ["car", "cat", "traffic light", "light pole", "person"].map((name, index) => ({ id: index + 1, name, colour: "#000000", objects: 0 }));
const found = (recent, typed) => matches(categories, recent, typed).map(({ name }) => name);

test("without a word all are there, those used last first", () => {
  assert.deepEqual(found([5, 2], ""), ["person", "cat", "car", "traffic light", "light pole"]);
});

test("every word has to be in the name; names that begin with it come first", () => {
  assert.deepEqual(found([], "light"), ["light pole", "traffic light"]);
  assert.deepEqual(found([3], "LIGHT"), ["light pole", "traffic light"]);
  assert.deepEqual(found([], "li tra"), ["traffic light"]);
  assert.deepEqual(found([], "dog"), []);
});
