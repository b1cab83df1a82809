/** The review's arithmetic: where tiles lie, what is chosen, what is asked for, what becomes of judgements. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { cleared, everything, flipped as otherMode, isNarrowed, remembered, toggled, toQuery } from "../../../annotator/ui/static/review/filter.js";
import { createJudging } from "../../../annotator/ui/static/review/judging.js";
import { REVIEW_SHORTCUTS, verbOf } from "../../../annotator/ui/static/review/keys.js";
import { gridOf, inSight, placeOf, revealed, steppedTo } from "../../../annotator/ui/static/review/layout.js";
import { createPages } from "../../../annotator/ui/static/review/pages.js";
import { extended, flipped, focused, meant, nothingChosen } from "../../../annotator/ui/static/review/selection.js";

const settle = async () => { for (let i = 0; i < 30; i++) await Promise.resolve(); };

test("tiles fill the width, never overlap and never leave it", () => {
  for (const width of [120, 400, 801, 1190, 2000]) {
    for (const size of [96, 180, 384]) {
      const grid = gridOf({ width, size, count: 50 });
      for (let index = 1; index < 50; index++) {
        const [before, here] = [placeOf(grid, index - 1), placeOf(grid, index)];
        assert.ok(here.y > before.y || here.x >= before.x + grid.tile, `${width} ${size} ${index}`);
        assert.ok(here.x + grid.tile <= Math.max(width, size + 32) && here.y + grid.rowHeight <= grid.height + grid.rowHeight);
      }
    }
  }
});

test("every tile is in sight somewhere, and few are at once however many there are", () => {
  const count = 36_700;
  const grid = gridOf({ width: 1160, size: 180, count });
  let reached = 0;
  for (let top = 0; top < grid.height; top += 700) {
    const [first, last] = inSight(grid, { top, height: 700, count });
    assert.ok(first <= reached, "no tile is skipped");
    reached = Math.max(reached, last);
    assert.ok(last - first <= 12 * grid.columns);
  }
  assert.equal(reached, count);
});

test("a tile that is brought into sight lies in it whole", () => {
  const grid = gridOf({ width: 1160, size: 180, count: 500 });
  for (const index of [0, 7, 133, 499]) {
    for (const from of [0, 3000, 12_000]) {
      const top = revealed(grid, index, { top: from, height: 700 });
      const { y } = placeOf(grid, index);
      assert.ok(y >= top && y + grid.tile <= top + 700);
    }
  }
});

test("keys stay within the grid", () => {
  const grid = gridOf({ width: 700, size: 180, count: 10 });
  const view = { count: 10, height: 500 };
  for (let index = 0; index < 10; index++) {
    for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]) {
      const next = steppedTo(key, index, grid, view);
      assert.ok(next >= 0 && next < 10, `${key} ${index}`);
    }
  }
  assert.equal(steppedTo("ArrowUp", 1, grid, view), 1);
  assert.equal(steppedTo("x", 1, grid, view), null);
});

test("Shift chooses everything between, Space one more or less", () => {
  let selection = extended(focused(nothingChosen(), 5), 8);
  assert.deepEqual(meant(selection), [5, 6, 7, 8]);
  selection = flipped(selection, 6);
  assert.deepEqual(meant(selection), [5, 7, 8]);
  selection = extended(selection, 4);
  assert.deepEqual(meant(selection), [4, 5, 6, 7, 8]);
  assert.deepEqual(meant(focused(nothingChosen(), 3)), [3], "without a choice the focus is meant");
});

test("a filter is written as the server reads it, and comes back after a reload", () => {
  let filter = toggled(toggled(everything(), "category", "3"), "category", "5");
  filter = { ...filter, score_min: "50", query: " tail ", descending: true };
  assert.equal(toQuery(filter).toString(), "category=3&category=5&score_min=0.5&query=tail&sort=image&descending=true");
  assert.deepEqual(remembered(JSON.stringify(filter)), filter);
  assert.ok(isNarrowed(filter) && !isNarrowed(cleared(filter)));
  assert.deepEqual(otherMode(filter).sort, "name");
  for (const strange of [null, "", "{", '{"sort": "nothing"}', '{"category": 3}', '{"mode": "x"}']) assert.deepEqual(remembered(strange), everything());
});

test("pages are fetched where it is looked at, once, and old replies are dropped", async () => {
  const asked = [];
  const pages = createPages({
    fetch: async (limit, offset) => { asked.push(offset); return { items: Array.from({ length: Math.min(limit, 450 - offset) }, (_, i) => ({ id: offset + i })), total: 450 }; },
    changed: () => {}, failed: assert.fail,
  });
  await pages.reset();
  pages.want(0, 30);
  pages.want(390, 420);
  pages.want(390, 420);
  await settle();
  assert.deepEqual(asked, [0, 200, 400]);
  assert.equal(pages.at(449).id, 449);
  assert.equal(pages.placeOf(201), 201);
  assert.equal((await pages.all(1000)).length, 450);
  assert.deepEqual(asked, [0, 200, 400]);
});

test("a judgement is shown at once; what the server refuses goes back", async () => {
  const shown = [];
  const told = [];
  const item = (id, more = {}) => ({ id, revision: 1, image: `i${id}`, review: "unreviewed", note: "", category: 1, ...more });
  const bodies = [];
  const judging = createJudging({
    post: async (path, body) => {
      bodies.push([path, body]);
      if (path === "/undo") return {};
      return { items: [item(1, { revision: 2, review: "approved" })], refused: [{ id: 2, message: "Object 2 was changed." }], images: ["i1"] };
    },
    show: (items) => shown.push(items.map((one) => [one.id, one.review])), tell: (text) => told.push(text), fail: assert.fail, nameOf: String,
  });
  const done = judging.judge([item(1), item(2)], { review: "approved", note: "" });
  assert.deepEqual(shown, [[[1, "approved"], [2, "approved"]]]);
  await done;
  assert.deepEqual(shown[1], [[1, "approved"], [2, "unreviewed"]]);
  assert.match(told[0], /1 object approved\. 1 object left as they are: Object 2 was changed/);
  assert.equal(await judging.undo(), true);
  assert.deepEqual(bodies[1], ["/undo", { image: "i1" }]);
  assert.equal(await judging.undo(), false);
});

test("judging the same object twice in a row names the revision that it has by then", async () => {
  const seen = [];
  const item = { id: 1, revision: 4, image: "i", review: "unreviewed", note: "", category: 1 };
  const judging = createJudging({
    post: async (_, body) => { seen.push(body.objects[0].revision); return { items: [{ ...item, revision: body.objects[0].revision + 1 }], refused: [], images: ["i"] }; },
    show: () => {}, tell: () => {}, fail: assert.fail, nameOf: String,
  });
  void judging.judge([item], { review: "approved", note: "" });
  await judging.judge([item], { review: "rejected", note: "" });
  assert.deepEqual(seen, [4, 5]);
});

test("every key means one thing", () => {
  const all = REVIEW_SHORTCUTS.flatMap((row) => row.keys);
  assert.equal(new Set(all).size, all.length);
  assert.equal(verbOf({ key: "A", ctrlKey: false, metaKey: false, altKey: false }), "approve");
  assert.equal(verbOf({ key: "a", ctrlKey: true, metaKey: false, altKey: false }), "selectAll");
  assert.equal(verbOf({ key: " ", ctrlKey: false, metaKey: false, altKey: false }), "select");
  assert.equal(verbOf({ key: "q", ctrlKey: false, metaKey: false, altKey: false }), null);
});
