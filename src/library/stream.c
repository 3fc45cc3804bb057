/* Rows of any input as an Arrow C stream: see include/cupel.h. */
#include "base/plural.h"
#include "base/text.h"
#include "batch/c_data.h"
#include "config/settings.h"
#include "library/instance.h"
#include "run/rows.h"

#include <errno.h>
#include <string.h>

struct stream {
    struct cupel *instance; /* a reference */
    struct cpl_settings settings;
    struct cpl_config config;
    struct cpl_storage *storage;
    struct cpl_rows *rows;
    struct cpl_batch *batch; /* borrowed from rows */
    uint32_t given;          /* rows of it that have been given */
    uint64_t left_out;       /* rows of which nobody was told */
    struct cpl_error error;  /* the last */
};

static void free_stream(struct stream *s)
{
    if (!s)
        return;
    cpl_rows_close(s->rows);
    cpl_storage_free(s->storage);
    cpl_config_release(&s->config);
    cpl_settings_release(&s->settings);
    cpl_instance_release(s->instance);
    cpl_free(s);
}

static int errno_of(enum cpl_code code)
{
    switch (code) {
    case CPL_E_MEMORY:
        return ENOMEM;
    case CPL_E_INTERRUPTED:
        return ECANCELED;
    case CPL_E_DATA:
    case CPL_E_TYPE:
    case CPL_E_CORRUPT:
        return EINVAL;
    default:
        return EIO;
    }
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct stream *s = stream->private_data;
    return cpl_export_schema(cpl_rows_schema(s->rows), out, &s->error) ? 0
                                                                       : errno_of(s->error.code);
}

/* At the end, once: rows that nobody was told of are not to be missing without a word. */
static void say_left_out(struct stream *s)
{
    const cupel_callbacks *callbacks = &s->instance->callbacks;
    char text[120];
    if (!s->left_out || !callbacks->log)
        return;
    cpl_text_set(text, sizeof text,
                 "%s could not be read and left out: the reject callback tells why",
                 CPL_COUNTED(s->left_out, "row"));
    s->left_out = 0;
    callbacks->log(callbacks->context, "warning", text);
}

static bool next_batch(struct stream *s)
{
    s->given = 0;
    if (!cpl_rows_next(s->rows, &s->batch, &s->error))
        return false;
    if (!s->batch->rows)
        say_left_out(s);
    return true;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct stream *s = stream->private_data;
    memset(out, 0, sizeof *out);
    if ((!s->batch || s->given >= s->batch->rows) && !next_batch(s))
        return errno_of(s->error.code);
    if (!s->batch->rows)
        return 0; /* released: the end */
    uint32_t n = cpl_export_fit(s->batch, s->given);
    if (n > s->batch->rows - s->given)
        n = s->batch->rows - s->given;
    if (!cpl_export_batch(s->batch, s->given, n, out, &s->error))
        return errno_of(s->error.code);
    s->given += n;
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
    const struct stream *s = stream->private_data;
    return *s->error.message ? s->error.message : NULL;
}

static void release(struct ArrowArrayStream *stream)
{
    free_stream(stream->private_data);
    stream->private_data = NULL;
    stream->release = NULL;
}

static void on_reject(void *context, const char *object, const struct cpl_reject *reject)
{
    struct stream *s = context;
    const cupel_callbacks *callbacks = &s->instance->callbacks;
    if (callbacks->reject)
        callbacks->reject(callbacks->context, object, reject->line + 1, reject->column,
                          reject->rule, reject->message);
    else
        s->left_out++;
}

/* Is it one of the path's own components? */
static bool stands_in(const char *path, const char *component, size_t length)
{
    for (const char *at = path; *at; at += *at == '/') {
        size_t n = strcspn(at, "/");
        if (n == length && !memcmp(at, component, n))
            return true;
        at += n;
    }
    return false;
}

/* The values of partition columns stand in the folders' names alone: without them rows would lose columns in silence. */
static bool check_folders(const struct stream *s, const char *path, const char *object,
                          struct cpl_error *err)
{
    char key[200];
    const struct cpl_schema *schema = cpl_rows_schema(s->rows);
    for (const char *at = object, *slash; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
        const char *equals = memchr(at, '=', (size_t)(slash - at));
        size_t length = equals ? (size_t)(equals - at) : 0;
        if (!length || length >= sizeof key || stands_in(path, at, (size_t)(slash - at)))
            continue;
        memcpy(key, at, length);
        key[length] = 0;
        if (cpl_schema_find(schema, key) < 0)
            return cpl_fail(
                err, CPL_E_UNSUPPORTED,
                "%.300s is partitioned: its column %.80s stands in the names of folders "
                "(%.*s), and cupel_read does not give it yet. Read one folder at a time, "
                "or open the files by a reader of Hive partitions",
                path, key, (int)(slash - at < 100 ? slash - at : 100), at);
    }
    return true;
}

static bool check_objects(const struct stream *s, const char *path, struct cpl_error *err)
{
    const struct cpl_object_list *objects = cpl_rows_objects(s->rows);
    for (size_t i = 0; i < objects->n; i++)
        if (!check_folders(s, path, objects->items[i].path, err))
            return false;
    return true;
}

static bool open_stream(struct stream *s, const char *path, struct cpl_error *err)
{
    if (!cpl_settings_add_list(&s->settings, "source.path", &path, 1, "path", err) ||
        !cpl_instance_settings(s->instance, &s->settings, err) ||
        !cpl_settings_load(&s->settings, "read", &s->config, err))
        return false;

    struct cpl_rows_options options = {.pipeline = &s->config.pipelines[0],
                                       .stop = &s->instance->stop,
                                       .context = s,
                                       .reject = on_reject};
    s->storage = cpl_pipeline_storage(&s->config.pipelines[0], err);
    s->rows = s->storage ? cpl_rows_open(s->storage, &options, err) : NULL;
    return s->rows && check_objects(s, path, err);
}

bool cupel_read(cupel *instance, const char *path, struct ArrowArrayStream *out, cupel_error *err)
{
    struct cpl_error why = {0};
    if (!cpl_library_given(out, __func__, "stream", err))
        return false;
    memset(out, 0, sizeof *out);
    if (!cpl_library_given(instance, __func__, "instance", err) ||
        !cpl_library_given(path, __func__, "path", err))
        return false;
    struct stream *s = cpl_alloc_zero(1, sizeof *s, &why);
    if (!s)
        return cpl_library_fail(&why, err);
    atomic_store(&instance->stop, false);
    atomic_fetch_add(&instance->references, 1);
    s->instance = instance;
    if (!open_stream(s, path, &why)) {
        free_stream(s);
        return cpl_library_fail(&why, err);
    }
    *out = (struct ArrowArrayStream){.get_schema = get_schema,
                                     .get_next = get_next,
                                     .get_last_error = get_last_error,
                                     .release = release,
                                     .private_data = s};
    return true;
}
