// Scores a lead from weights, counts in kv how often it was seen, and sends it down one of two branches.

#include <stdlib.h>

#include "weir_action.h"

enum { MOST = 1000 };  // of one signal, and of one weight

static void check(const weir_json *config, weir_findings *findings);

const weir_action_info weir_info = {
    .name = "score-c",
    .title = "Score a lead (C)",
    .version = "1.0.0",
    .description = "Scores a lead from weights and sends it down one of two branches, hot or cold.",
    .config_schema = WEIR_JSON({
      "type": "object",
      "properties": {
        "weights": {
          "type": "object",
          "title": "Weights",
          "description": "Points for each signal, a member of the lead.",
          "additionalProperties": {"type": "integer", "minimum": 0, "maximum": 1000},
          "default": {}
        },
        "hot": {"type": "integer", "title": "Hot", "description": "The score from which a lead is hot.", "default": 60}
      }
    }),
    .input_schema = WEIR_JSON({"type": "object"}),
    .output_schema = WEIR_JSON({
      "type": "object",
      "properties": {
        "value": {"type": "integer"},
        "reasons": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {"signal": {"type": "string"}, "points": {"type": "integer"}}
          }
        },
        "depth": {"type": "integer"},
        "name": {"type": ["string", "null"]},
        "seen": {"type": "integer"}
      }
    }),
    .branches = WEIR_BRANCHES("hot", "cold"),
    .capabilities = WEIR_CAPABILITIES(WEIR_KV("score-c")),
    .validate = check,
};

static void check(const weir_json *config, weir_findings *findings) {
  const weir_json *weights = weir_json_get(config, "weights");
  weir_kind kind = weir_json_kind(weights);
  if (kind != WEIR_MISSING && kind != WEIR_OBJECT) {
    weir_finding(findings, "weights: %s, not an object of signals and points", weir_kind_name(kind));
  }
  for (size_t i = 0; kind == WEIR_OBJECT && i < weir_json_len(weights); i++) {
    int64_t weight;
    if (!weir_json_integer(weir_json_at(weights, i), &weight) || weight < 0 || weight > MOST) {
      weir_finding(findings, "weights.%.*s: not a whole number from 0 to %d", WEIR_ARG(weir_json_key(weights, i)), MOST);
    }
  }
  int64_t hot;
  const weir_json *limit = weir_json_get(config, "hot");
  if (limit && !weir_json_integer(limit, &hot)) weir_finding(findings, "hot: not a whole number");
}

static int64_t at_most(size_t count) {
  return count < MOST ? (int64_t)count : MOST;
}

/// How often a signal counts.
static int64_t times(const weir_json *signal) {
  bool set = false;
  double number = 0;
  switch (weir_json_kind(signal)) {
    case WEIR_BOOLEAN: return weir_json_boolean(signal, &set) && set;
    case WEIR_NUMBER:
      weir_json_number(signal, &number);
      return number >= MOST ? MOST : number > 0 ? (int64_t)number : 0;
    case WEIR_STRING: return at_most(weir_text_count(weir_json_string(signal)));
    case WEIR_ARRAY:
    case WEIR_OBJECT: return at_most(weir_json_len(signal));
    default: return 0;
  }
}

static int64_t depth(const weir_json *value) {
  if (weir_json_kind(value) != WEIR_ARRAY && weir_json_kind(value) != WEIR_OBJECT) return 0;
  int64_t deepest = 0;
  for (size_t i = 0; i < weir_json_len(value); i++) {
    int64_t below = depth(weir_json_at(value, i));
    if (below > deepest) deepest = below;
  }
  return deepest + 1;
}

/// The lead's id where it can be a key, else "unknown".
static weir_text key_of(const weir_json *lead) {
  weir_text id = weir_json_string(weir_json_get(lead, "id"));
  if (id.len < 1 || id.len > 64) return WEIR_TEXT("unknown");
  for (size_t i = 0; i < id.len; i++) {
    char c = id.data[i];
    bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    if (!plain) return WEIR_TEXT("unknown");
  }
  return id;
}

typedef struct signal {
  weir_text name;
  int64_t weight;
} signal;

static int by_name(const void *a, const void *b) {
  return weir_text_compare(((const signal *)a)->name, ((const signal *)b)->name);
}

/// The points of every signal in the order of their names; `reasons` gets those that count.
static int64_t score(const weir_json *weights, const weir_json *lead, weir_json *reasons) {
  size_t len = weir_json_len(weights);
  signal *signals = weir_alloc(len * sizeof *signals);
  for (size_t i = 0; i < len; i++) {
    signals[i] = (signal){weir_json_key(weights, i), 0};
    weir_json_integer(weir_json_at(weights, i), &signals[i].weight);
  }
  qsort(signals, len, sizeof *signals, by_name);

  int64_t value = 0;
  for (size_t i = 0; i < len; i++) {
    int64_t points = times(weir_json_find(lead, signals[i].name)) * signals[i].weight;
    if (points <= 0) continue;
    value += points;
    weir_json *reason = weir_object();
    weir_put(reason, "signal", weir_string(signals[i].name));
    weir_put(reason, "points", weir_integer(points));
    weir_push(reasons, reason);
  }
  return value;
}

weir_status run(const weir_context *cx, const weir_json *config, const weir_json *lead, weir_output *out) {
  (void)cx;
  if (weir_json_kind(lead) != WEIR_OBJECT) return weir_invalid(out, "a lead is a JSON object");

  weir_json *reasons = weir_array();
  int64_t value = score(weir_json_get(config, "weights"), lead, reasons);

  weir_text key = key_of(lead);
  int64_t seen;
  const weir_error *error = weir_kv_increment("score-c", key, 1, 0, &seen);
  if (error) return weir_pass_on(out, error);

  weir_json *fields = weir_object();
  weir_put(fields, "score", weir_integer(value));
  weir_log(WEIR_INFO, fields, "%.*s scores %lld", WEIR_ARG(key), (long long)value);

  const weir_json *name = weir_json_get(lead, "name");
  weir_json *result = weir_object();
  weir_put(result, "value", weir_integer(value));
  weir_put(result, "reasons", reasons);
  weir_put(result, "depth", weir_integer(depth(lead)));
  weir_put(result, "name", weir_json_kind(name) == WEIR_STRING ? name : NULL);
  weir_put(result, "seen", weir_integer(seen));

  int64_t hot = 60;
  weir_json_integer(weir_json_get(config, "hot"), &hot);
  return weir_to(out, value >= hot ? "hot" : "cold", result);
}
