// The action wrong-c: goes wrong in the way that its input says.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "weir_action.h"

const weir_action_info weir_info = {
    .name = "wrong-c",
    .title = "Goes wrong",
    .version = "1.0.0",
    .config_schema = WEIR_JSON({"type": "object", "properties": {"hot": {"type": "integer", "minimum": 0}}}),
    .output_schema = WEIR_JSON({"type": "integer"}),
    .branches = WEIR_BRANCHES("hot", "cold"),
};

static volatile int64_t sink;

__attribute__((noinline)) static int64_t first(const weir_json *visits) {
  assert(weir_json_kind(visits) == WEIR_ARRAY);
  return 1;
}

__attribute__((noinline)) static int64_t recurse(int64_t depth) {
  volatile char block[512];
  block[0] = (char)depth;
  return recurse(depth + 1) + block[0];
}

__attribute__((noinline)) static void turn(void) {
  for (;;) sink++;
}

__attribute__((noinline)) static void hog(void) {
  for (;;) memset(weir_alloc(1 << 20), 1, 1 << 20);
}

__attribute__((noinline)) static void point(void) {
  *(volatile int *)0x7fffffff = 1;
}

weir_status run(const weir_context *cx, const weir_json *config, const weir_json *input, weir_output *out) {
  (void)cx, (void)config;
  weir_text what = weir_json_string(weir_json_get(input, "what"));
  if (weir_text_equal(what, WEIR_TEXT("raise"))) sink = first(input);
  if (weir_text_equal(what, WEIR_TEXT("abort"))) abort();
  if (weir_text_equal(what, WEIR_TEXT("exit"))) exit(3);
  if (weir_text_equal(what, WEIR_TEXT("point"))) point();
  if (weir_text_equal(what, WEIR_TEXT("recurse"))) sink = recurse(1);
  if (weir_text_equal(what, WEIR_TEXT("loop"))) turn();
  if (weir_text_equal(what, WEIR_TEXT("hog"))) hog();
  if (weir_text_equal(what, WEIR_TEXT("branch"))) return weir_to(out, "warm", weir_integer(1));
  if (weir_text_equal(what, WEIR_TEXT("hot"))) return weir_to(out, "hot", weir_integer(1));
  if (weir_text_equal(what, WEIR_TEXT("kind"))) return weir_to(out, "hot", weir_string(what));
  return weir_invalid(out, "nobody knows how to %.*s", WEIR_ARG(what));
}
