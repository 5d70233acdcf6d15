/**
 * Stands in for weir in an action's own unit tests, under Node. It is no part of components.
 *
 * Run tests with `node --import ./weir-sdk/src/testing/register.js --test`, which makes `weir-action` known without an
 * installation.
 *
 * @module
 */

import { logConsole } from "../console.js";
import { Failed, Invalid, Retryable } from "../errors.js";
import { use } from "./host.js";
import { services } from "./services.js";

const CONTEXT = {
  tenant: "default", flow: "test", flowVersion: 0, step: "test", run: "00000000-0000-7000-8000-000000000000", attempt: 1,
  timeLeftMs: 10_000, idempotencyKey: "test",
};

/**
 * A stand-in without variables, secrets and keys. It answers until the next one is made, so tests that share a process must
 * not run at the same time; `node --test` runs those of a file one after the other.
 *
 * @returns {StandIn}
 * @example
 * test("many visits are hot", async () => {
 *   const host = standIn();
 *   const { value, branch } = await host.run(action, { visits: 7 }, { hot: 60 });
 *   assert.equal(branch, "hot");
 * });
 */
export function standIn() {
  return new StandIn();
}

/** Made by {@link standIn}. */
class StandIn {
  /** The run's variables by name; set them before and read them after. */
  variables = new Map();
  /** Secrets by name. */
  secrets = new Map();
  /** Entries `{ value, version }` by `bucket/key`. */
  keys = new Map();
  /** What `payload` reads; {@link StandIn#run} sets it. */
  input = null;
  /** The lines of the log so far, `{ level, message, fields }`. */
  lines = [];
  /** Requests that were sent so far. */
  requests = [];
  /** Answers a request; without one nothing is granted. */
  answer = undefined;

  constructor() {
    use(services(this));
  }

  /**
   * Answers HTTP requests from here on. What it throws with a `code` reaches the action as that error, anything else as a
   * connection that failed.
   *
   * @param {(request: { method: string, url: string, headers: Record<string, string>, body: string | null }) =>
   *   { status?: number, headers?: Record<string, string>, body?: string | Uint8Array, json?: unknown }} answer
   * @example
   * host.onRequest(({ url }) => ({ status: 200, json: { rate: 0.94 } }));
   */
  onRequest(answer) {
    this.answer = answer;
  }

  /**
   * Runs an action as weir does: through JSON text, with the settings' defaults.
   *
   * @param {object} action the module that exports what `action` made, or that itself
   * @param {unknown} input
   * @param {unknown} [config]
   * @param {Partial<import("../index.js").Context>} [context]
   * @returns {Promise<{ value: any, branch: string | null }>}
   * @throws {Invalid | Retryable | Failed} what the flow sees of an error; any error but the first two is a Failed, whose
   *   `detail` is `error.detail`
   */
  async run(action, input, config = {}, context = {}) {
    const { run: execution, timeLeftMs: deadlineMs, ...facts } = { ...CONTEXT, ...context };
    this.input = input;
    const before = globalThis.console;
    globalThis.console = { ...before, ...logConsole() };
    try {
      const output = await action.run({ ...facts, execution, deadlineMs }, JSON.stringify(config), JSON.stringify(input));
      return { value: JSON.parse(output.payload), branch: output.branch };
    } catch (failure) {
      throw errorOf(failure);
    } finally {
      globalThis.console = before;
    }
  }

  /**
   * What an action finds wrong with settings when a flow is published; empty if they are right.
   *
   * @param {object} action
   * @param {unknown} config
   * @returns {string[]}
   */
  validate(action, config) {
    try {
      action.validate(JSON.stringify(config));
      return [];
    } catch (findings) {
      if (Array.isArray(findings)) return findings;
      throw findings;
    }
  }
}

function errorOf(failure) {
  switch (failure?.tag) {
    case "invalid":
      return new Invalid(failure.val);
    case "retryable": {
      const { message, afterMs } = failure.val;
      return new Retryable(message, afterMs === null ? {} : { afterMs: afterMs >>> 0 });
    }
    case "failed": {
      const detail = JSON.parse(failure.val);
      return new Failed(detail.message, detail);
    }
    default:
      return failure;
  }
}
