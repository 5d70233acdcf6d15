/**
 * The host as a component reaches it, and what its interpreter lacks of JavaScript's usual surroundings. It is never loaded
 * outside components: `#host` is `testing/host.js` there.
 *
 * @module
 */

export { default as http } from "weir:action/http@1.0.0";
export { default as kv } from "weir:action/kv@1.0.0";
export { default as log } from "weir:action/log@1.0.0";
export { default as payload } from "weir:action/payload@1.0.0";
export { default as secrets } from "weir:action/secrets@1.0.0";
export { default as variables } from "weir:action/variables@1.0.0";

import { Failed, Invalid } from "../errors.js";
import { install, seed } from "./globals.js";
import { learn } from "./places.js";
import { drain, Promise as OwnPromise } from "./promise.js";

export { placed } from "./places.js";

const NativePromise = globalThis.Promise;

install();
// The build's last line looks for it.
globalThis.weirPlaces = (map) => {
  delete globalThis.weirPlaces;
  learn(map);
};

/**
 * Begins a call: the interpreter's memory was frozen while the component was built, and its random numbers with it.
 *
 * @param {object} context the contract's record
 */
export function begin(context) {
  seed(context);
}

/**
 * Runs what is left to do until a promise is settled. Nothing happens outside the action meanwhile, so what is not settled
 * then will never be.
 *
 * @template T
 * @param {PromiseLike<unknown>} promise
 * @param {(value: unknown) => T} finish
 * @returns {T} at once, where Node's stand-in returns a promise of it
 * @throws what the promise is rejected with
 */
export function settled(promise, finish) {
  if (promise instanceof NativePromise) {
    throw new Failed("this build cannot wait for `async` functions: build with `weir action build`, or do without `async`");
  }
  let outcome;
  OwnPromise.resolve(promise).then(
    (value) => (outcome = { value }),
    (thrown) => (outcome = { thrown }),
  );
  drain();
  if (outcome === undefined) {
    throw new Invalid("`run` returned a promise that never settles: nothing that it waits for is left to happen");
  }
  if ("thrown" in outcome) throw outcome.thrown;
  return finish(outcome.value);
}
