// Calls of weir's interface http, by the canonical ABI (see abi.c).
#ifdef __wasm__

#include "abi.h"

typedef struct http_header {
  weir_text name, value;
} http_header;

typedef struct result_response {
  uint8_t is_error;
  union {
    struct {
      uint16_t status;
      http_header *headers;
      size_t header_count;
      weir_text body;
      uint8_t truncated;
    };
    struct {
      uint8_t kind;
      weir_text message;
    } error;
  };
} result_response;

_Static_assert(sizeof(result_response) == 28, "layout of response");

WEIR_IMPORT("http", "send")
void http_send(WEIR_TEXT_ARGS, WEIR_TEXT_ARGS, const http_header *, size_t, int, WEIR_TEXT_ARGS, int, uint32_t,
               result_response *);

static const weir_error *http_failed(const char *url, const result_response *result) {
  static const struct {
    weir_error_code code;
    const char *message;
  } kinds[] = {
      {WEIR_DENIED, "denied: "},
      {WEIR_REQUESTS_USED_UP, "the step's number of requests or bytes is used up"},
      {WEIR_TIMEOUT, "no answer in time"},
      {WEIR_TOO_LARGE, "the request is larger than the limit"},
      {WEIR_DNS, "the host's name was not resolved: "},
      {WEIR_CONNECT, "no connection: "},
      {WEIR_TLS, "the TLS handshake failed: "},
      {WEIR_PROTOCOL, "the other side does not speak HTTP properly: "},
      {WEIR_BAD_VALUE, "the request makes no sense: "},
  };
  size_t kind = result->error.kind;
  if (kind >= sizeof kinds / sizeof *kinds) kind = sizeof kinds / sizeof *kinds - 1;
  bool says_more = kinds[kind].message[weir_text_of(kinds[kind].message).len - 1] == ' ';
  weir_text more = says_more ? result->error.message : WEIR_TEXT("");
  return weir_error_of(kinds[kind].code, weir_format("%s: %s%.*s", url, kinds[kind].message, WEIR_ARG(more)));
}

static const weir_header *lift_headers(const result_response *result) {
  weir_header *headers = weir_alloc(result->header_count * sizeof *headers);
  for (size_t i = 0; i < result->header_count; i++) {
    headers[i] = (weir_header){weir_host_text(result->headers[i].name).data, weir_host_text(result->headers[i].value)};
  }
  return headers;
}

const weir_error *weir_http_send(const weir_request *request, weir_response *response) {
  weir_text method = weir_clean(weir_text_of(request->method ? request->method : "GET"));
  weir_text url = weir_clean(weir_text_of(request->url));
  http_header *headers = weir_alloc(request->header_count * sizeof *headers);
  for (size_t i = 0; i < request->header_count; i++) {
    headers[i] = (http_header){weir_clean(weir_text_of(request->headers[i].name)), request->headers[i].value};
  }
  result_response result;
  http_send(WEIR_PASS(method), WEIR_PASS(url), headers, request->header_count, request->body.data != NULL,
            WEIR_PASS(request->body), request->timeout_ms != 0, request->timeout_ms, &result);
  *response = (weir_response){0};
  if (result.is_error) return http_failed(url.data, &result);
  *response = (weir_response){result.status, lift_headers(&result), result.header_count, weir_host_text(result.body),
                              result.truncated};
  return NULL;
}

#endif
