/**
 * Secrets of the tenant, as far as they are granted. No value is kept here.
 *
 * Declare them: `capabilities: { secrets: ["crm-token"] }`. Both functions throw {@link ServiceError} with the code
 * `not-granted` or `not-found`.
 *
 * @module
 */

import { secrets as host } from "#host";

import { served } from "./errors.js";
import { string } from "./text.js";

const REASONS = {
  "not-granted": ["the tenant has not granted it", false],
  "not-found": ["there is none by that name", false],
};

/**
 * A stand-in for a secret. weir puts the value in its place inside requests to the hosts that the secret allows, so that
 * the value never enters the action's memory.
 *
 * @param {string} name
 * @returns {string}
 * @throws {ServiceError}
 * @example
 * const token = secrets.placeholder("crm-token");
 * http.get("https://crm.example.com/me", { headers: { authorization: `Bearer ${token}` } });
 */
export function placeholder(name) {
  const known = string("a secret's name", name);
  return served(`secret \`${known}\``, REASONS, () => host.placeholder(known));
}

/**
 * The value itself; needs a grant of its own.
 *
 * @param {string} name
 * @returns {string}
 * @throws {ServiceError}
 * @example
 * const key = secrets.reveal("signing-key");
 */
export function reveal(name) {
  const known = string("a secret's name", name);
  return served(`secret \`${known}\``, REASONS, () => host.reveal(known));
}
