/**
 * JSON text in and out, with errors that name the place. It decides nothing about what an error leads to.
 *
 * @module
 */

import { kind } from "./text.js";

/**
 * Reads JSON text.
 *
 * @param {string} what names the text in the error
 * @param {string} text
 * @param {new (message: string, options?: object) => Error} Trouble what to throw
 * @returns {unknown}
 */
export function read(what, text, Trouble) {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Trouble(`${what} is no JSON: ${cause.message}`);
  }
}

/**
 * Writes a value as JSON text that every reader takes: `undefined` as `null`, and no half of a surrogate pair.
 *
 * @param {string} what names the value in the error
 * @param {unknown} value
 * @returns {string}
 * @throws {TypeError} for functions, symbols, `bigint`s and cycles
 */
export function write(what, value) {
  if (value === undefined) return "null";
  let text;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw new TypeError(`${what} cannot be written as JSON: ${cause.message}`);
  }
  if (text === undefined) throw new TypeError(`${what} cannot be written as JSON: it is ${kind(value)}`);
  return paired(text);
}

/** JSON.stringify escapes halves of surrogate pairs, and only them, as `\ud…`; such an escape is no Unicode text. */
function paired(text) {
  if (!text.includes("\\ud")) return text;
  return text.replace(/\\(?:u[0-9a-f]{4}|.)/g, (escape) => (escape.startsWith("\\ud") ? "\\ufffd" : escape));
}

/**
 * Whether a value is an object as literals make it: no array, no class of its own.
 *
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
export function isPlain(value) {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * JSON text for people: what JSON does not know is shown somehow instead of failing.
 *
 * @param {unknown} value
 * @returns {string | undefined} none where there is nothing to show
 */
export function sketch(value) {
  try {
    const text = JSON.stringify(value, (_, part) => {
      if (typeof part === "bigint") return String(part);
      if (part instanceof Map) return Object.fromEntries(part);
      if (part instanceof Set) return [...part];
      if (part instanceof Error) return `${part.name}: ${part.message}`;
      return part;
    });
    return text && paired(text);
  } catch {
    return undefined;
  }
}
