// What the files that speak the canonical ABI share: text and lists as the host writes them.
#ifndef WEIR_ABI_H
#define WEIR_ABI_H

#include "internal.h"

#define WEIR_IMPORT(interface, name) \
  __attribute__((import_module("weir:action/" interface "@1.0.0"), import_name(name))) extern
/// The types of a text's two arguments, and the arguments.
#define WEIR_TEXT_ARGS const char *, size_t
#define WEIR_PASS(text) (text).data, (text).len

typedef struct weir_host_list {
  weir_text *items;
  size_t len;
} weir_host_list;

/// Text from the host with the zero byte behind it, for which `cabi_realloc` left room.
static inline weir_text weir_host_text(weir_text text) {
  if (!text.len) return (weir_text){"", 0};
  ((char *)text.data)[text.len] = 0;
  return text;
}

static inline const weir_text *weir_host_texts(weir_host_list list) {
  for (size_t i = 0; i < list.len; i++) list.items[i] = weir_host_text(list.items[i]);
  return list.items;
}

#endif
