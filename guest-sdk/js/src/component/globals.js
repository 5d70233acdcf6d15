/**
 * What the interpreter lacks of JavaScript's usual surroundings: a console, UTF-8 coders, random numbers that differ
 * between calls, and promises that come to an end. Nothing here reaches out of the component but the console.
 *
 * @module
 */

import { logConsole } from "../console.js";
import { decode, encode } from "../text.js";
import { later, Promise as OwnPromise } from "./promise.js";

/** Installs them. */
export function install() {
  define("console", logConsole());
  define("Promise", OwnPromise);
  define("queueMicrotask", later);
  define("TextEncoder", globalThis.TextEncoder ?? Encoder);
  define("TextDecoder", globalThis.TextDecoder ?? Decoder);
  Math.random = random;
}

function define(name, value) {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

class Encoder {
  encoding = "utf-8";

  encode(text = "") {
    return encode(String(text));
  }
}

class Decoder {
  encoding = "utf-8";
  #isStrict;

  constructor(label = "utf-8", { fatal = false } = {}) {
    if (!/^utf-?8$/i.test(label)) throw new RangeError(`this interpreter decodes UTF-8 alone, not ${label}`);
    this.#isStrict = fatal;
  }

  decode(bytes = new Uint8Array()) {
    const view = ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);
    const text = decode(view);
    // A replacement character that was really there keeps its length, one that replaces something does not.
    if (this.#isStrict && text.includes("\ufffd") && !same(encode(text), view)) {
      throw new TypeError("the bytes are no UTF-8");
    }
    return text.startsWith("\ufeff") ? text.slice(1) : text;
  }
}

function same(left, right) {
  return left.length === right.length && left.every((byte, at) => byte === right[at]);
}

/** The state of the generator sfc32: three words and a counter. */
const state = new Uint32Array(4);

/** The call whose numbers have not been asked for yet. */
let fresh;

/**
 * Lets Math.random begin anew: an attempt of a step in a run always sees the same numbers, and another one others.
 *
 * @param {object} context the contract's record
 */
export function seed(context) {
  fresh = context;
}

/** A number from 0 to below 1; good for samples and jitter, predictable to who knows the run. */
function random() {
  if (fresh !== undefined) begin();
  return (step() >>> 5) * 2 ** -27 + (step() >>> 6) * 2 ** -53;
}

function begin() {
  const { tenant, flow, execution, step: name, attempt } = fresh;
  fresh = undefined;
  state.set([0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]);
  const text = [tenant, flow, execution, name, attempt].join("\n");
  for (let at = 0; at < text.length; at++) {
    state[0] ^= text.charCodeAt(at);
    step();
  }
  for (let round = 0; round < 12; round++) step();
}

function step() {
  const b = state[1];
  const c = state[2];
  const sum = (state[0] + b + state[3]) >>> 0;
  state[0] = b ^ (b >>> 9);
  state[1] = c + (c << 3);
  state[2] = ((c << 21) | (c >>> 11)) + sum;
  state[3] += 1;
  return sum;
}
