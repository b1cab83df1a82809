import assert from "node:assert/strict";
import { test } from "node:test";

import { imageInHash } from "../../../annotator/ui/static/images.js";
import { regionOf } from "../../../annotator/ui/static/panels/candidates.js";
import { nameParts } from "../../../annotator/ui/static/panels/imageList.js";
import { areaText, percent } from "../../../annotator/ui/static/panels/objectList.js";
import { deviceTitle, details, millions } from "../../../annotator/ui/static/panels/modelMenu.js";
import { reasonOf } from "../../../annotator/ui/static/panels/imageList.js";
import { initialState } from "../../../annotator/ui/static/store.js";
import { readiness, savingText } from "../../../annotator/ui/static/panels/status.js";
import { random } from "../helpers.js";

test("a thumbnail's region is inside the image, in its proportions, and holds the candidate's middle", () => {
  const numbers = random(3);
  for (let round = 0; round < 300; round++) {
    const image = { width: 1 + Math.floor(numbers() * 3000), height: 1 + Math.floor(numbers() * 3000) };
    const x = Math.floor(numbers() * image.width);
    const y = Math.floor(numbers() * image.height);
    const bbox = [x, y, 1 + Math.floor(numbers() * (image.width - x - 1)), 1 + Math.floor(numbers() * (image.height - y - 1))];
    const region = regionOf(bbox, numbers() * 3000, image);
    assert.ok(region.x >= 0 && region.y >= 0 && region.x + region.width <= image.width + 1e-6 && region.y + region.height <= image.height + 1e-6);
    assert.ok(Math.abs(region.width / region.height - 84 / 60) < 1e-9);
    const middle = { x: bbox[0] + bbox[2] / 2, y: bbox[1] + bbox[3] / 2 };
    assert.ok(middle.x >= region.x - 1e-6 && middle.x <= region.x + region.width + 1e-6);
    assert.ok(middle.y >= region.y - 1e-6 && middle.y <= region.y + region.height + 1e-6);
  }
});

test("figures are short enough for a row", () => {
  assert.equal(areaText(0), "0 px");
  assert.equal(areaText(9_949), "9,949 px");
  assert.equal(areaText(12_345), "12 kpx");
  assert.equal(areaText(999_499), "999 kpx");
  assert.equal(areaText(2_457_600), "2.5 Mpx");
  assert.equal(percent(0.974), "97 %");
  assert.equal(percent(1.003), "100 %");
  assert.equal(percent(null), "–");
});

test("the address names an image, whatever is in its id", () => {
  assert.equal(imageInHash("#image=a%2Fb%20c"), "a/b c");
  assert.equal(imageInHash(""), null);
  assert.equal(imageInHash("#other=1"), null);
  assert.equal(imageInHash("#image=%"), null);
});

test("what is not saved yet is never called saved", () => {
  const saved = "2026-05-04T10:11:12Z";
  assert.match(savingText({ phase: "idle", pending: 0, message: null, saved }), /^Saved \d\d:11:12$/);
  assert.equal(savingText({ phase: "saving", pending: 2, message: null, saved }), "Saving…");
  assert.equal(savingText({ phase: "offline", pending: 1, message: "away", saved }), "Not saved yet: 1 change, trying again…");
  assert.equal(savingText({ phase: "idle", pending: 0, message: null, saved: null }), "");
});

test("the end of a long file name is kept apart, so that a series can be told apart", () => {
  assert.deepEqual(nameParts("a/b/photo number 00012.png"), ["a/b/", "photo number ", "00012.png"]);
  assert.deepEqual(nameParts("x.png"), ["", "", "x.png"]);
  assert.equal(nameParts("ä/🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂.png").join(""), "ä/🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂.png");
});

test("the status line says what is being waited for", () => {
  const state = { saving: { phase: "idle" }, loadingModel: null, held: null, embedding: "ready", models: [{ name: "a", title: "SAM", default: true }], model: null };
  assert.deepEqual(readiness(state), { state: "ready", text: "Ready" });
  assert.deepEqual(readiness({ ...state, loadingModel: "Reading the weights" }), { state: "preparing", text: "SAM: Reading the weights…" });
  assert.deepEqual(readiness({ ...state, held: { away: false, message: "Too many requests wait." } }), { state: "preparing", text: "Server busy: asking again…" });
  assert.deepEqual(readiness({ ...state, held: { away: true, message: "No answer." } }), { state: "failed", text: "Server away: asking again…" });
  assert.deepEqual(readiness({ ...state, saving: { phase: "offline" } }), { state: "failed", text: "Server away" });
});

test("a model says what it is, or how to get it", () => {
  const model = { name: "sam2.1_tiny", title: "SAM 2.1 tiny", parameters: 38_945_986, present: true, device: "cuda:1" };
  assert.equal(details(model), "39 M parameters · CUDA 1");
  assert.equal(details({ ...model, present: false }), "Not here yet. Run: annotator models download sam2.1_tiny");
  assert.deepEqual([millions(0), millions(2_400_000_000), deviceTitle("auto")], ["", "2.4 G", ""]);
});

test("the line of a broken file gives the reason without the name that stands above it", () => {
  assert.equal(reasonOf("“a.jpg” can't be shown: the file is empty (0 bytes)."), "The file is empty (0 bytes).");
  assert.equal(reasonOf("The file is gone."), "The file is gone.");
});

test("what an image waits for is told: others, its own encoding, or why it failed", () => {
  const state = { ...initialState(), embedding: "preparing" };
  assert.deepEqual(readiness(state), { state: "preparing", text: "Preparing this image…" });
  assert.equal(readiness({ ...state, waiting: { queued: true, ahead: 2 } }).text, "Queued behind 2…");
  assert.equal(readiness({ ...state, waiting: { queued: true, ahead: 0 } }).text, "Queued…");
  assert.equal(readiness({ ...state, waiting: { queued: false, ahead: 0 } }).text, "Encoding this image…");
  const failed = { ...state, embedding: "failed", trouble: { message: "The model’s file is damaged.", retry: () => undefined } };
  assert.deepEqual(readiness(failed), { state: "failed", text: "The model’s file is damaged." });
});
