/* Fields that are longer than limits.max_field_bytes.
 *
 * A field is a value that becomes one cell, or would: a string (its text between the quotes, as it is written), a number,
 * the whole text of a value of a `json` column, a key. Fields of columns that were not asked for count, too: a row
 * is sound or not whatever is selected. The decoder asks only for rows that are longer than a field may be, so
 * that ordinary rows pay nothing. Threads: as the walk's. Nothing here allocates. */
#pragma once
#include "decode/json_walk.h"

/* Is a field of the row at p, which is valid JSON, longer than `most` bytes? Then the fault is in walk->lex, and walk->node
 * is its column's. */
bool json_long_field(struct json_walk *walk, const struct json_node *root, const uint8_t *p,
                     uint64_t most);
