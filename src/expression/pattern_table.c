/* The subset construction, with assertions resolved one byte late.
 *
 * A state of the DFA is a set of NFA states that consume, match or assert, and what kind of byte was passed last (where an
 * assertion asks for it). Sets lie one behind another in a buffer, and are found again by a hash. */
#include "base/xxhash.h"
#include "expression/pattern_automaton.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 2 * PATTERN_DFA_STATES,
    SETS_MAX = 4 << 20, /* members of all sets */
};
#define STEPS_MAX 12000000u /* some tenths of a second */

/* What stands beside a place. */
enum side { EDGE, NEWLINE, WORD, OTHER };

struct subset {
    uint32_t from, n; /* in .members */
    enum side before;
    bool asserts;
};
struct builder {
    const struct pattern_nfa *nfa;
    struct pattern_table *table;
    struct cpl_error *err;
    uint8_t sample[257];       /* a byte of each class */
    struct subset *subsets;    /* of each DFA state */
    uint16_t *buckets;         /* state + 1, or 0 */
    struct cpl_buffer members; /* uint32_t */
    uint32_t *marks, mark;     /* NFA states that are in the set being built */
    uint32_t *stack;
    uint32_t *set, n_set; /* being built */
    uint32_t *resolved, n_resolved;
    uint32_t steps;
    bool found, asserts; /* of the set being built */
    bool beyond, failed;
};

/* ---- classes of bytes ---- */

static enum side side_of(uint8_t byte)
{
    if (byte == '\n')
        return NEWLINE;
    bool word = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                (byte >= 'A' && byte <= 'Z') || byte == '_';
    return word ? WORD : OTHER;
}

/* Bytes that no range and no assertion tells apart; ranges of them, in order. */
static void find_classes(struct builder *b)
{
    bool cut[257] = {0};
    for (uint32_t i = 0; i < b->nfa->n; i++)
        if (b->nfa->states[i].step == PATTERN_BYTES) {
            cut[b->nfa->states[i].low] = true;
            cut[b->nfa->states[i].high + 1] = true;
        }
    uint32_t class = 0;
    for (uint32_t byte = 0; byte < 256; byte++) {
        bool edge = byte && side_of((uint8_t)byte) != side_of((uint8_t)(byte - 1));
        if (byte && (cut[byte] || (edge && (b->nfa->word_edges || b->nfa->lines))))
            class ++;
        b->table->class_of[byte] = (uint8_t)class;
        b->sample[class] = (uint8_t)byte;
    }
    b->table->n_classes = class + 2; /* and the end of the text */
}

/* ---- sets ---- */

static bool holds(uint8_t place, enum side before, enum side behind)
{
    switch ((enum pattern_place)place) {
    case PATTERN_START:
        return before == EDGE;
    case PATTERN_END:
        return behind == EDGE;
    case PATTERN_LINE_START:
        return before == EDGE || (before == NEWLINE && behind != EDGE);
    case PATTERN_LINE_END:
        return behind == EDGE || behind == NEWLINE;
    case PATTERN_WORD_EDGE:
        return (before == WORD) != (behind == WORD);
    }
    return false;
}

static void clear_set(struct builder *b)
{
    b->mark++;
    b->n_set = 0;
    b->found = b->asserts = false;
}

/* Everything that is reached from `state` without a byte; assertions are passed if `resolve` and they hold. */
static void add_closure(struct builder *b, uint32_t state, bool resolve, enum side before,
                        enum side behind)
{
    uint32_t depth = 0;
    b->stack[depth++] = state;
    while (depth > 0) {
        uint32_t at = b->stack[--depth];
        if (b->marks[at] == b->mark)
            continue;
        b->marks[at] = b->mark;
        b->steps++;
        const struct pattern_nfa_state *s = &b->nfa->states[at];
        if (s->step == PATTERN_SPLIT) {
            b->stack[depth++] = s->next; /* never more than twice as many as there are states */
            b->stack[depth++] = s->other;
        } else if (s->step == PATTERN_ASSERT && resolve) {
            if (holds(s->place, before, behind))
                b->stack[depth++] = s->next;
        } else {
            b->found |= s->step == PATTERN_MATCH;
            b->asserts |= s->step == PATTERN_ASSERT;
            b->set[b->n_set++] = at;
        }
    }
}

static int ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static const uint32_t *members_of(const struct builder *b, const struct subset *subset)
{
    return (const uint32_t *)b->members.data + subset->from;
}

static bool same_as_built(const struct builder *b, const struct subset *subset, enum side before)
{
    return subset->n == b->n_set && subset->before == before &&
           memcmp(members_of(b, subset), b->set, b->n_set * sizeof *b->set) == 0;
}

static uint16_t keep_subset(struct builder *b, enum side before)
{
    struct pattern_table *table = b->table;
    size_t from = b->members.size / sizeof *b->set;
    if (table->n_states == PATTERN_DFA_STATES || from + b->n_set > SETS_MAX) {
        b->beyond = true;
        return PATTERN_DEAD;
    }
    if (!cpl_buffer_append(&b->members, b->set, b->n_set * sizeof *b->set, b->err)) {
        b->failed = true;
        return PATTERN_DEAD;
    }
    b->subsets[table->n_states] = (struct subset){
        .from = (uint32_t)from, .n = b->n_set, .before = before, .asserts = b->asserts};
    return (uint16_t)table->n_states++;
}

/* The DFA's state of the set that was built. */
static uint16_t state_of_set(struct builder *b, enum side before)
{
    if (b->found)
        return PATTERN_FOUND;
    if (b->n_set == 0)
        return PATTERN_DEAD;
    if (!b->asserts)
        before = OTHER;
    qsort(b->set, b->n_set, sizeof *b->set, ascending);
    uint64_t hash = XXH3_64bits_withSeed(b->set, b->n_set * sizeof *b->set, before);
    uint32_t bucket = (uint32_t)(hash % BUCKETS);
    for (; b->buckets[bucket]; bucket = (bucket + 1) % BUCKETS) {
        uint16_t state = (uint16_t)(b->buckets[bucket] - 1);
        if (same_as_built(b, &b->subsets[state], before))
            return state;
    }
    uint16_t state = keep_subset(b, before);
    if (!b->beyond && !b->failed)
        b->buckets[bucket] = (uint16_t)(state + 1);
    return state;
}

/* ---- transitions ---- */

/* The members of `subset`, with assertions resolved, in b->resolved; true if a match is complete there. */
static bool resolve(struct builder *b, const struct subset *subset, enum side behind)
{
    const uint32_t *members = members_of(b, subset);
    clear_set(b);
    for (uint32_t i = 0; i < subset->n; i++)
        add_closure(b, members[i], true, subset->before, behind);
    memcpy(b->resolved, b->set, b->n_set * sizeof *b->set);
    b->n_resolved = b->n_set;
    return b->found;
}

static uint16_t target(struct builder *b, uint32_t state, uint32_t class)
{
    struct subset subset = b->subsets[state];
    bool end = class == b->table->n_classes - 1;
    uint8_t byte = b->sample[class];
    if (subset.asserts && resolve(b, &subset, end ? EDGE : side_of(byte)))
        return PATTERN_FOUND;
    if (end)
        return PATTERN_DEAD;
    const uint32_t *members = subset.asserts ? b->resolved : members_of(b, &subset);
    uint32_t n = subset.asserts ? b->n_resolved : subset.n;
    clear_set(b);
    b->steps += n;
    for (uint32_t i = 0; i < n; i++) {
        const struct pattern_nfa_state *s = &b->nfa->states[members[i]];
        if (s->step == PATTERN_BYTES && byte >= s->low && byte <= s->high)
            add_closure(b, s->next, false, OTHER, OTHER);
    }
    return state_of_set(b, side_of(byte));
}

static void fill_table(struct builder *b)
{
    struct pattern_table *table = b->table;
    uint32_t k = table->n_classes;
    for (uint32_t c = 0; c < k; c++) {
        table->next[PATTERN_DEAD * k + c] = PATTERN_DEAD;
        table->next[PATTERN_FOUND * k + c] = PATTERN_FOUND;
    }
    table->n_states = 2;
    clear_set(b);
    add_closure(b, b->nfa->start, false, OTHER, OTHER);
    table->start = state_of_set(b, EDGE);
    for (uint32_t s = 2; s < table->n_states; s++)
        for (uint32_t c = 0; c < k && !b->beyond && !b->failed; c++) {
            uint16_t next = target(b, s, c);
            table->next[s * k + c] = next;
            b->beyond |= b->steps > STEPS_MAX;
        }
}

static bool allocate(struct builder *b)
{
    size_t n = b->nfa->n;
    b->members.max = (SETS_MAX + 64) * sizeof(uint32_t);
    return (b->subsets = cpl_alloc_zero(PATTERN_DFA_STATES, sizeof *b->subsets, b->err)) &&
           (b->buckets = cpl_alloc_zero(BUCKETS, sizeof *b->buckets, b->err)) &&
           (b->marks = cpl_alloc_zero(n, sizeof *b->marks, b->err)) &&
           (b->stack = cpl_alloc(2 * (n + 1) * sizeof *b->stack, b->err)) &&
           (b->set = cpl_alloc(n * sizeof *b->set, b->err)) &&
           (b->resolved = cpl_alloc(n * sizeof *b->resolved, b->err)) &&
           (b->table->next = cpl_alloc(
                (size_t)PATTERN_DFA_STATES * b->table->n_classes * sizeof *b->table->next, b->err));
}

bool pattern_table_build(struct pattern_table *table, const struct pattern_nfa *nfa, bool *built,
                         struct cpl_error *err)
{
    struct builder b = {.nfa = nfa, .table = table, .err = err};
    *built = false;
    find_classes(&b);
    bool ok = allocate(&b);
    if (ok) {
        fill_table(&b);
        ok = !b.failed;
        *built = ok && !b.beyond;
    }
    cpl_free(b.subsets);
    cpl_free(b.buckets);
    cpl_free(b.marks);
    cpl_free(b.stack);
    cpl_free(b.set);
    cpl_free(b.resolved);
    cpl_buffer_release(&b.members);
    return ok;
}

void pattern_table_release(struct pattern_table *table)
{
    cpl_free(table->next);
    table->next = NULL;
}
