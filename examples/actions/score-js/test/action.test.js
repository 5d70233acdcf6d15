import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { standIn } from "weir-action/testing";

import * as action from "../src/action.js";

const example = (name) => JSON.parse(readFileSync(new URL(`../${name}.json`, import.meta.url), "utf8"));

test("the example's lead is hot and counted", async () => {
  const host = standIn();
  const { value, branch } = await host.run(action, example("input"), example("config"));
  assert.equal(branch, "hot");
  assert.deepEqual(value, {
    value: 72,
    reasons: [
      { signal: "company", points: 20 },
      { signal: "employees", points: 12 },
      { signal: "tags", points: 10 },
      { signal: "visits", points: 30 },
    ],
    depth: 3,
    name: "Ada Lovelace",
    seen: 1,
  });
  assert.deepEqual(host.lines, [{ level: "info", message: "lead-7 scores 72", fields: { score: 72 } }]);
  assert.equal((await host.run(action, example("input"), {})).value.seen, 2);
});

test("signals count by their kind, in the order of their bytes", async () => {
  const weights = { "\u{1f600}": 1, "\uffee": 1, b: 1, a: 1, toString: 1, big: 1, small: 1, low: 1 };
  const lead = { "\u{1f600}": 2.9, "\uffee": "\u{1f600}é", b: [0, 0], a: { x: 1 }, big: 1e300, small: 1e-7, low: -5 };
  const { value } = await standIn().run(action, lead, { weights });
  assert.deepEqual(value.reasons.map(({ signal, points }) => [signal, points]), [
    ["a", 1], ["b", 2], ["big", 1000], ["\uffee", 2], ["\u{1f600}", 2],
  ]);
});

test("wrong settings and leads are refused", async () => {
  const host = standIn();
  assert.deepEqual(host.validate(action, { weights: { a: 1 } }), []);
  assert.deepEqual(host.validate(action, { weights: { a: 1.5, b: 1001 }, hot: "x" }), [
    "weights.a: 1.5 is no whole number from 0 to 1000",
    "weights.b: 1001 is no whole number from 0 to 1000",
    'hot: "x" is no whole number',
  ]);
  await assert.rejects(host.run(action, [1], {}), { name: "Invalid", message: "a lead is a JSON object" });
});
