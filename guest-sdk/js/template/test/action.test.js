import assert from "node:assert/strict";
import { test } from "node:test";

import { standIn } from "weir-action/testing";

import * as action from "../src/action.js";

test("a lead of many visits is hot", async () => {
  const host = standIn();
  const { value, branch } = await host.run(action, { email: "ada@example.com", visits: 7 }, { hot: 60 });
  assert.equal(branch, "hot");
  assert.deepEqual(value, { value: 70 });
  assert.equal(host.lines[0]?.message, "ada@example.com is scored");
});

test("what is wrong is said", async () => {
  const host = standIn();
  await assert.rejects(host.run(action, { visits: "many" }), { name: "Invalid", message: "a lead has a number of visits" });
  assert.deepEqual(host.validate(action, { hot: 2000 }), ["hot: no lead scores more than 1000"]);
});
