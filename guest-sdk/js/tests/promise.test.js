import assert from "node:assert/strict";
import { test } from "node:test";

import { drain, later, Promise as Own } from "../src/component/promise.js";

/** What a promise comes to without Node's own loop. */
function result(promise) {
  let outcome = "pending";
  promise.then((value) => (outcome = { value }), (thrown) => (outcome = { thrown }));
  drain();
  return outcome;
}

test("promises come to their end in one drain", () => {
  assert.deepEqual(result(Own.resolve(1).then((value) => Own.resolve(value + 1)).finally(() => 0)), { value: 2 });
  assert.deepEqual(result(Own.reject("no").catch((reason) => [reason])), { value: ["no"] });
  assert.deepEqual(result(new Own(() => { throw 1; })), { thrown: 1 });
  assert.deepEqual(result(new Own((resolve, reject) => { resolve(1); reject(2); })), { value: 1 });
  assert.deepEqual(result(Own.resolve({ then: (resolve) => resolve(3) })), { value: 3 });
  assert.equal(result(new Own(() => {})), "pending");
});

test("promises combine", () => {
  const [one, no] = [Own.resolve(1), Own.reject("no")];
  assert.deepEqual(result(Own.all([one, 2])), { value: [1, 2] });
  assert.deepEqual(result(Own.all([one, no])), { thrown: "no" });
  assert.deepEqual(result(Own.all([])), { value: [] });
  assert.deepEqual(result(Own.any([no, one])), { value: 1 });
  assert.ok(result(Own.any([no])).thrown instanceof AggregateError);
  assert.deepEqual(result(Own.race([new Own(() => {}), one])), { value: 1 });
  assert.deepEqual(result(Own.allSettled([one, no])).value.map(({ status }) => status), ["fulfilled", "rejected"]);
  assert.deepEqual(result(Own.try(() => 4)), { value: 4 });
});

test("jobs run in the order in which they were added", () => {
  const seen = [];
  later(() => (seen.push(1), later(() => seen.push(3))));
  later(() => seen.push(2));
  drain();
  assert.deepEqual(seen, [1, 2, 3]);
});
