/* Thompson's construction, from the end to the start: every piece is built knowing what follows it. */
#include "expression/pattern_automaton.h"

#include <string.h>

enum {
    SHARED = 64, /* so many states back an end of a byte sequence is looked for */
    VISITS = 16 * PATTERN_NFA_STATES /* of nodes: copies of what is empty add no state */
};

struct builder {
    struct pattern_nfa *nfa;
    struct cpl_error *err;
    bool failed;
    uint32_t visits;
    uint32_t first_of_set; /* states of the set being built: they may be shared within it */
};

static uint32_t emit(struct builder *b, struct pattern_nfa_state state)
{
    struct pattern_nfa *nfa = b->nfa;
    if (b->failed || nfa->full)
        return 0;
    if (nfa->n == PATTERN_NFA_STATES) {
        nfa->full = true;
        return 0;
    }
    if (!cpl_buffer_append(&nfa->memory, &state, sizeof state, b->err)) {
        b->failed = true;
        return 0;
    }
    nfa->states = (struct pattern_nfa_state *)nfa->memory.data;
    return nfa->n++;
}

static uint32_t emit_split(struct builder *b, uint32_t next, uint32_t other)
{
    return emit(b, (struct pattern_nfa_state){.step = PATTERN_SPLIT, .next = next, .other = other});
}

/* ---- characters as bytes ---- */

/* Ends of byte sequences are shared: most characters of a set end alike. */
static uint32_t emit_bytes(struct builder *b, uint8_t low, uint8_t high, uint32_t next)
{
    const struct pattern_nfa *nfa = b->nfa;
    uint32_t i = nfa->n - b->first_of_set > SHARED ? nfa->n - SHARED : b->first_of_set;
    for (; i < nfa->n; i++) {
        const struct pattern_nfa_state *state = &nfa->states[i];
        if (state->step == PATTERN_BYTES && state->low == low && state->high == high &&
            state->next == next)
            return i;
    }
    return emit(b, (struct pattern_nfa_state){
                       .step = PATTERN_BYTES, .low = low, .high = high, .place = 0, .next = next});
}

static int put_utf8(uint8_t out[4], uint32_t c)
{
    int n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    if (n == 1) {
        out[0] = (uint8_t)c;
        return 1;
    }
    for (int i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3F));
    out[0] = (uint8_t)((0xF0u << (4 - n) & 0xFF) | c);
    return n;
}

/* Characters low…high of which the sequences differ, byte by byte, in ranges that are independent of each other. */
static void emit_uniform(struct builder *b, uint32_t low, uint32_t high, uint32_t next,
                         uint32_t *all)
{
    uint8_t from[4], to[4];
    int n = put_utf8(from, low);
    (void)put_utf8(to, high);
    for (int i = n - 1; i >= 0; i--)
        next = emit_bytes(b, from[i], to[i], next);
    *all = *all == UINT32_MAX ? next : emit_split(b, next, *all);
}

/* Cuts low…high, which are of the same number of bytes, until trailing bytes run from 80 to BF or are all the same. */
static void emit_range(struct builder *b, uint32_t low, uint32_t high, uint32_t next, uint32_t *all)
{
    for (uint32_t mask = 0x3F; low >= 0x80 && mask <= 0x3FFFF; mask = mask << 6 | 0x3F) {
        if ((low & ~mask) == (high & ~mask))
            continue;
        uint32_t cut = high & ~mask; /* the second part's first */
        if (low & mask)
            cut = (low | mask) + 1;
        else if ((high & mask) == mask)
            continue;
        emit_range(b, low, cut - 1, next, all);
        emit_range(b, cut, high, next, all);
        return;
    }
    emit_uniform(b, low, high, next, all);
}

/* The surrogates are no characters. */
static const struct pattern_range lengths[] = {
    {0, 0x7F}, {0x80, 0x7FF}, {0x800, 0xD7FF}, {0xE000, 0xFFFF}, {0x10000, PATTERN_LAST_CHARACTER}};

static uint32_t emit_characters(struct builder *b, const struct pattern_node *node, uint32_t next)
{
    uint32_t all = UINT32_MAX;
    b->first_of_set = b->nfa->n;
    for (uint32_t i = 0; i < node->n_ranges; i++)
        for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
            struct pattern_range range = node->ranges[i];
            uint32_t low = range.low > lengths[k].low ? range.low : lengths[k].low;
            uint32_t high = range.high < lengths[k].high ? range.high : lengths[k].high;
            if (low <= high)
                emit_range(b, low, high, next, &all);
        }
    if (all == UINT32_MAX) /* no character at all: a range of bytes that is empty */
        return emit(b, (struct pattern_nfa_state){
                           .step = PATTERN_BYTES, .low = 1, .high = 0, .next = next});
    return all;
}

/* ---- the rest of the tree ---- */

static uint32_t emit_node(struct builder *b, const struct pattern_node *node, uint32_t next);

/* min copies, the last of which may loop, or further ones that may be left out. */
static uint32_t emit_repeat(struct builder *b, const struct pattern_node *node, uint32_t next)
{
    uint32_t copies = node->min, entry = next;
    if (node->max == PATTERN_UNBOUNDED) {
        uint32_t loop = emit_split(b, 0, next);
        entry = emit_node(b, node->last, loop);
        if (b->failed || b->nfa->full)
            return 0;
        b->nfa->states[loop].next = entry;
        if (copies == 0)
            return loop;
        copies--;
    }
    for (uint32_t i = node->min; node->max != PATTERN_UNBOUNDED && i < node->max; i++) {
        if (b->failed || b->nfa->full)
            return 0;
        entry = emit_split(b, emit_node(b, node->last, entry), next);
    }
    for (; copies > 0 && !b->failed && !b->nfa->full; copies--)
        entry = emit_node(b, node->last, entry);
    return entry;
}

static uint32_t emit_assertion(struct builder *b, enum pattern_place place, uint32_t next)
{
    b->nfa->word_edges |= place == PATTERN_WORD_EDGE;
    b->nfa->lines |= place == PATTERN_LINE_START || place == PATTERN_LINE_END;
    return emit(b, (struct pattern_nfa_state){
                       .step = PATTERN_ASSERT, .place = (uint8_t)place, .next = next});
}

static uint32_t emit_choice(struct builder *b, const struct pattern_node *node, uint32_t next)
{
    uint32_t entry = UINT32_MAX;
    for (const struct pattern_node *child = node->last; child; child = child->previous) {
        uint32_t one = emit_node(b, child, next);
        entry = entry == UINT32_MAX ? one : emit_split(b, one, entry);
    }
    return entry;
}

/* The entry of an automaton that goes through `node` and on to `next`. */
static uint32_t emit_node(struct builder *b, const struct pattern_node *node, uint32_t next)
{
    b->nfa->full |= b->visits++ > VISITS;
    if (b->failed || b->nfa->full)
        return 0;
    switch (node->kind) {
    case PATTERN_CHARACTERS:
        return emit_characters(b, node, next);
    case PATTERN_SEQUENCE:
        for (const struct pattern_node *child = node->last; child; child = child->previous)
            next = emit_node(b, child, next);
        return next;
    case PATTERN_CHOICE:
        return emit_choice(b, node, next);
    case PATTERN_REPEAT:
        return emit_repeat(b, node, next);
    case PATTERN_ASSERTION:
        return emit_assertion(b, node->place, next);
    case PATTERN_EMPTY:
        break;
    }
    return next;
}

/* A match may start behind any byte. */
static uint32_t emit_search(struct builder *b, uint32_t entry)
{
    uint32_t start = emit_split(b, entry, 0);
    uint32_t any = emit(
        b, (struct pattern_nfa_state){.step = PATTERN_BYTES, .low = 0, .high = 255, .next = start});
    if (!b->failed && !b->nfa->full)
        b->nfa->states[start].other = any;
    return start;
}

bool pattern_nfa_build(struct pattern_nfa *nfa, const struct pattern_node *tree,
                       struct cpl_error *err)
{
    struct builder b = {.nfa = nfa, .err = err};
    nfa->memory.max = sizeof(struct pattern_nfa_state) * (PATTERN_NFA_STATES + 1);
    uint32_t match = emit(&b, (struct pattern_nfa_state){.step = PATTERN_MATCH});
    nfa->start = emit_search(&b, emit_node(&b, tree, match));
    return !b.failed;
}

void pattern_nfa_release(struct pattern_nfa *nfa)
{
    cpl_buffer_release(&nfa->memory);
    nfa->states = NULL;
}
