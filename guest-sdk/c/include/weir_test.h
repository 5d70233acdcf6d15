/// Stands in for weir in an action's own tests, which run on your machine: `cc` compiles the action, this library and
/// the test into one program. It is absent from components.
///
///     #include <assert.h>
///     #include "weir_test.h"
///
///     int main(void) {
///       weir_test_result r = weir_test_run("{}", "{\"n\": 21}");
///       assert(r.status == WEIR_OK);
///       assert(weir_test_equal(r.payload, "42"));
///     }
///
/// Results live until `weir_test_reset`. Texts of JSON are C strings; what is no JSON ends the test with its place.
#ifndef WEIR_TEST_H
#define WEIR_TEST_H

#include "weir_action.h"

#ifdef __cplusplus
extern "C" {
#endif

/// How a run ended.
typedef struct weir_test_result {
  weir_status status;
  const weir_json *payload;  // of WEIR_OK the output
  const char *branch;        // the exit; NULL for `next`
  const char *message;       // of an error; "" for none
  uint32_t after_ms;         // of WEIR_IS_RETRY
  const weir_json *detail;   // of WEIR_IS_FAILED: what the flow sees as `error.detail`
} weir_test_result;

/// What `run` gets as its context; change it as you like. `weir_test_reset` brings the defaults back.
extern weir_context weir_test_context;

/// Runs the action as weir does, `validate` included. A branch that `weir_info` does not name ends the test.
///
///     weir_test_result r = weir_test_run("{\"hot\": 60}", "{\"visits\": 7}");
weir_test_result weir_test_run(const char *config, const char *input);
/// How many mistakes `validate` finds in settings; the first one goes to `*first`, if that is not NULL ("" for none).
///
///     const char *first;
///     assert(weir_test_check("{\"hot\": \"x\"}", &first) == 1 && strstr(first, "hot"));
size_t weir_test_check(const char *config, const char **first);
/// Whether a value is the same as this JSON text: names and items in the same order, numbers written alike.
///
///     assert(weir_test_equal(r.payload, "{\"text\": \"Hello\"}"));
bool weir_test_equal(const weir_json *value, const char *json);

/// The number of log lines, and one of them from 0, such as `INFO 3 rows {"rows":3}`; "" beyond the end.
size_t weir_test_log_len(void);
const char *weir_test_log(size_t index);

/// Sets a secret. Its placeholder is `{{secret:NAME}}`. Name and value are copied: `weir_test_secret("token", "t-1")`.
void weir_test_secret(const char *name, const char *value);
/// Answers requests. Without it every request is denied. Return NULL for an answer, or `weir_test_error(…)`. NULL takes
/// the function back.
///
///     static const weir_error *busy(const weir_request *request, weir_response *response) {
///       *response = (weir_response){.status = 429};
///       return NULL;
///     }
///     ...
///     weir_test_http(busy);
void weir_test_http(const weir_error *(*answer)(const weir_request *request, weir_response *response));
/// An error as a service gives it, for `weir_test_http`. The message is not copied.
///
///     return weir_test_error(WEIR_TIMEOUT, "no answer in time");
const weir_error *weir_test_error(weir_error_code code, const char *message);
/// Sets what `weir_payload_…` reads; `weir_test_run` does so itself. The text is copied.
void weir_test_payload(const char *json);

/// Forgets all keys, variables, secrets, log lines and results: call it between tests.
void weir_test_reset(void);

#ifdef __cplusplus
}
#endif
#endif
