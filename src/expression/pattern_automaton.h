/* From a tree to a minimal deterministic automaton over bytes.
 *
 * The NFA is Thompson's, over the bytes of UTF-8. Unless something in the pattern forbids it, a match may start behind any byte:
 * a loop over all bytes stands in front. (In a valid text no character begins within another's bytes, so that this finds no more
 * than a search by characters would.) The DFA has an end-of-text symbol besides its classes of bytes, so that what $, \z, and a match that is
 * complete only there mean is in the table, too. State 0 is the one that nothing leads out of, state 1 that a match has been found:
 * a run may stop at either. What an assertion says depends on the bytes at both sides of a place: a set of NFA states
 * keeps its assertions unresolved until the next byte is known.
 *
 * Bounds: PATTERN_NFA_STATES, PATTERN_DFA_STATES, and a budget of steps; beyond any of them there is no automaton.
 * Threads: an automaton is read-only. */
#pragma once
#include "batch/batch.h"
#include "expression/pattern_tree.h"

enum pattern_step { PATTERN_BYTES, PATTERN_SPLIT, PATTERN_ASSERT, PATTERN_MATCH };
struct pattern_nfa_state {
    uint8_t step, low, high, place; /* BYTES: low…high; ASSERT: enum pattern_place */
    uint32_t next, other;           /* SPLIT: both, else .next */
};
struct pattern_nfa {
    struct pattern_nfa_state *states; /* PATTERN_NFA_STATES at most */
    uint32_t n, start;
    bool full; /* too many: no automaton */
    struct cpl_buffer memory;
    bool word_edges, lines; /* which assertions there are */
};
bool pattern_nfa_build(struct pattern_nfa *nfa, const struct pattern_node *tree,
                       struct cpl_error *err) CPL_CHECKED;
void pattern_nfa_release(struct pattern_nfa *nfa);

enum { PATTERN_DEAD = 0, PATTERN_FOUND = 1, PATTERN_SMALL = 16 };

/* Transitions of state s by class c: next[s * n_classes + c]. The last class is the end of the text. */
struct pattern_table {
    uint16_t *next;
    uint32_t n_states, n_classes, start;
    uint8_t class_of[256];
};
/* *built false: passes a bound. The table is released by pattern_table_release in any case. */
bool pattern_table_build(struct pattern_table *table, const struct pattern_nfa *nfa, bool *built,
                         struct cpl_error *err) CPL_CHECKED;
bool pattern_table_minimise(struct pattern_table *table, struct cpl_error *err) CPL_CHECKED;
void pattern_table_release(struct pattern_table *table);

/* What runs. */
struct pattern_dfa {
    uint32_t *next;       /* states are offsets: next[state + class]; PATTERN_FOUND is n_classes */
    uint8_t (*small)[16]; /* up to 16 states: next state by byte, [256] by end of text; or NULL */
    uint32_t n_states, n_classes, start;
    uint32_t min_length, max_length; /* of texts that can match, in bytes; UINT32_MAX: any */
    uint8_t class_of[256];
};
/* NULL in *dfa when the pattern is not regular for sure, or passes a bound. */
bool pattern_dfa_compile(const char *text, size_t length, bool ignore_case,
                         struct pattern_dfa **dfa, struct cpl_error *err) CPL_CHECKED;
void pattern_dfa_free(struct pattern_dfa *dfa);

/* out[i]: 1 = match, 0 = none. The variants give the same answers; the machine's best one is chosen by pattern_dfa_test. */
void pattern_dfa_test(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                      uint8_t *out);
void pattern_test_portable(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                           uint8_t *out);
/* .small must be there. */
void pattern_test_avx2(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                       uint8_t *out);
static inline bool pattern_length_fits(const struct pattern_dfa *dfa, uint32_t length)
{
    return length >= dfa->min_length && length <= dfa->max_length;
}
