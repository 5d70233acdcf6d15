// Runs on your machine, without weir: see README.md for the command.
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "weir_test.h"

static const char *const SETTINGS = "{\"weights\": {\"visits\": 2, \"company\": 20, \"interests\": 10}, \"hot\": 60}";

static void scores_a_lead(void) {
  const char *lead = "{\"id\": \"lead-7\", \"name\": \"Ana\\u0000\", \"company\": true, \"visits\": 12.9, \"interests\": [1, [2]]}";
  weir_test_result r = weir_test_run(SETTINGS, lead);
  assert(r.status == WEIR_OK && strcmp(r.branch, "hot") == 0);
  assert(weir_test_equal(r.payload, "{\"value\": 64, \"reasons\": [{\"signal\": \"company\", \"points\": 20},"
                                    "{\"signal\": \"interests\", \"points\": 20}, {\"signal\": \"visits\", \"points\": 24}],"
                                    "\"depth\": 3, \"name\": \"Ana\\u0000\", \"seen\": 1}"));
  assert(strcmp(weir_test_log(0), "INFO lead-7 scores 64 {\"score\":64}") == 0);

  r = weir_test_run(SETTINGS, lead);
  assert(weir_test_equal(weir_json_get(r.payload, "seen"), "2"));
}

static void scores_nothing(void) {
  weir_test_result r = weir_test_run("{}", "{}");
  assert(strcmp(r.branch, "cold") == 0);
  assert(weir_test_equal(r.payload, "{\"value\":0,\"reasons\":[],\"depth\":1,\"name\":null,\"seen\":1}"));
  assert(strcmp(weir_test_log(0), "INFO unknown scores 0 {\"score\":0}") == 0);
}

/// Points of the signal `s`, with a weight of 1.
static void counts(const char *lead, const char *points) {
  weir_test_result r = weir_test_run("{\"weights\": {\"s\": 1}}", lead);
  assert(weir_test_equal(weir_json_get(r.payload, "value"), points));
}

static void counts_signals(void) {
  counts("{\"s\": false}", "0");
  counts("{\"s\": null}", "0");
  counts("{\"s\": -0.0}", "0");
  counts("{\"s\": -7}", "0");
  counts("{\"s\": 1e-7}", "0");
  counts("{\"s\": 999.9}", "999");
  counts("{\"s\": 1e300}", "1000");
  counts("{\"s\": 18446744073709551616}", "1000");
  counts("{\"s\": \"e\\u0301\\ud83e\\udd80\"}", "3");
  counts("{\"s\": {\"a\": 1, \"b\": 2}}", "2");
}

static void refuses(void) {
  weir_test_result r = weir_test_run("{}", "[]");
  assert(r.status == WEIR_IS_INVALID && strcmp(r.message, "a lead is a JSON object") == 0);

  const char *first;
  assert(weir_test_check(SETTINGS, NULL) == 0);
  assert(weir_test_check("{\"weights\": {\"a\": 1001, \"b\": 1.5}, \"hot\": \"x\"}", &first) == 3);
  assert(strcmp(first, "weights.a: not a whole number from 0 to 1000") == 0);
  assert(weir_test_check("{\"weights\": []}", &first) == 1 && strncmp(first, "weights: ", 9) == 0);
}

int main(void) {
  void (*const tests[])(void) = {scores_a_lead, scores_nothing, counts_signals, refuses};
  for (size_t i = 0; i < sizeof tests / sizeof *tests; i++) {
    tests[i]();
    weir_test_reset();
  }
  puts("ok");
}
