// What a component exports, by the canonical ABI of world `action` (weir:action@1.0.0), written by hand: 32-bit
// pointers, so the structs below have the layout that the ABI prescribes. `wasm-tools component embed --dummy-names
// legacy` prints the signatures. Nothing is given back after a call: every call has a fresh instance.
#ifdef __wasm__

#include <string.h>

#include "abi.h"

#define EXPORT(name) __attribute__((export_name(name)))

typedef struct abi_list {
  const void *items;
  size_t len;
} abi_list;

typedef struct abi_option {
  uint8_t some;
  weir_text text;
} abi_option;

typedef struct abi_capability {
  uint8_t kind;
  weir_text name;  // of the bucket or secret; of http the host
  abi_list methods;
} abi_capability;

typedef struct abi_info {
  weir_text name, title, version, description, config_schema;
  abi_option input_schema, output_schema;
  abi_list branches, capabilities;
} abi_info;

typedef struct abi_findings {
  uint8_t is_error;
  abi_list findings;
} abi_findings;

typedef struct abi_call {
  weir_text tenant, flow;
  uint32_t flow_version;
  weir_text step, execution;
  uint32_t attempt, deadline_ms;
  weir_text idempotency_key, config, input;
} abi_call;

typedef struct abi_outcome {
  uint8_t is_error;
  union {
    struct {
      weir_text payload;
      abi_option branch;
    } output;
    struct {
      uint8_t kind;  // invalid, retryable, failed
      weir_text text;
      uint8_t has_after;
      uint32_t after_ms;
    } error;
  };
} abi_outcome;

_Static_assert(sizeof(abi_info) == 80 && sizeof(abi_capability) == 20, "layout of action-info");
_Static_assert(sizeof(abi_call) == 68 && sizeof(abi_outcome) == 24, "layout of run");

/// Called by the host for what it passes in. One byte more makes room for the zero that ends a C string.
EXPORT("cabi_realloc") void *weir_abi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)align;  // at most 8, which every block has
  return weir_regrow(old, old_size ? old_size + 1 : 0, size + 1);
}

static const char *ended(weir_text text) {
  return weir_host_text(text).data;
}

static weir_text string(const char *text) {
  return weir_clean(weir_text_of(text));
}

static abi_option option(weir_text text) {
  return (abi_option){text.data != NULL, text.data ? weir_clean(text) : text};
}

static abi_list strings(const char *const *items) {
  size_t len = 0;
  while (items && items[len]) len++;
  weir_text *list = weir_alloc(len * sizeof *list);
  for (size_t i = 0; i < len; i++) list[i] = string(items[i]);
  return (abi_list){list, len};
}

static abi_list capabilities(const weir_capability *items) {
  size_t len = 0;
  while (items && items[len].kind != WEIR_CAPABILITY_END) len++;
  abi_capability *list = weir_alloc(len * sizeof *list);
  for (size_t i = 0; i < len; i++) {
    list[i] = (abi_capability){(uint8_t)(items[i].kind - WEIR_CAPABILITY_HTTP), string(items[i].name), {NULL, 0}};
    if (items[i].kind == WEIR_CAPABILITY_HTTP) list[i].methods = strings(items[i].methods);
  }
  return (abi_list){list, len};
}

EXPORT("describe") const abi_info *weir_abi_describe(void) {
  abi_info *info = weir_alloc(sizeof *info);
  *info = (abi_info){
      .name = string(weir_info.name),
      .title = string(weir_info.title),
      .version = string(weir_info.version),
      .description = string(weir_info.description),
      .config_schema = string(weir_config_schema()),
      .input_schema = option(weir_text_of(weir_info.input_schema)),
      .output_schema = option(weir_text_of(weir_info.output_schema)),
      .branches = strings(weir_info.branches),
      .capabilities = capabilities(weir_info.capabilities),
  };
  return info;
}

EXPORT("validate") const abi_findings *weir_abi_validate(const char *config, size_t len) {
  weir_findings found = {0};
  weir_call_validate((weir_text){config, len}, &found);
  for (size_t i = 0; i < found.len; i++) found.items[i] = weir_clean(found.items[i]);
  abi_findings *result = weir_alloc(sizeof *result);
  *result = (abi_findings){found.len != 0, {found.items, found.len}};
  return result;
}

EXPORT("run") const abi_outcome *weir_abi_run(const abi_call *call) {
  weir_context cx = {
      .tenant = ended(call->tenant),
      .flow = ended(call->flow),
      .flow_version = call->flow_version,
      .step = ended(call->step),
      .execution = ended(call->execution),
      .attempt = call->attempt,
      .deadline_ms = call->deadline_ms,
      .idempotency_key = ended(call->idempotency_key),
  };
  weir_output out;
  weir_call_run(&cx, call->config, call->input, &out);

  abi_outcome *outcome = weir_alloc(sizeof *outcome);
  memset(outcome, 0, sizeof *outcome);
  outcome->is_error = out.status != WEIR_OK;
  if (out.status == WEIR_OK) {
    outcome->output.payload = weir_json_write(out.payload);
    outcome->output.branch = option(out.branch);
  } else {
    outcome->error.kind = (uint8_t)(out.status - WEIR_IS_INVALID);
    outcome->error.text = out.status == WEIR_IS_FAILED ? weir_json_write(out.payload) : weir_clean(out.message);
    outcome->error.has_after = out.after_ms != 0;
    outcome->error.after_ms = out.after_ms;
  }
  return outcome;
}

#endif
