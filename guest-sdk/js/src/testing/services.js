/**
 * The services of a stand-in, in the shapes of the contract. They keep everything in the stand-in and grant everything.
 *
 * @module
 */

import { decode, encode } from "../text.js";

/** What the component's host throws for the error side of a result. */
function refused(tag, val) {
  const payload = val === undefined ? { tag } : { tag, val };
  return Object.assign(new Error(tag), { payload });
}

/**
 * @param {import("./index.js").StandIn} state
 * @returns {object} the services by name
 */
export function services(state) {
  return {
    log: {
      write: (level, message, fields) => state.lines.push({ level, message, fields: fields && JSON.parse(fields) }),
    },
    variables: {
      get: (name) => (state.variables.has(name) ? JSON.stringify(state.variables.get(name)) : null),
      set: (name, text) => void state.variables.set(name, JSON.parse(text)),
      remove: (name) => void state.variables.delete(name),
    },
    secrets: { placeholder: (name) => `{secret:${known(state, name) && name}}`, reveal: (name) => known(state, name) },
    kv: kvOf(state.keys),
    http: { send: (request) => answered(state, request) },
    payload: payloadOf(state),
  };
}

function known(state, name) {
  if (!state.secrets.has(name)) throw refused("not-found");
  return state.secrets.get(name);
}

function kvOf(keys) {
  const place = (bucket, key) => `${bucket}/${key}`;
  const put = (bucket, key, value, ttlMs) => {
    const version = (keys.get(place(bucket, key))?.version ?? 0) + 1;
    const expiresAtMs = ttlMs === null ? null : Date.now() + ttlMs;
    keys.set(place(bucket, key), { value, version, expiresAtMs });
    return version;
  };
  return {
    get: (bucket, key) => keys.get(place(bucket, key)) ?? null,
    set: put,
    compareAndSet(bucket, key, expected, value, ttlMs) {
      if ((keys.get(place(bucket, key))?.version ?? 0) !== expected) throw refused("conflict");
      return put(bucket, key, value, ttlMs);
    },
    increment(bucket, key, delta, ttlMs) {
      const sum = Number(decode(keys.get(place(bucket, key))?.value ?? encode("0"))) + delta;
      put(bucket, key, encode(String(sum)), ttlMs);
      return sum;
    },
    delete: (bucket, key) => void keys.delete(place(bucket, key)),
    listKeys(bucket, prefix, cursor, limit) {
      const all = [...keys.keys()].filter((name) => name.startsWith(place(bucket, prefix)))
        .map((name) => name.slice(bucket.length + 1)).filter((key) => cursor === null || key > cursor).sort();
      return [all.slice(0, limit), all.length > limit ? all[limit - 1] : null];
    },
  };
}

function answered(state, { method, url, headers, body }) {
  const request = {
    method, url, headers: Object.fromEntries(headers.map(([name, value]) => [name, decode(value)])),
    body: body && decode(body),
  };
  state.requests.push(request);
  if (state.answer === undefined) throw refused("denied", "no stand-in for HTTP: call `onRequest` in the test");
  let answer;
  try {
    answer = state.answer(request);
  } catch (trouble) {
    throw refused(trouble.code ?? "connect", trouble.message);
  }
  const content = answer.json === undefined ? (answer.body ?? "") : JSON.stringify(answer.json);
  return {
    status: answer.status ?? 200,
    headers: Object.entries(answer.headers ?? {}).map(([name, value]) => [name.toLowerCase(), encode(String(value))]),
    body: typeof content === "string" ? encode(content) : content,
    truncated: false,
  };
}

function payloadOf(state) {
  const at = (pointer) => pointer.split("/").slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce((value, part) => (typeof value === "object" && value !== null && Object.hasOwn(value, part) ? value[part] : undefined), state.input);
  const kindOf = (value) => {
    if (value === undefined || value === null) return value === null ? "null" : null;
    if (Array.isArray(value)) return "array";
    return typeof value === "string" ? "text" : typeof value;
  };
  return {
    kindOf: (pointer) => kindOf(at(pointer)),
    scalar(pointer) {
      const value = at(pointer);
      const kind = kindOf(value);
      if (kind === null || kind === "array" || kind === "object") return null;
      if (kind === "number") return { tag: Number.isSafeInteger(value) ? "integer" : "float", val: value };
      return kind === "null" ? { tag: "null" } : { tag: kind, val: value };
    },
    len(pointer) {
      const value = at(pointer);
      if (typeof value === "string") return encode(value).length;
      return typeof value === "object" && value !== null ? Object.keys(value).length : null;
    },
    keys: (pointer) => (kindOf(at(pointer)) === "object" ? Object.keys(at(pointer)) : []),
    slice: (pointer) => (at(pointer) === undefined ? null : JSON.stringify(at(pointer))),
    raw: () => encode(JSON.stringify(state.input)),
  };
}
