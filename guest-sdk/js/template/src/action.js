/**
 * The action {{name}}: scores a lead by its visits.
 *
 * @module
 */

import { action, Invalid, to } from "weir-action";

/**
 * @typedef {{ hot: number }} Config what a flow writes under `with`
 * @typedef {{ email: string, visits: number }} Lead the input
 */

export const { describe, validate, run } = action({
  name: "{{name}}",
  title: "Score a lead",
  version: "0.1.0",
  description: "Scores a lead by its visits and says whether it is hot.",
  config: {
    type: "object",
    properties: {
      hot: { type: "integer", minimum: 0, default: 60, description: "The score from which a lead is hot." },
    },
    additionalProperties: false,
  },
  branches: ["hot", "cold"],
  validate: check,
  run: score,
});

/** @param {Config} config */
function check(config) {
  return config.hot > 1000 ? ["hot: no lead scores more than 1000"] : [];
}

/**
 * @param {Lead} lead
 * @param {Config} config
 * @param {import("weir-action").Context} context
 */
function score(lead, config, context) {
  if (!(lead?.visits >= 0)) throw new Invalid("a lead has a number of visits");
  const value = Math.min(lead.visits, 100) * 10;
  console.info(`${lead.email} is scored`, { score: value, attempt: context.attempt });
  return to(value >= config.hot ? "hot" : "cold", { value });
}
