// Looks into JSON values and builds new ones.

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

weir_json *weir_new(weir_kind kind) {
  weir_json *value = weir_alloc(sizeof *value);
  *value = (weir_json){.kind = kind};
  return value;
}

static const char *copy(weir_text text) {
  char *data = weir_alloc(text.len + 1);
  if (text.len) memcpy(data, text.data, text.len);
  data[text.len] = 0;
  return data;
}

weir_kind weir_json_kind(const weir_json *value) {
  return value ? value->kind : WEIR_MISSING;
}

const char *weir_kind_name(weir_kind kind) {
  static const char *const names[] = {"no value", "null", "a boolean", "a number", "a string", "a list", "an object"};
  return (size_t)kind < sizeof names / sizeof *names ? names[kind] : "unknown";
}

static bool holds_members(const weir_json *value) {
  return value && (value->kind == WEIR_ARRAY || value->kind == WEIR_OBJECT);
}

static weir_text text_of(const weir_json *value, weir_kind kind) {
  return weir_json_kind(value) == kind ? (weir_text){value->text, value->len} : (weir_text){0};
}

size_t weir_json_len(const weir_json *value) {
  return holds_members(value) ? value->len : 0;
}

static weir_member *member_of(const weir_json *object, weir_text name) {
  if (weir_json_kind(object) != WEIR_OBJECT) return NULL;
  for (size_t i = object->len; i > 0; i--) {
    if (weir_text_equal(object->members[i - 1].key, name)) return &object->members[i - 1];
  }
  return NULL;
}

const weir_json *weir_json_find(const weir_json *object, weir_text name) {
  const weir_member *member = member_of(object, name);
  return member ? member->value : NULL;
}

const weir_json *weir_json_get(const weir_json *object, const char *name) {
  return weir_json_find(object, weir_text_of(name));
}

const weir_json *weir_json_at(const weir_json *value, size_t index) {
  return index < weir_json_len(value) ? value->members[index].value : NULL;
}

weir_text weir_json_key(const weir_json *object, size_t index) {
  if (weir_json_kind(object) != WEIR_OBJECT || index >= object->len) return (weir_text){0};
  return object->members[index].key;
}

weir_text weir_json_string(const weir_json *value) {
  return text_of(value, WEIR_STRING);
}

weir_text weir_json_number_text(const weir_json *value) {
  return text_of(value, WEIR_NUMBER);
}

bool weir_json_boolean(const weir_json *value, bool *result) {
  if (weir_json_kind(value) != WEIR_BOOLEAN) return false;
  *result = value->truth;
  return true;
}

static bool times_ten(int64_t *number, int64_t times) {
  for (; times > 0; times--) {
    if (__builtin_mul_overflow(*number, (int64_t)10, number)) return false;
  }
  return true;
}

/// Whether a number is whole and fits, told from its digits: a double would round `0.99999999999999999999` to 1.
static bool whole(weir_text text, int64_t *result) {
  const char *at = text.data, *end = text.data + text.len;
  bool negative = *at == '-', fraction = false;
  // The value is `sum`, with `zeros` more zeros, times ten to the power of `scale`.
  int64_t sum = 0, zeros = 0, scale = 0;
  for (at += negative; at < end && *at != 'e' && *at != 'E'; at++) {
    if (*at == '.') {
      fraction = true;
      continue;
    }
    scale -= fraction;
    if (*at == '0') {
      zeros += sum != 0;
      continue;
    }
    // Counted downwards: the negative side reaches one further.
    if (!times_ten(&sum, zeros + 1) || __builtin_sub_overflow(sum, (int64_t)(*at - '0'), &sum)) return false;
    zeros = 0;
  }
  if (sum != 0) {
    int64_t power = at < end ? strtoll(at + 1, NULL, 10) : 0;
    if (power > INT32_MAX || power < INT32_MIN) return false;
    if (zeros + scale + power < 0 || !times_ten(&sum, zeros + scale + power)) return false;
    if (!negative && sum == INT64_MIN) return false;
  }
  *result = negative ? sum : -sum;
  return true;
}

bool weir_json_integer(const weir_json *value, int64_t *result) {
  weir_text text = weir_json_number_text(value);
  return text.data && whole(text, result);
}

bool weir_json_number(const weir_json *value, double *result) {
  weir_text text = weir_json_number_text(value);
  if (!text.data) return false;
  // The common case without the cost of reading a double, which -0 needs.
  int64_t number = 0;
  *result = whole(text, &number) && number != 0 ? (double)number : strtod(text.data, NULL);
  return true;
}

weir_json *weir_number_of(weir_text text) {
  weir_json *value = weir_new(WEIR_NUMBER);
  value->text = copy(text);
  value->len = text.len;
  return value;
}

weir_json *weir_null(void) {
  return weir_new(WEIR_NULL);
}

weir_json *weir_boolean(bool value) {
  weir_json *json = weir_new(WEIR_BOOLEAN);
  json->truth = value;
  return json;
}

weir_json *weir_integer(int64_t value) {
  char text[24];
  int len = snprintf(text, sizeof text, "%lld", (long long)value);
  return weir_number_of((weir_text){text, (size_t)len});
}

weir_json *weir_number(double value) {
  if (!isfinite(value)) return weir_null();
  char text[32];
  int len = 0;
  for (int precision = 15; precision <= 17; precision++) {
    len = snprintf(text, sizeof text, "%.*g", precision, value);
    if (strtod(text, NULL) == value) break;
  }
  return weir_number_of((weir_text){text, (size_t)len});
}

weir_json *weir_string(weir_text text) {
  weir_json *value = weir_new(WEIR_STRING);
  value->text = copy(text);
  value->len = text.len;
  return value;
}

weir_json *weir_stringf(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  weir_text text = weir_vformat(format, arguments);
  va_end(arguments);
  weir_json *value = weir_new(WEIR_STRING);
  value->text = text.data;
  value->len = text.len;
  return value;
}

weir_json *weir_array(void) {
  return weir_new(WEIR_ARRAY);
}

weir_json *weir_object(void) {
  return weir_new(WEIR_OBJECT);
}

static void add(weir_json *to, weir_text key, const weir_json *value) {
  to->members = weir_room(to->members, to->len, &to->capacity, sizeof(weir_member));
  to->members[to->len++] = (weir_member){key, value ? value : weir_null()};
}

void weir_push(weir_json *array, const weir_json *value) {
  if (weir_json_kind(array) != WEIR_ARRAY) {
    weir_panic("weir_push: %s is no list", weir_kind_name(weir_json_kind(array)));
  }
  add(array, (weir_text){0}, value);
}

void weir_put_text(weir_json *object, weir_text name, const weir_json *value) {
  if (weir_json_kind(object) != WEIR_OBJECT) {
    weir_panic("weir_put: %s is no object", weir_kind_name(weir_json_kind(object)));
  }
  weir_text key = {copy(name), name.len};
  weir_member *member = member_of(object, key);
  if (member) {
    member->value = value ? value : weir_null();
  } else {
    add(object, key, value);
  }
}

void weir_put(weir_json *object, const char *name, const weir_json *value) {
  weir_put_text(object, weir_text_of(name), value);
}
