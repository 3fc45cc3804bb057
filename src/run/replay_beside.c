#include "run/replay_beside.h"

#include "run/replay_target.h"
#include "run/stored.h"

#include <stdio.h>
#include <string.h>

enum { MOST_CLAIM_BYTES = 64 << 10, MOST_GENERATIONS = 16, DIGITS = 12 };
static const char MARK[] = ".replay-";

struct search {
    struct cpl_storage *storage;
    struct cpl_arena *arena;
    struct cpl_replays_beside *out;
    const char *file, *extension; /* of the single file, resolved */
    struct cpl_error *err;
};

static bool keep(struct search *s, struct cpl_strings *list, const char *text)
{
    const char **items = cpl_arena_alloc(s->arena, (list->n + 1) * sizeof *items, s->err);
    if (!items)
        return false;
    if (list->n)
        memcpy(items, list->items, list->n * sizeof *items);
    items[list->n] = text;
    list->items = items;
    list->n++;
    return true;
}

/* Is it named as a replay of the file's rejects is? */
static bool is_beside(const struct search *s, const char *path)
{
    size_t stem = (size_t)(s->extension - s->file), mark = sizeof MARK - 1;
    const char *digits = path + stem + mark;
    return !strncmp(path, s->file, stem) && !strncmp(path + stem, MARK, mark) &&
           strspn(digits, "0123456789abcdef") == DIGITS && !strcmp(digits + DIGITS, s->extension);
}

/* A pattern that a path matches itself. */
static char *as_pattern(const char *path, const char *behind, struct cpl_error *err)
{
    size_t n = 0;
    char *pattern = cpl_alloc(2 * strlen(path) + strlen(behind) + 1, err);
    for (; pattern && *path; path++) {
        if (strchr("*?[]{},\\", *path))
            pattern[n++] = '\\';
        pattern[n++] = *path;
    }
    if (pattern)
        memcpy(pattern + n, behind, strlen(behind) + 1);
    return pattern;
}

/* The claims on the rejects of `file`; none is no failure. */
static bool list_claims(struct search *s, const char *file, struct cpl_object_list *claims)
{
    struct cpl_error why = {0};
    char *pattern = as_pattern(file, ".rejects.parquet.????????.replayed", s->err);
    bool ok = pattern && cpl_storage_list(s->storage, pattern, claims, &why);
    if (!ok)
        *claims = (struct cpl_object_list){0};
    cpl_free(pattern);
    return ok || (pattern && (why.code == CPL_E_NOT_FOUND || cpl_fail_with(s->err, &why)));
}

/* Where the claim says that the rows are; NULL: it is no claim, or its run was cut off before them. */
static bool read_into(struct search *s, const char *claim, const char **into)
{
    struct cpl_buffer text = {0};
    struct cpl_error why = {0};
    *into = NULL;
    bool ok = cpl_storage_read_all(s->storage, claim, MOST_CLAIM_BYTES, &text, &why);
    if (ok) {
        struct cpl_stored in = {.name = claim, .arena = s->arena, .err = &why};
        const struct cpl_node *top = cpl_stored_open(&in, (const char *)text.data, text.size);
        *into = top ? cpl_stored_text(&in, top, "into") : NULL;
        cpl_stored_release(&in);
        *into = in.failed ? NULL : *into;
    }
    cpl_buffer_release(&text);
    return why.code != CPL_E_MEMORY || cpl_fail_with(s->err, &why);
}

static char *text_of(struct search *s, const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    char *text = cpl_arena_alloc(s->arena, n + m + 1, s->err);
    if (text) {
        memcpy(text, a, n);
        memcpy(text + n, b, m + 1);
    }
    return text;
}

static bool look_behind(struct search *s, const char *file, unsigned generation);

/* A replay's file goes with its rejects and the claims on these. */
static bool take_claim(struct search *s, const char *claim, unsigned generation)
{
    const char *into, *rejects, *kept = text_of(s, claim, "");
    bool there;
    if (!kept)
        return false;
    if (!read_into(s, claim, &into))
        return false;
    if (!into)
        return true;
    if (!cpl_storage_exists(s->storage, into, &there, s->err))
        return false;
    if (!is_beside(s, into))
        return !there || keep(s, &s->out->elsewhere, into);
    return (!there || keep(s, &s->out->files, into)) && keep(s, &s->out->remove, into) &&
           (rejects = text_of(s, into, ".rejects.parquet")) && keep(s, &s->out->remove, rejects) &&
           look_behind(s, into, generation + 1) && keep(s, &s->out->remove, kept);
}

static bool look_behind(struct search *s, const char *file, unsigned generation)
{
    struct cpl_object_list claims = {0};
    if (generation > MOST_GENERATIONS)
        return true;
    bool ok = list_claims(s, file, &claims);
    for (size_t i = 0; ok && i < claims.n; i++)
        ok = take_claim(s, claims.items[i].path, generation);
    cpl_object_list_release(&claims);
    return ok;
}

bool cpl_replays_beside(struct cpl_storage *storage, const char *path, struct cpl_arena *arena,
                        struct cpl_replays_beside *out, struct cpl_error *err)
{
    *out = (struct cpl_replays_beside){0};
    char *file = cpl_storage_resolve(storage, path, err);
    struct search s = {.storage = storage,
                       .arena = arena,
                       .out = out,
                       .file = file,
                       .extension = file ? cpl_replay_extension(file) : NULL,
                       .err = err};
    bool ok = file && look_behind(&s, file, 0);
    cpl_free(file);
    return ok;
}
