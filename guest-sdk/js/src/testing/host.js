/**
 * The host as unit tests under Node reach it: whatever stand-in is current. It answers as the component's host does, in the
 * same shapes.
 *
 * @module
 */

let current;

/**
 * Makes a stand-in the one that the SDK's functions reach.
 *
 * @param {object | undefined} standIn
 * @returns {object | undefined} the one before
 */
export function use(standIn) {
  const before = current;
  current = standIn;
  return before;
}

function reached(service) {
  if (current === undefined) {
    throw new Error("no stand-in answers for weir: call `standIn()` of weir-action/testing at the beginning of the test");
  }
  return current[service];
}

const door = (service) => new Proxy({}, { get: (_, name) => (...values) => reached(service)[name](...values) });

export const http = door("http");
export const kv = door("kv");
export const log = door("log");
export const payload = door("payload");
export const secrets = door("secrets");
export const variables = door("variables");

/** Begins a call: Node needs nothing for it. */
export function begin() {}

/** Node settles promises by itself. */
export function settled(promise, finish, trouble) {
  return Promise.resolve(promise).then(finish).catch(trouble);
}

/** The frames of an exception: Node runs the author's files themselves. */
export function placed(frames) {
  return frames;
}
