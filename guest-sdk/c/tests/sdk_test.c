// The SDK's own test, run on the machine at hand: JSON in and out, outcomes, and every service of the stand-in.
// See README.md for the command.

#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weir_test.h"

static void check(const weir_json *config, weir_findings *findings);

const weir_action_info weir_info = {
    .name = "sdk-test",
    .title = "Test",
    .version = "1.0.0",
    .description = "Does what its settings say.",
    .config_schema = WEIR_JSON({"type": "object", "properties": {"do": {"type": "string"}}}),
    .branches = WEIR_BRANCHES("left", "right"),
    .capabilities = WEIR_CAPABILITIES(WEIR_KV("visits"), WEIR_HTTP("api.example.com", "GET", "POST"), WEIR_VARIABLES),
    .validate = check,
};

static void check(const weir_json *config, weir_findings *findings) {
  if (!weir_json_string(weir_json_get(config, "do")).data) weir_finding(findings, "do: not a string");
}

weir_status run(const weir_context *cx, const weir_json *config, const weir_json *input, weir_output *out) {
  weir_text what = weir_json_string(weir_json_get(config, "do"));
  if (weir_text_equal(what, WEIR_TEXT("echo"))) return weir_next(out, input);
  if (weir_text_equal(what, WEIR_TEXT("left"))) return weir_to(out, "left", weir_stringf("%s", cx->step));
  if (weir_text_equal(what, WEIR_TEXT("invalid"))) return weir_invalid(out, "%d is wrong", 7);
  if (weir_text_equal(what, WEIR_TEXT("retry"))) return weir_retry(out, 5000, "busy");
  if (weir_text_equal(what, WEIR_TEXT("failed"))) return weir_failed(out, input, "declined");
  if (weir_text_equal(what, WEIR_TEXT("forgets"))) return WEIR_IS_FAILED;
  if (weir_text_equal(what, WEIR_TEXT("http"))) {
    weir_request request = {.url = "https://api.example.com/"};
    weir_response response;
    const weir_error *error = weir_http_send(&request, &response);
    if (error) return weir_pass_on(out, error);
    return weir_next(out, weir_string(weir_response_header(&response, "x-kind")));
  }
  return weir_next(out, NULL);
}

static const weir_json *parse(const char *json) {
  const char *error = "";
  const weir_json *value = weir_json_parse(weir_text_of(json), &error);
  if (!value) printf("%s: %s\n", json, error);
  return value;
}

static void same(const char *json, const char *expected) {
  weir_text text = weir_json_write(parse(json));
  if (strcmp(text.data, expected) != 0) printf("%s: %s\n", json, text.data);
  assert(strcmp(text.data, expected) == 0);
}

static void refused(const char *json, const char *expected) {
  const char *error = "";
  assert(!weir_json_parse(weir_text_of(json), &error));
  if (strcmp(error, expected) != 0) printf("%s: %s\n", json, error);
  assert(strcmp(error, expected) == 0);
}

static void test_round_trips(void) {
  same(" [ 1 , -0.0 , 1e300, 18446744073709551616 ] ", "[1,-0.0,1e300,18446744073709551616]");
  same("{\"a\" : {}, \"b\":[ ] , \"a\":null}", "{\"a\":{},\"b\":[],\"a\":null}");
  same("\"\\u0000\\u001f\\n\\\"\\\\\\/\\u00e9\\ud83d\\ude00\"",
       "\"\\u0000\\u001f\\n\\\"\\\\/\xC3\xA9\xF0\x9F\x98\x80\"");
  same("\"\\uFFFF\x7F\"", "\"\xEF\xBF\xBF\x7F\"");
  weir_text text = weir_json_string(parse("\"a\\u0000b\""));
  assert(text.len == 3 && text.data[1] == 0 && text.data[3] == 0);
  assert(weir_text_count(weir_json_string(parse("\"\\ud83d\\ude00e\\u0301\""))) == 3);
}

static void test_refusals(void) {
  refused("", "line 1, column 1: expected a value, but the text ends");
  refused("[1,\n  ]", "line 2, column 3: expected a value");
  refused("{\"a\" 1}", "line 1, column 6: expected `:`");
  refused("{a:1}", "line 1, column 2: expected a member's name in quotes");
  refused("[1 2]", "line 1, column 4: expected `,` or `]`");
  refused("1 2", "line 1, column 3: expected nothing more");
  refused("01", "line 1, column 2: expected nothing more");
  refused("-", "line 1, column 2: expected a digit");
  refused("1.", "line 1, column 3: expected a digit after the point");
  refused("1e+", "line 1, column 4: expected a digit in the exponent");
  refused("tru", "line 1, column 1: expected a value");
  refused("\"abc", "line 1, column 2: this string has no end");
  refused("\"\\", "line 1, column 2: this string has no end");
  refused("\"\\x\"", "line 1, column 3: unknown escape");
  refused("\"\\u12g4\"", "line 1, column 4: expected four hexadecimal digits after \\u");
  refused("\"\\ud83d\"", "line 1, column 8: half of a surrogate pair");
  refused("\"\\ude00\\ud83d\"", "line 1, column 8: half of a surrogate pair");
  refused("\"\t\"", "line 1, column 2: a control character in a string must be escaped");
  refused("\"\xC0\x80\"", "line 1, column 2: this is not UTF-8");
  refused("\"\xED\xA0\x80\"", "line 1, column 2: this is not UTF-8");
  refused("\"\xF4\x90\x80\x80\"", "line 1, column 2: this is not UTF-8");
}

static void test_depth(void) {
  char deep[2 * WEIR_JSON_DEPTH + 3] = {0};
  memset(deep, '[', WEIR_JSON_DEPTH);
  memset(deep + WEIR_JSON_DEPTH, ']', WEIR_JSON_DEPTH);
  same(deep, deep);
  memset(deep, '[', WEIR_JSON_DEPTH + 1);
  memset(deep + WEIR_JSON_DEPTH + 1, ']', WEIR_JSON_DEPTH + 1);
  refused(deep, "line 1, column 129: nested more than 128 deep");
}

/// Every beginning of a text, and every change of one byte, is read or refused without touching memory beyond it.
static void test_broken_texts(void) {
  static const char text[] = "{\"a\\u00e9\\ud83d\\ude00\":[1.5e-7,true,null,\"\xF0\x9F\x98\x80\\n\"],\"b\":{\"c\":-0}}";
  static const char changes[] = "\0\"\\u0{}[],:x-\x80\xC3\xFF";
  size_t len = sizeof text - 1;
  for (size_t cut = 0; cut <= len; cut++) {
    char *copy = malloc(cut ? cut : 1);  // of exactly this size: a sanitizer notices one byte more
    memcpy(copy, text, cut);
    const char *error = NULL;
    assert((weir_json_parse((weir_text){copy, cut}, &error) != NULL) == (cut == len) && (cut == len || error));
    for (size_t i = 0; cut && i < sizeof changes - 1; i++) {
      copy[cut - 1] = changes[i];
      weir_json_parse((weir_text){copy, cut}, NULL);
    }
    free(copy);
    char whole[sizeof text];
    memcpy(whole, text, sizeof text);
    for (size_t i = 0; cut < len && i < sizeof changes - 1; i++) {
      whole[cut] = changes[i];
      const weir_json *value = weir_json_parse((weir_text){whole, len}, NULL);
      if (value) assert(weir_json_parse(weir_json_write(value), NULL));
    }
  }
}

static void test_numbers(void) {
  int64_t whole = -1;
  assert(weir_json_integer(parse("-9223372036854775808"), &whole) && whole == INT64_MIN);
  assert(weir_json_integer(parse("9223372036854775807"), &whole) && whole == INT64_MAX);
  assert(weir_json_integer(parse("1e2"), &whole) && whole == 100);
  assert(weir_json_integer(parse("60.0"), &whole) && whole == 60);
  assert(weir_json_integer(parse("-0"), &whole) && whole == 0);
  assert(weir_json_integer(parse("1.50e1"), &whole) && whole == 15);
  assert(weir_json_integer(parse("1200e-2"), &whole) && whole == 12);
  assert(weir_json_integer(parse("0.0000000000000000000001e22"), &whole) && whole == 1);
  assert(weir_json_integer(parse("0e999999999999999999999"), &whole) && whole == 0);
  assert(weir_json_integer(parse("9007199254740993.0"), &whole) && whole == 9007199254740993);
  assert(weir_json_integer(parse("-9223372036854775808.00e0"), &whole) && whole == INT64_MIN);
  const char *const others[] = {"9223372036854775808", "-9223372036854775809", "1e300", "1e99999999999999999999", "0.5",
                                "0.99999999999999999999", "15e-1", "1e-400", "100e-3"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    whole = 5;
    assert(!weir_json_integer(parse(others[i]), &whole) && whole == 5);
  }
  assert(!weir_json_integer(parse("9223372036854775808"), &whole));
  assert(!weir_json_integer(parse("1e300"), &whole));
  assert(!weir_json_integer(parse("0.5"), &whole));
  assert(!weir_json_integer(parse("\"1\""), &whole) && !weir_json_integer(NULL, &whole) && whole == 5);
  double number = 1;
  assert(weir_json_number(parse("4.35e2"), &number) && number == 435);
  assert(weir_json_number(parse("1e-7"), &number) && number == 1e-7);
  assert(weir_json_number(parse("9007199254740993"), &number) && number == 9007199254740992.0);
  assert(weir_json_number(parse("-0"), &number) && number == 0 && signbit(number));
  assert(weir_json_number(parse("1e400"), &number) && isinf(number));
  assert(weir_json_number(parse("18446744073709551616"), &number) && number == 18446744073709551616.0);
  const struct {
    double value;
    const char *text;
  } written[] = {{0.1, "0.1"}, {-0.0, "-0"}, {1e300, "1e+300"}, {1.0 / 3, "0.3333333333333333"}, {1e-7, "1e-07"},
                 {5e-324, "4.94065645841247e-324"}, {123456, "123456"}, {INFINITY, "null"}, {NAN, "null"}};
  for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
    assert(strcmp(weir_json_write(weir_number(written[i].value)).data, written[i].text) == 0);
  }
  assert(strcmp(weir_json_write(weir_integer(INT64_MIN)).data, "-9223372036854775808") == 0);
}

static void test_building(void) {
  weir_json *list = weir_array();
  for (int i = 0; i < 100; i++) weir_push(list, weir_integer(i));
  weir_push(list, NULL);
  assert(weir_json_len(list) == 101 && weir_json_kind(weir_json_at(list, 100)) == WEIR_NULL);
  assert(!weir_json_at(list, 101));
  weir_json *object = weir_object();
  weir_put(object, "a", weir_boolean(true));
  weir_put(object, "b", parse("{\"c\":[1]}"));
  weir_put(object, "a", weir_string((weir_text){"\xFFx", 2}));
  assert(weir_test_equal(object, "{\"a\":\"\\ufffdx\",\"b\":{\"c\":[1]}}"));
  assert(weir_text_equal(weir_json_key(object, 1), WEIR_TEXT("b")) && !weir_json_key(object, 2).data);
  assert(!weir_json_get(NULL, "a") && !weir_json_at(NULL, 0) && !weir_json_string(NULL).data);
  assert(weir_json_kind(weir_json_get(parse("{\"a\":1,\"a\":\"x\"}"), "a")) == WEIR_STRING);
  assert(weir_text_compare(WEIR_TEXT("a"), WEIR_TEXT("ab")) < 0);
  assert(weir_text_compare(WEIR_TEXT("b"), WEIR_TEXT("ab")) > 0);
  char *large = weir_alloc(100000);
  memset(large, 'x', 100000);
  assert(weir_json_write(weir_string((weir_text){large, 100000})).len == 100002);
}

static void test_outcomes(void) {
  weir_test_result r = weir_test_run("{\"do\":\"echo\"}", "{\"n\":[1.50]}");
  assert(r.status == WEIR_OK && !r.branch && weir_test_equal(r.payload, "{\"n\":[1.50]}"));
  r = weir_test_run("{\"do\":\"left\"}", "{}");
  assert(strcmp(r.branch, "left") == 0 && weir_test_equal(r.payload, "\"step\""));
  r = weir_test_run("{\"do\":\"invalid\"}", "{}");
  assert(r.status == WEIR_IS_INVALID && strcmp(r.message, "7 is wrong") == 0);
  r = weir_test_run("{\"do\":\"retry\"}", "{}");
  assert(r.status == WEIR_IS_RETRY && r.after_ms == 5000);
  r = weir_test_run("{\"do\":\"failed\"}", "{\"code\":4}");
  assert(r.status == WEIR_IS_FAILED && weir_test_equal(r.detail, "{\"code\":4,\"message\":\"declined\"}"));
  r = weir_test_run("{\"do\":\"failed\"}", "4");
  assert(weir_test_equal(r.detail, "{\"detail\":4,\"message\":\"declined\"}"));
  r = weir_test_run("{\"do\":\"forgets\"}", "{}");
  assert(r.status == WEIR_IS_INVALID && strstr(r.message, "return what weir_next"));
  r = weir_test_run("{\"do\":7}", "{}");
  assert(r.status == WEIR_IS_INVALID && strcmp(r.message, "do: not a string") == 0);
  assert(weir_test_run("null", "{}").status == WEIR_IS_INVALID && weir_test_run("", "{}").status == WEIR_IS_INVALID);
  r = weir_test_run("{\"do\":}", "{}");
  assert(r.status == WEIR_IS_INVALID && strcmp(r.message, "the settings: line 1, column 7: expected a value") == 0);
  r = weir_test_run("{}", "{");
  assert(r.status == WEIR_IS_INVALID && strstr(r.message, "the input: line 1, column 2: expected a member's name"));
  const char *first;
  assert(weir_test_check("{\"do\":1}", &first) == 1 && strcmp(first, "do: not a string") == 0);
  assert(weir_test_check("{\"do\":\"x\"}", NULL) == 0);
}

static const weir_error *busy(const weir_request *request, weir_response *response) {
  (void)request, (void)response;
  return weir_test_error(WEIR_TIMEOUT, "no answer in time");
}

static const weir_error *fine(const weir_request *request, weir_response *response) {
  static const weir_header headers[] = {{"x-kind", {"good", 4}}};
  assert(strcmp(request->url, "https://api.example.com/") == 0);
  *response = (weir_response){.status = 200, .headers = headers, .header_count = 1};
  return NULL;
}

static void test_http(void) {
  weir_test_result r = weir_test_run("{\"do\":\"http\"}", "{}");
  assert(r.status == WEIR_IS_FAILED && strstr(r.message, "no weir_test_http"));
  weir_test_http(busy);
  assert(weir_test_run("{\"do\":\"http\"}", "{}").status == WEIR_IS_RETRY);
  weir_test_http(fine);
  assert(weir_test_equal(weir_test_run("{\"do\":\"http\"}", "{}").payload, "\"good\""));
}

static void test_state(void) {
  int64_t count = 0;
  uint64_t version = 0;
  weir_kv_entry entry;
  weir_kv_page page;
  assert(!weir_kv_increment("visits", WEIR_TEXT("b"), 2, 0, NULL));
  assert(!weir_kv_increment("visits", WEIR_TEXT("b"), 3, 0, &count));
  assert(count == 5);
  assert(weir_kv_increment("visits", WEIR_TEXT("b"), INT64_MAX, 0, &count)->code == WEIR_UNAVAILABLE && count == 5);
  assert(!weir_kv_set("visits", WEIR_TEXT("a"), WEIR_TEXT("x\0y"), 0, &version) && version == 1);
  assert(weir_kv_compare_and_set("visits", WEIR_TEXT("a"), 0, WEIR_TEXT("z"), 0, NULL)->code == WEIR_CONFLICT);
  assert(!weir_kv_get("visits", WEIR_TEXT("a"), &entry) && entry.found && entry.value.len == 3);
  assert(!weir_kv_list("visits", WEIR_TEXT(""), (weir_text){0}, 1, &page) && page.len == 1 && page.cursor.data);
  assert(!weir_kv_list("visits", WEIR_TEXT(""), page.cursor, 1, &page) && !page.cursor.data);
  assert(weir_text_equal(page.keys[0], WEIR_TEXT("b")));
  assert(!weir_kv_delete("visits", WEIR_TEXT("a")) && !weir_kv_get("visits", WEIR_TEXT("a"), &entry) && !entry.found);
  assert(!weir_variable("v") && !weir_variable_set("v", weir_integer(1)) && weir_test_equal(weir_variable("v"), "1"));
  weir_variable_remove("v");
  assert(!weir_variable("v"));
  weir_text secret;
  assert(weir_secret("token", &secret)->code == WEIR_NOT_FOUND);
  weir_test_secret("token", "s3cret");
  assert(!weir_secret("token", &secret) && weir_text_equal(secret, WEIR_TEXT("{{secret:token}}")));
  assert(!weir_secret_reveal("token", &secret) && weir_text_equal(secret, WEIR_TEXT("s3cret")));
  weir_json *fields = weir_object();
  weir_put(fields, "n", weir_integer(1));
  weir_log(WEIR_WARN, fields, "%s", "careful");
  assert(strcmp(weir_test_log(weir_test_log_len() - 1), "WARN careful {\"n\":1}") == 0);
}

static void test_payload(void) {
  uint32_t len = 0;
  size_t count = 0;
  weir_test_payload("{\"a/b\":[{\"~\":\"\xC3\xA9\"}],\"n\":null}");
  assert(weir_payload_kind("") == WEIR_OBJECT && weir_payload_kind("/n") == WEIR_NULL);
  assert(weir_payload_kind("/x") == WEIR_MISSING);
  assert(weir_test_equal(weir_payload_scalar("/a~1b/0/~0"), "\"\xC3\xA9\"") && !weir_payload_scalar("/a~1b"));
  assert(weir_payload_len("/a~1b/0/~0", &len) && len == 2 && !weir_payload_len("/n", &len));
  assert(weir_text_equal(weir_payload_keys("", &count)[1], WEIR_TEXT("n")) && count == 2);
  assert(weir_test_equal(weir_payload_slice("/a~1b/0"), "{\"~\":\"\xC3\xA9\"}") && weir_payload_raw().len == 29);
}

int main(void) {
  void (*const tests[])(void) = {test_round_trips, test_refusals, test_depth, test_broken_texts, test_numbers,
                                 test_building, test_outcomes, test_http, test_state, test_payload};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    tests[i]();
    weir_test_reset();
  }
  printf("%zu tests passed\n", sizeof tests / sizeof *tests);
}
