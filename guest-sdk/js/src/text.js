/**
 * Text as the host takes it: strings without halves of surrogate pairs, and UTF-8. It knows nothing of JSON.
 *
 * @module
 */

/**
 * The string itself, with U+FFFD in the place of every half of a surrogate pair, which no UTF-8 can hold.
 *
 * @param {string} text
 * @returns {string}
 */
export function whole(text) {
  return text.toWellFormed();
}

/**
 * Checks that an argument is a string, for the host would end the whole action over anything else.
 *
 * @param {string} what names the argument in the error
 * @param {unknown} value
 * @returns {string} the well-formed string
 * @throws {TypeError} where it is no string
 */
export function string(what, value) {
  if (typeof value === "string") return whole(value);
  throw new TypeError(`${what} is a string, not ${kind(value)}`);
}

/**
 * What a value is, in a word or two for errors.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function kind(value) {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  return `the ${typeof value} ${String(value)}`;
}

/**
 * UTF-8 of a string.
 *
 * @param {string} text
 * @returns {Uint8Array}
 */
export function encode(text) {
  let bytes = new Uint8Array(text.length + 16);
  let length = 0;
  for (const letter of text) {
    let point = letter.codePointAt(0);
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (length + 4 > bytes.length) bytes = grown(bytes);
    if (point < 0x80) {
      bytes[length++] = point;
      continue;
    }
    const more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    bytes[length++] = (0xf00 >> (more + 1)) & 0xff | point >> (6 * more);
    for (let at = more - 1; at >= 0; at--) bytes[length++] = 0x80 | point >> (6 * at) & 0x3f;
  }
  return bytes.slice(0, length);
}

function grown(bytes) {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}

/**
 * The string of UTF-8; U+FFFD stands for what is none.
 *
 * @param {Uint8Array} bytes
 * @returns {string}
 */
export function decode(bytes) {
  const parts = [];
  let points = [];
  for (let at = 0; at < bytes.length;) {
    const [point, length] = pointAt(bytes, at);
    points.push(point);
    at += length;
    // Arguments of a call are limited, so the text is put together in pieces.
    if (points.length === 4096) {
      parts.push(String.fromCodePoint(...points));
      points = [];
    }
  }
  parts.push(String.fromCodePoint(...points));
  return parts.join("");
}

/** The code point at a place and how many bytes it takes; a sequence that breaks off counts as one U+FFFD. */
function pointAt(bytes, at) {
  const first = bytes[at];
  if (first < 0x80) return [first, 1];
  const more = first >= 0xc2 && first < 0xe0 ? 1 : first >= 0xe0 && first < 0xf0 ? 2 : first >= 0xf0 && first < 0xf5 ? 3 : 0;
  if (more === 0) return [0xfffd, 1];
  let point = first & (0x3f >> more);
  for (let step = 1; step <= more; step++) {
    const byte = bytes[at + step];
    // The second byte also rules out overlong forms, halves of surrogate pairs and what is above U+10FFFF.
    const low = step > 1 ? 0x80 : first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
    const high = step > 1 ? 0xbf : first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
    if (byte === undefined || byte < low || byte > high) return [0xfffd, step];
    point = point << 6 | byte & 0x3f;
  }
  return [point, more + 1];
}
