// Calls of weir's interfaces log, variables, secrets, kv and payload, by the canonical ABI (see abi.c). Results that do
// not fit into one register are written into the struct that the last argument points to.
#ifdef __wasm__

#include "abi.h"

#define IMPORT WEIR_IMPORT
#define TEXT WEIR_TEXT_ARGS

typedef struct option_text {
  uint8_t some;
  weir_text text;
} option_text;

typedef struct result_text {
  uint8_t is_error;
  union {
    weir_text text;
    uint8_t error;
  };
} result_text;

typedef struct kv_error {
  uint8_t kind;
  weir_text message;
} kv_error;

typedef struct result_entry {
  uint8_t is_error;
  union {
    struct {
      uint8_t some;
      struct {
        weir_text value;
        uint64_t version;
        uint8_t has_expiry;
        uint64_t expires_at_ms;
      } entry;
    };
    kv_error error;
  };
} result_entry;

typedef struct result_number {
  uint8_t is_error;
  union {
    int64_t number;
    kv_error error;
  };
} result_number;

typedef struct result_none {
  uint8_t is_error;
  kv_error error;
} result_none;

typedef struct result_page {
  uint8_t is_error;
  union {
    struct {
      const weir_text *keys;
      size_t len;
      option_text cursor;
    };
    kv_error error;
  };
} result_page;

typedef struct option_scalar {
  uint8_t some;
  struct {
    uint8_t kind;
    union {
      uint8_t boolean;
      int64_t integer;
      double number;
      weir_text text;
    };
  } value;
} option_scalar;

typedef struct option_small {
  uint8_t some, value;
} option_small;

typedef struct option_number {
  uint8_t some;
  uint32_t value;
} option_number;

_Static_assert(sizeof(result_entry) == 48 && sizeof(result_number) == 24 && sizeof(result_page) == 24, "layout of kv");
_Static_assert(sizeof(option_scalar) == 24, "layout of payload");

IMPORT("log", "write") void log_write(int, TEXT, int, TEXT);
IMPORT("variables", "get") void variables_get(TEXT, option_text *);
IMPORT("variables", "set") void variables_set(TEXT, TEXT, result_text *);
IMPORT("variables", "remove") void variables_remove(TEXT);
IMPORT("secrets", "placeholder") void secrets_placeholder(TEXT, result_text *);
IMPORT("secrets", "reveal") void secrets_reveal(TEXT, result_text *);
IMPORT("kv", "get") void kv_get(TEXT, TEXT, result_entry *);
IMPORT("kv", "set") void kv_set(TEXT, TEXT, TEXT, int, uint64_t, result_number *);
IMPORT("kv", "compare-and-set") void kv_compare_and_set(TEXT, TEXT, uint64_t, TEXT, int, uint64_t, result_number *);
IMPORT("kv", "increment") void kv_increment(TEXT, TEXT, int64_t, int, uint64_t, result_number *);
IMPORT("kv", "delete") void kv_delete(TEXT, TEXT, result_none *);
IMPORT("kv", "list-keys") void kv_list_keys(TEXT, TEXT, int, TEXT, uint32_t, result_page *);
IMPORT("payload", "kind-of") void payload_kind_of(TEXT, option_small *);
IMPORT("payload", "scalar") void payload_scalar(TEXT, option_scalar *);
IMPORT("payload", "len") void payload_len(TEXT, option_number *);
IMPORT("payload", "keys") void payload_keys(TEXT, weir_host_list *);
IMPORT("payload", "slice") void payload_slice(TEXT, option_text *);
IMPORT("payload", "raw") void payload_raw(weir_text *);

void weir_log_text(weir_level level, weir_text message, weir_text fields) {
  log_write((int)level, WEIR_PASS(message), fields.data != NULL, WEIR_PASS(fields));
}

// --- variables and secrets ---

const weir_json *weir_variable(const char *name) {
  weir_text clean = weir_clean(weir_text_of(name));
  option_text result;
  variables_get(WEIR_PASS(clean), &result);
  return result.some ? weir_json_parse(result.text, NULL) : NULL;
}

const weir_error *weir_variable_set(const char *name, const weir_json *value) {
  weir_text clean = weir_clean(weir_text_of(name)), json = weir_json_write(value);
  result_text result;
  variables_set(WEIR_PASS(clean), WEIR_PASS(json), &result);
  return result.is_error ? weir_error_of(WEIR_BAD_VALUE, weir_host_text(result.text)) : NULL;
}

void weir_variable_remove(const char *name) {
  weir_text clean = weir_clean(weir_text_of(name));
  variables_remove(WEIR_PASS(clean));
}

static const weir_error *secret(const char *name, const result_text *result, weir_text *to) {
  if (!result->is_error) {
    *to = weir_host_text(result->text);
    return NULL;
  }
  return result->error == 0
             ? weir_error_of(WEIR_NOT_GRANTED, weir_format("secret `%s`: not granted to this action", name))
             : weir_error_of(WEIR_NOT_FOUND, weir_format("secret `%s`: there is none by that name", name));
}

const weir_error *weir_secret(const char *name, weir_text *placeholder) {
  weir_text clean = weir_clean(weir_text_of(name));
  result_text result;
  secrets_placeholder(WEIR_PASS(clean), &result);
  return secret(name, &result, placeholder);
}

const weir_error *weir_secret_reveal(const char *name, weir_text *value) {
  weir_text clean = weir_clean(weir_text_of(name));
  result_text result;
  secrets_reveal(WEIR_PASS(clean), &result);
  return secret(name, &result, value);
}

// --- kv ---

static const weir_error *kv_failed(const char *bucket, const kv_error *error) {
  static const struct {
    weir_error_code code;
    const char *message;
  } kinds[] = {
      {WEIR_NOT_GRANTED, "this bucket is not granted to this action"},
      {WEIR_QUOTA_EXCEEDED, "the quota is used up"},
      {WEIR_TOO_LARGE, "the value is larger than the limit"},
      {WEIR_CONFLICT, "the version is not the expected one"},
  };
  if (error->kind < sizeof kinds / sizeof *kinds) {
    return weir_error_of(kinds[error->kind].code, weir_format("kv `%s`: %s", bucket, kinds[error->kind].message));
  }
  return weir_error_of(WEIR_UNAVAILABLE, weir_format("kv `%s`: %.*s", bucket, WEIR_ARG(error->message)));
}

const weir_error *weir_kv_get(const char *bucket, weir_text key, weir_kv_entry *entry) {
  weir_text name = weir_clean(weir_text_of(bucket)), clean = weir_clean(key);
  result_entry result;
  kv_get(WEIR_PASS(name), WEIR_PASS(clean), &result);
  *entry = (weir_kv_entry){0};
  if (result.is_error) return kv_failed(bucket, &result.error);
  if (!result.some) return NULL;
  *entry = (weir_kv_entry){true, weir_host_text(result.entry.value), result.entry.version,
                           result.entry.has_expiry ? result.entry.expires_at_ms : 0};
  return NULL;
}

static const weir_error *written(const char *bucket, const result_number *result, uint64_t *version) {
  if (result->is_error) return kv_failed(bucket, &result->error);
  if (version) *version = (uint64_t)result->number;
  return NULL;
}

const weir_error *weir_kv_set(const char *bucket, weir_text key, weir_text value, uint64_t ttl_ms, uint64_t *version) {
  weir_text name = weir_clean(weir_text_of(bucket)), clean = weir_clean(key);
  result_number result;
  kv_set(WEIR_PASS(name), WEIR_PASS(clean), WEIR_PASS(value), ttl_ms != 0, ttl_ms, &result);
  return written(bucket, &result, version);
}

const weir_error *weir_kv_compare_and_set(const char *bucket, weir_text key, uint64_t expected, weir_text value,
                                          uint64_t ttl_ms, uint64_t *version) {
  weir_text name = weir_clean(weir_text_of(bucket)), clean = weir_clean(key);
  result_number result;
  kv_compare_and_set(WEIR_PASS(name), WEIR_PASS(clean), expected, WEIR_PASS(value), ttl_ms != 0, ttl_ms, &result);
  return written(bucket, &result, version);
}

const weir_error *weir_kv_increment(const char *bucket, weir_text key, int64_t delta, uint64_t ttl_ms, int64_t *value) {
  weir_text name = weir_clean(weir_text_of(bucket)), clean = weir_clean(key);
  result_number result;
  kv_increment(WEIR_PASS(name), WEIR_PASS(clean), delta, ttl_ms != 0, ttl_ms, &result);
  return written(bucket, &result, (uint64_t *)value);
}

const weir_error *weir_kv_delete(const char *bucket, weir_text key) {
  weir_text name = weir_clean(weir_text_of(bucket)), clean = weir_clean(key);
  result_none result;
  kv_delete(WEIR_PASS(name), WEIR_PASS(clean), &result);
  return result.is_error ? kv_failed(bucket, &result.error) : NULL;
}

const weir_error *weir_kv_list(const char *bucket, weir_text prefix, weir_text cursor, uint32_t limit,
                               weir_kv_page *page) {
  weir_text name = weir_clean(weir_text_of(bucket)), start = weir_clean(prefix);
  if (cursor.data) cursor = weir_clean(cursor);
  result_page result;
  kv_list_keys(WEIR_PASS(name), WEIR_PASS(start), cursor.data != NULL, WEIR_PASS(cursor), limit, &result);
  if (result.is_error) return kv_failed(bucket, &result.error);
  weir_host_list keys = {(weir_text *)result.keys, result.len};
  *page = (weir_kv_page){weir_host_texts(keys), keys.len,
                         result.cursor.some ? weir_host_text(result.cursor.text) : (weir_text){0}};
  return NULL;
}

// --- payload ---

weir_kind weir_payload_kind(const char *pointer) {
  weir_text at = weir_clean(weir_text_of(pointer));
  option_small result;
  payload_kind_of(WEIR_PASS(at), &result);
  return result.some ? (weir_kind)(WEIR_NULL + result.value) : WEIR_MISSING;
}

const weir_json *weir_payload_scalar(const char *pointer) {
  weir_text at = weir_clean(weir_text_of(pointer));
  option_scalar result;
  payload_scalar(WEIR_PASS(at), &result);
  if (!result.some) return NULL;
  switch (result.value.kind) {
    case 0: return weir_null();
    case 1: return weir_boolean(result.value.boolean);
    case 2: return weir_integer(result.value.integer);
    case 3: return weir_number(result.value.number);
    default: return weir_string(result.value.text);
  }
}

bool weir_payload_len(const char *pointer, uint32_t *len) {
  weir_text at = weir_clean(weir_text_of(pointer));
  option_number result;
  payload_len(WEIR_PASS(at), &result);
  if (result.some) *len = result.value;
  return result.some;
}

const weir_text *weir_payload_keys(const char *pointer, size_t *len) {
  weir_text at = weir_clean(weir_text_of(pointer));
  weir_host_list result;
  payload_keys(WEIR_PASS(at), &result);
  *len = result.len;
  return weir_host_texts(result);
}

const weir_json *weir_payload_slice(const char *pointer) {
  weir_text at = weir_clean(weir_text_of(pointer));
  option_text result;
  payload_slice(WEIR_PASS(at), &result);
  return result.some ? weir_json_parse(result.text, NULL) : NULL;
}

weir_text weir_payload_raw(void) {
  weir_text result;
  payload_raw(&result);
  return weir_host_text(result);
}

#endif
