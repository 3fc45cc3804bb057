/* The notation of types: written by cpl_type_format, read by a recursive-descent parser of
 *
 *   type   = "decimal" "(" p [ "," s ] ")" | ( "time" | "timestamp" ) [ "(" unit [ ",utc" ] ")" ]
 *          | "struct" "<" name ":" member { "," name ":" member } ">" | "list" "<" member ">"
 *          | "map" "<" type "," member ">" | word
 *   member = type [ "not" "null" ]
 *   name   = letters, digits, "_-.$@" and bytes beyond ASCII, or anything in double quotes ("" inside is one quote)
 *
 * Words are taken in any case, blanks stand anywhere between the pieces, depth is bounded. */
#include "base/tree.h"
#include "batch/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { MAX_DEPTH = 64, DECIMAL_DIGITS = 38, MAX_NUMBER = 99999 };

static const char *const kind_names[CPL_KIND_COUNT] = {
    [CPL_BOOL] = "boolean",        [CPL_I8] = "int8",
    [CPL_I16] = "int16",           [CPL_I32] = "int32",
    [CPL_I64] = "int64",           [CPL_U8] = "uint8",
    [CPL_U16] = "uint16",          [CPL_U32] = "uint32",
    [CPL_U64] = "uint64",          [CPL_F32] = "float",
    [CPL_F64] = "double",          [CPL_DECIMAL] = "decimal",
    [CPL_STRING] = "string",       [CPL_BINARY] = "binary",
    [CPL_JSON] = "json",           [CPL_UUID] = "uuid",
    [CPL_DATE] = "date",           [CPL_TIME] = "time",
    [CPL_TIMESTAMP] = "timestamp", [CPL_STRUCT] = "struct",
    [CPL_LIST] = "list",           [CPL_MAP] = "map"};
static const char *const unit_names[4] = {"s", "ms", "us", "ns"};

static const struct alias {
    const char *name;
    enum cpl_kind kind;
} aliases[] = {{.name = "bool", .kind = CPL_BOOL},          {.name = "tinyint", .kind = CPL_I8},
               {.name = "smallint", .kind = CPL_I16},       {.name = "int", .kind = CPL_I32},
               {.name = "integer", .kind = CPL_I32},        {.name = "bigint", .kind = CPL_I64},
               {.name = "long", .kind = CPL_I64},           {.name = "real", .kind = CPL_F32},
               {.name = "float32", .kind = CPL_F32},        {.name = "float64", .kind = CPL_F64},
               {.name = "numeric", .kind = CPL_DECIMAL},    {.name = "text", .kind = CPL_STRING},
               {.name = "str", .kind = CPL_STRING},         {.name = "utf8", .kind = CPL_STRING},
               {.name = "varchar", .kind = CPL_STRING},     {.name = "bytes", .kind = CPL_BINARY},
               {.name = "datetime", .kind = CPL_TIMESTAMP}, {.name = "array", .kind = CPL_LIST}};
enum { N_ALIASES = sizeof aliases / sizeof *aliases };

static bool is_name_char(char c)
{
    return isalnum((unsigned char)c) || (c & 0x80) || (c && strchr("_-.$@", c));
}

/* ---- writing ---- */

static bool format_name(const char *name, struct cpl_buffer *out, struct cpl_error *err)
{
    bool plain = *name != 0;
    for (const char *c = name; *c; c++)
        plain &= is_name_char(*c);
    if (plain)
        return cpl_buffer_append_text(out, name, err);
    bool ok = cpl_buffer_append(out, "\"", 1, err);
    for (; ok && *name; name++)
        ok = cpl_buffer_append(out, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1, err);
    return ok && cpl_buffer_append(out, "\"", 1, err);
}

static bool format_member(const struct cpl_field *field, struct cpl_buffer *out,
                          struct cpl_error *err)
{
    return cpl_type_format(&field->type, out, err) &&
           (field->nullable || cpl_buffer_append_text(out, " not null", err));
}

static bool format_children(const struct cpl_type *type, struct cpl_buffer *out,
                            struct cpl_error *err)
{
    if (!cpl_buffer_printf(out, err, "%s<", kind_names[type->kind]))
        return false;
    for (uint32_t i = 0; i < type->n_children; i++) {
        const struct cpl_field *child = &type->children[i];
        bool key = type->kind == CPL_MAP && i == 0; /* never null, without saying so */
        if ((i && !cpl_buffer_append_text(out, ", ", err)) ||
            (type->kind == CPL_STRUCT &&
             (!format_name(child->name, out, err) || !cpl_buffer_append_text(out, ": ", err))) ||
            !(key ? cpl_type_format(&child->type, out, err) : format_member(child, out, err)))
            return false;
    }
    return cpl_buffer_append(out, ">", 1, err);
}

bool cpl_type_format(const struct cpl_type *type, struct cpl_buffer *out, struct cpl_error *err)
{
    switch (type->kind) {
    case CPL_DECIMAL:
        return cpl_buffer_printf(out, err, "decimal(%d,%d)", type->precision, type->scale);
    case CPL_TIME:
        return cpl_buffer_printf(out, err, "time(%s)", unit_names[type->unit]);
    case CPL_TIMESTAMP:
        return cpl_buffer_printf(out, err, "timestamp(%s%s)", unit_names[type->unit],
                                 type->utc ? ",utc" : "");
    case CPL_STRUCT:
    case CPL_LIST:
    case CPL_MAP:
        return format_children(type, out, err);
    default:
        return cpl_buffer_append_text(out, kind_names[type->kind], err);
    }
}

/* ---- reading ---- */

struct parser {
    const char *text, *at;
    struct cpl_arena *arena;
    struct cpl_error *err;
    int depth;
};

static bool fail_at(const struct parser *parser, const char *at, const char *what)
{
    return cpl_fail(parser->err, CPL_E_CONFIG, "type \"%.200s\": %s at character %d", parser->text,
                    what, (int)(at - parser->text) + 1);
}

static void skip_blanks(struct parser *parser)
{
    while (*parser->at && isspace((unsigned char)*parser->at))
        parser->at++;
}

static bool take(struct parser *parser, char c)
{
    skip_blanks(parser);
    if (*parser->at != c)
        return false;
    parser->at++;
    return true;
}

static bool expect(struct parser *parser, char c)
{
    char what[] = "expected 'x'";
    what[10] = c;
    return take(parser, c) || fail_at(parser, parser->at, what);
}

/* A word of letters and digits; its length, and the cursor behind it. */
static size_t take_word(struct parser *parser, const char **word)
{
    skip_blanks(parser);
    *word = parser->at;
    while (isalnum((unsigned char)*parser->at) || *parser->at == '_')
        parser->at++;
    return (size_t)(parser->at - *word);
}

static bool is_word(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

static bool take_number(struct parser *parser, int max, int *value)
{
    const char *word;
    size_t length = take_word(parser, &word);
    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)word[i]) || *value > max)
            return fail_at(parser, word, "expected a number");
        *value = *value * 10 + (word[i] - '0');
    }
    if (length == 0 || *value > max)
        return fail_at(parser, word, length ? "too large a number" : "expected a number");
    return true;
}

/* Words of other systems that mean no one type here: what they mean most likely. */
static const char *likely_type(const char *word)
{
    static const struct {
        const char *word, *type;
    } likely[] = {
        {"number", "double"},       {"object", "string"},
        {"category", "string"},     {"char", "string"},
        {"nvarchar", "string"},     {"datetime64", "timestamp"},
        {"datetime2", "timestamp"}, {"timestamptz", "timestamp(us,utc)"},
        {"money", "decimal(19,4)"}, {"blob", "binary"},
        {"bytea", "binary"},        {"bit", "boolean"},
        {"byte", "int8"},           {"short", "int16"},
        {"float16", "float"},       {"dict", "json"},
    };
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (!strcasecmp(word, likely[i].word))
            return likely[i].type;
    return NULL;
}

static bool unknown_word(const struct parser *parser, const char *word, size_t length)
{
    const char *candidates[CPL_KIND_COUNT + N_ALIASES + 1] = {0};
    for (size_t i = 0; i < CPL_KIND_COUNT; i++)
        candidates[i] = kind_names[i];
    for (size_t i = 0; i < N_ALIASES; i++)
        candidates[CPL_KIND_COUNT + i] = aliases[i].name;
    char copy[64] = {0}, what[200];
    if (length == 0)
        return fail_at(parser, word, "expected the name of a type");
    memcpy(copy, word, length < sizeof copy ? length : sizeof copy - 1);
    const char *near = likely_type(copy);
    near = near ? near : cpl_nearest(copy, candidates);
    snprintf(what, sizeof what, "unknown type \"%s\"%s%s%s", copy, near ? " (did you mean " : "",
             near ? near : "", near ? "?)" : "");
    return fail_at(parser, word, what);
}

static bool parse_kind(struct parser *parser, enum cpl_kind *kind)
{
    const char *word;
    size_t length = take_word(parser, &word);
    for (int i = 0; i < CPL_KIND_COUNT; i++)
        if (is_word(word, length, kind_names[i])) {
            *kind = (enum cpl_kind)i;
            return true;
        }
    for (size_t i = 0; i < N_ALIASES; i++)
        if (is_word(word, length, aliases[i].name)) {
            *kind = aliases[i].kind;
            return true;
        }
    return unknown_word(parser, word, length);
}

/* ---- parameters in round brackets ---- */

static bool parse_decimal(struct parser *parser, struct cpl_type *type)
{
    int precision, scale = 0;
    if (!take(parser, '('))
        return fail_at(parser, parser->at, "expected precision and scale, as in decimal(15,2),");
    const char *at = parser->at;
    if (!take_number(parser, MAX_NUMBER, &precision) ||
        (take(parser, ',') && !take_number(parser, MAX_NUMBER, &scale)))
        return false;
    if (precision == 0 || precision > DECIMAL_DIGITS || scale > precision)
        return fail_at(parser, at,
                       "38 digits are the most: a precision of 1 to 38 and a scale up to it are "
                       "needed");
    type->precision = (uint8_t)precision;
    type->scale = (int8_t)scale;
    return expect(parser, ')');
}

static bool parse_unit(struct parser *parser, struct cpl_type *type)
{
    const char *word;
    size_t length;
    type->unit = CPL_MICRO;
    if (!take(parser, '('))
        return true;
    length = take_word(parser, &word);
    int unit = 0;
    while (unit < 4 && !is_word(word, length, unit_names[unit]))
        unit++;
    if (unit == 4)
        return fail_at(parser, word, "expected a unit (s, ms, us or ns)");
    type->unit = (enum cpl_unit)unit;
    if (type->kind == CPL_TIMESTAMP && take(parser, ',')) {
        length = take_word(parser, &word);
        if (!is_word(word, length, "utc"))
            return fail_at(parser, word, "expected utc");
        type->utc = true;
    }
    return expect(parser, ')');
}

/* varchar(n): strings have no greatest length here, so n is read and means nothing. */
static bool parse_length(struct parser *parser)
{
    int length;
    return !take(parser, '(') ||
           (take_number(parser, 100 * 1000 * 1000, &length) && expect(parser, ')'));
}

/* ---- children in angle brackets ---- */

static bool parse_type(struct parser *parser, struct cpl_type *type);

static bool parse_not_null(struct parser *parser, bool *nullable)
{
    const char *word, *before = parser->at;
    size_t length = take_word(parser, &word);
    *nullable = !is_word(word, length, "not");
    if (*nullable) {
        parser->at = before;
        return true;
    }
    length = take_word(parser, &word);
    return is_word(word, length, "null") || fail_at(parser, word, "expected null");
}

static bool parse_member(struct parser *parser, const char *name, struct cpl_field *field)
{
    *field = (struct cpl_field){.name = name, .field_id = -1};
    return parse_type(parser, &field->type) && parse_not_null(parser, &field->nullable);
}

static const char *parse_quoted_name(struct parser *parser)
{
    const char *start = parser->at;
    char *name = cpl_arena_alloc(parser->arena, strlen(parser->at), parser->err), *to = name;
    if (!name)
        return NULL;
    for (parser->at++;; *to++ = *parser->at++) {
        if (!*parser->at) {
            fail_at(parser, start, "a quote is not closed");
            return NULL;
        }
        if (*parser->at == '"' && *++parser->at != '"')
            break;
    }
    *to = 0;
    return name;
}

static const char *parse_name(struct parser *parser)
{
    skip_blanks(parser);
    const char *start = parser->at;
    if (*start == '"')
        return parse_quoted_name(parser);
    while (is_name_char(*parser->at))
        parser->at++;
    if (parser->at == start) {
        fail_at(parser, start, "expected a member's name");
        return NULL;
    }
    return cpl_arena_strndup(parser->arena, start, (size_t)(parser->at - start), parser->err);
}

/* Room for one more member; capacity doubles, old arrays stay in the arena. */
static struct cpl_field *next_member(struct parser *parser, struct cpl_type *type)
{
    uint32_t n = type->n_children;
    if ((n & (n - 1)) == 0) { /* 0 or a power of two: full */
        size_t capacity = n ? 2 * (size_t)n : 1;
        struct cpl_field *more = cpl_arena_alloc(parser->arena, capacity * sizeof *more,
                                                 parser->err);
        if (!more)
            return NULL;
        if (n)
            memcpy(more, type->children, n * sizeof *more);
        type->children = more;
    }
    return &type->children[n];
}

static bool parse_struct(struct parser *parser, struct cpl_type *type)
{
    do {
        skip_blanks(parser);
        const char *start = parser->at, *name = parse_name(parser);
        if (!name)
            return false;
        for (uint32_t i = 0; i < type->n_children; i++)
            if (strcmp(type->children[i].name, name) == 0)
                return fail_at(parser, start, "a member's name stands twice");
        struct cpl_field *member = next_member(parser, type);
        if (!member || !expect(parser, ':') || !parse_member(parser, name, member))
            return false;
        type->n_children++;
    } while (take(parser, ','));
    return true;
}

static bool parse_list(struct parser *parser, struct cpl_type *type)
{
    type->children = cpl_arena_alloc(parser->arena, sizeof *type->children, parser->err);
    type->n_children = 1;
    return type->children && parse_member(parser, "element", type->children);
}

static bool parse_map(struct parser *parser, struct cpl_type *type)
{
    type->children = cpl_arena_alloc(parser->arena, 2 * sizeof *type->children, parser->err);
    type->n_children = 2;
    if (!type->children)
        return false;
    if (!parse_member(parser, "key", &type->children[0]) || !expect(parser, ',') ||
        !parse_member(parser, "value", &type->children[1]))
        return false;
    type->children[0].nullable = false;
    return true;
}

static bool parse_nested(struct parser *parser, struct cpl_type *type)
{
    if (++parser->depth > MAX_DEPTH)
        return fail_at(parser, parser->at, "more than 64 levels of nesting");
    if (!expect(parser, '<'))
        return false;
    bool ok = type->kind == CPL_STRUCT ? parse_struct(parser, type)
              : type->kind == CPL_LIST ? parse_list(parser, type)
                                       : parse_map(parser, type);
    parser->depth--;
    return ok && expect(parser, '>');
}

static bool parse_type(struct parser *parser, struct cpl_type *type)
{
    *type = (struct cpl_type){.kind = CPL_BOOL};
    if (!parse_kind(parser, &type->kind))
        return false;
    switch (type->kind) {
    case CPL_DECIMAL:
        return parse_decimal(parser, type);
    case CPL_TIME:
    case CPL_TIMESTAMP:
        return parse_unit(parser, type);
    case CPL_STRING:
        return parse_length(parser);
    case CPL_STRUCT:
    case CPL_LIST:
    case CPL_MAP:
        return parse_nested(parser, type);
    default:
        return true;
    }
}

bool cpl_type_parse(const char *text, struct cpl_arena *arena, struct cpl_type *type,
                    struct cpl_error *err)
{
    struct parser parser = {.text = text, .at = text, .arena = arena, .err = err};
    if (!parse_type(&parser, type))
        return false;
    skip_blanks(&parser);
    return *parser.at == 0 || fail_at(&parser, parser.at, "something stands behind the type");
}
