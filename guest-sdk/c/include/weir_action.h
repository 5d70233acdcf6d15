/// What an author of an action in C includes: what the action is, its functions, errors, logging. The services of weir
/// (kv, variables, secrets, http, payload) are in weir_services.h, JSON is in weir_json.h; both come with this file.
///
/// An action defines two things: `weir_info`, which says what it is, and `run`, which does a step's work.
///
///     #include "weir_action.h"
///
///     const weir_action_info weir_info = {
///         .name = "double", .title = "Double a number", .version = "1.0.0",
///         .description = "Doubles `n`.",
///     };
///
///     weir_status run(const weir_context *cx, const weir_json *config, const weir_json *input, weir_output *out) {
///       int64_t n;
///       if (!weir_json_integer(weir_json_get(input, "n"), &n)) return weir_invalid(out, "`n` is not a whole number");
///       return weir_next(out, weir_integer(2 * n));
///     }
///
/// Memory: every run has a fresh instance. What the functions return lives until the call is over; free nothing.
/// Pointers that they take must not be NULL unless it is said, and are not kept beyond the call that they are given to,
/// except values of JSON, which may be shared. Where there is no memory left, the action ends with a message.
/// Standard library: all that needs no files, clock or environment works, such as <string.h>, <stdlib.h>, <math.h>,
/// `snprintf` and `assert`. `printf` and its like need WASI; use `weir_log` instead.
#ifndef WEIR_ACTION_H
#define WEIR_ACTION_H

#include "weir_json.h"

#ifdef __cplusplus
extern "C" {
#endif

// --- What the action is -------------------------------------------------------------------------------------------

/// JSON text without quoting it: `WEIR_JSON({"type": "object"})`.
#define WEIR_JSON(...) #__VA_ARGS__

/// The exits besides `next` and `error`: `.branches = WEIR_BRANCHES("hot", "cold")`.
#define WEIR_BRANCHES(...) ((const char *const[]){__VA_ARGS__, NULL})

/// Something that the action asks for. Make it by one of the macros below.
typedef struct weir_capability {
  enum {
    WEIR_CAPABILITY_END,
    WEIR_CAPABILITY_HTTP,
    WEIR_CAPABILITY_KV,
    WEIR_CAPABILITY_SECRET,
    WEIR_CAPABILITY_VARIABLES,
    WEIR_CAPABILITY_CLOCK,
    WEIR_CAPABILITY_RANDOM,
  } kind;
  const char *name;            // the bucket, the secret or the host
  const char *const *methods;  // of http, ended by NULL
} weir_capability;

/// `.capabilities = WEIR_CAPABILITIES(WEIR_KV("visits"), WEIR_HTTP("api.example.com", "GET", "POST"))`.
#define WEIR_CAPABILITIES(...) ((const weir_capability[]){__VA_ARGS__, {WEIR_CAPABILITY_END, NULL, NULL}})
/// Requests to one host, by these methods in upper case.
#define WEIR_HTTP(host, ...) {WEIR_CAPABILITY_HTTP, host, (const char *const[]){__VA_ARGS__, NULL}}
/// One bucket of the key-value store.
#define WEIR_KV(bucket) {WEIR_CAPABILITY_KV, bucket, NULL}
/// One secret.
#define WEIR_SECRET(name) {WEIR_CAPABILITY_SECRET, name, NULL}
/// The run's variables.
#define WEIR_VARIABLES {WEIR_CAPABILITY_VARIABLES, NULL, NULL}
/// The wall clock, and random bytes, through WASI.
#define WEIR_CLOCK {WEIR_CAPABILITY_CLOCK, NULL, NULL}
#define WEIR_RANDOM {WEIR_CAPABILITY_RANDOM, NULL, NULL}

/// What a check of settings found; see `weir_finding`.
typedef struct weir_findings weir_findings;

/// What the action says of itself, read at upload. Members that are left out are NULL: none.
typedef struct weir_action_info {
  const char *name;           // what flows use: a-z, 0-9 and `-`, at most 63 characters
  const char *title;          // for people
  const char *version;        // such as 1.4.2
  const char *description;    // what it does
  const char *config_schema;  // JSON Schema (2020-12) of the settings; any object where it is left out
  const char *input_schema;   // JSON Schema of the input
  const char *output_schema;  // JSON Schema of the output
  const char *const *branches;
  const weir_capability *capabilities;
  /// Checks settings beyond their schema: one `weir_finding` for each mistake. Called when a flow is published, and
  /// before `run`, because settings with expressions are complete only then. Services other than the log do not answer.
  void (*validate)(const weir_json *config, weir_findings *findings);
  /// Leave the input unread: `run` gets NULL for it and reads parts by `weir_payload_…`. Worth it above a few
  /// kilobytes.
  bool lazy_input;
} weir_action_info;

/// Yours to define.
extern const weir_action_info weir_info;

// --- A step's work ------------------------------------------------------------------------------------------------

/// Facts about this call.
typedef struct weir_context {
  const char *tenant;
  const char *flow;
  uint32_t flow_version;        // 0 for a draft
  const char *step;             // the step's id
  const char *execution;        // the run's id
  uint32_t attempt;             // from 1
  uint32_t deadline_ms;         // the wall time left when the call began, in milliseconds
  const char *idempotency_key;  // the same for every attempt of this step: for services that deduplicate
} weir_context;

/// How a call ended. Get it from `weir_next`, `weir_to`, `weir_invalid`, `weir_retry`, `weir_failed` or `weir_pass_on`.
typedef enum weir_status { WEIR_OK, WEIR_IS_INVALID, WEIR_IS_RETRY, WEIR_IS_FAILED } weir_status;

/// Where the outcome of a call goes.
typedef struct weir_output weir_output;

/// Yours to define: does the step's work. `config` is what the step has under `with`, after `validate` had no findings;
/// an empty object where the step has none. Texts of `cx` are UTF-8. Return what one of the functions below returns.
weir_status run(const weir_context *cx, const weir_json *config, const weir_json *input, weir_output *out);

/// The step is done: leave by `next` with this output. NULL is null. Always WEIR_OK.
///
///     return weir_next(out, weir_stringf("order %lld", (long long)number));
weir_status weir_next(weir_output *out, const weir_json *payload);
/// The step is done: leave by one of the `branches` that `weir_info` names; NULL leaves by `next`. Always WEIR_OK. The
/// server lets the step fail that names another branch, and `weir_test_run` ends the test.
///
///     return weir_to(out, total >= limit ? "hot" : "cold", result);
weir_status weir_to(weir_output *out, const char *branch, const weir_json *payload);

/// The input or the settings are wrong: trying again is of no use. Always WEIR_IS_INVALID. The message, formatted like
/// `printf` does, is for people: name the place, what is there and what is wanted.
///
///     return weir_invalid(out, "`amount` is %s, not a number", weir_kind_name(weir_json_kind(amount)));
weir_status weir_invalid(weir_output *out, const char *format, ...) WEIR_FORMAT(2, 3);
/// It may work later: the step's `retry` applies, with at least `after_ms` milliseconds in between. 0 leaves the pause
/// to the flow. Always WEIR_IS_RETRY.
///
///     if (response.status == 429) return weir_retry(out, 1000, "the service is busy");
weir_status weir_retry(weir_output *out, uint32_t after_ms, const char *format, ...) WEIR_FORMAT(3, 4);
/// The action decided that this is a failure. The `error` exit reads the members of the object `detail` as
/// `error.detail.…`, any other value as `error.detail.detail`; NULL where there is no more to say than the message,
/// which becomes `error.detail.message` unless `detail` has one. Always WEIR_IS_FAILED.
///
///     weir_json *detail = weir_object();
///     weir_put(detail, "reason", weir_string(WEIR_TEXT("expired")));
///     return weir_failed(out, detail, "the card was declined");
weir_status weir_failed(weir_output *out, const weir_json *detail, const char *format, ...) WEIR_FORMAT(3, 4);

/// Writes down one mistake in the settings, for `validate`. Begin the message with its place.
///
///     if (hot < cold) weir_finding(findings, "hot: %lld is below `cold`", (long long)hot);
void weir_finding(weir_findings *findings, const char *format, ...) WEIR_FORMAT(2, 3);

// --- Logging ------------------------------------------------------------------------------------------------------

/// How much a log line matters.
typedef enum weir_level { WEIR_TRACE, WEIR_DEBUG, WEIR_INFO, WEIR_WARN, WEIR_ERROR } weir_level;

/// Writes one line into the run's log, formatted like `printf` does. `fields` is an object that goes with it, or NULL.
/// It never fails: lines beyond the step's limit are counted, not kept.
///
///     weir_log(WEIR_INFO, NULL, "%zu rows", weir_json_len(rows));
void weir_log(weir_level level, const weir_json *fields, const char *format, ...) WEIR_FORMAT(3, 4);

/// Ends the action where it must not go on: the message goes to the log as an error with file and line, and the step
/// fails. `abort` does the same in files that include this one, and so does `assert` below `#undef NDEBUG` (builds leave
/// assertions out otherwise). For mistakes of the caller use `weir_invalid`. Messages above 1 kB are cut.
///
///     if (left < 0) weir_panic("left is %d: this loop miscounts", left);
#define weir_panic(...) weir_panic_at(__FILE__, __LINE__, __VA_ARGS__)
/// What `weir_panic` calls.
__attribute__((noreturn)) void weir_panic_at(const char *file, int line, const char *format, ...) WEIR_FORMAT(3, 4);

#ifdef __wasm__
// The C library's own would print through WASI, or say nothing. Renamed here, because a linker takes no second ones.
#include <stdlib.h>
#define __assert_fail weir_assert_fail
__attribute__((noreturn)) void weir_assert_fail(const char *expression, const char *file, int line,
                                                const char *function);
#ifndef __cplusplus
#define abort() weir_panic("abort() was called")
#endif
#endif

#ifdef __cplusplus
}
#endif

#include "weir_services.h"

#endif
