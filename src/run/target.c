#include "run/target.h"

#include <string.h>

static bool is_standard_output(const struct cpl_target *target)
{
    return !strcmp(target->sink->path, "-");
}

static char *rejects_path(const struct cpl_target *target, struct cpl_error *err)
{
    return cpl_format(err, "%s.rejects.parquet", target->sink->path);
}

bool cpl_target_check_file(struct cpl_storage *storage, const char *path, struct cpl_error *err)
{
    static const char *const words[] = {[CPL_PLACE_DIRECTORY] = "a directory",
                                        [CPL_PLACE_LINK] = "a symbolic link",
                                        [CPL_PLACE_DEVICE] = "a device",
                                        [CPL_PLACE_FIFO] = "a FIFO",
                                        [CPL_PLACE_SOCKET] = "a socket"};
    enum cpl_place_kind kind;
    if (!cpl_storage_kind(storage, path, &kind, err))
        return false;
    if (kind == CPL_PLACE_FREE || kind == CPL_PLACE_FILE)
        return true;
    bool stream = kind == CPL_PLACE_DEVICE || kind == CPL_PLACE_FIFO;
    return cpl_fail(err, CPL_E_CONFIG, "%s is %s, and a run would replace it by a file; %s", path,
                    words[kind],
                    stream                   ? "write to `-` and send standard output there"
                    : kind == CPL_PLACE_LINK ? "name the file that it should lead to"
                                             : "choose another path");
}

/* Do two paths lead to one file, there already or not? */
static bool same_place(struct cpl_storage *storage, const char *a, const char *b, bool *same,
                       struct cpl_error *err)
{
    char *x = cpl_storage_resolve(storage, a, err);
    char *y = x ? cpl_storage_resolve(storage, b, err) : NULL;
    *same = y && !strcmp(x, y);
    bool ok = y != NULL;
    cpl_free(x);
    cpl_free(y);
    return ok;
}

/* ---- the receipt ---- */

static bool check_receipt_is_not(struct cpl_storage *storage, const struct cpl_target *target,
                                 const char *output, struct cpl_error *err)
{
    bool same;
    return same_place(storage, target->receipt, output, &same, err) &&
           (!same || cpl_fail(err, CPL_E_CONFIG,
                              "the receipt cannot be %s, which the run writes itself; give it a "
                              "path of its own",
                              target->receipt));
}

static bool check_receipt_place(struct cpl_storage *storage, const struct cpl_target *target,
                                struct cpl_error *err)
{
    enum cpl_place_kind kind;
    if (!cpl_target_check_file(storage, target->receipt, err) ||
        !cpl_storage_kind(storage, target->receipt, &kind, err))
        return false;
    return kind == CPL_PLACE_FREE || target->replace_receipt ||
           cpl_fail(err, CPL_E_CONFLICT,
                    "%s is there already, and the receipt would replace it; ask for that "
                    "(--force), or choose another path",
                    target->receipt);
}

/* Is `path` the folder `dataset`, or below it? */
static bool lies_in(struct cpl_storage *storage, const char *path, const char *dataset, bool *lies,
                    struct cpl_error *err)
{
    char *folder = cpl_storage_resolve(storage, dataset, err);
    char *file = folder ? cpl_storage_resolve(storage, path, err) : NULL;
    size_t length = folder ? strlen(folder) : 0;
    bool ok = file != NULL;
    *lies = ok && !strncmp(file, folder, length) &&
            (length == 1 || file[length] == '/' || !file[length]);
    cpl_free(folder);
    cpl_free(file);
    return ok;
}

/* A file among a dataset's would be read as one of them. */
static bool check_copy(struct cpl_storage *storage, const struct cpl_target *target,
                       struct cpl_error *err)
{
    bool lies;
    if (!lies_in(storage, target->receipt, target->sink->path, &lies, err))
        return false;
    if (lies)
        return cpl_fail(err, CPL_E_CONFIG,
                        "the receipt cannot be %s, in the dataset that the run writes, which keeps "
                        "its own in _cupel/receipts; give the copy a path outside",
                        target->receipt);
    return check_receipt_place(storage, target, err);
}

/* ---- the configuration ---- */

static bool is_one_file(const struct cpl_file_identity *a, const struct cpl_file_identity *b)
{
    return a->there && b->there && a->device == b->device && a->inode == b->inode;
}

/* What configures the run lies outside of the approved roots, perhaps, where nothing is written either. */
static void identify(struct cpl_storage *storage, const char *path,
                     struct cpl_file_identity *identity)
{
    struct cpl_error ignored;
    if (!path || !cpl_storage_identify(storage, path, identity, &ignored))
        *identity = (struct cpl_file_identity){.there = false};
}

static bool check_configures(struct cpl_storage *storage, const struct cpl_target *target,
                             const char *rejects, const char *path, struct cpl_error *err)
{
    const struct {
        const char *path, *what;
    } written[] = {{rejects ? target->sink->path : NULL, "the output"},
                   {rejects, "the file of rejects"},
                   {target->receipt, "the receipt"}};
    struct cpl_file_identity config, own;
    identify(storage, path, &config);
    for (size_t i = 0; config.there && i < sizeof written / sizeof *written; i++) {
        identify(storage, written[i].path, &own);
        if (is_one_file(&config, &own))
            return cpl_fail(err, CPL_E_CONFIG,
                            "%s configures this run, and %s %s is the same file: it would be "
                            "replaced; choose another path",
                            path, written[i].what, written[i].path);
    }
    return true;
}

/* `rejects`: of a single file; NULL = a dataset. */
static bool check_config(struct cpl_storage *storage, const struct cpl_target *target,
                         const char *rejects, struct cpl_error *err)
{
    const char *config = target->config;
    if (!config)
        return true;
    const char *slash = strrchr(config, '/');
    char *variables = cpl_format(err, "%.*s.env", slash ? (int)(slash - config) + 1 : 0, config);
    bool ok = variables && check_configures(storage, target, rejects, config, err) &&
              check_configures(storage, target, rejects, variables, err);
    cpl_free(variables);
    return ok;
}

/* ---- all ---- */

static bool check_single(struct cpl_storage *storage, const struct cpl_target *target,
                         struct cpl_error *err)
{
    char *rejects = rejects_path(target, err);
    bool ok = rejects && cpl_target_check_file(storage, target->sink->path, err) &&
              cpl_target_check_file(storage, rejects, err) &&
              check_config(storage, target, rejects, err);
    if (ok && target->receipt)
        ok = check_receipt_is_not(storage, target, target->sink->path, err) &&
             check_receipt_is_not(storage, target, rejects, err) &&
             check_receipt_place(storage, target, err);
    cpl_free(rejects);
    return ok;
}

bool cpl_target_check(struct cpl_storage *storage, const struct cpl_target *target,
                      struct cpl_error *err)
{
    if (target->sink->single_file && !is_standard_output(target))
        return check_single(storage, target, err);
    if (!target->receipt)
        return true;
    if (is_standard_output(target))
        return cpl_fail(err, CPL_E_CONFIG,
                        "what goes to standard output has no receipt (%s): it could not be held "
                        "against it; write to a file or a dataset",
                        target->receipt);
    return check_config(storage, target, NULL, err) && check_copy(storage, target, err);
}

/* ---- inputs ---- */

/* Something that the run will replace. */
struct victim {
    const char *path, *what;
    struct cpl_file_identity identity;
};

static bool check_victims(const struct cpl_input *input, const struct cpl_file_identity *identity,
                          const struct victim *victims, size_t n, struct cpl_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (is_one_file(identity, &victims[i].identity))
            return cpl_fail(err, CPL_E_CONFIG,
                            "%s is read by this run, and %s %s is the same file: it would be "
                            "replaced; choose another path",
                            input->is_stdin ? "standard input" : input->path, victims[i].what,
                            victims[i].path);
    return true;
}

/* `rejects`: of a single file; NULL = a dataset. */
static bool check_files(struct cpl_storage *storage, const struct cpl_target *target,
                        const char *rejects, const struct cpl_inputs *inputs, struct cpl_error *err)
{
    struct victim victims[3];
    size_t n = 0;
    if (rejects) {
        victims[n++] = (struct victim){.path = target->sink->path, .what = "the output"};
        victims[n++] = (struct victim){.path = rejects, .what = "the file of rejects"};
    }
    if (target->receipt)
        victims[n++] = (struct victim){.path = target->receipt, .what = "the receipt"};
    for (size_t i = 0; i < n; i++)
        if (!cpl_storage_identify(storage, victims[i].path, &victims[i].identity, err))
            return false;
    for (size_t i = 0; i < inputs->n; i++) {
        struct cpl_file_identity identity;
        struct cpl_error
            ignored; /* it was opened; whoever cannot name it any more has no such file */
        const char *path = inputs->items[i].is_stdin ? "/dev/stdin" : inputs->items[i].path;
        if (cpl_storage_identify(storage, path, &identity, &ignored) &&
            !check_victims(&inputs->items[i], &identity, victims, n, err))
            return false;
    }
    return true;
}

/* The dataset's own files would be read again by every run, and removed when it is overwritten. */
static bool check_dataset(struct cpl_storage *storage, const struct cpl_target *target,
                          const struct cpl_inputs *inputs, struct cpl_error *err)
{
    bool ok = true, lies;
    for (size_t i = 0; ok && i < inputs->n; i++) {
        if (inputs->items[i].is_stdin)
            continue;
        ok = lies_in(storage, inputs->items[i].path, target->sink->path, &lies, err);
        if (ok && lies)
            ok = cpl_fail(err, CPL_E_CONFIG,
                          "%s lies in the dataset %s that this run writes, which would be read "
                          "again as its own source; keep sources and datasets apart",
                          inputs->items[i].path, target->sink->path);
    }
    return ok;
}

bool cpl_target_check_inputs(struct cpl_storage *storage, const struct cpl_target *target,
                             const struct cpl_plan *plan, struct cpl_error *err)
{
    if (is_standard_output(target))
        return true;
    if (!target->sink->single_file) /* reject files lie there by their nature */
        return check_files(storage, target, NULL, &plan->inputs, err) &&
               (plan->pipeline->source.rejects ||
                check_dataset(storage, target, &plan->inputs, err));
    char *rejects = rejects_path(target, err);
    bool ok = rejects && check_files(storage, target, rejects, &plan->inputs, err);
    cpl_free(rejects);
    return ok;
}
