#include "run/input.h"
#include "decode/foreign.h"
#include "run/replay.h"
#include "run/spill.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { HEAD_BYTES = 1 << 20, PREFETCH_BLOCK = 1 << 20, PREFETCH_BLOCKS = 4, MOST_THREADS = 64 };

bool cpl_input_repeatable(const struct cpl_input *input)
{
    return !input->is_stdin || cpl_spill_whole(input->spill);
}

static struct cpl_stream *raw_stream(const struct cpl_input *input, uint64_t from, bool again,
                                     struct cpl_error *err)
{
    if (input->is_stdin)
        return cpl_spill_stream(input->spill, again, err);
    if (input->rejects)
        return cpl_rejects_stream(input->rejects, input->part, err);
    return cpl_stream_object(input->reader, from, UINT64_MAX, err);
}

static bool sniff_compression(struct cpl_input *input, const char *wanted, struct cpl_error *err)
{
    static const char *const names[] = {"none", "gzip", "zstd", "bzip2", "xz", "lz4", NULL};
    uint8_t head[CPL_SNIFF_BYTES];
    size_t got = 0;
    if (wanted && strcmp(wanted, "auto") != 0) {
        for (int i = 0; names[i]; i++)
            if (!strcmp(names[i], wanted)) {
                input->compression = (enum cpl_compression)i;
                return true;
            }
        return cpl_fail(
            err, CPL_E_CONFIG,
            "source.compression: %s is not known; use auto, none, gzip, zstd, bzip2, xz or lz4",
            wanted);
    }
    if (input->is_stdin) {
        const uint8_t *data;
        if (!cpl_spill_head(input->spill, sizeof head, &data, &got, err))
            return false;
        memcpy(head, data, got);
    } else if (!cpl_reader_at(input->reader, 0, head, sizeof head, &got, err)) {
        return false;
    }
    input->compression = cpl_compression_sniff(head, got);
    return true;
}

/* `raw` is taken over. */
static struct cpl_stream *decompress(const struct cpl_inputs *inputs, const struct cpl_input *input,
                                     struct cpl_stream *raw, unsigned threads,
                                     struct cpl_error *err)
{
    if (!raw || input->compression == CPL_PLAIN)
        return raw;
    return cpl_stream_decompress_by(raw, input->compression, inputs->expansion, threads, err);
}

static struct cpl_stream *decompressed(const struct cpl_inputs *inputs,
                                       const struct cpl_input *input, uint64_t from, bool again,
                                       struct cpl_error *err)
{
    return decompress(inputs, input, raw_stream(input, from, again, err), 1, err);
}

/* Up to `size` bytes of a stream. */
static bool take(struct cpl_stream *stream, size_t size, struct cpl_buffer *out, bool *whole,
                 struct cpl_error *err)
{
    *whole = false;
    if (!cpl_buffer_reserve(out, size + 1, err))
        return false;
    while (out->size <= size) { /* one more than asked tells whether that is all */
        size_t got = 0;
        if (!cpl_stream_read(stream, out->data + out->size, size + 1 - out->size, &got, err))
            return false;
        out->size += got;
        if (!got) {
            *whole = true;
            break;
        }
    }
    if (out->size > size)
        out->size = size;
    memset(out->data + out->size, 0, 64);
    return true;
}

static bool is_auto(const char *wanted)
{
    return !wanted || !strcmp(wanted, "auto");
}

static void set_charset(struct cpl_input *input, const char *name)
{
    snprintf(input->charset.name, sizeof input->charset.name, "%s", name);
    input->is_utf8 = cpl_charset_is_utf8(name);
}

/* Is ASCII a part of it, byte for byte? Of what is guessed, all but UTF-16 and UTF-32. */
static bool is_wide(const struct cpl_charset_guess *charset)
{
    return !strncmp(charset->name, "UTF-16", 6) || !strncmp(charset->name, "UTF-32", 6);
}

static bool refuse_foreign(const struct cpl_source_config *source, const struct cpl_input *input,
                           const struct cpl_buffer *head, struct cpl_error *err)
{
    struct cpl_foreign found;
    const char *path = input->is_stdin ? "standard input" : input->path;
    size_t size = head->size < CPL_FOREIGN_BYTES ? head->size : CPL_FOREIGN_BYTES;
    if (is_auto(source->format) && size >= 4 && !memcmp(head->data, "PAR1", 4))
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "%s is Parquet, which this version does not read as a source; `cupel "
                        "inspect` shows what is in it",
                        path);
    bool known = cpl_foreign_signature(head->data, size, &found);
    bool guessed = !known && is_auto(source->format) &&
                   (cpl_foreign_markup(head->data, size, &found) ||
                    (is_auto(source->charset) && !is_wide(&input->charset) &&
                     cpl_foreign_binary(head->data, size, &found)));
    if (!known && !guessed)
        return true;
    return cpl_fail(err, known ? CPL_E_UNSUPPORTED : CPL_E_DATA,
                    "%s is %s; Cupel reads CSV and JSON, plain or compressed (gzip, zstd, bzip2, "
                    "xz, lz4): %s",
                    path, found.what, found.advice);
}

/* The first bytes tell the charset, where it is not set, and whether it is text at all. */
static bool look_at_head(const struct cpl_inputs *inputs, const struct cpl_source_config *source,
                         struct cpl_input *input, struct cpl_error *err)
{
    struct cpl_buffer head = {0};
    bool whole = false, ok = true;
    const char *recorded = input->rejects ? cpl_rejects_part_charset(input->rejects, input->part)
                                          : "";
    const char *wanted = source->charset;
    if (recorded[0] && is_auto(wanted))
        wanted = recorded; /* not to be guessed from bad rows */
    size_t size = is_auto(wanted) ? HEAD_BYTES : CPL_FOREIGN_BYTES;
    if (!is_auto(wanted))
        set_charset(input, wanted);
    if (input->rejects && !is_auto(wanted))
        return true;
    if (input->is_stdin) { /* the head must stay in memory for what comes after */
        const uint8_t *data;
        size_t got;
        ok = cpl_spill_head(input->spill, size, &data, &got, err);
    }
    struct cpl_stream *stream = ok ? decompressed(inputs, input, 0, true, err) : NULL;
    ok = stream && take(stream, size, &head, &whole, err);
    cpl_stream_close(stream);
    if (ok && is_auto(wanted)) {
        cpl_charset_guess(head.data, head.size, whole, &input->charset);
        input->is_utf8 = cpl_charset_is_utf8(input->charset.name);
    }
    ok = ok && (input->rejects || refuse_foreign(source, input, &head, err));
    cpl_buffer_release(&head);
    return ok;
}

static bool open_rejects(struct cpl_storage *storage, const struct cpl_source_config *source,
                         struct cpl_inputs *inputs, struct cpl_input *input, struct cpl_error *err)
{
    input->compression = CPL_PLAIN;
    input->rejects = cpl_rejects_open(storage, input->path, err);
    if (!input->rejects ||
        !cpl_replay_prepare(input->path, source->format, input->rejects, &inputs->recorded, err))
        return false;
    input->dialect = cpl_rejects_part_dialect(input->rejects, 0);
    return look_at_head(inputs, source, input, err);
}

static bool open_input(struct cpl_storage *storage, const struct cpl_source_config *source,
                       const struct cpl_limits_config *limits, struct cpl_inputs *inputs,
                       struct cpl_input *input, struct cpl_error *err)
{
    bool ok;
    if (source->rejects && !input->is_stdin)
        return open_rejects(storage, source, inputs, input, err);
    if (input->is_stdin)
        ok = (input->spill = cpl_spill_new(STDIN_FILENO, limits->spill, inputs->stop, err)) != NULL;
    else
        ok = (input->reader = cpl_reader_open(storage, input->path, err)) != NULL &&
             cpl_content_hash_init(&input->hash, cpl_reader_size(input->reader), err);
    ok = ok && sniff_compression(input, source->compression, err) &&
         look_at_head(inputs, source, input, err);
    if (ok && input->reader)
        cpl_reader_rest(input->reader); /* until it is worked on */
    return ok || cpl_fail_in(err, input->is_stdin ? "standard input" : input->path);
}

/* Further parts of a reject file are inputs of their own, behind the listed ones. */
static bool add_parts(const struct cpl_source_config *source, struct cpl_inputs *inputs, size_t i,
                      struct cpl_error *err)
{
    const struct cpl_input first = inputs->items[i];
    size_t parts = first.rejects ? cpl_rejects_parts(first.rejects) : 1;
    struct cpl_input *grown = cpl_realloc(inputs->items, (inputs->n + parts) * sizeof *grown, err);
    if (!grown)
        return false;
    inputs->items = grown;
    for (size_t part = 1; part < parts; part++) {
        char name[CPL_LOG_PATH_MAX + 32];
        int length = snprintf(name, sizeof name, "%s#%zu", first.path, part);
        if (length >= (int)sizeof name)
            return cpl_fail(err, CPL_E_LIMIT, "the path %s is too long", first.path);
        struct cpl_input *input = &inputs->items[inputs->n];
        *input = first;
        input->part = part;
        input->path = cpl_arena_strndup(&inputs->arena, name, (size_t)length, err);
        inputs->n++;
        input->dialect = cpl_rejects_part_dialect(input->rejects, part);
        if (!input->path || !look_at_head(inputs, source, input, err))
            return false;
    }
    return true;
}

static unsigned threads_of(const struct cpl_limits_config *limits)
{
    long online = limits->threads > 0 ? (long)limits->threads : sysconf(_SC_NPROCESSORS_ONLN);
    return online < 1 ? 1 : online > MOST_THREADS ? MOST_THREADS : (unsigned)online;
}

bool cpl_inputs_open(struct cpl_storage *storage, const struct cpl_source_config *source,
                     const struct cpl_limits_config *limits, _Atomic bool *stop,
                     struct cpl_inputs *inputs, struct cpl_error *err)
{
    *inputs = (struct cpl_inputs){.expansion = {.max_ratio = (uint32_t)limits->max_expansion_ratio},
                                  .threads = threads_of(limits),
                                  .stop = stop};
    bool from_stdin;
    if (!cpl_inputs_list(storage, source, &inputs->list, &from_stdin, err))
        return false;
    inputs->n = from_stdin ? 1 : inputs->list.n;
    if (!(inputs->items = cpl_alloc_zero(inputs->n, sizeof *inputs->items, err))) {
        cpl_inputs_release(inputs);
        return false;
    }
    size_t listed = inputs->n;
    for (size_t i = 0; i < listed; i++) {
        struct cpl_input *input = &inputs->items[i];
        if (inputs->list.n) {
            input->path = inputs->list.items[i].path;
            input->size = inputs->list.items[i].size;
            memcpy(input->etag, inputs->list.items[i].etag, sizeof input->etag);
        } else {
            *input = (struct cpl_input){.path = "-", .size = UINT64_MAX, .is_stdin = true};
        }
        if (!open_input(storage, source, limits, inputs, input, err) ||
            !add_parts(source, inputs, i, err)) {
            cpl_inputs_release(inputs);
            return false;
        }
    }
    return true;
}

void cpl_inputs_release(struct cpl_inputs *inputs)
{
    for (size_t i = 0; inputs->items && i < inputs->n; i++) {
        cpl_reader_close(inputs->items[i].reader);
        cpl_content_hash_release(&inputs->items[i].hash);
        cpl_spill_free(inputs->items[i].spill);
        if (!inputs->items[i].part)
            cpl_rejects_free(inputs->items[i].rejects);
    }
    cpl_free(inputs->items);
    cpl_recorded_release(&inputs->recorded);
    cpl_object_list_release(&inputs->list);
    cpl_arena_release(&inputs->arena);
    *inputs = (struct cpl_inputs){0};
}

bool cpl_input_seekable(const struct cpl_input *input)
{
    return !input->is_stdin && !input->rejects && input->is_utf8 && input->compression == CPL_PLAIN;
}

bool cpl_input_has_sections(const struct cpl_input *input)
{
    return !input->rejects && input->is_utf8;
}

/* The stages above the raw stream, which is taken over. */
static struct cpl_stream *text_stream(const struct cpl_inputs *inputs,
                                      const struct cpl_input *input, struct cpl_stream *raw,
                                      bool prefetch, struct cpl_error *err)
{
    struct cpl_stream *stream = decompress(inputs, input, raw, prefetch ? inputs->threads : 1, err);
    if (stream && prefetch && (input->compression != CPL_PLAIN || input->is_stdin))
        stream = cpl_stream_prefetch(stream, PREFETCH_BLOCK, PREFETCH_BLOCKS, err);
    if (stream && !input->is_utf8)
        stream = cpl_stream_transcode(stream, input->charset.name, err);
    return stream;
}

struct cpl_stream *cpl_input_stream(const struct cpl_inputs *inputs, size_t i, uint64_t from,
                                    bool again, bool prefetch, struct cpl_error *err)
{
    const struct cpl_input *input = &inputs->items[i];
    return text_stream(inputs, input, raw_stream(input, from, again, err), prefetch, err);
}

static struct cpl_stream *hashed_stream(struct cpl_input *input, uint64_t from, uint64_t to,
                                        bool again, struct cpl_error *err)
{
    struct cpl_stream *raw = raw_stream(input, from, again, err);
    return raw && input->reader ? cpl_stream_hash(raw, &input->hash, to, err) : raw;
}

struct cpl_stream *cpl_input_work_stream(const struct cpl_inputs *inputs, size_t i, uint64_t from,
                                         uint64_t to, bool again, struct cpl_error *err)
{
    struct cpl_input *input = &inputs->items[i];
    return text_stream(inputs, input, hashed_stream(input, from, to, again, err), true, err);
}

struct cpl_sections *cpl_input_sections(const struct cpl_inputs *inputs, size_t i, bool again,
                                        bool ahead, struct cpl_error *err)
{
    struct cpl_input *input = &inputs->items[i];
    struct cpl_stream *text = decompress(
        inputs, input, hashed_stream(input, 0, UINT64_MAX, again, err), inputs->threads, err);
    if (text && ahead)
        text = cpl_stream_prefetch(text, PREFETCH_BLOCK, PREFETCH_BLOCKS, err);
    return text ? cpl_sections_new(text, err) : NULL;
}

/* Of standard input, what was looked at in the beginning is in memory. */
static struct cpl_stream *head_stream(const struct cpl_inputs *inputs,
                                      const struct cpl_input *input, struct cpl_error *err)
{
    const uint8_t *data;
    size_t got;
    if (!input->is_stdin)
        return decompressed(inputs, input, 0, true, err);
    if (!cpl_spill_head(input->spill, 0, &data, &got, err))
        return NULL;
    return decompress(inputs, input,
                      cpl_stream_memory(data, cpl_spill_head_size(input->spill), err), 1, err);
}

static bool pass(struct cpl_stream *stream, uint64_t size, struct cpl_error *err)
{
    uint8_t passed[16 << 10];
    for (size_t got = 1; got && size; size -= got)
        if (!cpl_stream_read(stream, passed, size < sizeof passed ? (size_t)size : sizeof passed,
                             &got, err))
            return false;
    return true;
}

bool cpl_input_head(const struct cpl_inputs *inputs, size_t i, uint64_t from, size_t size,
                    struct cpl_buffer *out, bool *there, struct cpl_error *err)
{
    const struct cpl_input *input = &inputs->items[i];
    struct cpl_error why = {0};
    size_t wanted = out->size + size;
    struct cpl_stream *stream = head_stream(inputs, input, &why);
    bool ok = stream && cpl_buffer_reserve(out, size, &why) && pass(stream, from, &why);
    for (size_t got = 1; ok && got && out->size < wanted; out->size += ok ? got : 0)
        ok = cpl_stream_read(stream, out->data + out->size, wanted - out->size, &got, &why);
    cpl_stream_close(stream);
    *there = ok && out->size == wanted;
    if (ok || (input->is_stdin && why.code == CPL_E_DATA)) /* the head is cut */
        return true;
    cpl_fail_with(err, &why);
    return cpl_error_names(why.message, input->path)
               ? false
               : cpl_fail_context(err, "the header of %s", input->path);
}

bool cpl_input_sample(const struct cpl_inputs *inputs, size_t i, uint64_t offset, size_t size,
                      struct cpl_buffer *out, bool *whole, struct cpl_error *err)
{
    struct cpl_stream *stream = cpl_input_stream(inputs, i, offset, true, false, err);
    bool ok = stream && take(stream, size, out, whole, err);
    cpl_stream_close(stream);
    return ok;
}
