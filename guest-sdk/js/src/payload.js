/**
 * Parts of the input by JSON Pointer (RFC 6901), without parsing all of it: worth it where the input is larger than a few
 * kilobytes and little of it is needed. Not more is copied than was asked for.
 *
 * @module
 */

import { payload as host } from "#host";

import { Invalid } from "./errors.js";
import { read } from "./json.js";
import { string } from "./text.js";

/**
 * The part that a pointer leads to.
 *
 * @param {string} pointer such as `/order/lines/0/sku`; the empty one is the whole input
 * @returns {unknown} undefined where there is nothing
 * @example
 * const sku = payload.get("/order/lines/0/sku");
 */
export function get(pointer) {
  const text = host.slice(string("a pointer", pointer));
  return text === null || text === undefined ? undefined : read(`the input at \`${pointer}\``, text, Invalid);
}

/**
 * The kind of what a pointer leads to.
 *
 * @param {string} pointer
 * @returns {"null" | "boolean" | "number" | "text" | "array" | "object" | undefined} undefined where there is nothing
 * @example
 * if (payload.kind("/order/lines") !== "array") throw new Invalid("an order has lines");
 */
export function kind(pointer) {
  return host.kindOf(string("a pointer", pointer)) ?? undefined;
}

/**
 * A single value.
 *
 * @param {string} pointer
 * @returns {string | number | boolean | null | undefined} undefined where there is nothing, or an array or an object;
 *   numbers are exact up to 2⁵³
 * @example
 * const total = payload.scalar("/order/total");
 */
export function scalar(pointer) {
  const value = host.scalar(string("a pointer", pointer));
  if (value === null || value === undefined) return undefined;
  return value.tag === "null" ? null : value.val;
}

/**
 * The number of items of an array, of members of an object, or of UTF-8 bytes of a string.
 *
 * @param {string} pointer
 * @returns {number | undefined} undefined for anything else
 * @example
 * const lines = payload.length("/order/lines") ?? 0;
 */
export function length(pointer) {
  return host.len(string("a pointer", pointer)) ?? undefined;
}

/**
 * The keys of an object in their order; empty for anything else.
 *
 * @param {string} pointer
 * @returns {string[]}
 * @example
 * for (const key of payload.keys("/order")) console.debug(key);
 */
export function keys(pointer) {
  return host.keys(string("a pointer", pointer));
}

/**
 * The whole input as bytes of JSON text.
 *
 * @returns {Uint8Array}
 * @example
 * const size = payload.raw().length;
 */
export function raw() {
  return Uint8Array.from(host.raw());
}
