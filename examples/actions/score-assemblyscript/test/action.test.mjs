// Calls the core module that `weir action build` leaves in build/, with weir's two imports in this file's memory.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const compiled = new WebAssembly.Module(readFileSync(new URL("../build/core.wasm", import.meta.url)));

/// A fresh instance, as every run has; `counters` outlive it.
function start(counters = {}) {
  const lines = [];
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  const text = (at, len) => utf8.decode(new Uint8Array(exports.memory.buffer, at, len));
  const words = (at, count) => Array.from(new Uint32Array(exports.memory.buffer, at, count));
  const imports = {
    "weir:action/log@1.0.0": { write: (level, at, len) => lines.push(text(at, len)) },
    "weir:action/kv@1.0.0": {
      increment(bucket, bucketLen, key, keyLen, delta, hasTtl, ttl, result) {
        const name = text(key, keyLen);
        counters[name] = (counters[name] ?? 0n) + delta;
        const memory = new DataView(exports.memory.buffer);
        memory.setUint8(result, 0);
        memory.setBigInt64(result + 8, counters[name], true);
      },
    },
  };
  const { exports } = new WebAssembly.Instance(compiled, imports);
  const pass = (value) => {
    const bytes = new TextEncoder().encode(value);
    const at = exports.cabi_realloc(0, 0, 1, bytes.length);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    return [at, bytes.length];
  };
  return { exports, lines, text, words, pass };
}

function run(config, input, counters) {
  const { exports, lines, text, words, pass } = start(counters);
  const parts = [...pass(config), ...pass(input)];
  const call = exports.cabi_realloc(0, 0, 4, 68);
  new Uint32Array(exports.memory.buffer, call, 17).fill(0).set(parts, 13);
  const outcome = words(exports.run(call), 6);
  if (outcome[0] & 255) return { kind: outcome[1] & 255, message: text(outcome[2], outcome[3]), lines };
  return { output: JSON.parse(text(outcome[1], outcome[2])), branch: text(outcome[4], outcome[5]), lines };
}

const INVALID = 0;
const SETTINGS = '{"weights": {"visits": 2, "company": 20, "interests": 10}, "hot": 60}';

test("scores a lead", () => {
  const lead = '{"id": "lead-7", "name": "Ana\\u0000🦀", "company": true, "visits": 12.9, "interests": [1, [2]]}';
  const counters = {};
  const { output, branch, lines } = run(SETTINGS, lead, counters);
  const reasons = [
    { signal: "company", points: 20 }, { signal: "interests", points: 20 }, { signal: "visits", points: 24 },
  ];
  assert.deepEqual(output, { value: 64, reasons, depth: 3, name: "Ana\0🦀", seen: 1 });
  assert.equal(branch, "hot");
  assert.deepEqual(lines, ["lead-7 scores 64"]);
  assert.equal(run(SETTINGS, lead, counters).output.seen, 2);
});

test("scores nothing", () => {
  const { output, branch, lines } = run("{}", "{}");
  assert.deepEqual(output, { value: 0, reasons: [], depth: 1, name: null, seen: 1 });
  assert.equal(branch, "cold");
  assert.deepEqual(lines, ["unknown scores 0"]);
});

test("counts signals", () => {
  const cases = {
    false: 0, null: 0, "-0.0": 0, "-7": 0, "1e-7": 0, 999.9: 999, "1e300": 1000, "18446744073709551616": 1000,
    '"e\\u0301🦀"': 3, '{"a": 1, "b": 2}': 2,
  };
  for (const [signal, points] of Object.entries(cases)) {
    assert.equal(run('{"weights": {"s": 1}}', `{"s": ${signal}}`).output.value, points, signal);
  }
});

test("refuses what is no lead, and settings that are wrong", () => {
  const refused = (config, input) => {
    const { kind, message } = run(config, input);
    assert.equal(kind, INVALID);
    return message;
  };
  assert.equal(refused("{}", "[]"), "a lead is a JSON object");
  assert.equal(refused('{"weights": {"a": 1001}}', "{}"), "weights.a: not a whole number from 0 to 1000");
  assert.equal(refused("{}", "[".repeat(129)), "the input: character 129: nested more than 128 deep");
  assert.equal(refused("{}", '{"a'), "the input: character 4: a string has no end");
});
