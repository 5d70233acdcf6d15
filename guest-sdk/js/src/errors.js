/**
 * The errors of an action, and what the flow sees of each. They know nothing of the services that throw them.
 *
 * | thrown | means | the flow |
 * |---|---|---|
 * | {@link Invalid} | the input or the settings are wrong | never tries again |
 * | {@link Retryable}, or an error whose `retryable` is true | it may work later | tries again, as the step's `retry` says |
 * | {@link Failed}, or any other error | it failed | takes the step's `error` exit |
 *
 * @module
 */

import { placed } from "#host";

import { isPlain, read, sketch, write } from "./json.js";
import { whole } from "./text.js";

/** The longest pause that fits, in milliseconds: 49 days. */
const LONGEST_PAUSE = 0xffffffff;

/**
 * The input or the settings are wrong: trying again is of no use.
 *
 * @example
 * if (!lead.email) throw new Invalid("a lead needs an email address");
 */
export class Invalid extends Error {}

/**
 * It may work later: the step's `retry` applies.
 *
 * @example
 * throw new Retryable("the service is busy", { afterMs: 5000 });
 */
export class Retryable extends Error {
  /**
   * @param {string} message what happened, for people
   * @param {{ afterMs?: number, cause?: unknown }} [options] `afterMs` is the shortest pause before the next attempt, in
   *   milliseconds; without it the flow decides
   */
  constructor(message, options = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    /** The shortest pause before the next attempt, in milliseconds. */
    this.afterMs = options.afterMs;
  }
}

/**
 * The action decided that this is a failure. A flow reads the message as `error.detail.message` and the entries of an
 * object next to it; any other detail is `error.detail.detail`.
 *
 * @example
 * throw new Failed("the card was declined", { reason: "expired" });
 */
export class Failed extends Error {
  /**
   * @param {string} message what happened, for people
   * @param {unknown} [detail] facts for the flow, anything that JSON can hold
   * @param {{ cause?: unknown }} [options]
   */
  constructor(message, detail, options) {
    super(message, options);
    /** Facts for the flow. */
    this.detail = detail;
  }
}

/** A service of weir (kv, http, secrets) did not do what was asked. `code` tells the reasons apart. */
export class ServiceError extends Error {
  /**
   * @param {string} message
   * @param {string} code such as `not-granted` or `timeout`
   * @param {boolean} retryable whether waiting can help
   */
  constructor(message, code, retryable) {
    super(message);
    /** The reason, such as `not-granted` or `timeout`. */
    this.code = code;
    /** Whether waiting can help; the flow then tries again as for {@link Retryable}. */
    this.retryable = retryable;
  }
}

// On the prototypes and not as getters, so that classes derived from them may set their own; written out, because a bundler
// may rename the classes.
Object.entries({ Invalid, Retryable, Failed, ServiceError }).forEach(([name, { prototype }]) => (prototype.name = name));

/**
 * What the host's functions throw, as an error with a code.
 *
 * @template T
 * @param {string} what names the call in the message
 * @param {Record<string, [message: string, retryable: boolean]>} reasons the cases of the host's variant
 * @param {() => T} call
 * @returns {T}
 * @throws {ServiceError}
 */
export function served(what, reasons, call) {
  try {
    return call();
  } catch (thrown) {
    const reason = thrown?.payload;
    const known = reasons[reason?.tag];
    if (known === undefined) throw thrown;
    const message = reason.val === undefined ? known[0] : `${known[0]}: ${reason.val}`;
    throw new ServiceError(`${what}: ${message}`, reason.tag, known[1]);
  }
}

/**
 * What an action threw as the contract's `action-error`.
 *
 * @param {unknown} thrown
 * @returns {{ tag: "invalid", val: string } | { tag: "retryable", val: { message: string, afterMs: number | null } }
 *   | { tag: "failed", val: string }}
 */
export function failureOf(thrown) {
  if (thrown instanceof Invalid) return { tag: "invalid", val: messageOf(thrown) };
  if (thrown instanceof Retryable || (thrown instanceof Error && thrown.retryable === true)) {
    return { tag: "retryable", val: { message: messageOf(thrown), afterMs: pause(thrown.afterMs) } };
  }
  if (thrown instanceof Failed) return { tag: "failed", val: failed(messageOf(thrown), thrown.detail) };
  if (thrown instanceof Error) {
    const { code, cause } = thrown;
    const facts = { name: String(thrown.name), message: messageOf(thrown), stack: stackOf(thrown) };
    if (typeof code === "string") facts.code = code;
    if (cause !== undefined) facts.cause = cause instanceof Error ? `${cause.name}: ${cause.message}` : cause;
    return { tag: "failed", val: sketch(facts) ?? write("the failure", { ...facts, cause: undefined }) };
  }
  const shown = typeof thrown === "string" ? thrown : (sketch(thrown) ?? String(thrown));
  return { tag: "failed", val: write("the failure", { message: `the action threw no Error but ${shown}` }) };
}

/**
 * An error's message, or its name where it has none.
 *
 * @param {Error} error
 * @returns {string}
 */
export function messageOf(error) {
  return whole(String(error.message || error.name));
}

/** The frames alone: some engines repeat name and message above them. */
function stackOf(error) {
  const lines = String(error.stack ?? "").split("\n");
  return placed(lines.filter((line) => /^\s*at /.test(line))).join("\n");
}

function failed(message, detail) {
  let facts = {};
  if (detail !== undefined) {
    try {
      // Through text, so that what JSON leaves out or replaces is so in the entries too.
      const written = read("the detail", write("the detail", detail), TypeError);
      facts = isPlain(written) ? written : { detail: written };
    } catch (trouble) {
      facts = { detail: trouble.message };
    }
  }
  return write("the failure", "message" in facts ? facts : { message, ...facts });
}

function pause(afterMs) {
  if (typeof afterMs !== "number" || !(afterMs > 0)) return null;
  // Upwards: a pause must not get shorter. `| 0`, because the host's u32 is read as the bits of an i32.
  return Math.min(Math.ceil(afterMs), LONGEST_PAUSE) | 0;
}
