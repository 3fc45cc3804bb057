/* How rows lie in an object, told from its head: one a line, in an array, or documents one after the other.
 *
 * A guess that looks at the first value and what follows it; broken text is given to the layout that rejects least of it. Each
 * object of a run is looked at by itself (json_for_object in json.h), unless the layout is set.
 * Threads: no state. What can fail is memory. */
#pragma once
#include "decode/json.h"

/* A copy of the sample with the padding that the lexer needs; cpl_free. */
uint8_t *json_padded(const struct cpl_sample *sample, struct cpl_error *err) CPL_CHECKED;
/* Behind a byte-order mark, when there is one. */
const uint8_t *json_behind_bom(const uint8_t *p);
/* Of the text from p, an object's first byte, to lex->end. */
enum json_layout json_detect_layout(const struct cpl_json_settings *settings, struct json_lex *lex,
                                    const uint8_t *p);
