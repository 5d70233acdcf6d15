/**
 * Lines in the run's log, seen in the debug panel, in the run's record and by `weir action test`. Nothing is buffered: a
 * line is with the host before the next one is written.
 *
 * `console.debug`, `.log` and `.info`, `.warn`, `.error` and `.trace` write here too: a plain object as the last of
 * several arguments is the line's fields.
 *
 * @module
 */

import { log as host } from "#host";

import { isPlain, sketch } from "./json.js";
import { whole } from "./text.js";

/**
 * Writes one line.
 *
 * @param {"trace" | "debug" | "info" | "warn" | "error"} level how much it matters
 * @param {string} message
 * @param {Record<string, unknown>} [fields] facts, anything that JSON can hold; what it cannot is left out
 * @throws {TypeError} for a level that there is not
 * @example
 * log.write("info", "ada@example.com is scored", { score: 70 });
 */
export function write(level, message, fields) {
  if (!LEVELS.includes(level)) throw new TypeError(`a log line's level is one of ${LEVELS.join(", ")}, not ${String(level)}`);
  host.write(level, whole(String(message)), isPlain(fields) ? (sketch(fields) ?? null) : null);
}

const LEVELS = ["trace", "debug", "info", "warn", "error"];

/** The finest detail: `log.trace("…", { … })`. */
export const trace = (message, fields) => write("trace", message, fields);
/** For whoever looks for a mistake: `log.debug("…", { … })`. */
export const debug = (message, fields) => write("debug", message, fields);
/** What happened: `log.info("…", { … })`. */
export const info = (message, fields) => write("info", message, fields);
/** Worth a look: `log.warn("…", { … })`. */
export const warn = (message, fields) => write("warn", message, fields);
/** Something went wrong: `log.error("…", { … })`. */
export const error = (message, fields) => write("error", message, fields);
