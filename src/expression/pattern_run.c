/* Running an automaton over a column, four texts at a time: a step is two dependent look-ups, and those of four texts
 * overlap where those of one would wait for each other. */
#include "base/cpu.h"
#include "expression/pattern_automaton.h"

#include <string.h>

enum {
    LANES = 4,
    TILE = 256,
    STRIDE = 16, /* bytes between looks at whether all lanes have ended */
};

/* Texts that are being run, and at which states they are. */
struct lanes {
    const uint8_t *data[LANES];
    uint32_t length[LANES], state[LANES];
};

static bool have_ended(const struct pattern_dfa *dfa, const struct lanes *lanes)
{
    bool ended = true;
    for (int k = 0; k < LANES; k++)
        ended &= lanes->state[k] <= dfa->n_classes; /* dead or found */
    return ended;
}

/* Bytes [from, to) of all lanes; none is shorter. */
static inline void run_together(const struct pattern_dfa *dfa, struct lanes *lanes, uint32_t from,
                                uint32_t to)
{
    const uint32_t *next = dfa->next;
    const uint8_t *a = lanes->data[0], *b = lanes->data[1], *c = lanes->data[2],
                  *d = lanes->data[3];
    uint32_t s = lanes->state[0], t = lanes->state[1], u = lanes->state[2], v = lanes->state[3];
    for (uint32_t i = from; i < to; i++) {
        s = next[s + dfa->class_of[a[i]]];
        t = next[t + dfa->class_of[b[i]]];
        u = next[u + dfa->class_of[c[i]]];
        v = next[v + dfa->class_of[d[i]]];
    }
    lanes->state[0] = s;
    lanes->state[1] = t;
    lanes->state[2] = u;
    lanes->state[3] = v;
}

/* What is left of one lane behind `from`. */
static inline void run_alone(const struct pattern_dfa *dfa, struct lanes *lanes, int k,
                             uint32_t from)
{
    const uint32_t *next = dfa->next;
    uint32_t state = lanes->state[k], end = lanes->length[k];
    for (uint32_t i = from; i < end && state > dfa->n_classes; i++)
        state = next[state + dfa->class_of[lanes->data[k][i]]];
    lanes->state[k] = state;
}

static void run_lanes(const struct pattern_dfa *dfa, struct lanes *lanes)
{
    uint32_t shortest = UINT32_MAX, at = 0;
    for (int k = 0; k < LANES; k++)
        shortest = lanes->length[k] < shortest ? lanes->length[k] : shortest;
    while (shortest - at > STRIDE) {
        run_together(dfa, lanes, at, at + STRIDE);
        at += STRIDE;
        if (have_ended(dfa, lanes))
            return;
    }
    run_together(dfa, lanes, at, shortest);
    for (int k = 0; k < LANES; k++)
        run_alone(dfa, lanes, k, shortest);
}

/* The texts chosen[0…LANES), of which the last may repeat. */
static void run_group(const struct pattern_dfa *dfa, const struct cpl_slice *texts,
                      const uint16_t *chosen, uint8_t *out)
{
    struct lanes lanes;
    for (int k = 0; k < LANES; k++) {
        lanes.data[k] = texts[chosen[k]].data;
        lanes.length[k] = texts[chosen[k]].length;
        lanes.state[k] = dfa->start;
    }
    run_lanes(dfa, &lanes);
    for (int k = 0; k < LANES; k++)
        out[chosen[k]] = dfa->next[lanes.state[k] + dfa->n_classes - 1] ==
                         PATTERN_FOUND * dfa->n_classes;
}

static void run_tile(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                     uint8_t *out)
{
    uint16_t chosen[TILE + LANES];
    uint32_t m = 0;
    memset(out, 0, n);
    for (uint32_t i = 0; i < n; i++) {
        chosen[m] = (uint16_t)i;
        m += pattern_length_fits(dfa, texts[i].length);
    }
    for (uint32_t k = 0; m > 0 && k < LANES; k++)
        chosen[m + k] = chosen[m - 1];
    for (uint32_t i = 0; i < m; i += LANES)
        run_group(dfa, texts, chosen + i, out);
}

void pattern_test_portable(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                           uint8_t *out)
{
    for (uint32_t i = 0; i < n; i += TILE)
        run_tile(dfa, texts + i, n - i < TILE ? n - i : TILE, out + i);
}

void pattern_dfa_test(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                      uint8_t *out)
{
#if defined(__x86_64__)
    if (dfa->small && cpl_cpu_level() >= CPL_CPU_AVX2) {
        pattern_test_avx2(dfa, texts, n, out);
        return;
    }
#endif
    pattern_test_portable(dfa, texts, n, out);
}
