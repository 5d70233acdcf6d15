/**
 * What an author declares, checked while the component is built, as the contract's `action-info`. It runs nothing.
 *
 * @module
 */

import { write } from "./json.js";
import { kind } from "./text.js";

const KNOWN = [
  "name", "title", "version", "description", "config", "input", "output", "branches", "capabilities", "validate", "run",
];

/** As flows name an action: a-z, 0-9 and `-`, a letter first, at most 63 characters. */
const NAME = /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const VERSION = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

/**
 * The description that weir reads at upload.
 *
 * @param {import("./index.js").Definition} definition
 * @returns {object} the contract's `action-info`
 * @throws {TypeError} that says which part is wrong and what it has to be
 */
export function infoOf(definition) {
  check(definition);
  const { name, title = name, version, description = "", config = { type: "object" }, branches = [] } = definition;
  return {
    name,
    title: text("title", title),
    version,
    description: text("description", description),
    configSchema: schema("config", config),
    inputSchema: definition.input === undefined ? null : schema("input", definition.input),
    outputSchema: definition.output === undefined ? null : schema("output", definition.output),
    branches: texts("branches", branches),
    capabilities: capabilitiesOf(definition.capabilities),
  };
}

function check(definition) {
  if (typeof definition !== "object" || definition === null) wrong("takes one object", definition);
  const stranger = Object.keys(definition).find((key) => !KNOWN.includes(key));
  if (stranger !== undefined) throw new TypeError(`action: there is no \`${stranger}\`; it knows ${KNOWN.join(", ")}`);
  const { name, version, run, validate } = definition;
  if (typeof name !== "string" || !NAME.test(name)) {
    wrong("`name` has a-z, 0-9 and `-`, begins with a letter and has at most 63 characters", name);
  }
  if (typeof version !== "string" || !VERSION.test(version)) wrong("`version` is such as \"1.4.2\"", version);
  if (typeof run !== "function") wrong("`run` is a function", run);
  if (validate !== undefined && typeof validate !== "function") wrong("`validate` is a function", validate);
}

function wrong(rule, value) {
  throw new TypeError(`action: ${rule}, not ${typeof value === "string" ? JSON.stringify(value) : kind(value)}`);
}

function text(part, value) {
  return typeof value === "string" ? value : wrong(`\`${part}\` is a string`, value);
}

function texts(part, values) {
  if (!Array.isArray(values)) wrong(`\`${part}\` is an array of strings`, values);
  return values.map((value, at) => text(`${part}[${at}]`, value));
}

function schema(part, value) {
  const isSchema = typeof value === "boolean" || (typeof value === "object" && value !== null && !Array.isArray(value));
  return isSchema ? write(`action: \`${part}\``, value) : wrong(`\`${part}\` is a JSON Schema, an object`, value);
}

const SERVICES = {
  http: (hosts) =>
    Object.entries(hosts).map(([host, methods]) => ({
      tag: "http",
      val: { host, methods: texts(`capabilities.http["${host}"]`, methods).map((method) => method.toUpperCase()) },
    })),
  kv: (buckets) => texts("capabilities.kv", buckets).map((val) => ({ tag: "kv", val })),
  secrets: (names) => texts("capabilities.secrets", names).map((val) => ({ tag: "secret", val })),
  variables: (wanted) => (wanted ? [{ tag: "variables" }] : []),
  clock: (wanted) => (wanted ? [{ tag: "clock" }] : []),
  random: (wanted) => (wanted ? [{ tag: "random" }] : []),
};

function capabilitiesOf(wanted = {}) {
  if (typeof wanted !== "object" || wanted === null || Array.isArray(wanted)) {
    wrong("`capabilities` is an object such as { kv: [\"visits\"] }", wanted);
  }
  return Object.entries(wanted).flatMap(([service, scope]) => {
    if (!Object.hasOwn(SERVICES, service)) {
      throw new TypeError(`action: there is no capability \`${service}\`; there are ${Object.keys(SERVICES).join(", ")}`);
    }
    if (scope === null || scope === undefined) wrong(`\`capabilities.${service}\` says what is needed`, scope);
    return SERVICES[service](scope);
  });
}
