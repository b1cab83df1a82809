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
  const held = [];
  const predictor = createPredictor({
    ask: (image, body) => new Promise((resolve, reject) => { flights.push({ image, body, resolve, reject }); }),
    onAnswer: (question, reply) => answers.push([question.body.n, reply]),
    onFailure: (question, error) => failures.push([question.body.n, error.code]),
    onHeld: (error) => held.push(error?.message ?? null),
    later: clock.later, now: () => 0,
  });
  const ask = (n) => predictor.request({ image: "i", draft: "d", body: { n } });
  return { predictor, ask, flights, answers, failures, held, clock };
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

test("a server that asks to come back later is asked when it says so, and people are told meanwhile", async () => {
  const { predictor, ask, flights, answers, held, clock } = model();
  ask(1);
  flights[0].reject(new ApiError({ status: 503, code: "busy", message: "Too many wait.", retryAfter: 5 }));
  await settle();
  assert.deepEqual(held, ["Too many wait."]);
  assert.deepEqual(clock.waits(), [5000]);
  await clock.tick();
  flights[1].resolve("mask");
  await predictor.whenIdle();
  assert.deepEqual(answers, [[1, "mask"]]);
  assert.equal(held.at(-1), null);
});

test("a draft that is dropped while the server is busy leaves nobody waiting", async () => {
  const { predictor, ask, flights, held } = model();
  ask(1);
  flights[0].reject(new ApiError({ status: 503, code: "busy", message: "Too many wait.", retryAfter: 5 }));
  await settle();
  predictor.cancel();
  assert.deepEqual(held, ["Too many wait.", null]);
  assert.equal(predictor.busy, false);
});
