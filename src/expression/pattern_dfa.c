/* The automaton as it runs: classes that no state tells apart are merged, lengths are bounded, and small automata get
 * their tables for byte shuffles. */
#include "expression/pattern_automaton.h"

#include <string.h>

/* ---- classes ---- */

static bool same_column(const struct pattern_table *table, uint32_t a, uint32_t b)
{
    for (uint32_t s = 0; s < table->n_states; s++)
        if (table->next[s * table->n_classes + a] != table->next[s * table->n_classes + b])
            return false;
    return true;
}

/* to[c]: the class that c becomes; the end of the text stays the last. Returns how many there are. */
static uint32_t merge_classes(const struct pattern_table *table, uint8_t to[257])
{
    uint16_t kept[257];
    uint32_t n = 0, end = table->n_classes - 1;
    for (uint32_t c = 0; c < end; c++) {
        uint32_t same = 0;
        while (same < n && !same_column(table, kept[same], c))
            same++;
        if (same == n)
            kept[n++] = (uint16_t)c;
        to[c] = (uint8_t)same;
    }
    return n + 1;
}

static void fill(struct pattern_dfa *dfa, const struct pattern_table *table, const uint8_t to[257])
{
    uint32_t k = dfa->n_classes, end = table->n_classes - 1;
    for (uint32_t s = 0; s < table->n_states; s++)
        for (uint32_t c = 0; c <= end; c++) {
            uint32_t class = c == end ? k - 1 : to[c];
            dfa->next[s * k + class] = table->next[s * table->n_classes + c] * k;
        }
    for (uint32_t byte = 0; byte < 256; byte++)
        dfa->class_of[byte] = to[table->class_of[byte]];
    dfa->start = table->start * k;
}

/* ---- lengths ---- */

static bool ends_well(const struct pattern_dfa *dfa, uint32_t s)
{
    return dfa->next[s * dfa->n_classes + dfa->n_classes - 1] == dfa->n_classes * PATTERN_FOUND;
}

static uint32_t step(const struct pattern_dfa *dfa, uint32_t s, uint32_t class)
{
    return dfa->next[s * dfa->n_classes + class] / dfa->n_classes;
}

/* By a breadth-first walk; no text at all matches: min 1, max 0. */
static void find_min_length(struct pattern_dfa *dfa, uint32_t *queue, uint32_t *distance)
{
    uint32_t n = 0, start = dfa->start / dfa->n_classes;
    memset(distance, 0xFF, dfa->n_states * sizeof *distance);
    distance[start] = 0;
    queue[n++] = start;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t s = queue[i];
        if (ends_well(dfa, s)) {
            dfa->min_length = distance[s];
            return;
        }
        for (uint32_t c = 0; c + 1 < dfa->n_classes; c++) {
            uint32_t to = step(dfa, s, c);
            if (distance[to] == UINT32_MAX) {
                distance[to] = distance[s] + 1;
                queue[n++] = to;
            }
        }
    }
    dfa->min_length = 1;
    dfa->max_length = 0;
}

/* How many transitions lead into each state that is reached from the start, the dead one left out. */
static uint32_t count_entries(const struct pattern_dfa *dfa, uint32_t *queue, uint32_t *entries)
{
    uint32_t n = 0;
    memset(entries, 0, dfa->n_states * sizeof *entries);
    queue[n++] = dfa->start / dfa->n_classes;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t c = 0; c + 1 < dfa->n_classes; c++) {
            uint32_t to = step(dfa, queue[i], c);
            if (to != PATTERN_DEAD && entries[to]++ == 0 && to != queue[0])
                queue[n++] = to;
        }
    return n;
}

/* The longest way, if the states can be put in order: a state that is on a circle is never freed of its entries. */
static void find_max_length(struct pattern_dfa *dfa, uint32_t *queue, uint32_t *entries,
                            uint32_t *longest)
{
    uint32_t reached = count_entries(dfa, queue, entries), n = 0, max = 0;
    uint32_t start = dfa->start / dfa->n_classes;
    dfa->max_length = UINT32_MAX;
    if (entries[start] > 0)
        return;
    memset(longest, 0, dfa->n_states * sizeof *longest);
    queue[n++] = start;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t s = queue[i];
        if (ends_well(dfa, s) && longest[s] > max)
            max = longest[s];
        for (uint32_t c = 0; c + 1 < dfa->n_classes; c++) {
            uint32_t to = step(dfa, s, c);
            if (to == PATTERN_DEAD)
                continue;
            if (longest[to] < longest[s] + 1)
                longest[to] = longest[s] + 1;
            if (--entries[to] == 0)
                queue[n++] = to;
        }
    }
    if (n == reached)
        dfa->max_length = max;
}

static bool find_lengths(struct pattern_dfa *dfa, struct cpl_error *err)
{
    uint32_t *memory = cpl_alloc(3 * (size_t)dfa->n_states * sizeof *memory, err);
    if (!memory)
        return false;
    find_max_length(dfa, memory, memory + dfa->n_states, memory + 2 * (size_t)dfa->n_states);
    find_min_length(dfa, memory, memory + dfa->n_states);
    cpl_free(memory);
    return true;
}

/* ---- the table for shuffles ---- */

/* small[byte][s]: the state behind s. */
static bool add_shuffles(struct pattern_dfa *dfa, struct cpl_error *err)
{
    uint32_t end = dfa->n_classes - 1;
    if (dfa->n_states > PATTERN_SMALL)
        return true;
    dfa->small = cpl_alloc_zero(257, sizeof *dfa->small, err);
    if (!dfa->small)
        return false;
    for (uint32_t byte = 0; byte < 257; byte++)
        for (uint32_t s = 0; s < dfa->n_states; s++)
            dfa->small[byte][s] = (uint8_t)step(dfa, s, byte < 256 ? dfa->class_of[byte] : end);
    return true;
}

static bool finish(const struct pattern_table *table, struct pattern_dfa **out,
                   struct cpl_error *err)
{
    uint8_t to[257];
    struct pattern_dfa *dfa = cpl_alloc_zero(1, sizeof *dfa, err);
    if (!dfa)
        return false;
    dfa->n_classes = merge_classes(table, to);
    dfa->n_states = table->n_states;
    dfa->next = cpl_alloc((size_t)dfa->n_states * dfa->n_classes * sizeof *dfa->next, err);
    if (!dfa->next)
        goto failed;
    fill(dfa, table, to);
    if (!find_lengths(dfa, err) || !add_shuffles(dfa, err))
        goto failed;
    *out = dfa;
    return true;
failed:
    pattern_dfa_free(dfa);
    return false;
}

void pattern_dfa_free(struct pattern_dfa *dfa)
{
    if (!dfa)
        return;
    cpl_free(dfa->next);
    cpl_free(dfa->small);
    cpl_free(dfa);
}

bool pattern_dfa_compile(const char *text, size_t length, bool ignore_case,
                         struct pattern_dfa **dfa, struct cpl_error *err)
{
    const struct pattern_node *tree;
    struct cpl_arena arena = {.max = 16u << 20};
    struct pattern_nfa nfa = {0};
    struct pattern_table table = {0};
    bool built = false;
    *dfa = NULL;
    bool ok = pattern_parse(text, length, ignore_case, &arena, &tree, err);
    if (!ok || !tree)
        goto out;
    ok = pattern_nfa_build(&nfa, tree, err);
    if (!ok || nfa.full)
        goto out;
    ok = pattern_table_build(&table, &nfa, &built, err);
    if (ok && built)
        ok = pattern_table_minimise(&table, err) && finish(&table, dfa, err);
out:
    pattern_table_release(&table);
    pattern_nfa_release(&nfa);
    cpl_arena_release(&arena);
    return ok;
}
