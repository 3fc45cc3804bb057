/* Glob patterns: braces, and matching one path component.
 *
 * `*` any bytes, `?` one UTF-8 character, `[a-z]` `[!a-z]` one byte of (not of) a set, `\` takes
 * the next byte as it is. As in a shell, a name that begins with `.` is matched only by a pattern
 * that begins with `.`. So is `_cupel` by one that begins with `_`: a dataset's own folder is never
 * data by accident. `**` is the lister's, not ours. */
#include "storage/local.h"

#include <string.h>

enum { MAX_TEXTS = 4096, MAX_PATTERN = 16384 };

bool cpl_glob_has_magic(const char *text)
{
    return strpbrk(text, "*?[{\\") != NULL;
}

/* ---- matching ---- */

/* Does c belong to the set that begins at `set` (behind "[")? NULL: not a set, "[" stands for
 * itself. */
static const char *match_set(const char *set, unsigned char c, bool *matches)
{
    bool negated = *set == '!' || *set == '^';
    const char *p = set + negated;
    *matches = false;
    for (bool first = true; *p && (first || *p != ']'); first = false) {
        if (*p == '\\' && p[1])
            p++;
        unsigned char low = (unsigned char)*p++, high = low;
        if (p[0] == '-' && p[1] && p[1] != ']') {
            high = (unsigned char)p[1];
            p += 2;
        }
        *matches |= low <= c && c <= high;
    }
    if (*p != ']')
        return NULL;
    *matches ^= negated;
    return p + 1;
}

static const char *skip_character(const char *name)
{
    name++;
    while (((unsigned char)*name & 0xC0) == 0x80)
        name++;
    return name;
}

/* One pattern element that is not `*` against the head of name; false = no match. Moves both on. */
static bool match_one(const char **pattern, const char **name)
{
    const char *p = *pattern;
    unsigned char c = (unsigned char)**name;
    if (!*p || !c)
        return false;
    if (*p == '?') {
        *pattern = p + 1;
        *name = skip_character(*name);
        return true;
    }
    bool matches = false;
    const char *after = *p == '[' ? match_set(p + 1, c, &matches) : NULL;
    if (!after) {
        if (*p == '\\' && p[1])
            p++;
        matches = (unsigned char)*p == c;
        after = p + 1;
    }
    *pattern = after;
    *name += 1;
    return matches;
}

bool cpl_glob_match(const char *pattern, const char *name)
{
    bool guarded = name[0] == '.' || !strcmp(name, "_cupel");
    if (guarded && pattern[0] != name[0] && !(pattern[0] == '\\' && pattern[1] == name[0]))
        return false;
    const char *star = NULL, *again = NULL;
    while (*name || *pattern == '*') {
        if (*pattern == '*') {
            star = ++pattern;
            again = name;
            continue;
        }
        if (match_one(&pattern, &name))
            continue;
        if (!star || !*again)
            return false;
        pattern = star;
        name = ++again;
    }
    return !*pattern;
}

/* ---- braces ---- */

struct texts {
    char **items;
    size_t n, capacity;
};

void cpl_glob_free(char **texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cpl_free(texts[i]);
    cpl_free(texts);
}

/* Takes over `text`. */
static bool add_text(struct texts *texts, char *text, struct cpl_error *err)
{
    if (!text)
        return false;
    if (texts->n == texts->capacity) {
        size_t capacity = texts->capacity ? texts->capacity * 2 : 8;
        char **items = cpl_realloc(texts->items, capacity * sizeof *items, err);
        if (!items) {
            cpl_free(text);
            return false;
        }
        texts->items = items;
        texts->capacity = capacity;
    }
    texts->items[texts->n++] = text;
    return true;
}

/* The first "{" that has a partner and a comma: its place, its partner's, else NULL. */
static const char *find_braces(const char *text, const char **close)
{
    for (const char *open = text; *open; open++) {
        if (*open == '\\' && open[1]) {
            open++;
            continue;
        }
        if (*open != '{')
            continue;
        int depth = 0;
        bool comma = false;
        for (const char *p = open; *p; p++) {
            if (*p == '\\' && p[1])
                p++;
            else if (*p == '{')
                depth++;
            else if (*p == ',' && depth == 1)
                comma = true;
            else if (*p == '}' && --depth == 0) {
                *close = p;
                break;
            }
        }
        if (depth == 0 && comma)
            return open;
    }
    return NULL;
}

/* The end of the alternative that starts at p: a comma or the closing brace of this level. */
static const char *alternative_end(const char *p, const char *close)
{
    for (int depth = 0; p < close; p++) {
        if (*p == '\\' && p + 1 < close)
            p++;
        else if (*p == '{')
            depth++;
        else if (*p == '}')
            depth--;
        else if (*p == ',' && !depth)
            break;
    }
    return p;
}

/* Replace texts[i], which has braces from open to close, by its alternatives; the first takes its
 * place. */
static bool expand(struct texts *texts, size_t i, const char *open, const char *close,
                   struct cpl_error *err)
{
    char *whole = texts->items[i];
    bool first = true;
    bool ok = true;
    texts->items[i] = NULL;
    for (const char *from = open + 1; ok && from <= close;) {
        const char *end = alternative_end(from, close);
        char *text = cpl_format(err, "%.*s%.*s%s", (int)(open - whole), whole, (int)(end - from),
                                from, close + 1);
        if (first)
            texts->items[i] = text;
        ok = first ? text != NULL : add_text(texts, text, err);
        first = false;
        from = end + 1;
    }
    if (ok && texts->n > MAX_TEXTS)
        ok = cpl_fail(err, CPL_E_LIMIT, "the braces of a pattern give more than %d alternatives",
                      (int)MAX_TEXTS);
    cpl_free(whole);
    return ok;
}

bool cpl_glob_braces(const char *pattern, char ***items, size_t *n, struct cpl_error *err)
{
    struct texts texts = {0};
    bool ok = strlen(pattern) <= MAX_PATTERN ||
              cpl_fail(err, CPL_E_LIMIT, "a pattern is longer than %d bytes", (int)MAX_PATTERN);
    ok = ok && add_text(&texts, cpl_strdup(pattern, err), err);
    for (size_t i = 0; ok && i < texts.n;) {
        const char *close = NULL, *open = find_braces(texts.items[i], &close);
        if (open)
            ok = expand(&texts, i, open, close, err);
        else
            i++;
    }
    if (!ok) {
        cpl_glob_free(texts.items, texts.n);
        return false;
    }
    *items = texts.items;
    *n = texts.n;
    return true;
}
