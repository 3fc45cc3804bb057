/* Scalars of a row into their columns: numbers, words, and strings that are dates and the like.
 *
 * The common writings are parsed in place, eight digits at a time; all others go through
 * format/text.h, so that there is one truth about what a text means.
 * Each takes p at the value and returns behind it, or NULL and a fault in the walk. */
#pragma once
#include "decode/json_walk.h"

const uint8_t *json_put_bool(struct json_walk *walk, struct json_node *node, const uint8_t *p);
const uint8_t *json_put_int(struct json_walk *walk, struct json_node *node, const uint8_t *p);
const uint8_t *json_put_decimal(struct json_walk *walk, struct json_node *node, const uint8_t *p);
const uint8_t *json_put_double(struct json_walk *walk, struct json_node *node, const uint8_t *p);
/* UINT, DECIMAL128, FLOAT and every rare writing of a number. */
const uint8_t *json_put_number(struct json_walk *walk, struct json_node *node, const uint8_t *p);
/* UUID, DATE, TIME, TIMESTAMP. */
const uint8_t *json_put_timelike(struct json_walk *walk, struct json_node *node, const uint8_t *p);
const uint8_t *json_put_string(struct json_walk *walk, struct json_node *node, const uint8_t *p);
/* Base64 (RFC 4648 §4, padded). */
const uint8_t *json_put_binary(struct json_walk *walk, struct json_node *node, const uint8_t *p);
/* The value's own text. */
const uint8_t *json_put_document(struct json_walk *walk, struct json_node *node, const uint8_t *p);

/* Null, or a value that is not of the node's type. */
const uint8_t *json_put_other(struct json_walk *walk, struct json_node *node, const uint8_t *p);
/* Null into the node and all below it. */
bool json_put_null(struct json_walk *walk, struct json_node *node, const uint8_t *p);
/* A value that does not fit: a fault of rule "type". */
const uint8_t *json_misfit(struct json_walk *walk, const struct json_node *node, const uint8_t *p,
                           const char *message);
static inline const uint8_t *json_no_memory(struct json_walk *walk, const uint8_t *p)
{
    return json_fail(&walk->lex, JSON_MEMORY, p, "no memory");
}
