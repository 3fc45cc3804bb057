/* Automata of up to 16 states: a byte's transitions are the 16 bytes of one row, and a byte shuffle of the row by the
 * state is the next state. The row's address does not depend on the state, so that a step waits one cycle for the one
 * before it, where a look-up would wait five. */
#if defined(__x86_64__)
#include "expression/pattern_automaton.h"

#include <immintrin.h>

enum { STRIDE = 64 }; /* bytes between looks at whether the run has ended */

static inline __m128i advance(const uint8_t (*rows)[16], uint32_t row, __m128i state)
{
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)rows[row]), state);
}

static inline __m128i advance_all(const uint8_t (*rows)[16], const uint8_t *data, uint32_t n,
                                  __m128i state)
{
    uint32_t i = 0;
    for (; i + 4 <= n; i += 4) {
        state = advance(rows, data[i], state);
        state = advance(rows, data[i + 1], state);
        state = advance(rows, data[i + 2], state);
        state = advance(rows, data[i + 3], state);
    }
    for (; i < n; i++)
        state = advance(rows, data[i], state);
    return state;
}

void pattern_test_avx2(const struct pattern_dfa *dfa, const struct cpl_slice *texts, uint32_t n,
                       uint8_t *out)
{
    const uint8_t(*rows)[16] = (const uint8_t(*)[16])dfa->small;
    const __m128i start = _mm_set1_epi8((char)(dfa->start / dfa->n_classes));
    for (uint32_t i = 0; i < n; i++) {
        const uint8_t *data = texts[i].data;
        uint32_t left = texts[i].length;
        __m128i state = start;
        if (!pattern_length_fits(dfa, left)) {
            out[i] = 0;
            continue;
        }
        while (left > STRIDE && _mm_cvtsi128_si32(state) & 0xFE) {
            state = advance_all(rows, data, STRIDE, state);
            data += STRIDE;
            left -= STRIDE;
        }
        if (left <= STRIDE)
            state = advance_all(rows, data, left, state);
        state = advance(rows, 256, state); /* dead or found */
        out[i] = (uint8_t)_mm_cvtsi128_si32(state);
    }
}
#endif
