/**
 * The run's variables. They are never cached: another branch of the run may change them between two calls.
 *
 * Variables live as long as the run; changes count once the action succeeds. Declare `capabilities: { variables: true }`.
 *
 * @module
 */

import { variables as host } from "#host";

import { Failed } from "./errors.js";
import { read, write } from "./json.js";
import { string } from "./text.js";

/**
 * A variable's value.
 *
 * @param {string} name
 * @returns {unknown} undefined where there is none
 * @example
 * const seen = variables.get("seen") ?? 0;
 */
export function get(name) {
  const known = string("a variable's name", name);
  const text = host.get(known);
  return text === null || text === undefined ? undefined : read(`the variable \`${known}\``, text, Failed);
}

/**
 * Sets a variable.
 *
 * @param {string} name
 * @param {unknown} value anything that JSON can hold
 * @throws {Failed} where weir refuses it: a bad name, or more bytes than the run's variables may have
 * @example
 * variables.set("seen", seen + 1);
 */
export function set(name, value) {
  const known = string("a variable's name", name);
  const text = write(`the variable \`${known}\``, value);
  try {
    host.set(known, text);
  } catch (refusal) {
    throw new Failed(`the variable \`${known}\` was not set: ${refusal?.payload ?? refusal?.message ?? refusal}`);
  }
}

/**
 * Removes a variable, if it is there.
 *
 * @param {string} name
 * @example
 * variables.remove("seen");
 */
export function remove(name) {
  host.remove(string("a variable's name", name));
}
