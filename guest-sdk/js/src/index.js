/**
 * Actions for weir in JavaScript: one call of {@link action} makes an object of schemas and functions the three functions
 * of the contract `weir:action@1.0.0`. Nothing here knows of the server.
 *
 * @example
 * import { action, to } from "weir-action";
 *
 * export const { describe, validate, run } = action({
 *   name: "lead-score",
 *   version: "1.0.0",
 *   branches: ["hot", "cold"],
 *   run(lead, config) {
 *     const score = lead.visits * 10;
 *     console.info(`${lead.email} scores`, { score });
 *     return to(score >= config.hot ? "hot" : "cold", { score });
 *   },
 * });
 *
 * @module
 */

export { action } from "./action.js";
export { Failed, Invalid, Retryable, ServiceError } from "./errors.js";
export { next, to } from "./output.js";
export * as http from "./http.js";
export * as kv from "./kv.js";
export * as log from "./log.js";
export * as payload from "./payload.js";
export * as secrets from "./secrets.js";
export * as variables from "./variables.js";
