/** Types of the stand-in for weir in unit tests. */

import type { Context, Exports } from "../index.js";

/** What an action sent. */
export interface SentRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: string | null;
}

/** What it gets. */
export interface StandInAnswer {
  /** 200 where nothing is said. */
  status?: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  json?: unknown;
}

/** Stands in for weir until the next one is made. */
export interface StandIn {
  readonly variables: Map<string, any>;
  readonly secrets: Map<string, string>;
  /** Entries by `bucket/key`. */
  readonly keys: Map<string, { value: Uint8Array; version: number; expiresAtMs: number | null }>;
  readonly requests: SentRequest[];
  lines: { level: string; message: string; fields: Record<string, any> | null }[];
  /** What `payload` reads. */
  input: unknown;
  /** Answers requests from here on; throw an error with a `code`, such as `timeout`, to fail one. */
  onRequest(answer: (request: SentRequest) => StandInAnswer): void;
  /** Runs an action from JSON to JSON; throws Invalid, Retryable or Failed as the flow sees it. */
  run(action: Exports, input: unknown, config?: unknown, context?: Partial<Context>): Promise<{ value: any; branch: string | null }>;
  /** What an action finds wrong with settings. */
  validate(action: Exports, config: unknown): string[];
}

/** A stand-in without variables, secrets and keys. */
export function standIn(): StandIn;
