/**
 * The way from a typed function to the contract and back: text in, the author's functions, text out. Every exception ends
 * here, for one that reaches the host is a crash without a message.
 *
 * @module
 */

import { begin, settled } from "#host";

import { contextOf } from "./context.js";
import { infoOf } from "./definition.js";
import { Failed, failureOf, Invalid, messageOf } from "./errors.js";
import { isPlain, read, write } from "./json.js";
import { Output } from "./output.js";
import { kind, whole } from "./text.js";

/**
 * Makes an action. Export what it returns under these names: they are the contract's functions.
 *
 * @param {import("./index.js").Definition} definition
 * @returns {import("./index.js").Exports}
 * @throws {TypeError} where the definition is wrong; that ends the build with the message
 * @example
 * export const { describe, validate, run } = action({
 *   name: "greet",
 *   version: "1.0.0",
 *   config: { type: "object", properties: { greeting: { type: "string", default: "Hello" } } },
 *   run: (person, config) => `${config.greeting} ${person.name}`,
 * });
 */
export function action(definition) {
  const info = infoOf(definition);
  const defaults = defaultsOf(definition.config);
  return {
    describe: () => info,
    validate(configText) {
      const findings = findingsOf(definition, () => configOf(configText, defaults));
      if (findings.length > 0) throw findings;
    },
    run(wire, configText, inputText) {
      const trouble = (thrown) => {
        throw failureOf(thrown);
      };
      try {
        begin(wire);
        const config = configOf(configText, defaults);
        const input = read("the input", inputText, Invalid);
        const answer = definition.run(input, config, contextOf(wire));
        const finish = (value) => outputOf(value, info.branches);
        return typeof answer?.then === "function" ? settled(answer, finish, trouble) : finish(answer);
      } catch (thrown) {
        return trouble(thrown);
      }
    },
  };
}

/** The defaults of the settings' schema, as JSON text, so that no call can change them for itself. */
function defaultsOf(schema) {
  const properties = Object.entries(schema?.properties ?? {});
  return properties.filter(([, property]) => property?.default !== undefined)
    .map(([name, property]) => [name, write(`the default of \`${name}\``, property.default)]);
}

function configOf(text, defaults) {
  // A step without `with` has the settings that an empty object stands for.
  const config = text.trim() === "" ? {} : (read("the settings", text, Invalid) ?? {});
  if (!isPlain(config)) return config;
  for (const [name, value] of defaults) {
    if (!Object.hasOwn(config, name)) config[name] = JSON.parse(value);
  }
  return config;
}

function findingsOf(definition, config) {
  try {
    const found = definition.validate?.(config()) ?? [];
    if (typeof found?.then === "function") return ["the action's `validate` is async; it has to answer at once"];
    return (Array.isArray(found) ? found : [found]).map((finding) => whole(String(finding)));
  } catch (thrown) {
    return [thrown instanceof Error ? messageOf(thrown) : whole(String(thrown))];
  }
}

function outputOf(answer, branches) {
  const { value, branch } = answer instanceof Output ? answer : { value: answer, branch: null };
  if (branch !== null && !branches.includes(branch)) {
    const shown = typeof branch === "string" ? JSON.stringify(branch) : kind(branch);
    throw new Failed(`the action left by the branch ${shown}, which it does not declare`, { branches });
  }
  return { payload: write("the output", value), branch };
}
