/* Pieces of expressions that are written by a program: quoted, so that no name and no text can become more than it is.
 *
 * Threads: functions of their arguments. */
#pragma once
#include "base/memory.h"

/* "name" */
bool cpl_put_column(struct cpl_buffer *text, const char *name, struct cpl_error *err) CPL_CHECKED;
/* 'text' */
bool cpl_put_text(struct cpl_buffer *text, const char *value, struct cpl_error *err) CPL_CHECKED;
