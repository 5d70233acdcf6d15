import assert from "node:assert/strict";
import { test } from "node:test";

import { http, kv, payload, secrets, variables } from "../src/index.js";
import { standIn } from "../src/testing/index.js";
import { decode, encode } from "../src/text.js";

test("keys keep JSON and bytes, count, and are listed", () => {
  standIn();
  const bucket = kv.bucket("b", { ttlMs: 1000 });
  assert.equal(bucket.get("k"), undefined);
  assert.equal(bucket.set("k", { a: "é" }), 1);
  assert.deepEqual(bucket.get("k"), { a: "é" });
  assert.equal(bucket.compareAndSet("k", 1, new Uint8Array([7])), 2);
  assert.deepEqual([...bucket.entry("k").value], [7]);
  assert.throws(() => bucket.compareAndSet("k", 1, 1), { code: "conflict", retryable: true });
  assert.equal(bucket.increment("n"), 1);
  assert.equal(bucket.increment("n", -3), -2);
  assert.deepEqual(bucket.keys(), { keys: ["k", "n"] });
  assert.deepEqual(bucket.keys({ limit: 1 }), { keys: ["k"], cursor: "k" });
  bucket.delete("k");
  assert.equal(bucket.entry("k"), undefined);
});

test("what the host would end the action over is a TypeError", () => {
  standIn();
  const bucket = kv.bucket("b");
  for (const wrong of [() => bucket.increment("k", 1n), () => bucket.increment("k", 0.5), () => bucket.get(7),
    () => kv.bucket("b", { ttlMs: -1 }), () => variables.get(undefined), () => http.get("https://a", { timeoutMs: "1" }),
    () => http.post("https://a", { body: 7 }), () => payload.get(7), () => bucket.set("k", 1n)]) {
    assert.throws(wrong, TypeError);
  }
});

test("variables, secrets and the payload", () => {
  const host = standIn();
  variables.set("seen", 1);
  assert.equal(variables.get("seen"), 1);
  variables.remove("seen");
  assert.equal(variables.get("seen"), undefined);
  host.secrets.set("token", "t");
  assert.equal(secrets.reveal("token"), "t");
  assert.throws(() => secrets.placeholder("other"), { code: "not-found", message: /there is none by that name/ });
  host.input = { list: [{ a: "é" }], none: null, "a/b": 1.5 };
  assert.deepEqual(payload.get("/list/0"), { a: "é" });
  assert.equal(payload.kind("/list"), "array");
  assert.equal(payload.kind("/nothing"), undefined);
  assert.equal(payload.scalar("/none"), null);
  assert.equal(payload.scalar("/a~1b"), 1.5);
  assert.equal(payload.length("/list/0/a"), 2);
  assert.deepEqual(payload.keys(""), ["list", "none", "a/b"]);
});

test("requests are sent and answers read", () => {
  const host = standIn();
  assert.throws(() => http.get("https://a.example.com"), { code: "denied" });
  host.onRequest(() => ({ status: 200, headers: { "X-Rate": "1" }, json: { rate: 0.94 } }));
  const answer = http.post(new URL("https://a.example.com/x"), { json: { a: 1 }, headers: { "x-id": 7 } });
  assert.deepEqual(host.requests[1], {
    method: "POST", url: "https://a.example.com/x", body: '{"a":1}',
    headers: { "x-id": "7", "content-type": "application/json" },
  });
  assert.deepEqual(answer.expectOk().json(), { rate: 0.94 });
  assert.equal(answer.header("x-RATE"), "1");
  host.onRequest(() => ({ status: 503, headers: { "retry-after": "2" } }));
  assert.throws(() => http.get("https://a").expectOk(), { name: "Retryable", afterMs: 2000 });
  host.onRequest(() => ({ status: 404 }));
  assert.throws(() => http.get("https://a").expectOk(), { name: "Failed", detail: { status: 404 } });
  host.onRequest(() => {
    throw Object.assign(new Error("late"), { code: "timeout" });
  });
  assert.throws(() => http.get("https://a"), { code: "timeout", retryable: true, message: "GET https://a: no answer in time: late" });
});

test("UTF-8 is as the language's own coders have it", () => {
  for (const text of ["", "a\u0000é€\u{1f600}", "a\ud800b", "é".repeat(10_000)]) {
    assert.deepEqual(encode(text), new TextEncoder().encode(text));
  }
  const native = new TextDecoder("utf-8", { ignoreBOM: true });
  let seed = 1;
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: 6 }, () => {
      seed = Math.imul(seed, 1103515245) + 12345;
      return [0x41, 0x80, 0xbf, 0xc3, 0xe0, 0xed, 0xf0, 0xf4, 0xff, 0xa0, 0x90, 0x8f][(seed >>> 16) % 12];
    });
    assert.equal(decode(bytes), native.decode(bytes));
  }
});
