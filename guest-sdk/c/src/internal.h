// What the SDK's own files share. Authors include weir_action.h alone.
#ifndef WEIR_INTERNAL_H
#define WEIR_INTERNAL_H

#include <stdarg.h>

#include "weir_action.h"

typedef struct weir_member {
  weir_text key;  // of objects only
  const weir_json *value;
} weir_member;

struct weir_json {
  weir_kind kind;
  bool truth;       // of booleans
  size_t len;       // bytes of a number or a string, members of the rest
  size_t capacity;  // of `members`
  union {
    const char *text;  // numbers as written, strings unescaped; a zero byte follows
    weir_member *members;
  };
};

struct weir_output {
  weir_status status;
  const weir_json *payload;  // or the detail of a failure
  weir_text branch;
  weir_text message;
  uint32_t after_ms;
};

struct weir_findings {
  weir_text *items;
  size_t len;
  size_t capacity;
};

/// Makes a block larger, in place where nothing was taken since.
void *weir_regrow(void *old, size_t old_size, size_t size);
/// Gives all memory back; for tests, where one process makes many calls.
void weir_arena_reset(void);

weir_text weir_vformat(const char *format, va_list arguments);
/// Takes as many items of a growing array as it needs for one more.
void *weir_room(void *items, size_t len, size_t *capacity, size_t item_size);
/// The number of bytes of the UTF-8 character at `at`; 0 where there is none.
size_t weir_utf8_step(const char *at, const char *end);
/// The text with U+FFFD in place of bytes that are not UTF-8: the contract knows no other text.
weir_text weir_clean(weir_text text);
weir_json *weir_new(weir_kind kind);
weir_json *weir_number_of(weir_text text);

/// Calls the author's functions from JSON text to an outcome; shared by the component and by tests.
void weir_call_run(const weir_context *cx, weir_text config, weir_text input, weir_output *out);
void weir_call_validate(weir_text config, weir_findings *findings);
const char *weir_config_schema(void);

/// Writes one line; what `weir_log` and `weir_panic` come down to.
void weir_log_text(weir_level level, weir_text message, weir_text fields);
const weir_error *weir_error_of(weir_error_code code, weir_text message);

#endif
