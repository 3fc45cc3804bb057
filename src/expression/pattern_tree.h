/* The regular part of PCRE2's syntax as a tree: what an automaton can be made from.
 *
 *     pattern ──pattern_parse──▶ tree ──pattern_nfa──▶ NFA over bytes ──pattern_dfa──▶ minimal DFA
 *
 * PCRE2 has compiled the pattern before: whatever reaches this parser is valid. It knows the constructs of which the meaning is
 * certain and regular, and gives up on everything else: the pattern is then PCRE2's, which is slower and never wrong.
 * Captures, lazy quantifiers and names of groups make no difference to whether a text matches, and leave no trace in the tree.
 *
 * Memory: nodes and sets belong to the arena. Recursion is bounded by PATTERN_DEPTH. Threads: none is shared. */
#pragma once
#include "base/memory.h"

enum {
    PATTERN_DEPTH = 250,        /* groups in groups: PCRE2's own limit */
    PATTERN_REPEAT_MAX = 1000,  /* {n,m} */
    PATTERN_RANGES = 1024,      /* of one class */
    PATTERN_LENGTH = 16 * 1024, /* bytes of a pattern */
    PATTERN_NFA_STATES = 1 << 16,
    PATTERN_DFA_STATES = 4096,
    PATTERN_LAST_CHARACTER = 0x10FFFF,
};
#define PATTERN_UNBOUNDED UINT32_MAX

/* ---- sets of characters ---- */
struct pattern_range {
    uint32_t low, high;
};
struct pattern_set {
    struct pattern_range ranges[PATTERN_RANGES];
    uint32_t n;
    bool full; /* more ranges than there is room for */
};
void pattern_set_add(struct pattern_set *set, uint32_t low, uint32_t high);
/* Ascending, neither overlapping nor touching. */
void pattern_set_normalise(struct pattern_set *set);
/* All other characters; of a normalised set. */
void pattern_set_invert(struct pattern_set *set);
/* The characters that differ in case only from one of low…high. False: not known for sure. */
bool pattern_set_add_cases(struct pattern_set *set, uint32_t low, uint32_t high);
/* What \d \D \w \W \s \S \h \H \v \V \N stand for (ASCII's, but for \h and \v); false: not one of them. */
bool pattern_set_add_escape(struct pattern_set *set, char letter);
/* [:name:]; under ignore_case, upper and lower are alpha. False: no such name. */
bool pattern_set_add_posix(struct pattern_set *set, const char *name, size_t length, bool negated,
                           bool ignore_case);

/* ---- the tree ---- */
enum pattern_kind {
    PATTERN_EMPTY,
    PATTERN_CHARACTERS, /* one of a set */
    PATTERN_SEQUENCE,
    PATTERN_CHOICE,
    PATTERN_REPEAT,
    PATTERN_ASSERTION,
};
enum pattern_place {
    PATTERN_START,
    PATTERN_END,
    PATTERN_LINE_START,
    PATTERN_LINE_END,
    PATTERN_WORD_EDGE
};
struct pattern_node {
    enum pattern_kind kind;
    enum pattern_place place;            /* ASSERTION */
    uint32_t min, max;                   /* REPEAT; max may be PATTERN_UNBOUNDED */
    const struct pattern_range *ranges;  /* CHARACTERS: normalised */
    uint32_t n_ranges;                   /* CHARACTERS */
    const struct pattern_node *last;     /* SEQUENCE, CHOICE, REPEAT: the last child */
    const struct pattern_node *previous; /* the sibling in front of this */
};

/* *tree is NULL when the pattern is not known to be regular. False only when memory ran out. */
bool pattern_parse(const char *text, size_t length, bool ignore_case, struct cpl_arena *arena,
                   const struct pattern_node **tree, struct cpl_error *err) CPL_CHECKED;
