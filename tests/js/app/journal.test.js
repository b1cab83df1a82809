/** What was not saved is only sent for whom, and to where, it was done. */

import assert from "node:assert/strict";
import { test } from "node:test";

/** A browser's storage. */
class Storage {
  getItem(name) { return Object.hasOwn(this, name) ? this[name] : null; }
  setItem(name, text) { this[name] = text; }
  removeItem(name) { delete this[name]; }
}

const me = (parts) => ({ name: "ann", role: "admin", accounts: true, project: "photos", since: "2026-01-01", ...parts });

async function leftBy(person) {
  globalThis.localStorage = new Storage();
  globalThis.sessionStorage = new Storage();
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  const { adoptJournals, claimTab } = await import("../../../annotator/ui/static/journal.js");
  localStorage.setItem(await claimTab(person), JSON.stringify({ at: 0, writes: ["a stroke"] }));
  return async (other) => {
    globalThis.sessionStorage = new Storage(); // another tab
    const found = [];
    adoptJournals(await claimTab(other), (left) => found.push(...left.writes));
    return found;
  };
}

test("a tab that is gone leaves what it did to the next one of the same person and project", async () => {
  const adopted = await leftBy(me());
  assert.deepEqual(await adopted(me()), ["a stroke"]);
});

for (const [what, parts] of [
  ["another person", { name: "ben" }],
  ["another project at the same address", { project: "birds" }],
  ["another project of the same name", { since: "2026-02-02" }],
  ["nobody in particular", { accounts: false }],
]) {
  test(`it is not handed to ${what}, and waits`, async () => {
    const adopted = await leftBy(me());
    assert.deepEqual(await adopted(me(parts)), []);
    assert.deepEqual(await adopted(me()), ["a stroke"]);
  });
}
