/* Text for people in buffers of a fixed size: whatever is cut, is cut between characters.
 *
 * Paths, values and names of columns are the user's, in UTF-8 of any length. A buffer's end or a precision (%.80s) may
 * fall into one of their characters: what is left of it becomes '?'. And they may hold control characters, which could steer a terminal.
 *
 * Threads: any. Nothing here allocates, so nothing here can fail. */
#pragma once
#include "base/error.h"

/* As snprintf, for text that people read. */
void cpl_text_set(char *text, size_t size, const char *format, ...) CPL_PRINTF(3, 4);
void cpl_text_vset(char *text, size_t size, const char *format, va_list args) CPL_PRINTF(3, 0);
/* What is left of characters that were cut becomes '?'. The length may shrink, and is returned. */
size_t cpl_text_mend(char *text, size_t length);
/* A text of which not all is UTF-8, for messages: what is not ASCII is shown as \xHH. What has no room is left out. */
void cpl_text_escape(char *text, size_t size, const char *bytes);
/* Control characters become '?': C0's, DEL, and the two bytes of C1's (U+0080–009F). */
void cpl_text_printable(char *text, size_t length);
