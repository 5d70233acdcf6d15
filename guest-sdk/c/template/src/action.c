#include "weir_action.h"

static void check(const weir_json *config, weir_findings *findings);

const weir_action_info weir_info = {
    .name = "{{name}}",
    .title = "{{Pascal}}",
    .version = "0.1.0",
    .description = "Greets someone by name.",
    .config_schema = WEIR_JSON({
      "type": "object",
      "properties": {
        "greeting": {"type": "string", "title": "Greeting", "default": "Hello"}
      }
    }),
    .input_schema = WEIR_JSON({
      "type": "object",
      "required": ["name"],
      "properties": {"name": {"type": "string"}}
    }),
    .branches = WEIR_BRANCHES("known"),
    .capabilities = WEIR_CAPABILITIES(WEIR_KV("{{name}}")),
    .validate = check,
};

/// Checks settings when a flow is published, beyond what their schema says.
static void check(const weir_json *config, weir_findings *findings) {
  weir_text greeting = weir_json_string(weir_json_get(config, "greeting"));
  if (greeting.data && !greeting.len) weir_finding(findings, "greeting: must not be empty");
}

/// Does the step's work.
weir_status run(const weir_context *cx, const weir_json *config, const weir_json *input, weir_output *out) {
  (void)cx;  // the tenant, the run, the attempt
  const weir_json *who = weir_json_get(input, "name");
  weir_text name = weir_json_string(who);
  if (!name.data) return weir_invalid(out, "`name` is %s, not a string", weir_kind_name(weir_json_kind(who)));

  weir_text greeting = weir_json_string(weir_json_get(config, "greeting"));
  if (!greeting.data) greeting = WEIR_TEXT("Hello");

  int64_t visits;
  const weir_error *error = weir_kv_increment("{{name}}", name, 1, 0, &visits);
  if (error) return weir_pass_on(out, error);

  weir_log(WEIR_INFO, NULL, "visit %lld of %.*s", (long long)visits, WEIR_ARG(name));
  weir_json *output = weir_object();
  weir_put(output, "text", weir_stringf("%.*s, %.*s!", WEIR_ARG(greeting), WEIR_ARG(name)));
  weir_put(output, "visits", weir_integer(visits));
  return visits > 1 ? weir_to(out, "known", output) : weir_next(out, output);
}
