// Memory that lives as long as a call, and the end of an action that cannot go on.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define CHUNK ((size_t)32 * 1024)
#define ALIGN(size) (((size) + 7) & ~(size_t)7)

typedef struct chunk {
  struct chunk *before;
  size_t size;  // keeps what follows aligned to 8
} chunk;

static chunk *newest;
static char *tip, *end;

static void *take_chunk(size_t size) {
  size_t whole = size + sizeof(chunk) < CHUNK ? CHUNK : size + sizeof(chunk);
  chunk *c = malloc(whole);
  if (!c) weir_panic("out of memory: no room for %zu bytes more", size);
  c->before = newest;
  c->size = whole;
  newest = c;
  char *data = (char *)(c + 1);
  char *limit = (char *)c + whole;
  // A large block must not waste what is left of the chunk before it.
  if ((size_t)(limit - data) - size >= (size_t)(end - tip)) {
    tip = data + size;
    end = limit;
  }
  return data;
}

void *weir_alloc(size_t size) {
  if (size > SIZE_MAX / 2) weir_panic("out of memory: no room for %zu bytes more", size);
  size = ALIGN(size ? size : 1);
  if (size > (size_t)(end - tip)) return take_chunk(size);
  void *block = tip;
  tip += size;
  return block;
}

void *weir_regrow(void *old, size_t old_size, size_t size) {
  if (!old) return weir_alloc(size);
  if (size <= old_size) return old;
  size_t had = ALIGN(old_size ? old_size : 1);
  size_t more = size > SIZE_MAX / 2 ? SIZE_MAX : ALIGN(size) - had;
  if ((char *)old + had == tip && more <= (size_t)(end - tip)) {
    tip += more;
    return old;
  }
  void *block = weir_alloc(size);
  memcpy(block, old, old_size);
  return block;
}

void *weir_room(void *items, size_t len, size_t *capacity, size_t item_size) {
  if (len < *capacity) return items;
  size_t more = *capacity ? *capacity * 2 : 4;
  if (more > SIZE_MAX / 2 / item_size) weir_panic("out of memory: a list of %zu items", len);
  items = weir_regrow(items, *capacity * item_size, more * item_size);
  *capacity = more;
  return items;
}

void weir_arena_reset(void) {
  while (newest) {
    chunk *before = newest->before;
    free(newest);
    newest = before;
  }
  tip = end = NULL;
}

void weir_panic_at(const char *file, int line, const char *format, ...) {
  // No allocation here: memory may be what ran out.
  static char message[1024];
  int at = snprintf(message, sizeof message, "%s:%d: ", file, line);
  if (at < 0 || (size_t)at >= sizeof message) at = 0;
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message + at, sizeof message - (size_t)at, format, arguments);
  va_end(arguments);
  size_t len = 0, step;
  // Cut where the buffer did, or where the message is not UTF-8.
  size_t whole = strlen(message);
  while (len < whole && (step = weir_utf8_step(message + len, message + whole))) len += step;
  weir_log_text(WEIR_ERROR, (weir_text){message, len}, (weir_text){0});
#ifdef __wasm__
  __builtin_trap();
#else
  fprintf(stderr, "%s\n", message);
  _Exit(134);
#endif
}

#ifdef __wasm__
void weir_assert_fail(const char *expression, const char *file, int line, const char *function) {
  weir_panic_at(file, line, "%s: assertion `%s` failed", function, expression);
}
#endif
