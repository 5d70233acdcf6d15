// Scores a lead from weights, counts in kv how often it was seen, and sends it down one of two branches.

import * as abi from "./abi";
import { Json, Kind, parse } from "./json";

export { cabi_realloc } from "./abi";

/// Most of one signal, and of one weight.
const MOST: i64 = 1000;

const CONFIG_SCHEMA = `{
  "type": "object",
  "properties": {
    "weights": {
      "type": "object",
      "title": "Weights",
      "description": "Points for each signal, a member of the lead.",
      "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 1000},
      "default": {}
    },
    "hot": {"type": "integer", "title": "Hot", "description": "The score from which a lead is hot.", "default": 60}
  }
}`;

export function describe(): usize {
  const info = new abi.Info();
  info.name = "score-assemblyscript";
  info.title = "Score a lead (AssemblyScript)";
  info.version = "1.0.0";
  info.description = "Scores a lead from weights and sends it down one of two branches, hot or cold.";
  info.configSchema = CONFIG_SCHEMA;
  info.branches = ["hot", "cold"];
  info.buckets = ["score-assemblyscript"];
  return info.write();
}

export function validate(config: usize, len: usize): usize {
  return abi.findings(check(parse(abi.text(config, len))));
}

export function run(call: usize): usize {
  const config = parse(abi.configOf(call));
  const lead = parse(abi.inputOf(call));
  if (lead.kind == Kind.Broken) return abi.invalid("the input: " + lead.text);
  if (lead.kind != Kind.Object) return abi.invalid("a lead is a JSON object");
  const wrong = check(config);
  if (wrong.length) return abi.invalid(wrong.join("; "));

  const reasons = new Json(Kind.List);
  const value = score(config.get("weights"), lead, reasons);
  const key = keyOf(lead.get("id"));
  const seen = abi.increment("score-assemblyscript", key, 1);
  const error = seen.error;
  if (error) {
    const detail = new Json(Kind.Object).put("message", Json.ofText(error));
    return seen.passing ? abi.retryable(error) : abi.failed(detail.write());
  }

  const fields = new Json(Kind.Object).put("score", Json.ofNumber(value));
  abi.log(abi.Level.Info, key + " scores " + value.toString(), fields.write());

  const name = lead.get("name");
  const result = new Json(Kind.Object)
    .put("value", Json.ofNumber(value))
    .put("reasons", reasons)
    .put("depth", Json.ofNumber(depth(lead)))
    .put("name", name && name.kind == Kind.Text ? name : new Json(Kind.Null))
    .put("seen", Json.ofNumber(seen.value));
  const hot = config.get("hot");
  return abi.output(result.write(), <f64>value >= (hot ? hot.number : 60) ? "hot" : "cold");
}

function isWhole(json: Json): bool {
  return json.kind == Kind.Number && isFinite(json.number) && Math.trunc(json.number) == json.number;
}

/// What is wrong with the settings.
function check(config: Json): string[] {
  const findings: string[] = [];
  if (config.kind == Kind.Broken) findings.push("the settings: " + config.text);
  const weights = config.get("weights");
  if (weights) {
    if (weights.kind != Kind.Object) findings.push("weights: not an object of signals and points");
    for (let i = 0; i < weights.keys.length; i++) {
      const weight = weights.items[i];
      if (!isWhole(weight) || weight.number < 0 || weight.number > <f64>MOST) {
        findings.push("weights." + weights.keys[i] + ": not a whole number from 0 to 1000");
      }
    }
  }
  const hot = config.get("hot");
  if (hot && !isWhole(hot)) findings.push("hot: not a whole number");
  return findings;
}

/// The points of every signal in the order of their names; `reasons` gets those that count.
function score(weights: Json | null, lead: Json, reasons: Json): i64 {
  if (!weights) return 0;
  const names = weights.keys.slice().sort(byCodePoint);
  let value: i64 = 0;
  for (let i = 0; i < names.length; i++) {
    const weight = weights.get(names[i])!;
    const points = times(lead.get(names[i])) * <i64>weight.number;
    if (points <= 0) continue;
    value += points;
    reasons.items.push(
      new Json(Kind.Object).put("signal", Json.ofText(names[i])).put("points", Json.ofNumber(points)),
    );
  }
  return value;
}

/// How often a signal counts.
function times(signal: Json | null): i64 {
  if (!signal) return 0;
  switch (signal.kind) {
    case Kind.Boolean: return signal.truth ? 1 : 0;
    case Kind.Number: return signal.number >= <f64>MOST ? MOST : signal.number > 0 ? <i64>signal.number : 0;
    case Kind.Text: return min(codePoints(signal.text), MOST);
    case Kind.List:
    case Kind.Object: return min(<i64>signal.items.length, MOST);
    default: return 0;
  }
}

function depth(json: Json): i64 {
  if (json.kind != Kind.List && json.kind != Kind.Object) return 0;
  let deepest: i64 = 0;
  for (let i = 0; i < json.items.length; i++) deepest = max(deepest, depth(json.items[i]));
  return deepest + 1;
}

/// The lead's id where it can be a key, else "unknown".
function keyOf(id: Json | null): string {
  if (!id || id.kind != Kind.Text || id.text.length < 1 || id.text.length > 64) return "unknown";
  for (let i = 0; i < id.text.length; i++) {
    const c = id.text.charCodeAt(i);
    const letter = (c >= 0x41 && c <= 0x5a) || (c >= 0x61 && c <= 0x7a);
    if (!letter && !(c >= 0x30 && c <= 0x39) && c != 0x2d) return "unknown";
  }
  return id.text;
}

/// Strings here are UTF-16: a code point above U+FFFF takes two units, of which only the first counts.
function codePoints(text: string): i64 {
  let count: i64 = 0;
  for (let i = 0; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) != 0xdc00) count++;
  }
  return count;
}

/// The order of the code points, which is that of the bytes in UTF-8: surrogates come behind all other units.
function byCodePoint(a: string, b: string): i32 {
  const len = min(a.length, b.length);
  for (let i = 0; i < len; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x != y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

function rank(unit: i32): i32 {
  return (unit & 0xf800) == 0xd800 ? unit + 0x10000 : unit;
}
