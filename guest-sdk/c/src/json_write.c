// Writes JSON values as text.

#include <string.h>

#include "internal.h"

// Deeper than anything that was read; so deep only goes a value that contains itself.
#define MOST_DEPTH 1000

typedef struct writer {
  char *data;
  size_t len, capacity;
} writer;

static void put(writer *w, const char *bytes, size_t len) {
  if (len > w->capacity - w->len) {
    if (len > SIZE_MAX / 4 - w->len) weir_panic("out of memory: JSON text of more than %zu bytes", w->len);
    size_t capacity = w->capacity ? w->capacity * 2 : 256;
    while (capacity - w->len < len) capacity *= 2;
    w->data = weir_regrow(w->data, w->capacity, capacity);
    w->capacity = capacity;
  }
  memcpy(w->data + w->len, bytes, len);
  w->len += len;
}

static void put_char(writer *w, char c) {
  put(w, &c, 1);
}

static void put_escape(writer *w, unsigned char c) {
  static const char hex[] = "0123456789abcdef";
  static const char from[] = "\"\\\b\f\n\r\t", into[] = "\"\\bfnrt";
  const char *found = c ? strchr(from, c) : NULL;
  if (found) {
    char escape[2] = {'\\', into[found - from]};
    put(w, escape, 2);
  } else {
    char escape[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    put(w, escape, 6);
  }
}

static void put_string(writer *w, const char *text, size_t len) {
  const char *at = text, *end = text + len, *plain = text;
  put_char(w, '"');
  while (at < end) {
    unsigned char c = (unsigned char)*at;
    size_t step = c < 0x80 ? 1 : weir_utf8_step(at, end);
    if (step && c >= 0x20 && c != '"' && c != '\\') {
      at += step;
      continue;
    }
    if (at > plain) put(w, plain, (size_t)(at - plain));
    if (step) {
      put_escape(w, c);
    } else {
      put(w, "\xEF\xBF\xBD", 3);
    }
    plain = ++at;
  }
  if (at > plain) put(w, plain, (size_t)(at - plain));
  put_char(w, '"');
}

static void put_value(writer *w, const weir_json *value, int depth);

static void put_members(writer *w, const weir_json *value, int depth) {
  bool object = value->kind == WEIR_OBJECT;
  if (depth > MOST_DEPTH) weir_panic("a JSON value nested more than %d deep: does it contain itself?", MOST_DEPTH);
  put_char(w, object ? '{' : '[');
  for (size_t i = 0; i < value->len; i++) {
    const weir_member *member = &value->members[i];
    if (i) put_char(w, ',');
    if (object) {
      put_string(w, member->key.data, member->key.len);
      put_char(w, ':');
    }
    put_value(w, member->value, depth + 1);
  }
  put_char(w, object ? '}' : ']');
}

static void put_value(writer *w, const weir_json *value, int depth) {
  switch (weir_json_kind(value)) {
    case WEIR_BOOLEAN:
      if (value->truth) {
        put(w, "true", 4);
      } else {
        put(w, "false", 5);
      }
      break;
    case WEIR_NUMBER: put(w, value->text, value->len); break;
    case WEIR_STRING: put_string(w, value->text, value->len); break;
    case WEIR_ARRAY:
    case WEIR_OBJECT: put_members(w, value, depth); break;
    default: put(w, "null", 4);
  }
}

weir_text weir_json_write(const weir_json *value) {
  writer w = {0};
  put_value(&w, value, 1);
  put(&w, "", 1);
  return (weir_text){w.data, w.len - 1};
}
