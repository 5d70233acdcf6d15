// Outcomes of a call, findings, log lines, and the calls of the author's functions. It does not know how they travel.

#include "internal.h"

#include <string.h>

#define FORMATTED(text)                     \
  va_list arguments;                        \
  va_start(arguments, format);              \
  weir_text text = weir_vformat(format, arguments); \
  va_end(arguments)

weir_status weir_to(weir_output *out, const char *branch, const weir_json *payload) {
  *out = (weir_output){.status = WEIR_OK, .payload = payload, .branch = weir_text_of(branch)};
  return WEIR_OK;
}

weir_status weir_next(weir_output *out, const weir_json *payload) {
  return weir_to(out, NULL, payload);
}

weir_status weir_invalid(weir_output *out, const char *format, ...) {
  FORMATTED(message);
  *out = (weir_output){.status = WEIR_IS_INVALID, .message = message};
  return out->status;
}

weir_status weir_retry(weir_output *out, uint32_t after_ms, const char *format, ...) {
  FORMATTED(message);
  *out = (weir_output){.status = WEIR_IS_RETRY, .message = message, .after_ms = after_ms};
  return out->status;
}

weir_status weir_failed(weir_output *out, const weir_json *detail, const char *format, ...) {
  FORMATTED(message);
  weir_json *facts = weir_object();
  if (weir_json_kind(detail) == WEIR_OBJECT) {
    for (size_t i = 0; i < detail->len; i++) weir_put_text(facts, detail->members[i].key, detail->members[i].value);
  } else if (detail) {
    weir_put(facts, "detail", detail);
  }
  if (!weir_json_get(facts, "message")) weir_put(facts, "message", weir_string(message));
  *out = (weir_output){.status = WEIR_IS_FAILED, .payload = facts, .message = message};
  return out->status;
}

weir_status weir_pass_on(weir_output *out, const weir_error *error) {
  if (!error) weir_panic("weir_pass_on: there is no error to pass on");
  return error->passing ? weir_retry(out, 0, "%s", error->message) : weir_failed(out, NULL, "%s", error->message);
}

const weir_error *weir_error_of(weir_error_code code, weir_text message) {
  weir_error *error = weir_alloc(sizeof *error);
  bool passing = false;
  switch (code) {
    case WEIR_QUOTA_EXCEEDED:
    case WEIR_CONFLICT:
    case WEIR_UNAVAILABLE:
    case WEIR_TIMEOUT:
    case WEIR_DNS:
    case WEIR_CONNECT:
    case WEIR_TLS:
    case WEIR_PROTOCOL: passing = true; break;
    default: break;
  }
  *error = (weir_error){code, passing, message.data ? message.data : ""};
  return error;
}

void weir_finding(weir_findings *findings, const char *format, ...) {
  FORMATTED(message);
  findings->items = weir_room(findings->items, findings->len, &findings->capacity, sizeof(weir_text));
  findings->items[findings->len++] = message;
}

void weir_log(weir_level level, const weir_json *fields, const char *format, ...) {
  FORMATTED(message);
  weir_log_text(level, weir_clean(message), fields ? weir_json_write(fields) : (weir_text){0});
}

weir_text weir_response_header(const weir_response *response, const char *name) {
  for (size_t i = 0; i < response->header_count; i++) {
    if (strcmp(response->headers[i].name, name) == 0) return response->headers[i].value;
  }
  return (weir_text){0};
}

const char *weir_config_schema(void) {
  return weir_info.config_schema ? weir_info.config_schema : "{\"type\":\"object\"}";
}

/// A step without `with` has the settings that an empty object stands for.
static const weir_json *read_settings(weir_text config, const char **error) {
  const weir_json *settings = config.len ? weir_json_parse(config, error) : weir_null();
  return weir_json_kind(settings) == WEIR_NULL ? weir_object() : settings;
}

static void check(const weir_json *settings, weir_findings *findings) {
  if (weir_info.validate) weir_info.validate(settings, findings);
}

void weir_call_validate(weir_text config, weir_findings *findings) {
  const char *error = NULL;
  const weir_json *settings = read_settings(config, &error);
  if (settings) {
    check(settings, findings);
  } else {
    weir_finding(findings, "the settings: %s", error);
  }
}

/// Settings with expressions are complete only now, so they are checked again. True where they are fine.
static bool accept(const weir_json *settings, weir_output *out) {
  weir_findings findings = {0};
  check(settings, &findings);
  weir_text all = WEIR_TEXT("");
  for (size_t i = 0; i < findings.len; i++) {
    all = weir_format("%.*s%s%.*s", WEIR_ARG(all), i ? "; " : "", WEIR_ARG(findings.items[i]));
  }
  if (findings.len) weir_invalid(out, "%.*s", WEIR_ARG(all));
  return !findings.len;
}

void weir_call_run(const weir_context *cx, weir_text config, weir_text input, weir_output *out) {
  const char *error = NULL;
  *out = (weir_output){0};
  const weir_json *settings = read_settings(config, &error);
  if (!settings) {
    weir_invalid(out, "the settings: %s", error);
    return;
  }
  const weir_json *value = weir_info.lazy_input ? NULL : weir_json_parse(input, &error);
  if (!value && !weir_info.lazy_input) {
    weir_invalid(out, "the input: %s", error);
    return;
  }
  if (!accept(settings, out)) return;
  weir_status status = run(cx, settings, value, out);
  if (status != out->status) {
    weir_invalid(out, "run returned %d, but no outcome goes with it: return what weir_next, weir_to, weir_invalid, "
                 "weir_retry, weir_failed or weir_pass_on give", (int)status);
  }
}
