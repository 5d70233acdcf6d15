/**
 * Where Node finds `weir-action`: in this very SDK, wherever the project keeps it. Loaded by `register.js`.
 *
 * @module
 */

const OWN = new Map([
  ["weir-action", new URL("../index.js", import.meta.url).href],
  ["weir-action/testing", new URL("./index.js", import.meta.url).href],
]);

export function resolve(specifier, context, next) {
  const url = OWN.get(specifier);
  return url === undefined ? next(specifier, context) : { url, format: "module", shortCircuit: true };
}
