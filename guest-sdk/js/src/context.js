/**
 * Facts about a call, under the names that authors use. Everything came with the call; nothing asks the host.
 *
 * @module
 */

/**
 * @param {object} wire the contract's record
 * @returns {Readonly<import("./index.js").Context>}
 */
export function contextOf(wire) {
  return Object.freeze({
    tenant: wire.tenant,
    flow: wire.flow,
    flowVersion: wire.flowVersion,
    step: wire.step,
    run: wire.execution,
    attempt: wire.attempt,
    timeLeftMs: wire.deadlineMs,
    idempotencyKey: wire.idempotencyKey,
  });
}
