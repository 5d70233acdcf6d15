// The canonical ABI of world `action` (weir:action@1.0.0), as far as this action needs it: how values cross between it
// and weir. No logic of its own.
//
// What does not fit into one register travels through memory: text is a pointer and a length, an option or a result is a
// tag byte before its value, and every field lies at a multiple of its size. The signatures come from
// `wasm-tools component embed --dummy-names legacy`. Every call has a fresh instance, so nothing is given back.

// @ts-ignore: decorator
@external("weir:action/log@1.0.0", "write")
declare function logWrite(level: i32, text: usize, len: usize, hasFields: i32, fields: usize, fieldsLen: usize): void;

// @ts-ignore: decorator
@external("weir:action/kv@1.0.0", "increment")
declare function kvIncrement(
  bucket: usize, bucketLen: usize, key: usize, keyLen: usize, delta: i64, hasTtl: i32, ttl: i64, result: usize,
): void;

/// Memory for what weir passes in.
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return old ? heap.realloc(old, size) : heap.alloc(size ? size : 1);
}

/// A failed `assert` or an error of the runtime: `--use abort=…` makes AssemblyScript call this.
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const what = message ? message : "abort";
  const where = file ? file : "action";
  log(Level.Error, where + ":" + line.toString() + ":" + column.toString() + ": " + what, null);
  unreachable();
}

// --- text ---

/// The text at a pointer.
export function text(at: usize, len: usize): string {
  return String.UTF8.decodeUnsafe(at, len);
}

/// The text whose pointer and length are at an address.
function textAt(at: usize): string {
  return text(load<usize>(at), load<usize>(at, 4));
}

function utf8(text: string): ArrayBuffer {
  // Half of a surrogate pair is no Unicode text; weir would refuse it.
  return String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE);
}

/// Writes a text's pointer and length to an address. Nothing is ever freed, so the bytes stay where they are.
function putText(at: usize, text: string): void {
  const bytes = utf8(text);
  store<usize>(at, changetype<usize>(bytes));
  store<usize>(at, bytes.byteLength, 4);
}

function putTexts(at: usize, texts: string[]): void {
  const items = heap.alloc(8 * texts.length + 1);
  for (let i = 0; i < texts.length; i++) putText(items + 8 * i, texts[i]);
  store<usize>(at, items);
  store<usize>(at, texts.length, 4);
}

function cleared(size: usize): usize {
  const at = heap.alloc(size);
  memory.fill(at, 0, size);
  return at;
}

// --- describe ---

/// What the action says of itself.
export class Info {
  name: string = "";
  title: string = "";
  version: string = "";
  description: string = "";
  configSchema: string = "{}";
  branches: string[] = [];
  /// The buckets of the key-value store that it asks for.
  buckets: string[] = [];

  /// The record `action-info`: 80 bytes. The schemas of input and output stay none.
  write(): usize {
    const at = cleared(80);
    putText(at, this.name);
    putText(at + 8, this.title);
    putText(at + 16, this.version);
    putText(at + 24, this.description);
    putText(at + 32, this.configSchema);
    putTexts(at + 64, this.branches);
    const capabilities = cleared(20 * this.buckets.length + 1);
    for (let i = 0; i < this.buckets.length; i++) {
      store<u8>(capabilities + 20 * i, 1);  // kv
      putText(capabilities + 20 * i + 4, this.buckets[i]);
    }
    store<usize>(at, capabilities, 72);
    store<usize>(at, this.buckets.length, 76);
    return at;
  }
}

// --- validate ---

/// `result<_, list<string>>`: fine where there are no findings.
export function findings(texts: string[]): usize {
  const at = cleared(12);
  store<u8>(at, texts.length ? 1 : 0);
  putTexts(at + 4, texts);
  return at;
}

// --- run ---

/// The config of a call: the parameters of `run` are one record, 52 bytes of context and then two texts.
export function configOf(call: usize): string {
  return textAt(call + 52);
}

/// The input of a call.
export function inputOf(call: usize): string {
  return textAt(call + 60);
}

/// `ok(output)`: done, leave by this branch.
export function output(payload: string, branch: string): usize {
  const at = cleared(24);
  putText(at + 4, payload);
  store<u8>(at, 1, 12);
  putText(at + 16, branch);
  return at;
}

function failure(kind: u8, text: string): usize {
  const at = cleared(24);
  store<u8>(at, 1);
  store<u8>(at, kind, 4);
  putText(at + 8, text);
  return at;
}

/// `err(invalid)`: the input or the settings are wrong.
export function invalid(message: string): usize {
  return failure(0, message);
}

/// `err(retryable)`: it may work later; when is up to the flow.
export function retryable(message: string): usize {
  return failure(1, message);
}

/// `err(failed)`: with a detail as JSON text.
export function failed(detail: string): usize {
  return failure(2, detail);
}

// --- log and kv ---

export enum Level { Trace, Debug, Info, Warn, Error }

/// Writes one line into the run's log; `fields` is the JSON text of an object.
export function log(level: Level, message: string, fields: string | null): void {
  const line = utf8(message);
  const more = utf8(fields ? fields : "");
  logWrite(
    level, changetype<usize>(line), line.byteLength, fields ? 1 : 0, changetype<usize>(more), more.byteLength,
  );
}

/// A counter's new value, or why there is none.
export class Counted {
  constructor(public value: i64, public error: string | null, public passing: bool) {}
}

/// Adds to a counter that lives for ever.
export function increment(bucket: string, key: string, delta: i64): Counted {
  const name = utf8(bucket);
  const bytes = utf8(key);
  const at = cleared(24);
  kvIncrement(
    changetype<usize>(name), name.byteLength, changetype<usize>(bytes), bytes.byteLength, delta, 0, 0, at,
  );
  if (load<u8>(at) == 0) return new Counted(load<i64>(at, 8), null, false);
  switch (load<u8>(at, 8)) {
    case 0: return new Counted(0, "this bucket is not granted to this action", false);
    case 1: return new Counted(0, "the quota is used up", true);
    case 2: return new Counted(0, "the value is larger than the limit", false);
    case 3: return new Counted(0, "the version was not the expected one", true);
    default: return new Counted(0, textAt(at + 12), true);
  }
}
