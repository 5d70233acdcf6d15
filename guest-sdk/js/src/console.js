/**
 * A `console` whose lines go to the run's log. It decides how values look, not where they go.
 *
 * @module
 */

import { isPlain, sketch } from "./json.js";
import * as log from "./log.js";

/**
 * A console over the log.
 *
 * @returns {Pick<Console, "log" | "info" | "warn" | "error" | "debug" | "trace" | "assert">}
 */
export function logConsole() {
  const at = (level) => (...values) => line(level, values);
  return {
    log: at("info"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    debug: at("debug"),
    trace: at("trace"),
    dir: (value) => line("info", [value]),
    assert(condition, ...values) {
      if (!condition) line("error", ["Assertion failed", ...values]);
    },
  };
}

function line(level, values) {
  const hasFields = values.length > 1 && isPlain(values.at(-1));
  const shown = hasFields ? values.slice(0, -1) : values;
  log.write(level, spelled(shown), hasFields ? values.at(-1) : undefined);
}

/** Puts values in the places of `%s` and its like, and the others behind. */
function spelled([first, ...rest]) {
  if (typeof first !== "string" || rest.length === 0) return [first, ...rest].map(show).join(" ");
  const text = first.replace(/%([sdifjoOc%])/g, (place, letter) => {
    if (letter === "%") return "%";
    if (rest.length === 0) return place;
    const value = rest.shift();
    if (letter === "c") return ""; // a style
    if (letter === "i") return String(Math.trunc(Number(value)));
    if (letter === "d" || letter === "f") return String(Number(value));
    return letter === "s" ? show(value) : (sketch(value) ?? show(value));
  });
  return [text, ...rest.map(show)].join(" ");
}

function show(value) {
  if (typeof value === "string") return value;
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return `[function ${value.name || "without a name"}]`;
  if (value instanceof Error) return shownError(value);
  if (typeof value !== "object" || value === null) return String(value);
  return sketch(value) ?? Object.prototype.toString.call(value);
}

/** Some engines put name and message above the frames, some only the frames. */
function shownError(error) {
  const head = `${error.name}: ${error.message}`;
  const stack = String(error.stack ?? "").trimEnd();
  if (stack === "") return head;
  return stack.startsWith(head) ? stack : `${head}\n${stack}`;
}
