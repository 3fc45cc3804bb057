/* Parts of dates and times, and calculating with them. The calendar is the proleptic Gregorian one; timestamps with a zone are looked at
 * in UTC. */
#include "expression/functions.h"
#include "format/text.h"

#include <string.h>

static const struct cpl_type int64_type = {.kind = CPL_I64};
enum { SECONDS_A_DAY = 86400, FARTHEST_YEAR = 1000000 };

/* ---- moments ---- */

/* A date, time or timestamp as its day and what is left of it, in .per units a second. */
struct moment {
    int64_t day, rest, per;
};

static struct moment split(const struct cpl_vector *v, const struct cpl_type *type, uint32_t i)
{
    struct moment moment = {.per = type->kind == CPL_DATE ? 1 : cpl_units_a_second(type->unit)};
    if (type->kind == CPL_DATE) {
        moment.day = v->i32[i * v->step];
        return moment;
    }
    int64_t value = cpl_arg_i64(v, i), day = SECONDS_A_DAY * moment.per;
    moment.day = type->kind == CPL_TIME ? 0 : cpl_floor_div(value, day);
    moment.rest = value - moment.day * day;
    return moment;
}

/* False: beyond the type. */
static bool join(const struct moment *moment, const struct cpl_type *type, struct cpl_slot *out,
                 uint32_t i)
{
    int64_t value;
    if (type->kind == CPL_DATE) {
        out->i32[i] = (int32_t)moment->day;
        return moment->day == (int32_t)moment->day;
    }
    bool ok = !__builtin_mul_overflow(moment->day, SECONDS_A_DAY * moment->per, &value) &&
              !__builtin_add_overflow(value, moment->rest, &value);
    out->i64[i] = ok ? value : 0;
    return ok;
}

/* False: so far away that there is no calendar. */
static bool civil(int64_t day, int *year, unsigned *month, unsigned *of_month)
{
    if (day > 365 * (int64_t)FARTHEST_YEAR || day < -365 * (int64_t)FARTHEST_YEAR)
        return false;
    cpl_civil_from_days((int32_t)day, year, month, of_month);
    return true;
}

/* ---- parts ---- */

enum part {
    YEAR,
    QUARTER,
    MONTH,
    WEEK,
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    DAY_OF_WEEK,
    DAY_OF_YEAR,
    PARTS
};
static const char *const part_names[PARTS] = {"year",        "quarter",    "month",  "week",
                                              "day",         "hour",       "minute", "second",
                                              "day_of_week", "day_of_year"};
enum { UNITS = SECOND + 1 };

/* 0 is Monday; 1970-01-01 was a Thursday. */
static int64_t weekday(int64_t day)
{
    return day + 3 - cpl_floor_div(day + 3, 7) * 7;
}

/* The ISO week is that of its Thursday, counted in the Thursday's year. */
static int64_t iso_week(int64_t day)
{
    int year;
    unsigned month, of_month;
    int64_t thursday = day - weekday(day) + 3;
    cpl_civil_from_days((int32_t)thursday, &year, &month, &of_month);
    return (thursday - cpl_days_from_civil(year, 1, 1)) / 7 + 1;
}

static bool part_of(const struct moment *moment, enum part part, int64_t *value)
{
    int year = 0;
    unsigned month = 0, day = 0;
    int64_t seconds = moment->rest / moment->per;
    if (!civil(moment->day, &year, &month, &day))
        return false;
    const int64_t parts[PARTS] = {[YEAR] = year,
                                  [QUARTER] = (month + 2) / 3,
                                  [MONTH] = month,
                                  [WEEK] = part == WEEK ? iso_week(moment->day) : 0,
                                  [DAY] = day,
                                  [HOUR] = seconds / 3600,
                                  [MINUTE] = seconds / 60 % 60,
                                  [SECOND] = seconds % 60,
                                  [DAY_OF_WEEK] = weekday(moment->day) + 1,
                                  [DAY_OF_YEAR] = moment->day - cpl_days_from_civil(year, 1, 1) +
                                                  1};
    *value = parts[part];
    return true;
}

static bool date_part(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        struct moment moment = split(a, &call->term->args[0]->type, i);
        call->out->i64[i] = 0;
        if (!part_of(&moment, (enum part)call->term->number, &call->out->i64[i]))
            cpl_call_raise(call, i, CPL_FAULT_CAST);
    }
    return true;
}

struct cpl_term *cpl_bind_date_part(struct cpl_binder *binder, struct cpl_term *call)
{
    int part = 0;
    while (strcmp(part_names[part], call->function->how) != 0)
        part++;
    bool time_part = part >= HOUR && part <= SECOND;
    if (cpl_is_null_literal(call->args[0]))
        return cpl_bind_coerce(binder, call->args[0], &int64_type, false);
    enum cpl_kind kind = call->args[0]->type.kind;
    if (!cpl_kind_is_moment(kind) || kind == (time_part ? CPL_DATE : CPL_TIME))
        return cpl_arg_refused(binder, call, 0,
                               time_part ? "a time or timestamp" : "a date or timestamp");
    call->number = part;
    return cpl_bind_strict(binder, call, int64_type, date_part);
}

/* ---- units ---- */

/* The first argument, which goes: the others move up. Times of day have no days, dates no hours. */
static bool take_unit(struct cpl_binder *binder, struct cpl_term *call, const struct cpl_type *type,
                      enum part *unit)
{
    const struct cpl_slice *name = cpl_arg_constant_text(binder, call, 0);
    if (!name)
        return false;
    for (int i = 0; i < UNITS; i++) {
        bool is_time = i >= HOUR;
        if (strlen(part_names[i]) != name->length ||
            memcmp(part_names[i], name->data, name->length) != 0)
            continue;
        if (type->kind == (is_time ? CPL_DATE : CPL_TIME))
            return cpl_term_fail(binder, call->args[0]->at, "a %s has no %ss",
                                 is_time ? "date" : "time", part_names[i]);
        *unit = (enum part)i;
        call->number = i;
        call->args++;
        call->n_args--;
        return true;
    }
    return cpl_term_fail(
        binder, call->args[0]->at,
        "'%.20s' is no unit: year, quarter, month, week, day, hour, minute or second",
        (const char *)name->data);
}

static bool needs_moment(struct cpl_binder *binder, struct cpl_term *call, uint32_t i)
{
    if (call->args[i]->type.kind == CPL_DATE || call->args[i]->type.kind == CPL_TIMESTAMP)
        return true;
    return cpl_arg_refused(binder, call, i, "a date or timestamp"), false;
}

static const int64_t unit_seconds[UNITS] = {
    [WEEK] = 7 * SECONDS_A_DAY, [DAY] = SECONDS_A_DAY, [HOUR] = 3600, [MINUTE] = 60, [SECOND] = 1};

/* ---- date_trunc ---- */

static bool truncate_moment(struct moment *moment, enum part unit)
{
    int year;
    unsigned month, day;
    if (unit >= HOUR) {
        int64_t size = unit_seconds[unit] * moment->per;
        moment->rest -= moment->rest % size;
        return true;
    }
    moment->rest = 0;
    if (unit == WEEK)
        moment->day -= weekday(moment->day);
    if (unit >= WEEK)
        return true;
    if (!civil(moment->day, &year, &month, &day))
        return false;
    month = unit == YEAR ? 1 : unit == QUARTER ? (month - 1) / 3 * 3 + 1 : month;
    moment->day = cpl_days_from_civil(year, month, 1);
    return true;
}

static bool date_trunc(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0);
    for (uint32_t i = 0; i < call->n; i++) {
        struct moment moment = split(a, &call->term->type, i);
        if (truncate_moment(&moment, (enum part)call->term->number) &&
            join(&moment, &call->term->type, call->out, i))
            continue;
        memset(call->out->u8 + i * cpl_type_width(&call->term->type), 0,
               cpl_type_width(&call->term->type));
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
    }
    return true;
}

struct cpl_term *cpl_bind_date_trunc(struct cpl_binder *binder, struct cpl_term *call)
{
    enum part unit;
    if (!needs_moment(binder, call, 1) || !take_unit(binder, call, &call->args[1]->type, &unit))
        return NULL;
    return cpl_bind_strict(binder, call, call->args[0]->type, date_trunc);
}

/* ---- date_add ---- */

static unsigned days_of_month(int year, unsigned month)
{
    int next_year = month == 12 ? year + 1 : year;
    return (unsigned)(cpl_days_from_civil(next_year, month % 12 + 1, 1) -
                      cpl_days_from_civil(year, month, 1));
}

static bool add_months(struct moment *moment, int64_t n)
{
    int year;
    unsigned month, day;
    const int64_t most = 12 * (int64_t)FARTHEST_YEAR;
    if (n > most || n < -most || !civil(moment->day, &year, &month, &day))
        return false;
    int64_t months = year * (int64_t)12 + (month - 1) + n;
    if (months > most || months < -most)
        return false;
    year = (int)cpl_floor_div(months, 12);
    month = (unsigned)(months - year * (int64_t)12) + 1;
    unsigned last = days_of_month(year, month);
    moment->day = cpl_days_from_civil(year, month, day < last ? day : last);
    return true;
}

static bool add_to(struct moment *moment, enum part unit, int64_t n)
{
    int64_t size = unit == YEAR ? 12 : unit == QUARTER ? 3 : unit == WEEK ? 7 : 1, days, value;
    if (unit <= MONTH)
        return !__builtin_mul_overflow(n, size, &n) && add_months(moment, n);
    if (unit <= DAY)
        return !__builtin_mul_overflow(n, size, &days) &&
               !__builtin_add_overflow(moment->day, days, &moment->day);
    int64_t day = SECONDS_A_DAY * moment->per;
    if (__builtin_mul_overflow(n, unit_seconds[unit] * moment->per, &value) ||
        __builtin_add_overflow(value, moment->rest, &value))
        return false;
    moment->day += cpl_floor_div(value, day);
    moment->rest = value - cpl_floor_div(value, day) * day;
    return true;
}

static bool date_add(struct cpl_call *call)
{
    const struct cpl_vector *n = cpl_call_arg(call, 0), *a = cpl_call_arg(call, 1);
    size_t width = cpl_type_width(&call->term->type);
    for (uint32_t i = 0; i < call->n; i++) {
        struct moment moment = split(a, &call->term->type, i);
        if (add_to(&moment, (enum part)call->term->number, cpl_arg_i64(n, i)) &&
            join(&moment, &call->term->type, call->out, i))
            continue;
        memset(call->out->u8 + i * width, 0, width);
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
    }
    return true;
}

struct cpl_term *cpl_bind_date_add(struct cpl_binder *binder, struct cpl_term *call)
{
    enum part unit;
    if (!needs_moment(binder, call, 2) || !cpl_arg_is_integer(binder, call, 1) ||
        !take_unit(binder, call, &call->args[2]->type, &unit))
        return NULL;
    return cpl_bind_strict(binder, call, call->args[1]->type, date_add);
}

/* ---- date_diff ---- */

/* The number of the unit that the moment lies in, counted from any fixed point. */
static bool ordinal(const struct moment *moment, enum part unit, int64_t *value)
{
    int year;
    unsigned month, day;
    if (unit >= HOUR) {
        int64_t in_day = SECONDS_A_DAY / unit_seconds[unit];
        return !__builtin_mul_overflow(moment->day, in_day, value) &&
               !__builtin_add_overflow(*value, moment->rest / (unit_seconds[unit] * moment->per),
                                       value);
    }
    *value = unit == DAY ? moment->day : cpl_floor_div(moment->day + 3, 7);
    if (unit >= WEEK)
        return true;
    if (!civil(moment->day, &year, &month, &day))
        return false;
    *value = unit == YEAR      ? year
             : unit == QUARTER ? year * (int64_t)4 + (month - 1) / 3
                               : year * (int64_t)12 + month;
    return true;
}

static bool date_diff(struct cpl_call *call)
{
    const struct cpl_vector *a = cpl_call_arg(call, 0), *b = cpl_call_arg(call, 1);
    enum part unit = (enum part)call->term->number;
    for (uint32_t i = 0; i < call->n; i++) {
        struct moment from = split(a, &call->term->args[0]->type, i),
                      to = split(b, &call->term->args[1]->type, i);
        int64_t first, last;
        bool ok = ordinal(&from, unit, &first) && ordinal(&to, unit, &last) &&
                  !__builtin_sub_overflow(last, first, &call->out->i64[i]);
        if (ok)
            continue;
        call->out->i64[i] = 0;
        cpl_call_raise(call, i, CPL_FAULT_OVERFLOW);
    }
    return true;
}

struct cpl_term *cpl_bind_date_diff(struct cpl_binder *binder, struct cpl_term *call)
{
    enum part unit;
    struct cpl_type type;
    if (!cpl_bind_common(binder, call->args + 1, 2, "take the difference of", &type) ||
        !needs_moment(binder, call, 1) || !needs_moment(binder, call, 2) ||
        !take_unit(binder, call, &call->args[1]->type, &unit))
        return NULL;
    return cpl_bind_strict(binder, call, int64_type, date_diff);
}
