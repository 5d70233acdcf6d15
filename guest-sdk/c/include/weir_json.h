/// Text and JSON for actions in C: reading, building and writing values. It knows nothing of weir.
///
/// Everything that these functions return lives until the action's call is over and is never freed one by one.
/// Every function takes NULL for "there is no such value" and treats it as such, so look-ups can be chained:
///
///     int64_t zip;
///     if (weir_json_integer(weir_json_get(weir_json_get(input, "address"), "zip"), &zip)) ...
///
/// Lengths of texts are in bytes. Where there is no memory left, the action ends with a message.
#ifndef WEIR_JSON_H
#define WEIR_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Lets the compiler check a format string against its arguments.
#define WEIR_FORMAT(string, first) __attribute__((__format__(__printf__, string, first)))

// --- Text ---------------------------------------------------------------------------------------------------------

/// Bytes with their length. Text is UTF-8 and may hold the character U+0000; where it comes from this library, a zero
/// byte also follows it, so that `data` works as a C string. `data` is NULL where there is no text at all.
typedef struct weir_text {
  const char *data;
  size_t len; // in bytes
} weir_text;

/// The text of a string literal: `WEIR_TEXT("total")`.
#define WEIR_TEXT(literal) ((weir_text){"" literal, sizeof(literal) - 1})

/// What `%.*s` wants: `weir_log(WEIR_INFO, NULL, "hello %.*s", WEIR_ARG(name))`. It stops at U+0000; to hand text on
/// unharmed use `weir_string`.
#define WEIR_ARG(text) (int)(text).len, ((text).data ? (text).data : "")

/// The text of a C string, which is not copied and must stay as long as the text is used; no text for NULL.
///
///     weir_text step = weir_text_of(cx->step);
weir_text weir_text_of(const char *string);

/// Formats like `printf`, as long as it takes. The result is new and at least the empty text.
///
///     weir_text key = weir_format("%s/%lld", cx->flow, (long long)number);
weir_text weir_format(const char *format, ...) WEIR_FORMAT(1, 2);

/// Whether two texts have the same bytes. No text equals only no text.
///
///     if (weir_text_equal(weir_json_string(kind), WEIR_TEXT("order"))) ...
bool weir_text_equal(weir_text a, weir_text b);

/// Orders by bytes, which for UTF-8 is the order of the code points: below 0, 0, or above 0, as `memcmp` does. No text
/// counts as the empty text.
///
///     bool sorted = weir_text_compare(names[0], names[1]) <= 0;
int weir_text_compare(weir_text a, weir_text b);

/// The number of Unicode code points of a text: 1 for `é`, which has 2 bytes; 0 where there is no text.
///
///     if (weir_text_count(name) > 80) return weir_invalid(out, "`name` is longer than 80 characters");
size_t weir_text_count(weir_text text);

/// `size` bytes (aligned to 8, not cleared) that live until the action's call is over. Never NULL: where there is no
/// memory left, the action ends. `malloc` works too, but is not needed.
///
///     int64_t *sums = weir_alloc(count * sizeof *sums);
void *weir_alloc(size_t size);

// --- Reading JSON -------------------------------------------------------------------------------------------------

/// A JSON value. Parsed values keep the order of their members and the exact text of their numbers.
typedef struct weir_json weir_json;

/// What a value is. `WEIR_MISSING` is the kind of NULL: no value at all.
typedef enum weir_kind {
  WEIR_MISSING,
  WEIR_NULL,
  WEIR_BOOLEAN,
  WEIR_NUMBER,
  WEIR_STRING,
  WEIR_ARRAY,
  WEIR_OBJECT,
} weir_kind;

/// How deep lists and objects may nest in what `weir_json_parse` reads.
#define WEIR_JSON_DEPTH 128

/// Reads JSON text (RFC 8259, UTF-8) and copies it. NULL where it is not JSON or nests deeper than WEIR_JSON_DEPTH, and
/// then `*error`, if `error` is not NULL, says what is wrong and where, such as `line 1, column 9: expected a value`.
/// Lines and columns count from 1, columns in bytes.
///
///     const char *error;
///     const weir_json *body = weir_json_parse(response.body, &error);
///     if (!body) return weir_failed(out, NULL, "the answer is not JSON: %s", error);
const weir_json *weir_json_parse(weir_text text, const char **error);

/// The kind of a value; WEIR_MISSING for NULL.
///
///     if (weir_json_kind(input) != WEIR_OBJECT) return weir_invalid(out, "a lead is a JSON object");
weir_kind weir_json_kind(const weir_json *value);

/// The name of a kind for messages: "no value", "null", "a boolean", "a number", "a string", "a list", "an object".
/// A constant; "unknown" for what is no kind.
///
///     return weir_invalid(out, "`n` is %s, not a number", weir_kind_name(weir_json_kind(n)));
const char *weir_kind_name(weir_kind kind);

/// The number of items of a list or of members of an object; 0 for anything else.
///
///     for (size_t i = 0; i < weir_json_len(list); i++) total += price(weir_json_at(list, i));
size_t weir_json_len(const weir_json *value);

/// The member of that name, the last one where the name occurs twice. NULL where there is none or no object. It looks
/// at the members one after the other.
///
///     const weir_json *city = weir_json_get(weir_json_get(input, "address"), "city");
const weir_json *weir_json_get(const weir_json *object, const char *name);
/// The same for names that are not literals; they may hold U+0000.
///
///     const weir_json *price = weir_json_find(prices, weir_json_string(product));
const weir_json *weir_json_find(const weir_json *object, weir_text name);

/// The item of a list, or the value of a member of an object, by its place from 0. NULL beyond the end.
///
///     weir_text first = weir_json_string(weir_json_at(list, 0));
const weir_json *weir_json_at(const weir_json *value, size_t index);
/// The name of a member of an object by its place from 0; no text beyond the end or where it is no object.
///
///     weir_log(WEIR_DEBUG, NULL, "%.*s is set", WEIR_ARG(weir_json_key(object, i)));
weir_text weir_json_key(const weir_json *object, size_t index);

/// The text of a string, without escapes; no text (`data` NULL) for anything else. It belongs to the value.
///
///     weir_text name = weir_json_string(weir_json_get(input, "name"));
///     if (!name.data) name = WEIR_TEXT("somebody");
weir_text weir_json_string(const weir_json *value);

/// True where the value is a boolean, which goes to `*result`. Otherwise `*result` stays as it was.
///
///     bool urgent = false;
///     weir_json_boolean(weir_json_get(input, "urgent"), &urgent);
bool weir_json_boolean(const weir_json *value, bool *result);
/// True where the value is a whole number, in any notation (`100`, `1e2`, `100.0`), that fits into 64 bits.
/// Otherwise `*result` stays as it was: set it to the default before.
///
///     int64_t limit = 10;
///     weir_json_integer(weir_json_get(config, "limit"), &limit);
bool weir_json_integer(const weir_json *value, int64_t *result);
/// True where the value is a number: `*result` is the nearest double, infinite for what is too large for a double.
/// Otherwise `*result` stays as it was.
///
///     double price;
///     if (!weir_json_number(weir_json_get(input, "price"), &price)) return weir_invalid(out, "`price` is no number");
bool weir_json_number(const weir_json *value, double *result);
/// A number exactly as it is written, for those that no type of C holds; no text for anything else. It belongs to the
/// value.
///
///     weir_put(output, "amount", weir_string(weir_json_number_text(amount)));
weir_text weir_json_number_text(const weir_json *value);

// --- Building and writing JSON ------------------------------------------------------------------------------------

/// New values, never NULL. What they are made from is copied. A number that JSON cannot say (infinite, not a number)
/// becomes null. Bytes of a string that are not UTF-8 are written as U+FFFD; no text is the empty string.
///
///     return weir_next(out, weir_boolean(found));
weir_json *weir_null(void);
weir_json *weir_boolean(bool value);
weir_json *weir_integer(int64_t value);
weir_json *weir_number(double value);
weir_json *weir_string(weir_text text);
/// A string formatted like `printf` does: `weir_stringf("%s #%d", cx->flow, number)`.
weir_json *weir_stringf(const char *format, ...) WEIR_FORMAT(1, 2);
/// An empty list, for `weir_push`, and an empty object, for `weir_put`.
weir_json *weir_array(void);
weir_json *weir_object(void);

/// Adds an item to a list made by `weir_array`. NULL adds null. A value may be part of several others, but not
/// of itself. Ends the action where `array` is no list.
///
///     weir_json *squares = weir_array();
///     for (int i = 0; i < 10; i++) weir_push(squares, weir_integer(i * i));
void weir_push(weir_json *array, const weir_json *value);
/// Sets a member of an object made by `weir_object`, in place of one of the same name. NULL sets null. The name is
/// copied. Ends the action where `object` is no object.
///
///     weir_json *point = weir_object();
///     weir_put(point, "x", weir_number(0.5));
///     weir_put(point, "from", weir_json_get(input, "name"));
void weir_put(weir_json *object, const char *name, const weir_json *value);
/// The same for names that are not literals; they may hold U+0000.
///
///     weir_put_text(totals, weir_json_string(product), weir_integer(sum));
void weir_put_text(weir_json *object, weir_text name, const weir_json *value);

/// The JSON text of a value, without spaces; `null` for NULL. Doubles get the digits they need to read back the same.
/// Ends the action where a value nests more than 1000 deep, as one does that contains itself.
///
///     weir_request request = {.method = "POST", .url = url, .body = weir_json_write(input)};
weir_text weir_json_write(const weir_json *value);

#ifdef __cplusplus
}
#endif
#endif
