/* The kernels for machines without AVX-512: the rules of format/text.h, cell by cell. */
#include "decode/csv_column.h"
#include "base/cpu.h"

#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static inline bool empty_cell(const struct cpl_csv_cells *cells, uint32_t i)
{
    return cells->end[i] <= cells->start[i];
}

static void clear(struct cpl_csv_marks *marks, uint32_t n)
{
    memset(marks->unsure, 0, (n + 7) / 8);
    memset(marks->empty, 0, (n + 7) / 8);
}

static void note(struct cpl_csv_marks *marks, uint32_t i, bool empty)
{
    cpl_bit_set(empty ? marks->empty : marks->unsure, i);
    marks->any_empty |= empty;
    marks->any_unsure |= !empty;
}

/* Run `parse` over all cells; what is not EXACT is zero and noted. */
#define EACH_CELL(parse)                                                                           \
    clear(marks, cells->n);                                                                        \
    for (uint32_t i = 0; i < cells->n; i++) {                                                      \
        const uint8_t *text = cells->data + cells->start[i];                                       \
        size_t length = cells->end[i] - cells->start[i];                                           \
        bool empty = empty_cell(cells, i);                                                         \
        if (empty || (parse) != CPL_TEXT_EXACT) {                                                  \
            values[i] = 0;                                                                         \
            note(marks, i, empty);                                                                 \
        }                                                                                          \
    }

static const struct cpl_text_style plain;

static void integers(const struct cpl_csv_cells *cells, int64_t min, int64_t max, int64_t *values,
                     struct cpl_csv_marks *marks)
{
    EACH_CELL(cpl_parse_int(text, length, &plain, min, max, &values[i]))
}

static void decimals(const struct cpl_csv_cells *cells, int scale, int64_t limit, int64_t *values,
                     struct cpl_csv_marks *marks)
{
    int precision = 0;
    for (int64_t left = limit; left; left /= 10)
        precision++;
    EACH_CELL(cpl_parse_decimal64(text, length, &plain, precision, scale, &values[i]))
}

static void doubles(const struct cpl_csv_cells *cells, double *values, struct cpl_csv_marks *marks)
{
    EACH_CELL(cpl_parse_double(text, length, &plain, &values[i]))
}

static void dates(const struct cpl_csv_cells *cells, int32_t *values, struct cpl_csv_marks *marks)
{
    EACH_CELL(cpl_parse_date(text, length, &plain, &values[i]))
}

static void take_cells(const uint32_t *ends, uint32_t stride, const uint32_t *row_start, uint32_t n,
                       uint32_t *start, uint32_t *end)
{
    for (uint32_t i = 0; i < n; i++, ends += stride) {
        start[i] = row_start ? row_start[i] : ends[-1] + 1;
        end[i] = ends[0];
    }
}

static void slices(const struct cpl_csv_cells *cells, uint8_t quote, struct cpl_slice *out,
                   struct cpl_csv_marks *marks)
{
    const uint8_t *data = cells->data;
    clear(marks, cells->n);
    for (uint32_t i = 0; i < cells->n; i++) {
        uint32_t start = cells->start[i], end = cells->end[i], length = end - start;
        bool quoted = quote && !empty_cell(cells, i) && data[start] == quote;
        out[i] = (struct cpl_slice){.data = data + start + quoted, .length = length - 2 * quoted};
        if (empty_cell(cells, i)) {
            out[i] = (struct cpl_slice){.data = data, .length = 0};
            note(marks, i, true);
        } else if (quoted && (length < 2 || data[end - 1] != quote)) {
            note(marks, i, false);
        }
    }
}

static void strip_quotes(const uint8_t *data, uint8_t quote, uint32_t n, uint32_t *start,
                         uint32_t *end)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t quoted = (int32_t)(end[i] - start[i]) > 2 && data[start[i]] == quote &&
                          data[end[i] - 1] == quote;
        start[i] += quoted;
        end[i] -= quoted;
    }
}

/* Bytes before the next `mark`, copied in blocks: up to 15 bytes behind `length` are read, and written. */
static uint32_t copy_until(const uint8_t *from, uint32_t length, uint8_t mark, uint8_t *to)
{
    uint32_t done = 0;
#if defined(__SSE2__)
    const __m128i marks = _mm_set1_epi8((char)mark);
    while (done < length) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + done));
        unsigned found = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, marks));
        _mm_storeu_si128((__m128i *)(void *)(to + done), bytes);
        if (found) {
            done += (unsigned)__builtin_ctz(found);
            break;
        }
        done += 16;
    }
    return done < length ? done : length;
#else
    while (done < length && from[done] != mark) {
        to[done] = from[done];
        done++;
    }
    return done;
#endif
}

static uint8_t *undouble(uint8_t quote, const uint8_t *from, uint32_t length, uint8_t *to)
{
    uint32_t n = 0, at = 0;
    while (at < length) {
        uint32_t span = copy_until(from + at, length - at, quote, to + n);
        at += span;
        n += span;
        if (at >= length)
            break;
        if (at + 1 >= length || from[at + 1] != quote)
            return NULL;
        to[n++] = quote;
        at += 2;
    }
    return to + n;
}

static bool wide(void)
{
    return cpl_cpu_level() == CPL_CPU_AVX512;
}

#if !defined(__x86_64__)
#define cpl_csv_integers_avx512     integers
#define cpl_csv_decimals_avx512     decimals
#define cpl_csv_doubles_avx512      doubles
#define cpl_csv_dates_avx512        dates
#define cpl_csv_take_cells_avx512   take_cells
#define cpl_csv_slices_avx512       slices
#define cpl_csv_strip_quotes_avx512 strip_quotes
#define cpl_csv_undouble_avx512     undouble
#endif

void cpl_csv_integers(const struct cpl_csv_cells *cells, int64_t min, int64_t max, int64_t *values,
                      struct cpl_csv_marks *marks)
{
    (wide() ? cpl_csv_integers_avx512 : integers)(cells, min, max, values, marks);
}

void cpl_csv_decimals(const struct cpl_csv_cells *cells, int scale, int64_t limit, int64_t *values,
                      struct cpl_csv_marks *marks)
{
    (wide() ? cpl_csv_decimals_avx512 : decimals)(cells, scale, limit, values, marks);
}

void cpl_csv_doubles(const struct cpl_csv_cells *cells, double *values, struct cpl_csv_marks *marks)
{
    (wide() ? cpl_csv_doubles_avx512 : doubles)(cells, values, marks);
}

void cpl_csv_dates(const struct cpl_csv_cells *cells, int32_t *values, struct cpl_csv_marks *marks)
{
    (wide() ? cpl_csv_dates_avx512 : dates)(cells, values, marks);
}

void cpl_csv_take_cells(const uint32_t *ends, uint32_t stride, const uint32_t *row_start,
                        uint32_t n, uint32_t *start, uint32_t *end)
{
    (wide() ? cpl_csv_take_cells_avx512 : take_cells)(ends, stride, row_start, n, start, end);
}

void cpl_csv_slices(const struct cpl_csv_cells *cells, uint8_t quote, struct cpl_slice *out,
                    struct cpl_csv_marks *marks)
{
    (wide() ? cpl_csv_slices_avx512 : slices)(cells, quote, out, marks);
}

void cpl_csv_strip_quotes(const uint8_t *data, uint8_t quote, uint32_t n, uint32_t *start,
                          uint32_t *end)
{
    (wide() ? cpl_csv_strip_quotes_avx512 : strip_quotes)(data, quote, n, start, end);
}

uint8_t *cpl_csv_undouble(uint8_t quote, const uint8_t *from, uint32_t length, uint8_t *to)
{
    return (wide() ? cpl_csv_undouble_avx512 : undouble)(quote, from, length, to);
}
