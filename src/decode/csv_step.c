/* Where a sample from the middle of an object is in step with the rows.
 *
 * A sample may begin inside a quoted field, whose text may well look like rows. So it is read under every state that its first byte
 * can have: outside quotes, inside them and, where comments are allowed, inside a comment. From the first
 * record start on which all agree, whatever was true at the beginning, records are rows. A sample without any quote never gets
 * there by the state "inside": it counts when no quoted field of the object's start holds a line end and each of its
 * records is as wide as rows are. What is left out costs a second round at most: types are proven on every row. */
#include "decode/csv_giant.h"
#include "decode/csv_sniff.h"

#include <string.h>

enum { NEVER = -1 };

/* The end of a record, from a byte in a known state on; NEVER when the sample ends before. */
static int64_t record_end(const struct csv_walk *walk, int64_t at, enum cpl_csv_giant_state state)
{
    struct cpl_csv_giant machine = {0};
    bool done = false;
    machine.state = state;
    if (at == NEVER || (size_t)at >= walk->size)
        return NEVER;
    size_t size = cpl_csv_giant_end(&machine, &walk->rules, walk->data + at,
                                    walk->size - (size_t)at, &done);
    return done ? at + (int64_t)size : NEVER;
}

static int64_t next_record(const struct csv_walk *walk, int64_t at)
{
    bool comment = at != NEVER && (size_t)at < walk->size && walk->rules.comment &&
                   walk->data[at] == walk->rules.comment;
    return record_end(walk, at, comment ? GIANT_COMMENT : GIANT_FIELD_START);
}

/* Behind a byte that means nothing, and not at a quote, there are no more states than these. */
static size_t find_plain(const struct csv_walk *walk)
{
    const struct cpl_csv_rules *rules = &walk->rules;
    const char marks[] = {(char)rules->quote, (char)rules->escape, (char)rules->delimiter,
                          (char)rules->newline, (char)rules->comment};
    for (size_t i = 1; i < walk->size; i++)
        if (!memchr(marks, walk->data[i - 1], sizeof marks) && walk->data[i] != rules->quote)
            return i;
    return walk->size;
}

/* The lowest of them goes on until they meet. */
static int64_t meet(const struct csv_walk *walk, int64_t *at, size_t n)
{
    for (;;) {
        size_t low = 0;
        bool same = true;
        for (size_t i = 0; i < n; i++) {
            if (at[i] == NEVER)
                return NEVER;
            same &= at[i] == at[0];
            low = at[i] < at[low] ? i : low;
        }
        if (same)
            return at[0];
        at[low] = next_record(walk, at[low]);
    }
}

static bool all_as_wide(struct csv_walk walk, uint32_t columns)
{
    bool wide = true;
    while (wide && cpl_csv_walk_next(&walk))
        wide = walk.fields == columns;
    return wide;
}

bool cpl_csv_fall_in_step(struct csv_walk *walk, uint32_t columns, bool lines_in_quotes)
{
    size_t start = find_plain(walk), n = 1;
    const uint8_t *rest = walk->data + start;
    int64_t at[3] = {record_end(walk, (int64_t)start, GIANT_FIELD)};
    bool quotes = walk->rules.quote && memchr(rest, walk->rules.quote, walk->size - start);
    if (walk->rules.quote && (quotes || lines_in_quotes))
        at[n++] = record_end(walk, (int64_t)start, GIANT_QUOTED);
    if (walk->rules.comment)
        at[n++] = record_end(walk, (int64_t)start, GIANT_COMMENT);
    int64_t met = meet(walk, at, n);
    walk->at = met == NEVER ? walk->size : (size_t)met;
    return met != NEVER && (quotes || !walk->rules.quote || all_as_wide(*walk, columns));
}
