/* Values as text, one type at a time: what option.c and the generators of documentation share.
 * Every function is pure and says false when the text is not such a value. */
#pragma once
#include "base/option.h"

bool cpl_value_int(const char *text, int64_t *value);
bool cpl_value_double(const char *text, double *value);
/* One ASCII character, or a name: \t \n \r \0 \\ tab comma semicolon pipe space none. */
bool cpl_value_char(const char *text, char *value);
/* true yes on, false no off, in any case. */
bool cpl_value_bool(const char *text, bool *value);
/* Index of `text` in "a|b|c"; where yes and no are among them, other words for these are taken for them. */
bool cpl_value_enum(const char *values, const char *text, int *index);
