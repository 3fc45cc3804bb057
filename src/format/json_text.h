/* Is a piece of text one JSON value (RFC 8259)? For columns of type json whose text comes from elsewhere.
 *
 * Strict: no trailing commas, no comments, no NaN; strings are UTF-8 whose validity the caller has seen to. Depth is bounded.
 * Allocates nothing; thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CPL_JSON_TEXT_DEPTH = 512 };
bool cpl_json_text_valid(const uint8_t *text, size_t size);
