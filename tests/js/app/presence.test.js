/** Who else is here, in few letters. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { initials, peopleOn, peopleText } from "../../../annotator/ui/static/panels/presence.js";

test("a name is two letters", () => {
  assert.deepEqual(["ben", "Ann Lee", "j.doe@lab", "", "x", "李 小龙"].map(initials), ["BE", "AL", "JD", "?", "X", "李小"]);
});

test("a person with two tabs is there once", () => {
  const others = [{ client: "1", author: "ben", image: "a" }, { client: "2", author: "ben", image: "a" }, { client: "3", author: "ann", image: "b" }];
  assert.deepEqual(peopleOn(others, "a"), ["ben"]);
  assert.deepEqual(peopleOn(others, undefined), []);
});

test("the line says who, however many they are", () => {
  assert.deepEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map((people) => peopleText(people)),
    ["", "a is here too", "a and b are here too", "a and 2 others are here too"]);
});

test("one's own other tab is not somebody else", () => {
  assert.deepEqual([["me"], ["a", "me"], ["a", "b", "me"]].map((people) => peopleText(people, "me")),
    ["Open in another tab of yours", "a is here too", "a and b are here too"]);
});
