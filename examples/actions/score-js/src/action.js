/**
 * The action score-js: scores a lead from weights, counts in the key-value store how often it was scored, and leaves by
 * `hot` or `cold`.
 *
 * @module
 */

import { action, Invalid, kv, to } from "weir-action";

const NAME = "score-js";

/** No signal counts more often than this. */
const CEILING = 1000;

const CONFIG = {
  type: "object",
  properties: {
    weights: {
      type: "object",
      description: "Points for each signal of the lead.",
      additionalProperties: { type: "integer", minimum: 0, maximum: CEILING },
      default: {},
    },
    hot: { type: "integer", description: "The score from which a lead is hot.", default: 60 },
  },
};

export const { describe, validate, run } = action({
  name: NAME,
  title: "Score a lead (JavaScript)",
  version: "1.0.0",
  description: "Scores a lead from weights, counts how often it was scored, and says whether it is hot.",
  config: CONFIG,
  branches: ["hot", "cold"],
  capabilities: { kv: [NAME] },
  validate: check,
  run: score,
});

function check({ weights, hot }) {
  if (!isObject(weights)) return "weights: an object of points is expected";
  const findings = Object.keys(weights)
    .filter((signal) => !Number.isInteger(weights[signal]) || weights[signal] < 0 || weights[signal] > CEILING)
    .map((signal) => `weights.${signal}: ${JSON.stringify(weights[signal])} is no whole number from 0 to ${CEILING}`);
  if (!Number.isInteger(hot)) findings.push(`hot: ${JSON.stringify(hot)} is no whole number`);
  return findings;
}

function score(lead, { weights, hot }) {
  if (!isObject(lead)) throw new Invalid("a lead is a JSON object");
  const reasons = Object.keys(weights).sort(byPoint)
    .map((signal) => ({ signal, points: times(own(lead, signal)) * weights[signal] }))
    .filter(({ points }) => points > 0);
  const value = reasons.reduce((sum, { points }) => sum + points, 0);
  const id = identity(own(lead, "id"));
  const name = own(lead, "name");
  const seen = kv.bucket(NAME).increment(id);
  console.info(`${id} scores ${value}`, { score: value });
  return to(value >= hot ? "hot" : "cold", {
    value, reasons, depth: depth(lead), name: typeof name === "string" ? name : null, seen,
  });
}

/** How many times a signal counts. */
function times(signal) {
  if (signal === true) return 1;
  if (typeof signal === "number") return Math.trunc(Math.min(Math.max(signal, 0), CEILING));
  if (typeof signal === "string") return Math.min([...signal].length, CEILING);
  if (typeof signal === "object" && signal !== null) return Math.min(Object.keys(signal).length, CEILING);
  return 0;
}

function depth(value) {
  if (typeof value !== "object" || value === null) return 0;
  return 1 + Object.values(value).reduce((deepest, part) => Math.max(deepest, depth(part)), 0);
}

function identity(id) {
  return typeof id === "string" && /^[A-Za-z0-9-]{1,64}$/.test(id) ? id : "unknown";
}

/** A member that is really there: `lead.constructor` is one of every object. */
function own(object, key) {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The order of code points, which is that of UTF-8's bytes; strings themselves compare by their halves of pairs. */
function byPoint(left, right) {
  const [some, others] = [[...left], [...right]];
  for (const [at, letter] of some.entries()) {
    if (letter !== others[at]) return at < others.length ? letter.codePointAt(0) - others[at].codePointAt(0) : 1;
  }
  return some.length - others.length;
}
