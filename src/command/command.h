/* The command line: a table of verbs, each with tables of flags, from which everything else comes.
 *
 *   argv ──arguments.c──▶ struct cpl_arguments ──▶ the verb's function ──▶ exit status
 *              ▲
 *   verbs (table.c, one row a verb; one verb a file) ──▶ help, man page, completion
 *
 * A flag is declared once, as a row. A row with `option` sets that option of the pipeline
 * ("limits.threads"), so that its checks are the option's own; the verb never sees it. An unknown verb
 * or flag is a USAGE error with the nearest right word. Exit statuses are those of
 * base/error_codes.def.
 *
 * Threads: everything here runs on the main thread. */
#pragma once
#include "base/memory.h"

struct cpl_flag {
    const char *name;      /* "threads": --threads */
    char letter;           /* 'q': -q; 0 = none */
    bool repeated;         /* may be given more than once */
    bool optional;         /* its argument may be left out: --name or --name=value */
    const char *argument;  /* "N"; NULL = takes none */
    const char *values;    /* "a|b|c" where only these are right; else NULL */
    const char *suggested; /* "a|b|c" that completion offers, though more are right; else NULL */
    const char *option;    /* the pipeline option that it sets, or NULL */
    const char *summary;
};
/* Flags that stand together, under a title in the help; ends with a flag whose name is NULL. */
struct cpl_flag_group {
    const char *title;
    const struct cpl_flag *flags;
};
enum { CPL_MOST_GROUPS = 6 };

struct cpl_arguments;
struct cpl_verb {
    const char *name, *summary;
    const char *usage;    /* what follows the name: "IN… OUT" */
    const char *details;  /* paragraphs for `help` and the man page */
    const char *examples; /* "command\n    what it does\n" pairs, or NULL */
    struct cpl_flag_group groups[CPL_MOST_GROUPS];
    int min_words, max_words; /* max -1 = any number */
    int (*run)(const struct cpl_arguments *arguments);
};
/* In the order of help; ends with a row whose name is NULL. */
extern const struct cpl_verb cpl_verb_convert, cpl_verb_run, cpl_verb_check, cpl_verb_inspect,
    cpl_verb_verify, cpl_verb_replay, cpl_verb_describe, cpl_verb_completion, cpl_verb_version,
    cpl_verb_help;
const struct cpl_verb *const *cpl_verbs(void); /* NULL-terminated */
const struct cpl_verb *cpl_verb_find(const char *name);
/* USAGE: there is no such command, and the nearest; returns false. */
bool cpl_verb_unknown(const char *word, struct cpl_error *err);

/* ---- arguments.c ---- */
struct cpl_given {
    const struct cpl_flag *flag;
    const char *value; /* NULL when there is none */
};
struct cpl_arguments {
    const struct cpl_verb *verb;
    struct cpl_given *given; /* in the order written */
    size_t n_given;
    const char **words;
    size_t n_words;
};
bool cpl_arguments_parse(const struct cpl_verb *verb, int argc, char **argv,
                         struct cpl_arguments *arguments, struct cpl_error *err) CPL_CHECKED;
void cpl_arguments_release(struct cpl_arguments *arguments);
bool cpl_flag_given(const struct cpl_arguments *arguments, const char *name);
/* The last value given, or NULL. */
const char *cpl_flag_value(const struct cpl_arguments *arguments, const char *name);
/* A flag whose value is a whole number of at least `least`; `fallback` when it is not given. */
bool cpl_flag_number(const struct cpl_arguments *arguments, const char *name, uint64_t least,
                     uint64_t fallback, uint64_t *number, struct cpl_error *err) CPL_CHECKED;

/* ---- pages.c: what is printed from the tables ---- */
bool cpl_page_help(struct cpl_buffer *out, bool colour, struct cpl_error *err) CPL_CHECKED;
bool cpl_page_verb(const struct cpl_verb *verb, struct cpl_buffer *out, bool colour,
                   struct cpl_error *err) CPL_CHECKED;
/* cupel(1), as roff. */
bool cpl_page_man(struct cpl_buffer *out, struct cpl_error *err) CPL_CHECKED;
/* completions.c; `shell`: "bash" or "zsh". */
bool cpl_page_completion(const char *shell, struct cpl_buffer *out,
                         struct cpl_error *err) CPL_CHECKED;

/* The whole program: argv → verb → exit status. */
int cpl_command(int argc, char **argv);
