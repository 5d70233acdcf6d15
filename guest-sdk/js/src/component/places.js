/**
 * Where lines of the bundle come from: turns an exception's frames into places in the author's files. It knows source maps
 * (ECMA-426) and the interpreter's way to write frames, and leaves alone what it does not know.
 *
 * @module
 */

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** For each line of the bundle, from 0, its parts in order: `[column, name of the source, line]`, columns and lines from 0. */
let lines = [];
let sources = [];

/**
 * Reads a source map. The build calls it at the end of the bundle, so that it is done before the interpreter's memory is
 * frozen.
 *
 * @param {{ sources: (string | null)[], mappings: string }} map a source without a name is none of the author's
 */
export function learn(map) {
  ({ sources } = map);
  // All but the column go on from where they were on the line before.
  const at = [0, 0, 0];
  lines = map.mappings.split(";").map((line) => {
    at[0] = 0;
    return line === "" ? [] : line.split(",").map((part) => {
      numbers(part).slice(0, at.length).forEach((more, field) => (at[field] += more));
      return [...at];
    });
  });
}

/** Base-64 digits of five bits, the lowest first, each but the last with the sixth bit set; the first bit is the sign. */
function numbers(text) {
  const found = [];
  let value = 0;
  let shift = 0;
  for (const letter of text) {
    const digit = DIGITS.indexOf(letter);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    found.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return found;
}

/**
 * Frames such as `    at score (/build/bundle.js:12:3)` as `    at score (src/action.js:7)`, without those that are none of
 * the author's.
 *
 * @param {string[]} frames
 * @returns {string[]}
 */
export function placed(frames) {
  const told = frames.map((frame) => {
    const [whole, line, column] = /\(?[^\s(]*bundle\.js:(\d+):(\d+)\)?/.exec(frame) ?? [];
    const parts = lines[line - 1];
    if (whole === undefined || lines.length === 0) return frame;
    // The build's own lines come from nowhere.
    if (parts === undefined || parts.length === 0) return null;
    const [, source, from] = parts.findLast(([start]) => start < column) ?? parts[0];
    return sources[source] === null ? null : frame.replace(whole, `(${sources[source]}:${from + 1})`);
  });
  return told.filter((frame) => frame !== null);
}
