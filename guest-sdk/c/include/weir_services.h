/// What weir does for an action in C: kv, variables, secrets, http and parts of the input. Include weir_action.h.
#ifndef WEIR_SERVICES_H
#define WEIR_SERVICES_H

#include "weir_action.h"

#ifdef __cplusplus
extern "C" {
#endif

// --- Errors of services -------------------------------------------------------------------------------------------

/// Why a service did not do what it was asked.
typedef enum weir_error_code {
  WEIR_NOT_GRANTED = 1,  // the tenant has not granted it
  WEIR_NOT_FOUND,        // there is none by that name
  WEIR_QUOTA_EXCEEDED,   // the tenant's or the step's quota of the store is used up
  WEIR_REQUESTS_USED_UP, // the step's number of requests or bytes is used up
  WEIR_TOO_LARGE,        // larger than the limit
  WEIR_CONFLICT,         // the version was not the expected one
  WEIR_UNAVAILABLE,      // the store does not answer
  WEIR_DENIED,           // the address is not allowed
  WEIR_TIMEOUT,          // no answer in time
  WEIR_DNS,              // the host's name was not resolved
  WEIR_CONNECT,          // no connection
  WEIR_TLS,              // the TLS handshake failed
  WEIR_PROTOCOL,         // the other side does not speak HTTP properly
  WEIR_BAD_VALUE,        // the request or the value makes no sense
} weir_error_code;

/// An error. Functions that can fail return one, or NULL where all is well; unless it is said otherwise, they write a
/// result only then. It lives until the call is over, like everything else.
typedef struct weir_error {
  weir_error_code code;
  bool passing;         // waiting can help
  const char *message;  // for people
} weir_error;

/// Makes a service's error the outcome of the action: retryable where waiting can help, failed otherwise. `error` must
/// not be NULL.
///
///     const weir_error *error = weir_kv_increment("visits", WEIR_TEXT("all"), 1, 0, &visits);
///     if (error) return weir_pass_on(out, error);
weir_status weir_pass_on(weir_output *out, const weir_error *error);

// --- kv: lasting state of the tenant ------------------------------------------------------------------------------
// In buckets that `capabilities` names. What is written stays even where the step fails afterwards.
// `ttl_ms`: how long a key lives, in milliseconds; 0 for ever. It is set anew by every write, `weir_kv_increment` too.

/// A stored value.
typedef struct weir_kv_entry {
  bool found;              // whether the key is there; the rest counts only then
  weir_text value;         // the bytes
  uint64_t version;        // grows with every change of the key
  uint64_t expires_at_ms;  // since the Unix epoch; 0 for never
} weir_kv_entry;

/// Reads a key. WEIR_NOT_GRANTED, WEIR_QUOTA_EXCEEDED, WEIR_UNAVAILABLE.
///
///     weir_kv_entry entry;
///     const weir_error *error = weir_kv_get("visits", WEIR_TEXT("all"), &entry);
///     if (error) return weir_pass_on(out, error);
///     if (entry.found) ...
const weir_error *weir_kv_get(const char *bucket, weir_text key, weir_kv_entry *entry);
/// Writes a key. Its new version goes to `*version`, if that is not NULL. The errors of `weir_kv_get`, and
/// WEIR_TOO_LARGE.
///
///     error = weir_kv_set("visits", WEIR_TEXT("last"), weir_text_of(cx->execution), 24 * 3600 * 1000, NULL);
const weir_error *weir_kv_set(const char *bucket, weir_text key, weir_text value, uint64_t ttl_ms, uint64_t *version);
/// Writes a key if its version is `expected`, otherwise WEIR_CONFLICT; 0 expects that it is absent. Other errors as of
/// `weir_kv_set`.
///
///     error = weir_kv_compare_and_set("locks", key, 0, weir_text_of(cx->execution), 60000, NULL);
///     if (error && error->code == WEIR_CONFLICT) return weir_to(out, "taken", NULL);
const weir_error *weir_kv_compare_and_set(const char *bucket, weir_text key, uint64_t expected, weir_text value,
                                          uint64_t ttl_ms, uint64_t *version);
/// Adds to a counter; an absent key counts from 0. The new value goes to `*value`, if that is not NULL. Errors as of
/// `weir_kv_get`; a key that holds something else than a counter is one.
///
///     int64_t visits;
///     const weir_error *error = weir_kv_increment("visits", WEIR_TEXT("all"), 1, 0, &visits);
const weir_error *weir_kv_increment(const char *bucket, weir_text key, int64_t delta, uint64_t ttl_ms, int64_t *value);
/// Deletes a key, if it is there. Errors as of `weir_kv_get`.
///
///     error = weir_kv_delete("locks", key);
const weir_error *weir_kv_delete(const char *bucket, weir_text key);

/// Keys of a bucket.
typedef struct weir_kv_page {
  const weir_text *keys;  // in order
  size_t len;
  weir_text cursor;       // for the next page; no text (`data` NULL) at the end
} weir_kv_page;

/// Keys with a prefix, at most `limit` at once. For the first page `cursor` is `(weir_text){0}`. Errors as of
/// `weir_kv_get`.
///
///     weir_kv_page page = {0};
///     do {
///       error = weir_kv_list("visits", WEIR_TEXT("2026/"), page.cursor, 100, &page);
///       if (error) return weir_pass_on(out, error);
///       for (size_t i = 0; i < page.len; i++) ...
///     } while (page.cursor.data);
const weir_error *weir_kv_list(const char *bucket, weir_text prefix, weir_text cursor, uint32_t limit,
                               weir_kv_page *page);

// --- variables of the run -----------------------------------------------------------------------------------------

/// The variable's value; NULL where there is none.
///
///     weir_text plan = weir_json_string(weir_variable("plan"));
const weir_json *weir_variable(const char *name);
/// Sets it; NULL sets null. It counts once `run` succeeds. WEIR_BAD_VALUE: a bad name or too large a value.
///
///     error = weir_variable_set("plan", weir_string(WEIR_TEXT("pro")));
const weir_error *weir_variable_set(const char *name, const weir_json *value);
/// Removes it, if it is there: `weir_variable_remove("plan")`.
void weir_variable_remove(const char *name);

// --- secrets ------------------------------------------------------------------------------------------------------

/// A stand-in for the secret: weir puts the value in its place inside requests to hosts that the secret allows.
/// WEIR_NOT_GRANTED, WEIR_NOT_FOUND.
///
///     weir_text token;
///     const weir_error *error = weir_secret("crm-token", &token);
///     if (error) return weir_pass_on(out, error);
///     weir_header headers[] = {{"authorization", weir_format("Bearer %.*s", WEIR_ARG(token))}};
const weir_error *weir_secret(const char *name, weir_text *placeholder);
/// The value itself; needs a grant of its own. The same errors.
///
///     error = weir_secret_reveal("signing-key", &key);
const weir_error *weir_secret_reveal(const char *name, weir_text *value);

// --- http ---------------------------------------------------------------------------------------------------------

/// A header.
typedef struct weir_header {
  const char *name;
  weir_text value;
} weir_header;

/// A request. What is left out is none.
///
///     weir_header headers[] = {{"content-type", WEIR_TEXT("application/json")}};
///     weir_request request = {.method = "POST", .url = "https://api.example.com/leads", .headers = headers,
///                             .header_count = 1, .body = weir_json_write(input), .timeout_ms = 2000};
///     weir_response response;
///     const weir_error *error = weir_http_send(&request, &response);
///     if (error) return weir_pass_on(out, error);
///     if (response.status == 429) return weir_retry(out, 1000, "the service is busy");
typedef struct weir_request {
  const char *method;  // in upper case; GET where it is left out
  const char *url;     // absolute, http or https
  const weir_header *headers;
  size_t header_count;
  weir_text body;
  uint32_t timeout_ms;  // for the whole answer, in milliseconds; 0 for the step's own time, which is the most
} weir_request;

/// An answer.
typedef struct weir_response {
  uint16_t status;
  const weir_header *headers;  // names in lower case
  size_t header_count;
  weir_text body;  // cut to the step's limit
  bool truncated;  // whether the body was cut
} weir_response;

/// Sends a request and waits for its answer. Any status is an answer, not an error. WEIR_DENIED, WEIR_REQUESTS_USED_UP,
/// WEIR_TIMEOUT, WEIR_TOO_LARGE, WEIR_DNS, WEIR_CONNECT, WEIR_TLS, WEIR_PROTOCOL, WEIR_BAD_VALUE; then `*response` is
/// cleared. An example is at `weir_request`.
const weir_error *weir_http_send(const weir_request *request, weir_response *response);
/// The first header of that name, in lower case; no text where there is none. It belongs to the response.
///
///     weir_text type = weir_response_header(&response, "content-type");
weir_text weir_response_header(const weir_response *response, const char *name);

// --- payload: parts of the input by JSON Pointer (RFC 6901), without reading all of it ------------------------------
// Set `.lazy_input = true` in `weir_info` to gain from it. The pointer of the whole input is "".

/// The kind of what the pointer leads to; WEIR_MISSING where there is nothing.
///
///     if (weir_payload_kind("/order/items") != WEIR_ARRAY) return weir_invalid(out, "`order.items` is no list");
weir_kind weir_payload_kind(const char *pointer);
/// A value that is no list and no object; NULL for those and where there is nothing. Numbers come as 64-bit integers
/// where they fit, else as doubles; `weir_payload_slice` keeps their digits.
///
///     weir_text id = weir_json_string(weir_payload_scalar("/order/id"));
const weir_json *weir_payload_scalar(const char *pointer);
/// The number of items of a list, of members of an object, or of bytes of a string, to `*len`; false for anything else,
/// and then `*len` stays as it was.
///
///     uint32_t items = 0;
///     weir_payload_len("/order/items", &items);
bool weir_payload_len(const char *pointer, uint32_t *len);
/// The names of an object's members, in their order; their number goes to `*len`, which is 0 for anything else.
///
///     size_t len;
///     const weir_text *names = weir_payload_keys("/headers", &len);
const weir_text *weir_payload_keys(const char *pointer, size_t *len);
/// A part of the input, read; NULL where there is nothing, or where it nests deeper than WEIR_JSON_DEPTH.
///
///     const weir_json *first = weir_payload_slice("/order/items/0");
const weir_json *weir_payload_slice(const char *pointer);
/// The whole input as bytes of JSON text; `weir_json_parse` reads it.
///
///     weir_text all = weir_payload_raw();
weir_text weir_payload_raw(void);

#ifdef __cplusplus
}
#endif
#endif
