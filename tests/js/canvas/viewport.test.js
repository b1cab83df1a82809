import assert from "node:assert/strict";
import { test } from "node:test";

import { fit, pan, resized, toImage, toScreen, zoom } from "../../../annotator/ui/static/canvas/viewport.js";
import { random } from "../helpers.js";

const image = { width: 1920, height: 1280 };
const host = { width: 900, height: 700 };

/** @param {() => number} next */
const anywhere = (next) => ({ x: next() * host.width, y: next() * host.height });

test("a place on the screen comes back through the image", () => {
  const next = random(1);
  for (let round = 0; round < 500; round++) {
    const view = { scale: 0.05 + next() * 30, x: next() * 500 - 250, y: next() * 500 - 250 };
    const place = anywhere(next);
    const back = toScreen(view, toImage(view, place));
    assert.ok(Math.hypot(back.x - place.x, back.y - place.y) < 1e-6);
  }
});

test("zooming keeps the image point under the pointer", () => {
  const next = random(2);
  let view = fit(image, host);
  for (let round = 0; round < 300; round++) {
    const at = toScreen(view, { x: next() * image.width, y: next() * image.height });
    if (at.x < 70 || at.y < 70 || at.x > host.width - 70 || at.y > host.height - 70) continue;
    const before = toImage(view, at);
    view = zoom(view, 0.7 + next() * 0.7, at, image, host);
    const after = toImage(view, at);
    assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 1e-6);
  }
});

test("fitting shows the whole image in the middle", () => {
  for (const size of [image, { width: 10, height: 4000 }, { width: 3, height: 3 }]) {
    const view = fit(size, host);
    const [from, to] = [toScreen(view, { x: 0, y: 0 }), toScreen(view, { x: size.width, y: size.height })];
    assert.ok(from.x >= 0 && from.y >= 0 && to.x <= host.width && to.y <= host.height);
    assert.ok(Math.abs(from.x - (host.width - to.x)) < 1e-6);
  }
});

test("the image can't be lost, however far it is pushed or zoomed", () => {
  const next = random(3);
  let view = fit(image, host);
  for (let round = 0; round < 500; round++) {
    view = pan(view, (next() - 0.5) * 4000, (next() - 0.5) * 4000, image, host);
    view = zoom(view, 0.2 + next() * 3, anywhere(next), image, host);
    const [from, to] = [toScreen(view, { x: 0, y: 0 }), toScreen(view, { x: image.width, y: image.height })];
    assert.ok(to.x > 0 && to.y > 0 && from.x < host.width && from.y < host.height);
    assert.ok(view.scale <= 64);
  }
});

test("what is in the middle stays there when the window changes", () => {
  const view = zoom(fit(image, host), 3, { x: 450, y: 350 }, image, host);
  const wider = { width: 1300, height: 640 };
  const before = toImage(view, { x: host.width / 2, y: host.height / 2 });
  const after = toImage(resized(view, host, wider, image), { x: wider.width / 2, y: wider.height / 2 });
  assert.ok(Math.hypot(after.x - before.x, after.y - before.y) < 1e-6);
});
