import assert from "node:assert/strict";
import { test } from "node:test";

import { createPredictor } from "../../../annotator/ui/static/predict.js";
import { ApiError } from "../../../annotator/ui/static/api.js";
import { handClock, settle, unreachable } from "./world.js";

function model() {
  const clock = handClock();
  const flights = [];
  const answers = [];
  const failures = [];
  const predictor = createPredictor({
    ask: (image, body) => new Promise((resolve, reject) => { flights.push({ image, body, resolve, reject }); }),
    onAnswer: (question, reply) => answers.push([question.body.n, reply]),
    onFailure: (question, error) => failures.push([question.body.n, error.code]),
    later: clock.later, now: () => 0,
  });
  const ask = (n) => predictor.request({ image: "i", draft: "d", body: { n } });
  return { predictor, ask, flights, answers, failures, clock };
}

test("a drag of a hundred moves asks twice: the first move, and the last one when the first is answered", async () => {
  const { predictor, ask, flights, answers } = model();
  for (let n = 1; n <= 100; n++) ask(n);
  assert.equal(flights.length, 1);
  flights[0].resolve("first");
  await settle();
  assert.equal(flights.length, 2);
  assert.equal(flights[1].body.n, 100);
  assert.ok(flights[1].body.seq > flights[0].body.seq);
  flights[1].resolve("last");
  await predictor.whenIdle();
  assert.deepEqual(answers, [[1, "first"], [100, "last"]]);
});

test("an answer that comes after the draft was dropped is not shown", async () => {
  const { predictor, ask, flights, answers } = model();
  ask(1);
  predictor.cancel();
  ask(2);
  flights[0].resolve("old");
  await settle();
  flights[1].resolve("new");
  await predictor.whenIdle();
  assert.deepEqual(answers, [[2, "new"]]);
});

test("a superseded question is no failure, a bad prompt is", async () => {
  const { predictor, ask, flights, failures } = model();
  ask(1);
  flights[0].reject(new ApiError({ status: 409, code: "superseded", message: "" }));
  await settle();
  ask(2);
  flights[1].reject(new ApiError({ status: 422, code: "bad_prompt", message: "" }));
  await predictor.whenIdle();
  assert.deepEqual(failures, [[2, "bad_prompt"]]);
});

test("when the server is away the newest question is asked again after a pause", async () => {
  const { predictor, ask, flights, answers, clock } = model();
  ask(1);
  flights[0].reject(unreachable());
  await settle();
  ask(2);
  assert.equal(flights.length, 1);
  assert.equal(predictor.busy, true);
  await clock.tick();
  assert.equal(flights[1].body.n, 2);
  flights[1].resolve("back");
  await predictor.whenIdle();
  assert.deepEqual(answers, [[2, "back"]]);
});
