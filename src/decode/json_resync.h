/* Where to go on after something that is not JSON: behind the broken row, at the next one.
 *
 * The scan knows brackets by kind, and mistrusts quotes: a string that a newline interrupts, or
 * behind whose end stands nothing that may follow a string, was never closed, so its text is read
 * as brackets again. It stops
 *   - behind the bracket that closes the broken row,
 *   - at the ',' or ']' behind it,
 *   - at a bracket that can only begin a row: `{` behind garbage, `{` where a key is due,
 *   - at a line that begins as the lines of good rows do (struct json_alike).
 * What it passed is one reject; the frame's state says what comes next. The same bytes give the
 * same stop, however they were read.
 * Threads: any, each with its own frame. Nothing here allocates or fails. */
#pragma once
#include "decode/json_frame.h"

/* Newline, blanks and bracket: how the lines of rows begin. */
struct json_alike {
    uint8_t text[64];
    size_t length; /* 0 = not known */
};

/* From p, where json_frame_advance found FRAME_BROKEN (`in_value` = false; white space before a
 * document is passed already) or where the row it found is broken (`in_value` = true). Returns the
 * end of the broken bytes, which are some, with the frame set to go on there. NULL, the frame untouched: more bytes are needed, or with `whole`, all are broken. */
const uint8_t *json_resync(struct json_frame *frame, const struct json_lex *lex,
                           const struct json_alike *alike, bool whole, bool in_value,
                           const uint8_t *p);
