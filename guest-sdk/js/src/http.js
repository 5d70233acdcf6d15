/**
 * Outgoing HTTP. No sockets are opened here: weir sends the request under its own allow-list, quotas and address checks.
 *
 * Declare the hosts and methods: `capabilities: { http: { "api.example.com": ["GET"] } }`. Every function waits for the
 * answer and throws {@link ServiceError} with one of the codes `denied`, `quota-exceeded`, `timeout`, `too-large`, `dns`,
 * `connect`, `tls`, `protocol` and `invalid`.
 *
 * @module
 */

import { http as host } from "#host";

import { Failed, Retryable, served } from "./errors.js";
import { read, write } from "./json.js";
import { decode, encode, kind, string } from "./text.js";

const REASONS = {
  denied: ["not allowed", false],
  "quota-exceeded": ["the step's requests or bytes are used up", false],
  timeout: ["no answer in time", true],
  "too-large": ["the request is larger than the limit", false],
  dns: ["the host's name was not resolved", true],
  connect: ["no connection", true],
  tls: ["the TLS handshake failed", true],
  protocol: ["the other side does not speak HTTP properly", true],
  invalid: ["the request makes no sense", false],
};

/** Statuses below 500 after which waiting can help. */
const PASSING = [408, 425, 429];

/**
 * Sends a GET request.
 *
 * @param {string | URL} url an absolute `http` or `https` URL
 * @param {import("./index.js").RequestOptions} [options]
 * @returns {Response} the answer, whatever its status
 * @throws {ServiceError}
 * @example
 * const { rate } = http.get("https://rates.example.com/CHF").expectOk().json();
 */
export function get(url, options) {
  return request("GET", url, options);
}

/**
 * Sends a POST request.
 *
 * @param {string | URL} url an absolute `http` or `https` URL
 * @param {import("./index.js").RequestOptions} [options]
 * @returns {Response} the answer, whatever its status
 * @throws {ServiceError}
 * @example
 * http.post("https://crm.example.com/leads", { json: lead, timeoutMs: 2000 }).expectOk();
 */
export function post(url, options) {
  return request("POST", url, options);
}

/**
 * Sends a request with any method.
 *
 * @param {string} method
 * @param {string | URL} url an absolute `http` or `https` URL
 * @param {import("./index.js").RequestOptions} [options] `json` sets the body and its content type; `timeoutMs` is how
 *   long to wait for the whole answer, in milliseconds, never longer than the step's own time
 * @returns {Response} the answer, whatever its status
 * @throws {ServiceError}
 * @throws {TypeError} where an option is of a wrong kind
 * @example
 * http.request("DELETE", "https://crm.example.com/leads/7", { headers: { "x-reason": "test" } }).expectOk();
 */
export function request(method, url, options = {}) {
  const verb = string("a method", method).toUpperCase();
  const address = string("a URL", typeof url === "object" && url !== null ? String(url) : url);
  const headers = headersOf(options.headers ?? {});
  const wire = { method: verb, url: address, headers, body: null, timeoutMs: patience(options.timeoutMs) };
  if (options.json !== undefined) {
    if (!headers.some(([name]) => name.toLowerCase() === "content-type")) {
      headers.push(["content-type", encode("application/json")]);
    }
    wire.body = encode(write("the request's body", options.json));
  } else if (options.body !== undefined && options.body !== null) {
    wire.body = bodyOf(options.body);
  }
  return new Response(served(`${verb} ${address}`, REASONS, () => host.send(wire)));
}

/** An answer. */
export class Response {
  #headers;

  /** @param {object} wire the contract's record */
  constructor(wire) {
    /** The status code. */
    this.status = wire.status;
    /** The body as bytes. */
    this.body = Uint8Array.from(wire.body);
    /** Whether the body was cut to the step's limit. */
    this.truncated = wire.truncated;
    this.#headers = wire.headers;
  }

  /** Whether the status is 200 to 299. */
  get ok() {
    return this.status >= 200 && this.status < 300;
  }

  /**
   * The first header of a name.
   *
   * @param {string} name in any case
   * @returns {string | undefined}
   */
  header(name) {
    const wanted = name.toLowerCase();
    const found = this.#headers.find(([known]) => known === wanted);
    return found && decode(Uint8Array.from(found[1]));
  }

  /**
   * The body as text; U+FFFD stands for what is no UTF-8.
   *
   * @returns {string}
   */
  text() {
    return decode(this.body);
  }

  /**
   * The body read as JSON.
   *
   * @returns {unknown}
   * @throws {Failed} where it is none or was cut
   */
  json() {
    if (this.truncated) throw new Failed("the answer's body is larger than the step's limit", { status: this.status });
    return read("the answer's body", this.text(), Failed);
  }

  /**
   * The answer itself, if its status is 200 to 299.
   *
   * @returns {Response}
   * @throws {Retryable} for 408, 425, 429 and 500 to 599, with the pause that `Retry-After` asks for
   * @throws {Failed} for others, with `status` in the detail
   */
  expectOk() {
    if (this.ok) return this;
    const message = `the service answered ${this.status}`;
    if (!PASSING.includes(this.status) && (this.status < 500 || this.status > 599)) {
      throw new Failed(message, { status: this.status });
    }
    const seconds = Number(this.header("retry-after") ?? NaN);
    throw new Retryable(message, seconds >= 0 ? { afterMs: seconds * 1000 } : {});
  }
}

function headersOf(headers) {
  const entries = typeof headers[Symbol.iterator] === "function" ? [...headers] : Object.entries(headers);
  return entries.map(([name, value]) => [string("a header's name", name), encode(String(value))]);
}

function bodyOf(body) {
  if (typeof body === "string") return encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError(`a request's body is a string or bytes, not ${kind(body)}; \`json\` takes any value`);
}

function patience(timeoutMs) {
  if (timeoutMs === undefined || timeoutMs === null) return null;
  if (typeof timeoutMs !== "number" || !(timeoutMs > 0)) {
    throw new TypeError(`\`timeoutMs\` is a number of milliseconds above 0, not ${kind(timeoutMs)}`);
  }
  return Math.min(Math.ceil(timeoutMs), 0x7fffffff);
}
