// UTF-8 text: formatting, comparing, cleaning.

#include <stdio.h>
#include <string.h>

#include "internal.h"

weir_text weir_text_of(const char *string) {
  return (weir_text){string, string ? strlen(string) : 0};
}

weir_text weir_vformat(const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int len = vsnprintf(NULL, 0, format, arguments);
  if (len < 0) {
    va_end(again);
    return weir_text_of("(a message that cannot be formatted)");
  }
  char *data = weir_alloc((size_t)len + 1);
  vsnprintf(data, (size_t)len + 1, format, again);
  va_end(again);
  return (weir_text){data, (size_t)len};
}

weir_text weir_format(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  weir_text text = weir_vformat(format, arguments);
  va_end(arguments);
  return text;
}

bool weir_text_equal(weir_text a, weir_text b) {
  if (!a.data || !b.data) return a.data == b.data;
  return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

int weir_text_compare(weir_text a, weir_text b) {
  size_t shorter = a.len < b.len ? a.len : b.len;
  int order = shorter ? memcmp(a.data, b.data, shorter) : 0;
  return order ? order : (a.len > b.len) - (a.len < b.len);
}

size_t weir_text_count(weir_text text) {
  size_t count = 0;
  // Every byte but a continuation begins a code point.
  for (size_t i = 0; i < text.len; i++) count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
  return count;
}

size_t weir_utf8_step(const char *at, const char *end) {
  const unsigned char *p = (const unsigned char *)at;
  size_t left = (size_t)(end - at);
  if (left == 0) return 0;
  if (p[0] < 0x80) return 1;
  if (p[0] < 0xC2 || p[0] > 0xF4) return 0;
  size_t len = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
  if (left < len) return 0;
  // The second byte's range keeps out overlong forms, surrogates and what is above U+10FFFF.
  unsigned low = p[0] == 0xE0 ? 0xA0 : p[0] == 0xF0 ? 0x90 : 0x80;
  unsigned high = p[0] == 0xED ? 0x9F : p[0] == 0xF4 ? 0x8F : 0xBF;
  if (p[1] < low || p[1] > high) return 0;
  for (size_t i = 2; i < len; i++) {
    if ((p[i] & 0xC0) != 0x80) return 0;
  }
  return len;
}

weir_text weir_clean(weir_text text) {
  if (!text.data) return WEIR_TEXT("");
  const char *end = text.data + text.len;
  const char *at = text.data;
  size_t step, bad = 0;
  for (; at < end; at += step) {
    step = weir_utf8_step(at, end);
    if (!step) {
      bad++;
      step = 1;
    }
  }
  if (!bad) return text;
  char *clean = weir_alloc(text.len + 2 * bad + 1);
  size_t len = 0;
  for (at = text.data; at < end; at += step) {
    step = weir_utf8_step(at, end);
    memcpy(clean + len, step ? at : "\xEF\xBF\xBD", step ? step : 3);
    len += step ? step : 3;
    if (!step) step = 1;
  }
  clean[len] = 0;
  return (weir_text){clean, len};
}
