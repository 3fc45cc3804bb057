#include "decode/json_rows.h"
#include "base/text.h"
#include "base/tree.h"
#include "decode/json_frame.h"
#include "decode/json_layout.h"

#include <stdio.h>
#include <string.h>

enum { MOST_KEYS = 20, MOST_KEY = 60, PATH_TEXT = 200 };

struct look {
    struct json_frame frame;
    struct json_lex lex;
    bool found; /* or perhaps: the document is cut, or broken */
    bool told;  /* what the first document lacks */
    char lacks[600];
};

/* ---- what is there instead ---- */

/* The path's first parts, as `rows` writes them in dots. */
static void name_path(const struct json_frame *frame, size_t parts, char path[PATH_TEXT])
{
    size_t at = 0;
    cpl_text_set(path, PATH_TEXT, "the document");
    for (size_t i = 0; i < parts && at < PATH_TEXT; i++) {
        at += (size_t)snprintf(path + at, PATH_TEXT - at, "%s%s", i ? "." : "`", frame->path[i]);
    }
    if (parts && at + 1 < PATH_TEXT)
        cpl_text_set(path + at, PATH_TEXT - at, "`");
    path[cpl_text_mend(path, strlen(path))] = 0;
}

/* Keys of the object at p, as far as they fit; the object has been checked. */
static size_t read_keys(struct json_lex *lex, const uint8_t *p, char keys[][MOST_KEY + 1])
{
    size_t n = 0;
    bool done, plain, first = true;
    for (p++; n < MOST_KEYS && (p = json_next(lex, p, '}', first, &done)) && !done; first = false) {
        const uint8_t *key = p, *end = json_string(lex, p, &plain);
        size_t length = end ? (size_t)(end - key) : MOST_KEY + 1;
        if (plain && length <= MOST_KEY) {
            memcpy(keys[n], key, length);
            keys[n++][length] = 0;
        }
        p = end ? json_colon(lex, end + 1) : NULL;
        p = p ? json_skip(lex, p, 1) : NULL;
        if (!p)
            break;
    }
    return n;
}

static void tell_keys(struct look *look, const char *path, const char *wanted,
                      const uint8_t *container)
{
    char keys[MOST_KEYS][MOST_KEY + 1];
    const char *names[MOST_KEYS + 1];
    char list[300] = "";
    size_t n = read_keys(&look->lex, container, keys), at = 0;
    for (size_t i = 0; i < n; i++) {
        names[i] = keys[i];
        if (at + strlen(keys[i]) + 5 < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s`%s`", i ? ", " : "", keys[i]);
    }
    names[n] = NULL;
    const char *near = cpl_nearest(wanted, names);
    cpl_text_set(look->lacks, sizeof look->lacks, "%s has %s%s%s%s%s", path, n ? "" : "no key",
                 list, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
}

static void tell(struct look *look, size_t level, const uint8_t *container)
{
    char path[PATH_TEXT];
    if (look->told)
        return;
    look->told = true;
    name_path(&look->frame, level, path);
    if (*container == '{')
        tell_keys(look, path, look->frame.path[level], container);
    else
        cpl_text_set(look->lacks, sizeof look->lacks, "%s %s", path,
                     *container == '[' ? "is an array, and has no such element"
                                       : "is neither an object nor an array");
}

/* ---- looking ---- */

/* The document at p. Returns behind it; NULL when it decides nothing, or has the path. */
static const uint8_t *look_at(struct look *look, const uint8_t *p)
{
    const uint8_t *at = p, *container = p, *end;
    size_t level = 0;
    for (; at && level < look->frame.n_path; level++) {
        container = at;
        at = json_frame_enter(&look->frame, &look->lex, level, at);
    }
    look->found = at || look->lex.fault != JSON_PATH || !(end = json_skip(&look->lex, p, 0));
    if (look->found)
        return NULL;
    tell(look, level - 1, container);
    return end;
}

static bool look_through(struct look *look, const struct cpl_sample *sample, struct cpl_error *err)
{
    uint8_t *text = json_padded(sample, err);
    if (!text)
        return false;
    look->lex = (struct json_lex){.end = text + sample->size, .max_depth = JSON_DEPTH_MAX};
    const uint8_t *p = json_document(&look->lex, json_behind_bom(text));
    while (p && p < look->lex.end) {
        look->lex.fault = JSON_OK;
        p = look_at(look, p);
        p = p ? json_document(&look->lex, p) : NULL;
    }
    look->found |= !sample->whole;
    cpl_free(text);
    return true;
}

bool json_rows_exist(const struct cpl_json_settings *settings, const struct cpl_sample *samples,
                     size_t n_samples, struct cpl_error *err)
{
    struct look look = {0};
    struct cpl_arena arena = {0};
    if (!settings->rows || !*settings->rows || !n_samples || !samples[0].complete)
        return true;
    bool ok = json_frame_init(&look.frame, true, settings->rows, &arena, err);
    for (size_t i = 0; ok && !look.found && i < n_samples; i++)
        if (samples[i].at_start)
            ok = look_through(&look, &samples[i], err);
    cpl_arena_release(&arena);
    if (!ok || look.found || !look.told)
        return ok;
    return cpl_fail(err, CPL_E_CONFIG, "source.json.rows: `%.100s` is in no document: %s",
                    settings->rows, look.lacks);
}
