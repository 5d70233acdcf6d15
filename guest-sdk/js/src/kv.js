/**
 * Lasting key-value state of the tenant. Nothing here tries again by itself: the flow's retry rule does.
 *
 * Declare the bucket: `capabilities: { kv: ["visits"] }`. What is written stays even if the step fails afterwards. Every
 * function throws {@link ServiceError} with one of the codes `not-granted`, `quota-exceeded`, `value-too-large`,
 * `conflict` and `unavailable`.
 *
 * @module
 */

import { kv as host } from "#host";

import { Failed, served } from "./errors.js";
import { read, write } from "./json.js";
import { decode, encode, kind, string } from "./text.js";

const REASONS = {
  "not-granted": ["the tenant has not granted this bucket", false],
  "quota-exceeded": ["the quota is used up", true],
  "value-too-large": ["the value is larger than the limit", false],
  conflict: ["the key's version is another", true],
  unavailable: ["the store does not answer", true],
};

/** How many keys one call lists without a limit. */
const SOME = 100;

/**
 * A bucket by name. `ttlMs` is how long what is written through it stays, in milliseconds; without it, for ever.
 *
 * @param {string} name
 * @param {{ ttlMs?: number }} [options]
 * @returns {Bucket}
 * @throws {TypeError} for a `ttlMs` that is no number above 0
 * @example
 * const visits = kv.bucket("visits", { ttlMs: 24 * 60 * 60 * 1000 });
 * if (visits.increment(lead.id) > 10) console.warn("a frequent guest");
 */
export function bucket(name, options = {}) {
  return new Bucket(string("a bucket's name", name), lifetime(options.ttlMs));
}

/** A bucket of keys, made by {@link bucket}. */
class Bucket {
  #name;
  #ttlMs;

  constructor(name, ttlMs) {
    this.#name = name;
    this.#ttlMs = ttlMs;
  }

  /**
   * The value of a key, read as JSON.
   *
   * @param {string} key
   * @returns {unknown} undefined where there is none
   * @throws {ServiceError}
   * @throws {Failed} where the value is no JSON; {@link Bucket#entry} reads any
   */
  get(key) {
    const entry = this.entry(key);
    return entry && read(`the value of ${this.#of(key)}`, decode(entry.value), Failed);
  }

  /**
   * The entry of a key as it is stored.
   *
   * @param {string} key
   * @returns {{ value: Uint8Array, version: number, expiresAtMs?: number } | undefined} `version` grows with every change;
   *   `expiresAtMs` is in milliseconds since the Unix epoch
   * @throws {ServiceError}
   */
  entry(key) {
    const found = this.#ask(key, (known) => host.get(this.#name, known));
    if (found === null || found === undefined) return undefined;
    const entry = { value: Uint8Array.from(found.value), version: found.version };
    if (found.expiresAtMs !== null && found.expiresAtMs !== undefined) entry.expiresAtMs = found.expiresAtMs;
    return entry;
  }

  /**
   * Writes a value: bytes as they are, everything else as JSON.
   *
   * @param {string} key
   * @param {unknown} value
   * @returns {number} the key's new version
   * @throws {ServiceError}
   */
  set(key, value) {
    const bytes = bytesOf(key, value);
    return this.#ask(key, (known) => host.set(this.#name, known, bytes, this.#ttlMs));
  }

  /**
   * Writes a value if the key's version is the expected one; 0 expects that the key is absent.
   *
   * @param {string} key
   * @param {number} expected
   * @param {unknown} value
   * @returns {number} the key's new version
   * @throws {ServiceError} `conflict` where the version is another
   * @example
   * const seen = bucket.entry("ada");
   * bucket.compareAndSet("ada", seen?.version ?? 0, { visits: 1 });
   */
  compareAndSet(key, expected, value) {
    const bytes = bytesOf(key, value);
    const version = integer("the expected version", expected, 0);
    return this.#ask(key, (known) => host.compareAndSet(this.#name, known, version, bytes, this.#ttlMs));
  }

  /**
   * Adds to a counter; an absent key counts from 0. It sets the key's lifetime anew: to none where the bucket has none.
   *
   * @param {string} key
   * @param {number} [delta] a whole number
   * @returns {number} the counter's new value, exact up to 2⁵³
   * @throws {ServiceError}
   * @throws {TypeError} for a `delta` that is no whole number
   */
  increment(key, delta = 1) {
    const step = integer("the step of a counter", delta, Number.MIN_SAFE_INTEGER);
    return this.#ask(key, (known) => host.increment(this.#name, known, step, this.#ttlMs));
  }

  /**
   * Deletes a key, if it is there.
   *
   * @param {string} key
   * @throws {ServiceError}
   */
  delete(key) {
    this.#ask(key, (known) => host.delete(this.#name, known));
  }

  /**
   * Some keys in order, and a cursor where there are more.
   *
   * @param {{ prefix?: string, cursor?: string, limit?: number }} [options] `limit` is 100 where nothing is said
   * @returns {{ keys: string[], cursor?: string }}
   * @throws {ServiceError}
   * @example
   * const { keys, cursor } = bucket.keys({ prefix: "lead-", limit: 20 });
   */
  keys({ prefix = "", cursor, limit = SOME } = {}) {
    const start = cursor === undefined ? null : string("a cursor", cursor);
    const most = integer("the limit of keys", limit, 0, 0x7fffffff);
    const [keys, more] = served(`keys of the bucket \`${this.#name}\``, REASONS, () =>
      host.listKeys(this.#name, string("a prefix", prefix), start, most));
    return more === null || more === undefined ? { keys } : { keys, cursor: more };
  }

  #ask(key, call) {
    const known = string("a key", key);
    return served(this.#of(known), REASONS, () => call(known));
  }

  #of(key) {
    return `key \`${key}\` of the bucket \`${this.#name}\``;
  }
}

function bytesOf(key, value) {
  return value instanceof Uint8Array ? value : encode(write(`the value of the key \`${key}\``, value));
}

function lifetime(ttlMs) {
  if (ttlMs === undefined || ttlMs === null) return null;
  if (typeof ttlMs === "number" && ttlMs > 0) return Math.min(Math.ceil(ttlMs), Number.MAX_SAFE_INTEGER);
  throw new TypeError(`\`ttlMs\` is a number of milliseconds above 0, not ${kind(ttlMs)}`);
}

function integer(what, value, least, most = Number.MAX_SAFE_INTEGER) {
  // The host ends the whole action over a bigint or a fraction.
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new TypeError(`${what} is a whole number from ${least} to ${most}, not ${kind(value)}`);
}
