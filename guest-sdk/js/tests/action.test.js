import assert from "node:assert/strict";
import { test } from "node:test";

import { action, Failed, Invalid, kv, next, Retryable, to } from "../src/index.js";
import { standIn } from "../src/testing/index.js";

const BASE = { name: "probe", version: "1.0.0" };
const made = (run, more = {}) => action({ ...BASE, ...more, run });
const outcome = async (run, more) => standIn().run(made(run, more), {}).catch((error) => error);

test("a definition becomes the contract's description", () => {
  const info = made(() => 1, {
    config: { type: "object" },
    input: true,
    branches: ["hot"],
    capabilities: { http: { "a.example.com": ["get"] }, kv: ["b"], secrets: ["s"], variables: true, clock: false },
  }).describe();
  assert.deepEqual(info, {
    name: "probe", title: "probe", version: "1.0.0", description: "", configSchema: '{"type":"object"}', inputSchema: "true",
    outputSchema: null, branches: ["hot"],
    capabilities: [
      { tag: "http", val: { host: "a.example.com", methods: ["GET"] } }, { tag: "kv", val: "b" }, { tag: "secret", val: "s" },
      { tag: "variables" },
    ],
  });
});

test("a wrong definition says what it has to be", () => {
  const wrong = (definition) => assert.throws(() => action({ ...BASE, run() {}, ...definition }), TypeError);
  assert.throws(() => action({ ...BASE, runs() {} }), /there is no `runs`; it knows name, title/);
  assert.throws(() => action({ ...BASE, name: "Probe", run() {} }), /`name` has a-z, 0-9 and `-`.*not "Probe"/);
  for (const definition of [{ run: 1 }, { version: "1" }, { branches: "hot" }, { config: [] }, { validate: {} },
    { capabilities: ["kv"] }, { capabilities: { files: [] } }, { capabilities: { kv: "b" } }]) wrong(definition);
});

test("defaults of the schema fill in what the settings leave out, anew for every call", async () => {
  const config = { properties: { list: { default: [] }, hot: { default: 60 }, none: {} } };
  const probe = made((_, settings) => (settings.list.push(1), settings), { config });
  const host = standIn();
  assert.deepEqual((await host.run(probe, {}, { hot: 0 })).value, { list: [1], hot: 0 });
  assert.deepEqual((await host.run(probe, {}, null)).value, { list: [1], hot: 60 });
});

test("answers leave by next or by a declared branch", async () => {
  const branches = ["hot"];
  assert.deepEqual(await outcome(() => undefined), { value: null, branch: null });
  assert.deepEqual(await outcome(() => next(1)), { value: 1, branch: null });
  assert.deepEqual(await outcome(() => to("hot", 1), { branches }), { value: 1, branch: "hot" });
  assert.deepEqual(await outcome(async () => to("hot"), { branches }), { value: null, branch: "hot" });
  const failure = await outcome(() => to("cold", 1), { branches });
  assert.match(failure.message, /the branch "cold", which it does not declare/);
  assert.match((await outcome(async () => to("cold", 1), { branches })).message, /does not declare/);
  assert.match((await outcome(() => () => 1)).message, /the output cannot be written as JSON/);
});

test("errors reach the flow in three ways", async () => {
  const thrown = (error) => outcome(() => {
    throw error;
  });
  assert.deepEqual(await thrown(new Invalid("bad")), new Invalid("bad"));
  assert.equal((await thrown(new Retryable("later", { afterMs: 1.5 }))).afterMs, 2);
  assert.equal((await thrown(new Retryable("later", { afterMs: 3e9 }))).afterMs, 3e9);
  assert.equal((await thrown(new Retryable("later"))).afterMs, undefined);
  assert.equal((await thrown(Object.assign(new Error("x"), { retryable: true }))).name, "Retryable");
  assert.deepEqual((await thrown(new Failed("no", { reason: "r" }))).detail, { message: "no", reason: "r" });
  assert.deepEqual((await thrown(new Failed("no", [1]))).detail, { message: "no", detail: [1] });
  const plain = await thrown(new TypeError("no", { cause: new Error("why") }));
  assert.equal(plain.detail.name, "TypeError");
  assert.equal(plain.detail.cause, "Error: why");
  assert.match(plain.detail.stack, /^\s*at /);
  assert.match((await thrown({ a: 1 })).message, /the action threw no Error but \{"a":1\}/);
  assert.match((await thrown(undefined)).message, /no Error but undefined/);
  assert.equal((await outcome(async () => { throw new Invalid("late"); })).name, "Invalid");
});

test("validate takes strings, lists and exceptions", () => {
  const found = (validate) => standIn().validate(made(() => 1, { validate }), {});
  assert.deepEqual(found(undefined), []);
  assert.deepEqual(found(() => undefined), []);
  assert.deepEqual(found(() => "bad"), ["bad"]);
  assert.deepEqual(found(() => ["a", "b"]), ["a", "b"]);
  assert.deepEqual(found(() => { throw new Invalid("c"); }), ["c"]);
  assert.match(found(async () => [])[0], /is async/);
});

test("halves of surrogate pairs are replaced, everything else is kept", async () => {
  const run = () => ({ "a\ud800": "b\udc00", kept: "\u0000\\ud800 \u{1f600}" });
  assert.deepEqual((await outcome(run)).value, { "a\ufffd": "b\ufffd", kept: "\u0000\\ud800 \u{1f600}" });
  assert.equal((await outcome(() => { throw new Invalid("a\ud800"); })).message, "a\ufffd");
});

test("console and context", async () => {
  const host = standIn();
  const probe = made((_, __, context) => {
    console.log("a %s %d%%", "b", 2, [1], { n: 1 });
    console.warn({ only: 1 });
    console.error(new Error("broken"));
    console.assert(false, "x");
    return context;
  });
  const { value } = await host.run(probe, {}, {}, { attempt: 3 });
  assert.equal(value.attempt, 3);
  assert.equal(value.run, "00000000-0000-7000-8000-000000000000");
  assert.deepEqual(host.lines.map(({ level }) => level), ["info", "warn", "error", "error"]);
  assert.deepEqual(host.lines[0], { level: "info", message: "a b 2% [1]", fields: { n: 1 } });
  assert.equal(host.lines[1].message, '{"only":1}');
  assert.match(host.lines[2].message, /^Error: broken\n\s+at /);
});

test("a service's error is retryable where waiting helps", async () => {
  const host = standIn();
  const probe = made(() => kv.bucket("b").compareAndSet("k", 7, 1));
  await assert.rejects(host.run(probe, {}), { name: "Retryable", message: /key `k` of the bucket `b`: the key's version/ });
});
