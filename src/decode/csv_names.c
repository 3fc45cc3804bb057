#include "decode/csv_names.h"

#include "decode/stream.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

enum { LONGEST_NAME = 4096 };

/* Bytes of the character at `text`, 0 when it is none. */
static size_t character(const char *text, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (cpl_utf8_valid((const uint8_t *)text, n))
            return *text ? n : 0;
    return 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

const char *cpl_csv_name(struct cpl_arena *arena, const char *text, size_t length,
                         struct cpl_error *err)
{
    static const char unknown[] = "\xEF\xBF\xBD";
    while (length && is_blank(*text))
        text++, length--;
    while (length && is_blank(text[length - 1]))
        length--;
    char *name = cpl_arena_alloc(arena, 3 * (length < LONGEST_NAME ? length : LONGEST_NAME) + 1,
                                 err);
    size_t used = 0;
    for (size_t at = 0; name && at < length;) {
        size_t n = character(text + at, length - at);
        if (at + (n ? n : 1) > LONGEST_NAME)
            break;
        memcpy(name + used, n ? text + at : unknown, n ? n : 3);
        used += n ? n : 3;
        at += n ? n : 1;
    }
    if (name)
        name[used] = 0;
    return name;
}

struct entry {
    const char *name;
    uint32_t next; /* suffix to try */
};
struct table {
    struct entry *entries;
    size_t mask;
};

/* The name's entry, or the free one where it belongs. */
static struct entry *find(const struct table *table, const char *name)
{
    size_t at = XXH3_64bits(name, strlen(name)) & table->mask;
    while (table->entries[at].name && strcmp(table->entries[at].name, name) != 0)
        at = (at + 1) & table->mask;
    return &table->entries[at];
}

static const char *suffixed(struct cpl_arena *arena, const char *name, uint32_t suffix,
                            struct cpl_error *err)
{
    size_t size = strlen(name) + 20;
    char *text = cpl_arena_alloc(arena, size, err);
    if (text)
        snprintf(text, size, "%s%s%u", name, *name ? "_" : "column", suffix);
    return text;
}

/* The first that is called so keeps the name; the others are left for fresh ones, so that no double takes what is another's. */
static void reserve(struct table *table, const char *const *names, uint32_t n, bool *fresh)
{
    for (uint32_t c = 0; c < n; c++) {
        struct entry *entry = *names[c] ? find(table, names[c]) : NULL;
        fresh[c] = !entry || entry->name;
        if (!fresh[c])
            *entry = (struct entry){.name = names[c], .next = 2};
    }
}

static bool name_afresh(struct table *table, struct cpl_arena *arena, const char **name, uint32_t c,
                        struct cpl_error *err)
{
    const char *wanted = **name ? *name : suffixed(arena, "", c + 1, err);
    if (!wanted)
        return false;
    struct entry *first = find(table, wanted), *entry = first;
    *name = wanted;
    while (entry->name) {
        if (!(*name = suffixed(arena, wanted, first->next++, err)))
            return false;
        entry = find(table, *name);
    }
    *entry = (struct entry){.name = *name, .next = 2};
    return true;
}

bool cpl_csv_names_unique(struct cpl_arena *arena, const char **names, uint32_t n,
                          struct cpl_error *err)
{
    struct table table = {.mask = 15};
    while (table.mask < (size_t)n * 2)
        table.mask = table.mask * 2 + 1;
    table.entries = cpl_alloc_zero(table.mask + 1, sizeof *table.entries, err);
    bool *fresh = table.entries ? cpl_alloc(n + 1, err) : NULL, ok = fresh != NULL;
    if (ok)
        reserve(&table, names, n, fresh);
    for (uint32_t c = 0; ok && c < n; c++)
        ok = !fresh[c] || name_afresh(&table, arena, &names[c], c, err);
    cpl_free(fresh);
    cpl_free(table.entries);
    return ok;
}
