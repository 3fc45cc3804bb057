/* Which objects the paths of a source stand for: each file once, and what should be said of them. */
#include "base/plural.h"
#include "base/text.h"
#include "run/input.h"

#include <stdlib.h>
#include <string.h>

/* ---- one file under several names ---- */

struct named {
    uint64_t device, inode;
    size_t at; /* in the list */
};

static int by_identity(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* For each object the first that is the same file: itself, unless it is named twice. */
static size_t *find_firsts(const struct cpl_object_list *list, struct cpl_error *err)
{
    size_t *firsts = cpl_alloc(list->n * sizeof *firsts, err), first = 0;
    struct named *named = firsts ? cpl_alloc(list->n * sizeof *named, err) : NULL;
    if (!named) {
        cpl_free(firsts);
        return NULL;
    }
    for (size_t i = 0; i < list->n; i++)
        named[i] = (struct named){
            .device = list->items[i].device, .inode = list->items[i].inode, .at = i};
    qsort(named, list->n, sizeof *named, by_identity);
    for (size_t i = 0; i < list->n; i++) {
        if (named[i].device != named[first].device || named[i].inode != named[first].inode)
            first = i;
        firsts[named[i].at] = named[first].at;
    }
    cpl_free(named);
    return firsts;
}

/* The path of a double that is dropped is kept when it is the first of them. */
static bool note_double(struct cpl_object_list *list, char *path, const char *of,
                        struct cpl_error *err)
{
    if (list->doubles++) {
        cpl_free(path);
        return true;
    }
    list->double_path = path;
    return (list->double_of = cpl_strdup(of, err)) != NULL;
}

/* A file that is named twice, or has further names by links, is read once: where it stands first. */
static bool drop_doubles(struct cpl_object_list *list, struct cpl_error *err)
{
    size_t kept = 0, n = list->n;
    size_t *firsts = n > 1 ? find_firsts(list, err) : NULL;
    bool ok = firsts || n < 2;
    for (size_t i = 0; firsts && i < n; i++) {
        struct cpl_object_info item = list->items[i];
        list->items[i].path = NULL; /* each is owned once */
        if (firsts[i] == i) {
            firsts[i] = kept; /* where it stands now */
            list->items[kept++] = item;
        } else if (!note_double(list, item.path, list->items[firsts[firsts[i]]].path, err)) {
            ok = false;
        }
    }
    if (firsts)
        list->n = kept;
    cpl_free(firsts);
    return ok;
}

/* ---- the list ---- */

/* What was left out of the second list is told with the first's. */
static void join_remarks(struct cpl_object_list *list, struct cpl_object_list *found)
{
    list->left_out += found->left_out;
    if (!list->left_out_path) {
        list->left_out_path = found->left_out_path;
        found->left_out_path = NULL;
    }
}

static bool add_objects(struct cpl_storage *storage, const char *pattern,
                        struct cpl_object_list *list, struct cpl_error *err)
{
    struct cpl_object_list found = {0};
    if (!cpl_storage_list(storage, pattern, &found, err))
        return false;
    struct cpl_object_info *items = cpl_realloc(list->items,
                                                (list->n + found.n + 1) * sizeof *items, err);
    if (!items) {
        cpl_object_list_release(&found);
        return false;
    }
    if (found.n)
        memcpy(items + list->n, found.items, found.n * sizeof *items);
    list->items = items;
    list->n += found.n;
    found.n = 0; /* they have moved */
    join_remarks(list, &found);
    cpl_object_list_release(&found);
    return true;
}

/* Receipts, rejects and logs hold names as UTF-8: another name could not be found again by them. */
static bool check_names(const struct cpl_object_list *list, struct cpl_error *err)
{
    for (size_t i = 0; i < list->n; i++) {
        char name[400];
        const char *path = list->items[i].path;
        if (cpl_utf8_valid((const uint8_t *)path, strlen(path)))
            continue;
        cpl_text_escape(name, sizeof name, path);
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "the name of %s is not valid UTF-8, and the records of a run could not "
                        "name it: rename it, or read it as standard input (- < FILE)",
                        name);
    }
    return true;
}

bool cpl_inputs_list(struct cpl_storage *storage, const struct cpl_source_config *source,
                     struct cpl_object_list *list, bool *from_stdin, struct cpl_error *err)
{
    size_t n_stdin = 0;
    *list = (struct cpl_object_list){0};
    bool ok = source->paths.n ||
              cpl_fail(err, CPL_E_CONFIG, "source.path is empty: name a file, directory or glob");
    for (size_t i = 0; ok && i < source->paths.n; i++)
        if (!strcmp(source->paths.items[i], "-"))
            n_stdin++;
        else
            ok = add_objects(storage, source->paths.items[i], list, err);
    if (ok && (n_stdin > 1 || (n_stdin && list->n)))
        ok = cpl_fail(err, CPL_E_CONFIG, "source.paths: standard input (-) must be the only input");
    ok = ok && check_names(list, err) && drop_doubles(list, err);
    *from_stdin = n_stdin > 0;
    if (!ok)
        cpl_object_list_release(list);
    return ok;
}

/* ---- remarks ---- */

bool cpl_inputs_remark(const struct cpl_inputs *inputs, unsigned i, char *text, size_t size)
{
    const struct cpl_object_list *list = &inputs->list;
    i += !list->doubles;
    if (i == 0) {
        char more[CPL_COUNTED_TEXT + 32] = "";
        if (list->doubles > 1)
            cpl_text_set(more, sizeof more, ", and so on: %s left out",
                         CPL_COUNTED(list->doubles, "name"));
        cpl_text_set(text, size, "%.300s is the same file as %.300s and is read once%s",
                     list->double_path, list->double_of, more);
        return true;
    }
    if (i > 1 || !list->left_out)
        return false;
    cpl_text_set(text, size,
                 "%s whose name begins with `_` or `.` %s left out of a directory, %s%.300s; "
                 "a glob (dir/*.csv) reads those with `_`",
                 CPL_COUNTED(list->left_out, "file"), cpl_were(list->left_out),
                 list->left_out > 1 ? "the first is " : "", list->left_out_path);
    return true;
}
