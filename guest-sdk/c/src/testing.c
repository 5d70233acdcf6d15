// Runs an action without weir, in tests on the author's machine (weir_test.h). The services are in testing_host.c.
#ifndef __wasm__

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing.h"

static const weir_context defaults = {"test", "test", 0, "step", "run-1", 1, 10000, "test-run-1-step"};

weir_context weir_test_context = {"test", "test", 0, "step", "run-1", 1, 10000, "test-run-1-step"};

void weir_test_fail(const char *what, const char *more) {
  fprintf(stderr, "%s: %s\n", what, more);
  exit(1);
}

static const weir_json *must_parse(const char *what, const char *json) {
  const char *error = NULL;
  const weir_json *value = weir_json_parse(weir_text_of(json), &error);
  if (!value) weir_test_fail(what, error);
  return value;
}

/// What upload would refuse.
static void check_info(void) {
  if (!weir_info.name || !weir_info.version) weir_test_fail("weir_info", "`name` or `version` is missing");
  must_parse("weir_info.config_schema", weir_config_schema());
  if (weir_info.input_schema) must_parse("weir_info.input_schema", weir_info.input_schema);
  if (weir_info.output_schema) must_parse("weir_info.output_schema", weir_info.output_schema);
}

static void check_branch(const char *branch) {
  for (const char *const *known = weir_info.branches; known && *known; known++) {
    if (strcmp(*known, branch) == 0) return;
  }
  weir_test_fail("weir_info.branches does not name this branch", branch);
}

weir_test_result weir_test_run(const char *config, const char *input) {
  weir_output out;
  check_info();
  weir_test_payload(input);
  weir_call_run(&weir_test_context, weir_text_of(config), weir_text_of(input), &out);
  if (out.branch.data) check_branch(out.branch.data);
  bool ok = out.status == WEIR_OK;
  return (weir_test_result){
      .status = out.status,
      .payload = ok ? must_parse("the output", weir_json_write(out.payload).data) : NULL,
      .branch = out.branch.data,
      .message = out.message.data ? out.message.data : "",
      .after_ms = out.after_ms,
      .detail = ok ? NULL : out.payload,
  };
}

size_t weir_test_check(const char *config, const char **first) {
  weir_findings findings = {0};
  weir_call_validate(weir_text_of(config), &findings);
  if (first) *first = findings.len ? findings.items[0].data : "";
  return findings.len;
}

bool weir_test_equal(const weir_json *value, const char *json) {
  return weir_text_equal(weir_json_write(value), weir_json_write(must_parse("weir_test_equal", json)));
}

const weir_error *weir_test_error(weir_error_code code, const char *message) {
  return weir_error_of(code, weir_text_of(message));
}

void weir_test_reset(void) {
  weir_test_context = defaults;
  weir_test_forget();
  weir_arena_reset();
}

#endif
