/* Hopcroft's partition refinement: states that no text tells apart become one, in O(classes · n log n).
 *
 * A block that is taken from the work list splits every other block into the states that lead into it and those that
 * do not; of the two halves the smaller is put on the list. New numbers follow a breadth-first walk, so that what is
 * near in a text is near in the table. */
#include "expression/pattern_automaton.h"

#include <string.h>

struct partition {
    const struct pattern_table *table;
    uint32_t n, k;
    uint16_t *order, *place; /* states block by block; where each stands */
    uint16_t *block;         /* of each state */
    uint16_t *first, *end;   /* of each block, in .order */
    uint16_t *marked;        /* so many at the block's front lead into the splitter */
    uint16_t *touched, n_touched;
    uint16_t *list, n_list;
    uint8_t *listed;
    uint16_t *splitter;
    uint16_t *sources, *sources_at; /* by class: states by where they lead */
    uint16_t n_blocks;
};

/* By class and target, the states that lead there. */
static void invert_table(struct partition *p)
{
    for (uint32_t c = 0; c < p->k; c++) {
        uint16_t *at = p->sources_at + (size_t)c * (p->n + 1),
                 *sources = p->sources + (size_t)c * p->n;
        memset(at, 0, (p->n + 1) * sizeof *at);
        for (uint32_t s = 0; s < p->n; s++)
            at[p->table->next[s * p->k + c] + 1]++;
        for (uint32_t s = 0; s < p->n; s++)
            at[s + 1] = (uint16_t)(at[s + 1] + at[s]);
        for (uint32_t s = p->n;
             s-- > 0;) /* fills each target's part from its end: at[t + 1] becomes its start */
            sources[--at[p->table->next[s * p->k + c] + 1]] = (uint16_t)s;
        for (uint32_t s = 0; s < p->n; s++)
            at[s] = at[s + 1];
        at[p->n] = (uint16_t)p->n;
    }
}

static void mark(struct partition *p, uint16_t state)
{
    uint16_t block = p->block[state];
    uint16_t to = (uint16_t)(p->first[block] + p->marked[block]);
    if (p->place[state] < to)
        return;
    if (p->marked[block]++ == 0)
        p->touched[p->n_touched++] = block;
    uint16_t other = p->order[to];
    p->order[p->place[state]] = other;
    p->place[other] = p->place[state];
    p->order[to] = state;
    p->place[state] = to;
}

static void enlist(struct partition *p, uint16_t block)
{
    if (!p->listed[block])
        p->list[p->n_list++] = block;
    p->listed[block] = 1;
}

/* The marked states of `block` become one of their own. */
static void split(struct partition *p, uint16_t block)
{
    uint16_t n = p->marked[block], size = (uint16_t)(p->end[block] - p->first[block]);
    p->marked[block] = 0;
    if (n == size)
        return;
    uint16_t fresh = p->n_blocks++;
    p->first[fresh] = p->first[block];
    p->end[fresh] = p->first[block] = (uint16_t)(p->first[block] + n);
    p->marked[fresh] = 0;
    p->listed[fresh] = 0;
    for (uint16_t i = p->first[fresh]; i < p->end[fresh]; i++)
        p->block[p->order[i]] = fresh;
    enlist(p, p->listed[block] || 2 * n <= size ? fresh : block);
}

static void refine_by(struct partition *p, uint16_t block)
{
    uint16_t n = (uint16_t)(p->end[block] - p->first[block]);
    memcpy(p->splitter, p->order + p->first[block], n * sizeof *p->splitter);
    for (uint32_t c = 0; c < p->k; c++) {
        const uint16_t *at = p->sources_at + (size_t)c * (p->n + 1);
        p->n_touched = 0;
        for (uint16_t i = 0; i < n; i++)
            for (uint32_t j = at[p->splitter[i]]; j < at[p->splitter[i] + 1]; j++)
                mark(p, p->sources[(size_t)c * p->n + j]);
        for (uint16_t i = 0; i < p->n_touched; i++)
            split(p, p->touched[i]);
    }
}

/* One block of what has matched, one of all others. */
static void start_partition(struct partition *p)
{
    for (uint32_t s = 0; s < p->n; s++) {
        p->order[s] = (uint16_t)s;
        p->place[s] = (uint16_t)s;
        p->block[s] = s == PATTERN_FOUND;
    }
    p->order[0] = PATTERN_FOUND;
    p->order[1] = PATTERN_DEAD;
    p->place[PATTERN_FOUND] = 0;
    p->place[PATTERN_DEAD] = 1;
    p->first[1] = 0;
    p->end[1] = p->first[0] = 1;
    p->end[0] = (uint16_t)p->n;
    p->n_blocks = 2;
    enlist(p, 0);
    enlist(p, 1);
}

/* Blocks as states: 0 and 1 keep their meaning, the others are numbered as a walk from the start meets them. */
static void renumber(struct partition *p, struct pattern_table *table, uint16_t *next)
{
    uint16_t *number = p->touched, *queue = p->splitter; /* no longer needed for what they were */
    memset(number, 0xFF, p->n * sizeof *number);
    uint32_t n = 0, k = p->k;
    const uint16_t first[] = {PATTERN_DEAD, PATTERN_FOUND, (uint16_t)table->start};
    for (size_t i = 0; i < 3; i++)
        if (number[p->block[first[i]]] == UINT16_MAX) {
            queue[n] = first[i];
            number[p->block[first[i]]] = (uint16_t)n++;
        }
    for (uint32_t s = 0; s < n; s++)
        for (uint32_t c = 0; c < k; c++) {
            uint16_t to = table->next[queue[s] * k + c];
            if (number[p->block[to]] == UINT16_MAX) {
                queue[n] = to;
                number[p->block[to]] = (uint16_t)n++;
            }
            next[s * k + c] = number[p->block[to]];
        }
    table->start = number[p->block[table->start]];
    table->n_states = n;
}

/* One block of memory for all arrays. */
static uint16_t *lay_out(struct partition *p, struct cpl_error *err)
{
    size_t n = p->n, by_class = (size_t)p->k * (n + 1);
    uint16_t *memory = cpl_alloc_zero(10 * n + 2 * by_class, sizeof *memory, err);
    if (!memory)
        return NULL;
    uint16_t **const arrays[] = {&p->order,  &p->place,   &p->block, &p->first,   &p->end,
                                 &p->marked, &p->touched, &p->list,  &p->splitter};
    for (size_t i = 0; i < 9; i++)
        *arrays[i] = memory + i * n;
    p->listed = (uint8_t *)(memory + 9 * n);
    p->sources = memory + 10 * n;
    p->sources_at = p->sources + by_class;
    return memory;
}

bool pattern_table_minimise(struct pattern_table *table, struct cpl_error *err)
{
    struct partition p = {.table = table, .n = table->n_states, .k = table->n_classes};
    bool ok = false;
    uint16_t *memory = lay_out(&p, err);
    uint16_t *next = cpl_alloc((size_t)p.n * p.k * sizeof *next, err);
    if (!memory || !next)
        goto out;
    invert_table(&p);
    start_partition(&p);
    while (p.n_list > 0) {
        uint16_t block = p.list[--p.n_list];
        p.listed[block] = 0;
        refine_by(&p, block);
    }
    renumber(&p, table, next);
    uint16_t *old = table->next;
    table->next = next;
    next = old;
    ok = true;
out:
    cpl_free(memory);
    cpl_free(next);
    return ok;
}
