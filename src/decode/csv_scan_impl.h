/* The body of the CSV scan, compiled once an instruction set. The including file defines
 *   CSV_SCAN                              the function's name
 *   struct csv_masks csv_masks(const uint8_t *, scan)   quote, delimiter-or-newline, newline, carriage return, high-bit masks of 64 bytes
 *   uint64_t csv_prefix_xor(uint64_t)
 *   uint32_t *csv_emit(uint32_t *out, uint32_t base, uint64_t mask)   write the positions of set bits, return the end */
#include "decode/csv_scan.h"

struct csv_carry {
    uint64_t inside, previous_quote, previous_separator;
};

/* True when each opening quote starts a field (or doubles), and each closing one ends it. `crlf`: the CRs that a
 * newline is seen to follow; one of them may stand behind a closing quote. */
static inline bool csv_quotes_regular(uint64_t quote, uint64_t separator, uint64_t crlf,
                                      uint64_t inside, struct csv_carry carry)
{
    uint64_t opening = quote & inside, closing = quote & ~inside;
    uint64_t before = (quote << 1 | carry.previous_quote) |
                      (separator << 1 | carry.previous_separator);
    uint64_t closed_before = closing << 1 | (carry.previous_quote & ~carry.inside & 1);
    return !(opening & ~before) && !(closed_before & ~(quote | separator | crlf));
}

size_t CSV_SCAN(struct cpl_csv_scan *scan, const uint8_t *data, size_t from, size_t to,
                bool field_start)
{
    uint32_t *out = scan->positions + scan->n;
    struct csv_carry carry = {.inside = scan->inside,
                              .previous_quote = scan->after_quote,
                              .previous_separator = field_start};
    uint64_t high = 0, doubled = 0, cr = 0;
    uint32_t rows = 0;
    size_t at = from;
    for (; at < to; at += 64) {
        struct csv_masks m = csv_masks(data + at, scan);
        if (__builtin_expect(to - at < 64, 0)) {
            uint64_t valid = (1ull << (to - at)) - 1;
            m.quote &= valid, m.separator &= valid, m.newline &= valid, m.high &= valid,
                m.cr &= valid;
        }
        /* without a branch: whether 64 bytes hold a quote is not to be foretold */
        uint64_t inside = csv_prefix_xor(m.quote) ^ carry.inside;
        uint64_t crlf = m.cr & m.newline >> 1;
        if (__builtin_expect(!csv_quotes_regular(m.quote, m.separator, crlf, inside, carry), 0))
            break;
        doubled |= m.quote & inside & (m.quote << 1 | carry.previous_quote);
        uint64_t ends = m.separator & ~inside;
        rows += (uint32_t)__builtin_popcountll(m.newline & ~inside);
        out = csv_emit(out, (uint32_t)at, ends);
        high |= m.high, cr |= m.cr;
        carry.inside = (uint64_t)((int64_t)inside >> 63);
        carry.previous_quote = m.quote >> 63;
        carry.previous_separator = m.separator >> 63;
        if (__builtin_expect(to - at < 64, 0)) {
            unsigned last = (unsigned)(to - at - 1);
            carry.inside = inside >> last & 1 ? ~0ull : 0;
            carry.previous_quote = m.quote >> last & 1;
        }
    }
    scan->n = (uint32_t)(out - scan->positions);
    scan->rows += rows;
    scan->inside = carry.inside;
    scan->after_quote = carry.previous_quote && !carry.inside;
    scan->non_ascii |= high != 0;
    scan->doubled |= doubled != 0;
    scan->carriage_returns |= cr != 0;
    return at < to ? at : to;
}
