// Weir's services in a test's own memory (weir_test.h): every bucket is granted, and nothing expires.
#ifndef __wasm__

#include <stdlib.h>
#include <string.h>

#include "testing.h"

typedef struct item {
  weir_text bucket, key, value;
  uint64_t version, expires_at_ms;
} item;

typedef struct table {
  item *items;
  size_t len, capacity;
} table;

static table buckets, variables, secrets;
static weir_text *lines;
static size_t line_count, line_capacity;
static const weir_json *payload;
static weir_text payload_text;
static const weir_error *(*answer_http)(const weir_request *, weir_response *);

void weir_test_forget(void) {
  buckets = variables = secrets = (table){0};
  lines = NULL;
  line_count = line_capacity = 0;
  payload = NULL;
  payload_text = (weir_text){0};
  answer_http = NULL;
}

static weir_text keep(weir_text text) {
  return weir_json_string(weir_string(text));
}

static item *find(const table *t, weir_text bucket, weir_text key) {
  for (size_t i = 0; i < t->len; i++) {
    if (weir_text_equal(t->items[i].bucket, bucket) && weir_text_equal(t->items[i].key, key)) return &t->items[i];
  }
  return NULL;
}

static item *find_or_add(table *t, weir_text bucket, weir_text key) {
  item *found = find(t, bucket, key);
  if (found) return found;
  t->items = weir_room(t->items, t->len, &t->capacity, sizeof(item));
  t->items[t->len] = (item){.bucket = keep(bucket), .key = keep(key)};
  return &t->items[t->len++];
}

static void forget(table *t, weir_text bucket, weir_text key) {
  item *found = find(t, bucket, key);
  if (found) *found = t->items[--t->len];
}

// --- log ---

void weir_log_text(weir_level level, weir_text message, weir_text fields) {
  static const char *const levels[] = {"TRACE", "DEBUG", "INFO", "WARN", "ERROR"};
  lines = weir_room(lines, line_count, &line_capacity, sizeof *lines);
  lines[line_count++] = weir_format("%s %.*s%s%.*s", levels[level], WEIR_ARG(message), fields.data ? " " : "",
                                    WEIR_ARG(fields));
}

size_t weir_test_log_len(void) {
  return line_count;
}

const char *weir_test_log(size_t index) {
  return index < line_count ? lines[index].data : "";
}

// --- variables and secrets ---

const weir_json *weir_variable(const char *name) {
  const item *found = find(&variables, WEIR_TEXT(""), weir_text_of(name));
  return found ? weir_json_parse(found->value, NULL) : NULL;
}

const weir_error *weir_variable_set(const char *name, const weir_json *value) {
  find_or_add(&variables, WEIR_TEXT(""), weir_text_of(name))->value = weir_json_write(value);
  return NULL;
}

void weir_variable_remove(const char *name) {
  forget(&variables, WEIR_TEXT(""), weir_text_of(name));
}

void weir_test_secret(const char *name, const char *value) {
  find_or_add(&secrets, WEIR_TEXT(""), weir_text_of(name))->value = keep(weir_text_of(value));
}

const weir_error *weir_secret_reveal(const char *name, weir_text *value) {
  const item *found = find(&secrets, WEIR_TEXT(""), weir_text_of(name));
  if (!found) return weir_error_of(WEIR_NOT_FOUND, weir_format("secret `%s`: there is none by that name", name));
  *value = found->value;
  return NULL;
}

const weir_error *weir_secret(const char *name, weir_text *placeholder) {
  const weir_error *error = weir_secret_reveal(name, placeholder);
  if (!error) *placeholder = weir_format("{{secret:%s}}", name);
  return error;
}

// --- kv ---

const weir_error *weir_kv_get(const char *bucket, weir_text key, weir_kv_entry *entry) {
  const item *found = find(&buckets, weir_text_of(bucket), key);
  *entry = (weir_kv_entry){0};
  if (found) *entry = (weir_kv_entry){true, found->value, found->version, found->expires_at_ms};
  return NULL;
}

const weir_error *weir_kv_set(const char *bucket, weir_text key, weir_text value, uint64_t ttl_ms, uint64_t *version) {
  item *found = find_or_add(&buckets, weir_text_of(bucket), key);
  found->value = keep(value);
  found->version++;
  found->expires_at_ms = ttl_ms;  // a clock that stands at 0
  if (version) *version = found->version;
  return NULL;
}

const weir_error *weir_kv_compare_and_set(const char *bucket, weir_text key, uint64_t expected, weir_text value,
                                          uint64_t ttl_ms, uint64_t *version) {
  const item *found = find(&buckets, weir_text_of(bucket), key);
  if ((found ? found->version : 0) != expected) {
    return weir_error_of(WEIR_CONFLICT, weir_format("kv `%s`: the version is not the expected one", bucket));
  }
  return weir_kv_set(bucket, key, value, ttl_ms, version);
}

const weir_error *weir_kv_increment(const char *bucket, weir_text key, int64_t delta, uint64_t ttl_ms, int64_t *value) {
  const item *found = find(&buckets, weir_text_of(bucket), key);
  int64_t sum = found ? strtoll(found->value.data, NULL, 10) : 0;
  if (__builtin_add_overflow(sum, delta, &sum)) {
    return weir_error_of(WEIR_UNAVAILABLE,
                         weir_format("kv `%s`: the counter would leave the range of 64 bits", bucket));
  }
  if (value) *value = sum;
  return weir_kv_set(bucket, key, weir_format("%lld", (long long)sum), ttl_ms, NULL);
}

const weir_error *weir_kv_delete(const char *bucket, weir_text key) {
  forget(&buckets, weir_text_of(bucket), key);
  return NULL;
}

static int by_text(const void *a, const void *b) {
  return weir_text_compare(*(const weir_text *)a, *(const weir_text *)b);
}

const weir_error *weir_kv_list(const char *bucket, weir_text prefix, weir_text cursor, uint32_t limit,
                               weir_kv_page *page) {
  weir_text *keys = weir_alloc(buckets.len * sizeof *keys);
  size_t len = 0;
  for (size_t i = 0; i < buckets.len; i++) {
    const item *it = &buckets.items[i];
    bool starts = it->key.len >= prefix.len && (!prefix.len || memcmp(it->key.data, prefix.data, prefix.len) == 0);
    bool later = !cursor.data || weir_text_compare(it->key, cursor) > 0;
    if (starts && later && weir_text_equal(it->bucket, weir_text_of(bucket))) keys[len++] = it->key;
  }
  qsort(keys, len, sizeof *keys, by_text);
  bool more = len > limit && limit > 0;
  *page = (weir_kv_page){keys, more ? limit : len, more ? keys[limit - 1] : (weir_text){0}};
  return NULL;
}

// --- http ---

void weir_test_http(const weir_error *(*answer)(const weir_request *request, weir_response *response)) {
  answer_http = answer;
}

const weir_error *weir_http_send(const weir_request *request, weir_response *response) {
  *response = (weir_response){0};
  if (answer_http) return answer_http(request, response);
  return weir_error_of(WEIR_DENIED, weir_format("%s: denied: no weir_test_http in this test", request->url));
}

// --- payload ---

void weir_test_payload(const char *json) {
  payload_text = keep(weir_text_of(json));
  payload = weir_json_parse(payload_text, NULL);
}

/// One token of a pointer without its escapes `~0` and `~1`.
static weir_text unescape(const char *token, size_t len) {
  char *data = weir_alloc(len + 1);
  size_t to = 0;
  for (size_t i = 0; i < len; i++) {
    bool escape = token[i] == '~' && i + 1 < len && (token[i + 1] == '0' || token[i + 1] == '1');
    data[to++] = escape ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  data[to] = 0;
  return (weir_text){data, to};
}

static const weir_json *resolve(const char *pointer) {
  const weir_json *value = payload;
  while (value && *pointer == '/') {
    size_t len = strcspn(++pointer, "/");
    weir_text token = unescape(pointer, len);
    bool number = token.len > 0 && strspn(token.data, "0123456789") == token.len;
    if (weir_json_kind(value) == WEIR_OBJECT) {
      value = weir_json_find(value, token);
    } else {
      value = number ? weir_json_at(value, strtoul(token.data, NULL, 10)) : NULL;
    }
    pointer += len;
  }
  return *pointer ? NULL : value;
}

weir_kind weir_payload_kind(const char *pointer) {
  return weir_json_kind(resolve(pointer));
}

const weir_json *weir_payload_scalar(const char *pointer) {
  const weir_json *value = resolve(pointer);
  weir_kind kind = weir_json_kind(value);
  return kind == WEIR_ARRAY || kind == WEIR_OBJECT ? NULL : value;
}

bool weir_payload_len(const char *pointer, uint32_t *len) {
  const weir_json *value = resolve(pointer);
  weir_kind kind = weir_json_kind(value);
  if (kind != WEIR_ARRAY && kind != WEIR_OBJECT && kind != WEIR_STRING) return false;
  *len = (uint32_t)value->len;
  return true;
}

const weir_text *weir_payload_keys(const char *pointer, size_t *len) {
  const weir_json *value = resolve(pointer);
  *len = weir_json_kind(value) == WEIR_OBJECT ? value->len : 0;
  weir_text *keys = weir_alloc(*len * sizeof *keys);
  for (size_t i = 0; i < *len; i++) keys[i] = value->members[i].key;
  return keys;
}

const weir_json *weir_payload_slice(const char *pointer) {
  return resolve(pointer);
}

weir_text weir_payload_raw(void) {
  return payload_text;
}

#endif
