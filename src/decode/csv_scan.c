/* Chooses the scan for this machine, and the scalar machine for what the vector code declines. */
#include "decode/csv_scan.h"
#include "base/cpu.h"

#include <string.h>

size_t cpl_csv_scan(struct cpl_csv_scan *scan, const uint8_t *data, size_t from, size_t to,
                    bool field_start)
{
    switch (cpl_cpu_level()) {
#if defined(__x86_64__)
    case CPL_CPU_AVX512:
        return cpl_csv_scan_avx512(scan, data, from, to, field_start);
    case CPL_CPU_AVX2:
        return cpl_csv_scan_avx2(scan, data, from, to, field_start);
#endif
    default:
        return cpl_csv_scan_portable(scan, data, from, to, field_start);
    }
}

/* The byte behind an escape means nothing, but it is text. */
static size_t pass_escaped(struct cpl_csv_scan *scan, const uint8_t *data, size_t at, size_t to)
{
    scan->doubled = true;
    if (++at < to) {
        scan->non_ascii |= data[at] >= 0x80;
        scan->carriage_returns |= data[at] == '\r';
    }
    return at;
}

/* Where a quoted field's closing quote is, from the byte behind the opening one; `to` when there is none. */
static size_t quoted_end(struct cpl_csv_scan *scan, const struct cpl_csv_rules *rules,
                         const uint8_t *data, size_t at, size_t to)
{
    for (; at < to; at++) {
        scan->non_ascii |= data[at] >= 0x80;
        if (rules->escape && rules->escape != rules->quote && data[at] == rules->escape) {
            at = pass_escaped(scan, data, at, to);
        } else if (data[at] == rules->quote) {
            if (rules->escape != rules->quote || at + 1 >= to || data[at + 1] != rules->quote)
                return at;
            scan->doubled = true;
            at++;
        }
    }
    return to;
}

/* May a closing quote stand in front of `at`? What lies behind `to` is not known, and so is no fault. */
static bool ends_field(const struct cpl_csv_rules *rules, const uint8_t *data, size_t at, size_t to)
{
    if (at < to && data[at] == '\r' && rules->newline == '\n' && rules->delimiter != '\r')
        at++;
    else if (at < to && data[at] == rules->delimiter)
        return true;
    return at >= to || data[at] == rules->newline;
}

/* A comment ends with its line, whatever quotes it holds. */
static enum cpl_csv_record comment_line(struct cpl_csv_scan *scan,
                                        const struct cpl_csv_rules *rules, const uint8_t *data,
                                        size_t from, size_t to, size_t *end)
{
    const uint8_t *newline = memchr(data + from, rules->newline, to - from);
    *end = newline ? (size_t)(newline - data) + 1 : to;
    if (!newline)
        return CPL_RECORD_CUT;
    scan->positions[scan->n++] = (uint32_t)(*end - 1);
    scan->rows++;
    return CPL_RECORD_OK;
}

enum cpl_csv_record cpl_csv_record(struct cpl_csv_scan *scan, const struct cpl_csv_rules *rules,
                                   const uint8_t *data, size_t from, size_t to, size_t *end)
{
    enum cpl_csv_record result = CPL_RECORD_OK;
    bool field_start = true;
    if (rules->comment && from < to && data[from] == rules->comment)
        return comment_line(scan, rules, data, from, to, end);
    *end = to;
    for (size_t at = from; at < to; at++) {
        uint8_t byte = data[at];
        scan->non_ascii |= byte >= 0x80;
        scan->carriage_returns |= byte == '\r';
        if (byte == rules->newline) {
            scan->positions[scan->n++] = (uint32_t)at;
            scan->rows++;
            *end = at + 1;
            return result;
        }
        if (byte == rules->delimiter) {
            scan->positions[scan->n++] = (uint32_t)at;
            field_start = true;
        } else if (field_start && rules->quote && byte == rules->quote) {
            field_start = false;
            at = quoted_end(scan, rules, data, at + 1, to);
            if (at >= to)
                return CPL_RECORD_OPEN;
            if (!ends_field(rules, data, at + 1, to))
                result = CPL_RECORD_BAD_QUOTE;
        } else if (cpl_csv_escapes_outside(rules, byte)) {
            field_start = false;
            at = pass_escaped(scan, data, at, to);
        } else {
            field_start = false;
        }
    }
    return result == CPL_RECORD_OK ? CPL_RECORD_CUT : result;
}
