// A small JSON reader and writer. Weir hands over JSON only, so the reader is lenient about details such as `01`, but it
// always ends: with what is wrong where a text is broken off or nests too deep.

export enum Kind { Null, Boolean, Number, Text, List, Object, Broken }

export class Json {
  truth: bool = false;
  number: f64 = 0;
  text: string = "";
  keys: string[] = [];
  items: Json[] = [];

  constructor(public kind: Kind) {}

  static ofNumber(number: i64): Json {
    const json = new Json(Kind.Number);
    json.text = number.toString();
    return json;
  }

  static ofText(text: string): Json {
    const json = new Json(Kind.Text);
    json.text = text;
    return json;
  }

  /// The member of that name of an object.
  get(key: string): Json | null {
    const at = this.keys.lastIndexOf(key);
    return at < 0 ? null : this.items[at];
  }

  /// Adds a member to an object.
  put(key: string, value: Json): Json {
    this.keys.push(key);
    this.items.push(value);
    return this;
  }

  write(): string {
    switch (this.kind) {
      case Kind.Null: return "null";
      case Kind.Boolean: return this.truth ? "true" : "false";
      case Kind.Number: return this.text;
      case Kind.Text: return quote(this.text);
      default: return this.writeItems();
    }
  }

  private writeItems(): string {
    const object = this.kind == Kind.Object;
    const parts: string[] = [];
    for (let i = 0; i < this.items.length; i++) {
      const item = this.items[i].write();
      parts.push(object ? quote(this.keys[i]) + ":" + item : item);
    }
    const joined = parts.join(",");
    return object ? "{" + joined + "}" : "[" + joined + "]";
  }
}

const HEX = "0123456789abcdef";

function quote(text: string): string {
  const parts: string[] = ["\""];
  let plain = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x20 && c != 0x22 && c != 0x5c) continue;
    parts.push(text.substring(plain, i));
    parts.push(c < 0x20 ? "\\u00" + HEX.charAt(c >> 4) + HEX.charAt(c & 15) : "\\" + text.charAt(i));
    plain = i + 1;
  }
  parts.push(text.substring(plain));
  parts.push("\"");
  return parts.join("");
}

/// A digit, or one of + - . E e.
function partOfNumber(c: i32): bool {
  return (c >= 0x30 && c <= 0x39) || c == 0x2b || c == 0x2d || c == 0x2e || c == 0x45 || c == 0x65;
}

/// So deep lists and objects may nest.
const MOST_DEPTH: i32 = 128;

/// Reads a text. What is no JSON has the kind `Broken`, and its text says what is wrong.
export function parse(text: string): Json {
  return new Reader(text).whole();
}

class Reader {
  private at: i32 = 0;
  private depth: i32 = 0;
  private broken: string = "";

  constructor(private text: string) {}

  whole(): Json {
    const value = this.value();
    if (this.peek() >= 0) this.stop("expected nothing more");
    if (!this.broken) return value;
    const broken = new Json(Kind.Broken);
    broken.text = this.broken;
    return broken;
  }

  /// Keeps the first thing that is wrong and leaves nothing more to read, which ends every loop.
  private stop(what: string): void {
    if (!this.broken) this.broken = "character " + (this.at + 1).toString() + ": " + what;
    this.at = this.text.length;
  }

  /// The next character that is no space; -1 at the end.
  private peek(): i32 {
    while (this.at < this.text.length) {
      const c = this.text.charCodeAt(this.at);
      if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) return c;
      this.at++;
    }
    return -1;
  }

  private take(c: i32): bool {
    if (this.peek() != c) return false;
    this.at++;
    return true;
  }

  private value(): Json {
    switch (this.peek()) {
      case 0x6e: return this.word("null", Kind.Null);  // n
      case 0x74: return this.word("true", Kind.Boolean);  // t
      case 0x66: return this.word("false", Kind.Boolean);  // f
      case 0x22: return Json.ofText(this.string());  // "
      case 0x5b: return this.items(Kind.List, 0x5d);  // [ ]
      case 0x7b: return this.items(Kind.Object, 0x7d);  // { }
      default: return this.number();
    }
  }

  private word(word: string, kind: Kind): Json {
    const json = new Json(kind);
    json.truth = kind == Kind.Boolean && word.length == 4;
    if (this.text.substr(this.at, word.length) == word) {
      this.at += word.length;
    } else {
      this.stop("expected a value");
    }
    return json;
  }

  private number(): Json {
    const start = this.at;
    while (this.at < this.text.length && partOfNumber(this.text.charCodeAt(this.at))) this.at++;
    const json = new Json(Kind.Number);
    json.text = this.text.substring(start, this.at);
    json.number = parseFloat(json.text);
    if (isNaN(json.number)) this.stop("expected a value");
    return json;
  }

  private string(): string {
    const parts: string[] = [];
    let plain = ++this.at;
    for (;;) {
      if (this.at >= this.text.length) {
        this.stop("a string has no end");
        return "";
      }
      const c = this.text.charCodeAt(this.at);
      if (c == 0x22) break;
      if (c == 0x5c) {
        parts.push(this.text.substring(plain, this.at));
        parts.push(this.escape());
        plain = this.at;
      } else {
        this.at++;
      }
    }
    const last = this.text.substring(plain, this.at++);
    if (parts.length == 0) return last;
    parts.push(last);
    return parts.join("");
  }

  private escape(): string {
    const c = this.text.charCodeAt(this.at + 1);
    this.at += 2;
    switch (c) {
      case 0x62: return "\b";
      case 0x66: return "\f";
      case 0x6e: return "\n";
      case 0x72: return "\r";
      case 0x74: return "\t";
      case 0x75: {  // u: both halves of a surrogate pair come one after the other, which is what a string holds
        this.at += 4;
        return String.fromCharCode(<i32>parseInt(this.text.substring(this.at - 4, this.at), 16));
      }
      default: return String.fromCharCode(c);  // " \ /
    }
  }

  /// The items of a list, or the members of an object.
  private items(kind: Kind, close: i32): Json {
    const json = new Json(kind);
    if (++this.depth > MOST_DEPTH) {
      this.stop("nested more than " + MOST_DEPTH.toString() + " deep");
      return json;
    }
    this.at++;
    if (!this.take(close)) {
      do {
        if (kind == Kind.Object) this.key(json);
        json.items.push(this.value());
      } while (this.take(0x2c));  // ,
      if (!this.take(close)) this.stop("expected a comma or an end");
    }
    this.depth--;
    return json;
  }

  private key(object: Json): void {
    if (this.peek() != 0x22) this.stop("expected a name in quotes");
    object.keys.push(this.string());
    if (!this.take(0x3a)) this.stop("expected a colon");  // :
  }
}
