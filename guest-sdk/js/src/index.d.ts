/** Types of weir's SDK for JavaScript and TypeScript. The functions are documented in the modules next to this file. */

/** Anything that JSON can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON Schema (2020-12). */
export type Schema = boolean | { readonly [keyword: string]: unknown };

/** What an action asks for; it gets what the tenant grants. */
export interface Capabilities {
  /** Hosts and the methods that go there: `{ "api.example.com": ["GET"] }`. */
  http?: Record<string, string[]>;
  /** Buckets of the key-value store. */
  kv?: string[];
  /** Secrets by name. */
  secrets?: string[];
  /** The run's variables. */
  variables?: boolean;
  /** The wall clock. */
  clock?: boolean;
  /** Random bytes. */
  random?: boolean;
}

/** Where and why an action is running. */
export interface Context {
  /** The tenant. */
  tenant: string;
  /** The flow's name. */
  flow: string;
  /** The flow's version; 0 for a draft. */
  flowVersion: number;
  /** The step's id. */
  step: string;
  /** The run's id. */
  run: string;
  /** Which attempt this is, from 1. */
  attempt: number;
  /** The wall time that was left when the call began, in milliseconds. */
  timeLeftMs: number;
  /** The same for every attempt of this step in this run: send it to services that deduplicate. */
  idempotencyKey: string;
}

/** What an author declares. */
export interface Definition<Config = any, Input = any, Output = any, Branch extends string = string> {
  /** As flows name it: a-z, 0-9 and `-`, a letter first, at most 63 characters. */
  name: string;
  /** For people; without one it is the name. */
  title?: string;
  /** Such as `1.4.2`. */
  version: string;
  /** What the action does. */
  description?: string;
  /**
   * The schema of the step's `with`: it makes the form and checks the settings. A `default` of one of its `properties`
   * fills in what a flow leaves out.
   */
  config?: Schema;
  /** The input's schema. */
  input?: Schema;
  /** The output's schema. */
  output?: Schema;
  /** The exits besides `next` and `error` that `run` may name with {@link to}. */
  branches?: readonly Branch[];
  /** What the tenant is asked to grant. */
  capabilities?: Capabilities;
  /** What is wrong with settings beyond their schema; nothing if they are right. Runs when a flow is published. */
  validate?(config: Config): readonly string[] | string | void;
  /**
   * Does the work of one step. Every step runs in a fresh instance: nothing stays in memory between two calls.
   * {@link Invalid} and {@link Retryable} reach the flow as such, every other error as a failure.
   */
  run(input: Input, config: Config, context: Context): Answer<Output, Branch> | Promise<Answer<Output, Branch>>;
}

/** A value together with the exit that the flow takes. */
export interface Output<Value, Branch extends string = string> {
  readonly value: Value;
  readonly branch: Branch | null;
}

/** A plain value leaves by `next`. */
export type Answer<Value, Branch extends string> = Value | Output<Value, Branch>;

/** The contract's functions: `export const { describe, validate, run } = action({ … })`. */
export interface Exports {
  describe(): object;
  validate(config: string): void;
  run(context: object, config: string, input: string): any;
}

/** Makes an action. Throws a TypeError, which ends the build, where the definition is wrong. */
export function action<Config = any, Input = any, Value = any, const Branch extends string = never>(
  definition: Definition<Config, Input, Value, Branch>,
): Exports;

/** Leaves by one of the branches that the action declares. */
export function to<const Branch extends string, Value = null>(branch: Branch, value?: Value): Output<Value, Branch>;
/** Leaves by `next`, as a plain value does. */
export function next<Value = null>(value?: Value): Output<Value, never>;

/** The input or the settings are wrong: trying again is of no use. */
export class Invalid extends Error {}

/** It may work later: the step's `retry` applies. */
export class Retryable extends Error {
  constructor(message: string, options?: { afterMs?: number; cause?: unknown });
  /** The shortest pause before the next attempt, in milliseconds. */
  afterMs?: number;
}

/** A failure; a flow finds the detail's entries below `error.detail`. */
export class Failed extends Error {
  constructor(message: string, detail?: unknown, options?: { cause?: unknown });
  detail: unknown;
}

/** A service of weir did not do what was asked. */
export class ServiceError extends Error {
  constructor(message: string, code: string, retryable: boolean);
  /** The reason, such as `not-granted` or `timeout`. */
  code: string;
  /** Whether waiting can help. */
  retryable: boolean;
}

/** Lines in the run's log; `console` writes there too. */
export namespace log {
  type Level = "trace" | "debug" | "info" | "warn" | "error";
  function write(level: Level, message: string, fields?: Record<string, unknown>): void;
  function trace(message: string, fields?: Record<string, unknown>): void;
  function debug(message: string, fields?: Record<string, unknown>): void;
  function info(message: string, fields?: Record<string, unknown>): void;
  function warn(message: string, fields?: Record<string, unknown>): void;
  function error(message: string, fields?: Record<string, unknown>): void;
}

/** Lasting key-value state of the tenant. Everything throws {@link ServiceError}. */
export namespace kv {
  /** A bucket; `ttlMs` is how long what is written through it stays, in milliseconds. */
  function bucket(name: string, options?: { ttlMs?: number }): Bucket;

  interface Entry {
    value: Uint8Array;
    /** Grows with every change of the key. */
    version: number;
    /** When it goes away, in milliseconds since the Unix epoch. */
    expiresAtMs?: number;
  }

  interface Bucket {
    /** The value read as JSON; undefined where there is none. */
    get<T = any>(key: string): T | undefined;
    /** The entry as it is stored. */
    entry(key: string): Entry | undefined;
    /** Writes bytes as they are, everything else as JSON; returns the key's new version. */
    set(key: string, value: unknown): number;
    /** Writes if the key's version is the expected one; 0 expects that it is absent. */
    compareAndSet(key: string, expected: number, value: unknown): number;
    /** Adds to a counter and returns its new value; an absent key counts from 0. */
    increment(key: string, delta?: number): number;
    delete(key: string): void;
    /** Keys in order, 100 where nothing is said, and a cursor where there are more. */
    keys(options?: { prefix?: string; cursor?: string; limit?: number }): { keys: string[]; cursor?: string };
  }
}

/** The run's variables. */
export namespace variables {
  function get<T = any>(name: string): T | undefined;
  function set(name: string, value: unknown): void;
  function remove(name: string): void;
}

/** Secrets of the tenant. Both functions throw {@link ServiceError}. */
export namespace secrets {
  /** A stand-in that weir replaces inside requests, so that the value never enters the action's memory. */
  function placeholder(name: string): string;
  /** The value itself; needs a grant of its own. */
  function reveal(name: string): string;
}

/** Parts of the input by JSON Pointer, without parsing all of it. */
export namespace payload {
  function get<T = any>(pointer: string): T | undefined;
  function kind(pointer: string): "null" | "boolean" | "number" | "text" | "array" | "object" | undefined;
  function scalar(pointer: string): string | number | boolean | null | undefined;
  /** Items of an array, members of an object, or UTF-8 bytes of a string. */
  function length(pointer: string): number | undefined;
  function keys(pointer: string): string[];
  function raw(): Uint8Array;
}

/** How a request is sent. */
export interface RequestOptions {
  headers?: Record<string, string | number> | Iterable<readonly [string, string]>;
  /** A body as it is. */
  body?: string | Uint8Array | ArrayBuffer | null;
  /** A JSON body, with its content type. */
  json?: unknown;
  /** How long to wait for the whole answer, in milliseconds; never longer than the step's own time. */
  timeoutMs?: number;
}

/** Outgoing HTTP. Functions wait for the answer and throw {@link ServiceError}. */
export namespace http {
  function get(url: string | { toString(): string }, options?: RequestOptions): Response;
  function post(url: string | { toString(): string }, options?: RequestOptions): Response;
  function request(method: string, url: string | { toString(): string }, options?: RequestOptions): Response;

  interface Response {
    readonly status: number;
    readonly body: Uint8Array;
    /** Whether the body was cut to the step's limit. */
    readonly truncated: boolean;
    /** Whether the status is 200 to 299. */
    readonly ok: boolean;
    header(name: string): string | undefined;
    text(): string;
    json<T = any>(): T;
    /** The answer itself, if it is ok; otherwise throws {@link Retryable} or {@link Failed}. */
    expectOk(): Response;
  }
}
