/* Values as text, one type at a time: what option.c and the generators of documentation share.
 * Every function is pure and says false when the text is not such a value. */
#pragma once
#include "base/option.h"

bool cpl_value_int(const char *text, int64_t *value);
bool cpl_value_double(const char *text, double *value);
/* One ASCII character, or a name: \t \n \r \0 \\ tab comma semicolon pipe space none. */
bool cpl_value_char(const char *text, char *value);
/* Index of `text` in "a|b|c"; true and false are taken for yes and no where those are among them. */
bool cpl_value_enum(const char *values, const char *text, int *index);
