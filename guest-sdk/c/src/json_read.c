// Reads JSON text into a tree. It is strict: what RFC 8259 does not allow is refused with its place.

#include <stdlib.h>
#include <string.h>

#include "internal.h"

typedef struct reader {
  const char *start, *at, *end;
  const char *error;
  unsigned depth;
  // Members of the lists and objects that are not complete yet, so that each takes exactly the memory it needs.
  weir_member *open;
  size_t len, capacity;
} reader;

static const weir_json *read_value(reader *r);

static const weir_json *fail(reader *r, const char *error) {
  if (!r->error) r->error = error;
  return NULL;
}

static void skip_space(reader *r) {
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\r' || *r->at == '\t')) r->at++;
}

static bool take(reader *r, char c) {
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static bool digits(reader *r) {
  const char *first = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') r->at++;
  return r->at > first;
}

static const weir_json *read_number(reader *r) {
  const char *first = r->at;
  take(r, '-');
  if (!take(r, '0') && !digits(r)) return fail(r, "expected a digit");
  if (take(r, '.') && !digits(r)) return fail(r, "expected a digit after the point");
  if (take(r, 'e') || take(r, 'E')) {
    if (!take(r, '+')) take(r, '-');
    if (!digits(r)) return fail(r, "expected a digit in the exponent");
  }
  return weir_number_of((weir_text){first, (size_t)(r->at - first)});
}

static long hex4(const char *at, const char *end) {
  if (end - at < 4) return -1;
  long value = 0;
  for (int i = 0; i < 4; i++) {
    char c = at[i], letter = (char)(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + (c - '0');
    } else if (letter >= 'a' && letter <= 'f') {
      value = value * 16 + (letter - 'a' + 10);
    } else {
      return -1;
    }
  }
  return value;
}

static size_t encode(char *to, unsigned long code) {
  if (code < 0x80) {
    to[0] = (char)code;
    return 1;
  }
  size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  for (size_t i = len - 1; i > 0; i--) {
    to[i] = (char)(0x80 | (code & 0x3F));
    code >>= 6;
  }
  to[0] = (char)((len == 2 ? 0xC0 : len == 3 ? 0xE0 : 0xF0) | code);
  return len;
}

/// Behind `\u`: four hexadecimal digits, twice where the first four are one half of a pair.
static size_t read_unicode(reader *r, char *to) {
  long code = hex4(r->at, r->end);
  if (code < 0) return fail(r, "expected four hexadecimal digits after \\u"), 0;
  r->at += 4;
  if (code < 0xD800 || code > 0xDFFF) return encode(to, (unsigned long)code);
  long low = r->end - r->at >= 6 && r->at[0] == '\\' && r->at[1] == 'u' ? hex4(r->at + 2, r->end) : -1;
  if (code > 0xDBFF || low < 0xDC00 || low > 0xDFFF) return fail(r, "half of a surrogate pair"), 0;
  r->at += 6;
  return encode(to, 0x10000 + (((unsigned long)code - 0xD800) << 10) + ((unsigned long)low - 0xDC00));
}

static size_t read_escape(reader *r, char *to) {
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  char c = *r->at++;
  if (c == 'u') return read_unicode(r, to);
  const char *found = c ? strchr(from, c) : NULL;
  if (!found) {
    r->at--;
    return fail(r, "unknown escape"), 0;
  }
  *to = into[found - from];
  return 1;
}

static bool read_text(reader *r, weir_text *text) {
  const char *close = ++r->at;
  while (close < r->end && *close != '"') close += *close == '\\' && close + 1 < r->end ? 2 : 1;
  if (close >= r->end) return fail(r, "this string has no end"), false;
  // Unescaped text is never longer than its escaped form.
  char *data = weir_alloc((size_t)(close - r->at) + 1);
  size_t len = 0;
  while (r->at < close) {
    size_t step;
    if (*r->at == '\\') {
      r->at++;
      if (!(step = read_escape(r, data + len))) return false;
    } else {
      if ((unsigned char)*r->at < 0x20) return fail(r, "a control character in a string must be escaped"), false;
      if (!(step = weir_utf8_step(r->at, close))) return fail(r, "this is not UTF-8"), false;
      memcpy(data + len, r->at, step);
      r->at += step;
    }
    len += step;
  }
  r->at++;
  data[len] = 0;
  *text = (weir_text){data, len};
  return true;
}

static const weir_json *read_string(reader *r) {
  weir_text text;
  if (!read_text(r, &text)) return NULL;
  weir_json *value = weir_new(WEIR_STRING);
  value->text = text.data;
  value->len = text.len;
  return value;
}

static bool read_member(reader *r, bool object) {
  weir_member member = {{0}, NULL};
  if (object) {
    skip_space(r);
    if (r->at == r->end || *r->at != '"') return fail(r, "expected a member's name in quotes"), false;
    if (!read_text(r, &member.key)) return false;
    skip_space(r);
    if (!take(r, ':')) return fail(r, "expected `:`"), false;
  }
  member.value = read_value(r);
  if (!member.value) return false;
  if (r->len == r->capacity) {
    r->capacity = r->capacity ? r->capacity * 2 : 64;
    bool fits = r->capacity <= SIZE_MAX / 2 / sizeof *r->open;
    weir_member *open = fits ? realloc(r->open, r->capacity * sizeof *open) : NULL;
    if (!open) weir_panic("out of memory: JSON with %zu values", r->len);
    r->open = open;
  }
  r->open[r->len++] = member;
  return true;
}

static const weir_json *read_container(reader *r, bool object) {
  char close = object ? '}' : ']';
  size_t first = r->len;
  if (++r->depth > WEIR_JSON_DEPTH) return fail(r, "nested more than 128 deep");
  r->at++;
  skip_space(r);
  if (!take(r, close)) {
    do {
      if (!read_member(r, object)) return NULL;
      skip_space(r);
    } while (take(r, ','));
    if (!take(r, close)) return fail(r, object ? "expected `,` or `}`" : "expected `,` or `]`");
  }
  r->depth--;
  weir_json *value = weir_new(object ? WEIR_OBJECT : WEIR_ARRAY);
  value->len = value->capacity = r->len - first;
  if (value->len) {
    value->members = weir_alloc(value->len * sizeof(weir_member));
    memcpy(value->members, r->open + first, value->len * sizeof(weir_member));
  }
  r->len = first;
  return value;
}

static const weir_json *read_word(reader *r, const char *word, weir_kind kind) {
  size_t len = strlen(word);
  if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0) return fail(r, "expected a value");
  r->at += len;
  weir_json *value = weir_new(kind);
  value->truth = word[0] == 't';
  return value;
}

static const weir_json *read_value(reader *r) {
  skip_space(r);
  if (r->at == r->end) return fail(r, "expected a value, but the text ends");
  switch (*r->at) {
    case '{': return read_container(r, true);
    case '[': return read_container(r, false);
    case '"': return read_string(r);
    case 't': return read_word(r, "true", WEIR_BOOLEAN);
    case 'f': return read_word(r, "false", WEIR_BOOLEAN);
    case 'n': return read_word(r, "null", WEIR_NULL);
    case '-': case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9': return read_number(r);
    default: return fail(r, "expected a value");
  }
}

static const char *place(const reader *r) {
  size_t line = 1, column = 1;
  for (const char *p = r->start; p < r->at; p++) {
    column = *p == '\n' ? 1 : column + 1;
    line += *p == '\n';
  }
  return weir_format("line %zu, column %zu: %s", line, column, r->error).data;
}

const weir_json *weir_json_parse(weir_text text, const char **error) {
  if (!text.data) text = WEIR_TEXT("");
  reader r = {.start = text.data, .at = text.data, .end = text.data + text.len};
  const weir_json *value = read_value(&r);
  if (value) {
    skip_space(&r);
    if (r.at != r.end) value = fail(&r, "expected nothing more");
  }
  free(r.open);
  if (!value && error) *error = place(&r);
  return value;
}
