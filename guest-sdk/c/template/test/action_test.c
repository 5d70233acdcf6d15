// Runs on your machine, without weir: see README.md for the command.
#undef NDEBUG
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "weir_test.h"

int main(void) {
  weir_test_result r = weir_test_run("{}", "{\"name\": \"Ana\"}");
  assert(r.status == WEIR_OK && r.branch == NULL);
  assert(weir_test_equal(r.payload, "{\"text\": \"Hello, Ana!\", \"visits\": 1}"));
  assert(strcmp(weir_test_log(0), "INFO visit 1 of Ana") == 0);

  r = weir_test_run("{\"greeting\": \"Hi\"}", "{\"name\": \"Ana\"}");
  assert(strcmp(r.branch, "known") == 0);
  assert(weir_test_equal(weir_json_get(r.payload, "text"), "\"Hi, Ana!\""));

  r = weir_test_run("{}", "{\"name\": 7}");
  assert(r.status == WEIR_IS_INVALID && strcmp(r.message, "`name` is a number, not a string") == 0);

  const char *finding;
  assert(weir_test_check("{\"greeting\": \"\"}", &finding) == 1);
  assert(strcmp(finding, "greeting: must not be empty") == 0);
  puts("ok");
}
