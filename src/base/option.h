/* Options: each is declared once, as a row of a table, and everything else comes from the row —
 * parsing, defaults, ranges, `cupel describe`, the JSON Schema, the reference pages, completion.
 *
 * A component has `struct its_options` and a table of rows that point into it by offset.
 * cpl_options_parse fills such a struct from a configuration tree and names, with file:line:column,
 * what is unknown (and the nearest right word), mistyped or out of range. */
#pragma once
#include "base/memory.h"

enum cpl_option_type {
    CPL_OPTION_BOOL,     /* bool */
    CPL_OPTION_INT,      /* int64_t, with min and max */
    CPL_OPTION_SIZE,     /* uint64_t bytes: 64KiB 1MB 2GiB 1024 */
    CPL_OPTION_DURATION, /* int64_t milliseconds: 500ms 10s 5m 1h 30d */
    CPL_OPTION_DOUBLE,   /* double */
    CPL_OPTION_STRING,   /* const char * */
    CPL_OPTION_CHAR,     /* char: one ASCII character, or \t \n \0 tab comma semicolon pipe space
                            none(=0) */
    CPL_OPTION_ENUM,     /* int: index into `values`, "a|b|c" */
    CPL_OPTION_STRINGS,  /* struct cpl_strings: list of strings, or one string */
    CPL_OPTION_PAIRS,    /* struct cpl_pairs: map of string to string */
    CPL_OPTION_NODE,     /* const struct cpl_node *: parsed by the component itself */
};
enum {
    CPL_OPTION_REQUIRED = 1,
    CPL_OPTION_SECRET = 2,
    CPL_OPTION_ADVANCED = 4,
    CPL_OPTION_COLUMNS = 8, /* STRINGS: columns' names, words as ` desc` behind them */
    CPL_OPTION_UNDECLARED =
        16 /* ENUM add|ignore|reject: what fields do that no column is declared for */
};

struct cpl_option {
    const char *name;
    enum cpl_option_type type;
    size_t offset;            /* offsetof(struct its_options, member) */
    size_t set_offset;        /* offset of a bool that is set when given by the user; 0 = none */
    const char *default_text; /* as a user would write it; NULL = zero */
    const char *values;       /* ENUM: "auto|yes|no" */
    int64_t min, max;         /* INT, SIZE, DURATION: both 0 = any */
    int flags;
    const char *summary; /* one sentence */
    const char *example; /* a value, or NULL */
    /* STRING, and each of STRINGS: is the text right? *why says what is not, without the option's name. NULL = any text is. */
    bool (*check)(const char *text, struct cpl_error *why);
    /* STRING: a regular expression (ECMA) for the JSON Schema that every right text matches; with (?i) in front,
     * letters of either case. NULL = any text. */
    const char *pattern;
};
/* A table ends with a row whose name is NULL. */

struct cpl_strings {
    const char **items;
    size_t n;
};
struct cpl_pair {
    const char *key, *value;
};
struct cpl_pairs {
    struct cpl_pair *items;
    size_t n;
};

struct cpl_node;
/* Defaults first, then what `map` (a tree map; NULL = none) gives. Strings and lists are kept in
 * `arena`. `where` names the section in messages ("source.csv"). */
bool cpl_options_parse(const struct cpl_option *table, const struct cpl_node *map,
                       const char *where, struct cpl_arena *arena, void *out,
                       struct cpl_error *err) CPL_CHECKED;
/* Where mistakes go when all of them are wanted, not the first alone. add returns false to stop. */
struct cpl_problems {
    bool (*add)(struct cpl_problems *problems, const struct cpl_error *problem);
};
/* After a failed step: hand *err to `problems` and say whether to go on. NULL problems, no memory:
 * false, *err stands. */
bool cpl_problem_report(struct cpl_problems *problems, struct cpl_error *err);
/* As cpl_options_parse; with `problems`, every mistake of the map is reported and false means stop,
 * true go on. */
bool cpl_options_parse_all(const struct cpl_option *table, const struct cpl_node *map,
                           const char *where, struct cpl_arena *arena, void *out,
                           struct cpl_problems *problems, struct cpl_error *err) CPL_CHECKED;
/* The row called `name`, or NULL. */
const struct cpl_option *cpl_option_find(const struct cpl_option *table, const char *name);
/* cpl_tree_fail for a word that stands for none of a table's names: "… has no option `x`; did you
 * mean `y`?" */
bool cpl_option_unknown(const struct cpl_option *table, const struct cpl_node *node,
                        const char *where, struct cpl_error *err);
/* Sizes and durations as text; false when it is not one. Exposed for flags that are in no table. */
bool cpl_parse_size(const char *text, uint64_t *bytes);
bool cpl_parse_duration(const char *text, int64_t *milliseconds);

/* The members of an object: every option that is one value, and no secret; durations in milliseconds. */
struct cpl_json_writer;
void cpl_options_write(const struct cpl_option *table, const void *values,
                       struct cpl_json_writer *json);
/* A list of texts under a key. */
void cpl_json_strings(struct cpl_json_writer *json, const char *key,
                      const struct cpl_strings *list);

/* One option from text, as on a command line: lists are separated by commas, or written `[a, b]`;
 * maps as `{a: b}`. */
bool cpl_option_set(const struct cpl_option *table, const char *name, const char *value,
                    const char *where, struct cpl_arena *arena, void *out,
                    struct cpl_error *err) CPL_CHECKED;
