import assert from "node:assert/strict";
import { test } from "node:test";

import { clickAnswered, lines, nothingMeasured, objectAccepted, percentile } from "../../../annotator/ui/static/statistics.js";

const reply = (decode, encode = 0) => ({ timing_ms: { decode, encode } });

test("what a person's work took", () => {
  let figures = nothingMeasured();
  for (const ms of [10, 20, 30, 40, 100]) figures = clickAnswered(figures, reply(ms / 2, ms === 100 ? 600 : 0), ms);
  figures = objectAccepted(objectAccepted(figures, 1, 2), 4, 10);
  assert.deepEqual(lines(figures).map(([, value]) => value), ["30 ms", "100 ms", "80 %", "2", "2.5", "6.0"]);
});

test("before any work there are no figures to mislead", () => {
  assert.deepEqual(lines(nothingMeasured()).map(([, value]) => value), ["–", "–", "–", "0", "–", "–"]);
  assert.equal(percentile([], 50), null);
});

test("answers from memory do not make the model look quick, and old ones are forgotten", () => {
  let figures = clickAnswered(nothingMeasured(), reply(0), 5);
  assert.deepEqual(figures.decodes, []);
  for (let i = 0; i < 300; i++) figures = clickAnswered(figures, reply(30 + i), i);
  assert.equal(figures.latencies.length, 200);
  assert.equal(figures.decodes.length, 8);
});
