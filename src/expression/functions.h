/* What the functions' files share: checks of arguments, and one `bind` for each row of the table in functions.c. */
#pragma once
#include "expression/arithmetic.h"

/* Argument i must be a text (or null); *an integer*, brought to int64; …; false: an error that names the function. */
bool cpl_arg_is_text(struct cpl_binder *binder, struct cpl_term *call, uint32_t i) CPL_CHECKED;
bool cpl_arg_is_integer(struct cpl_binder *binder, struct cpl_term *call, uint32_t i) CPL_CHECKED;
/* A constant text, a constant whole number of that range. */
const struct cpl_slice *cpl_arg_constant_text(struct cpl_binder *binder, struct cpl_term *call,
                                              uint32_t i);
bool cpl_arg_constant_integer(struct cpl_binder *binder, struct cpl_term *call, uint32_t i,
                              int64_t least, int64_t most, int64_t *value) CPL_CHECKED;
struct cpl_term *cpl_arg_refused(struct cpl_binder *binder, const struct cpl_term *call, uint32_t i,
                                 const char *wanted);

/* numbers */
cpl_bind_function cpl_bind_abs, cpl_bind_ceil, cpl_bind_floor, cpl_bind_round, cpl_bind_sign,
    cpl_bind_least, cpl_bind_greatest, cpl_bind_sqrt, cpl_bind_power, cpl_bind_ln, cpl_bind_exp;
/* texts */
cpl_bind_function cpl_bind_length, cpl_bind_octet_length, cpl_bind_case_mapping, cpl_bind_trim,
    cpl_bind_substr, cpl_bind_left, cpl_bind_right, cpl_bind_pad, cpl_bind_reverse,
    cpl_bind_replace, cpl_bind_search, cpl_bind_position, cpl_bind_split_part, cpl_bind_concat_call;
/* patterns */
cpl_bind_function cpl_bind_regexp_replace, cpl_bind_regexp_extract;
/* dates */
cpl_bind_function cpl_bind_date_part, cpl_bind_date_trunc, cpl_bind_date_add, cpl_bind_date_diff,
    cpl_bind_to_date, cpl_bind_to_timestamp, cpl_bind_now, cpl_bind_today;
/* choices: choose.h has coalesce and nullif */
cpl_bind_function cpl_bind_if;
/* the rest */
cpl_bind_function cpl_bind_json_text, cpl_bind_digest, cpl_bind_xxh3;
