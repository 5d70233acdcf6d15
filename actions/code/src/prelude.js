// What scripts find besides the language itself: `console`, `log`, `kv`, `setVariable`, `fetch`, `secrets`, and a
// `Math.random` and a `performance` of this run. The argument has the host's functions; scripts do not see them.
(function (host) {
  const { stringify } = JSON;
  const levels = ["trace", "debug", "info", "warn", "error"];

  function text(value) {
    if (typeof value === "string") return value.toWellFormed();
    if (typeof value === "object" && value !== null && !(value instanceof Error)) {
      try {
        return stringify(value) ?? String(value);
      } catch {
        // A cycle, a BigInt inside, or an object that is no text either.
        return Object.prototype.toString.call(value);
      }
    }
    return String(value).toWellFormed();
  }

  function write(level, message, fields) {
    if (fields === undefined || fields === null) return host.write(level, text(message));
    const json = stringify(fields);
    host.write(level, text(message), typeof fields === "object" && json?.[0] === "{" ? json : `{"value":${json ?? "null"}}`);
  }

  function log(level, message, fields) {
    if (!levels.includes(level)) throw new TypeError(`log: the level is one of ${levels.join(", ")}, not ${text(level)}`);
    write(level, message, fields);
  }
  for (const level of levels) log[level] = (message, fields) => write(level, message, fields);

  const console = {};
  for (const [name, level] of [...levels.map((level) => [level, level]), ["log", "info"]]) {
    console[name] = (...values) => host.write(level, values.map(text).join(" "));
  }

  function name(what, value) {
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    throw new TypeError(`kv: ${what} is text, not ${value === null ? "null" : typeof value}`);
  }

  function whole(what, value) {
    if (Number.isSafeInteger(value)) return value;
    throw new TypeError(`kv: ${what} is a whole number, not ${text(value)}`);
  }

  function ttl(options) {
    const given = options?.ttl;
    if (given === undefined || given === null) return undefined;
    if (whole("`ttl`, in milliseconds,", given) < 0) throw new TypeError("kv: `ttl` is not negative");
    return given;
  }

  const kv = {
    get: (bucket, key) => host.get(name("the bucket", bucket), name("the key", key)),
    set(bucket, key, value, options) {
      if (typeof value !== "string") {
        throw new TypeError(`kv.set: the value is text, not ${value === null ? "null" : typeof value}; use JSON.stringify`);
      }
      host.set(name("the bucket", bucket), name("the key", key), value, ttl(options));
    },
    increment: (bucket, key, delta = 1, options = undefined) =>
      host.increment(name("the bucket", bucket), name("the key", key), whole("`delta`", delta), ttl(options)),
    delete: (bucket, key) => host.delete(name("the bucket", bucket), name("the key", key)),
    list(bucket, prefix = "", { cursor, limit = 100 } = {}) {
      const [keys, next] = host.list(name("the bucket", bucket), name("the prefix", prefix), cursor, whole("`limit`", limit));
      return { keys, cursor: next };
    },
  };

  function setVariable(name, value) {
    const json = value === undefined ? "null" : stringify(value);
    if (json === undefined) throw new TypeError(`setVariable: JSON cannot hold a ${typeof value}`);
    host.setVariable(String(name), json);
  }

  // Names in any case, as the Fetch standard has them; one value each, several joined.
  class Headers {
    #values = new Map();

    constructor(init = undefined) {
      const pairs = init instanceof Headers ? init : Symbol.iterator in Object(init) ? init : Object.entries(init ?? {});
      for (const [name, value] of pairs) this.append(name, value);
    }

    append(name, value) {
      const key = String(name).toLowerCase();
      const before = this.#values.get(key);
      this.#values.set(key, before === undefined ? String(value) : `${before}, ${String(value)}`);
    }

    set = (name, value) => void this.#values.set(String(name).toLowerCase(), String(value));
    get = (name) => this.#values.get(String(name).toLowerCase()) ?? null;
    has = (name) => this.#values.has(String(name).toLowerCase());
    delete = (name) => void this.#values.delete(String(name).toLowerCase());
    entries = () => this.#values.entries();
    forEach = (each) => this.#values.forEach((value, name) => each(value, name, this));
    toJSON = () => Object.fromEntries(this.#values);
    [Symbol.iterator]() {
      return this.#values.entries();
    }
  }

  class Response {
    #body;

    constructor(url, [status, headers, body, truncated]) {
      this.#body = body;
      const pairs = headers.flatMap((name, at) => (at % 2 ? [] : [[name, headers[at + 1]]]));
      Object.assign(this, { url, status, ok: status >= 200 && status < 300, headers: new Headers(pairs), truncated });
    }

    text = async () => host.decode(this.#body);
    json = async () => JSON.parse(host.decode(this.#body));
    arrayBuffer = async () => this.#body;
  }

  async function fetch(url, { method = "GET", headers, body, timeout } = {}) {
    const pairs = [...new Headers(headers)].flat();
    if (typeof body === "string" && !pairs.some((word, at) => at % 2 === 0 && word === "content-type")) {
      pairs.push("content-type", "text/plain;charset=UTF-8");
    }
    if (timeout !== undefined && !(Number.isSafeInteger(timeout) && timeout > 0)) {
      throw new TypeError("fetch: `timeout` is a whole number of milliseconds above 0");
    }
    return new Response(String(url), host.fetch(String(method).toUpperCase(), String(url), pairs, body, timeout));
  }

  // A stand-in for each: weir puts the value in its place when a request is sent.
  const secrets = new Proxy(Object.freeze({}), {
    get: (_, name) => (typeof name === "string" ? host.secret(name) : undefined),
  });

  let started;
  const performance = { now: () => Date.now() - (started ??= Date.now()) };

  const hidden = (value) => ({ value, writable: true, configurable: true, enumerable: false });
  Object.defineProperty(Math, "random", hidden(host.random));
  for (const [name, value] of Object.entries({ console, log, kv, setVariable, fetch, Headers, secrets, performance })) {
    Object.defineProperty(globalThis, name, hidden(value));
  }
})
