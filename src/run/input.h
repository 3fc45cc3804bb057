/* Inputs: the objects that a run reads, as streams of UTF-8 bytes that can be opened again.
 *
 * An input is a file or standard input. Its compression is known from its first bytes and its
 * charset from a sample, unless the user said. A plain UTF-8 file can be entered anywhere; all
 * others give one stream from their start. Standard input can be read once: what a later round may
 * need is copied to an unlinked spill file as it goes by, up to limits.spill; without a spill a second
 * opening is refused.
 *
 * Threads: opening is safe from any thread (standard input: one stream at a time). */
#pragma once
#include "config/pipeline.h"
#include "decode/content_hash.h"
#include "decode/decoder.h"
#include "decode/sections.h"
#include "source/rejects.h"
#include "storage/storage.h"
#include <stdatomic.h>

struct cpl_input {
    const char *path; /* as listed; "-" = standard input; "….parquet#1" = rejects, part 1 */
    uint64_t size;    /* stored bytes; UINT64_MAX = unknown */
    char etag[72];
    enum cpl_compression compression;
    struct cpl_charset_guess charset;
    bool is_utf8, is_stdin;
    struct cpl_reader *reader;    /* files */
    struct cpl_content_hash hash; /* of the stored bytes, as work streams read them */
    char checksum[CPL_CONTENT_HASH_TEXT];
    struct cpl_spill *spill;            /* standard input */
    struct cpl_rejects_source *rejects; /* replay; owned by the input of part 0 */
    size_t part;                        /* of the rejects */
    const struct cpl_pairs *dialect; /* of the rejects: option names and values; NULL = not known */
};
/* Replay: how the runs that rejected the rows read them. All but the array is borrowed from the reject files. */
struct cpl_recorded {
    const char *decoder;               /* NULL: not known */
    const struct cpl_pairs *dialect;   /* of the first rows; what must hold for all, does */
    const struct cpl_schema **schemas; /* of those runs' files */
    size_t n_schemas;
};
struct cpl_inputs {
    struct cpl_input *items;
    size_t n;
    struct cpl_object_list list;
    struct cpl_arena arena;
    struct cpl_recorded recorded;
    struct cpl_expansion_limits expansion;
    unsigned threads;   /* for decompressing what work reads */
    _Atomic bool *stop; /* ends waits for standard input; may be NULL */
};

/* The objects that are meant, each file once, however often and under whatever names. */
bool cpl_inputs_list(struct cpl_storage *storage, const struct cpl_source_config *source,
                     struct cpl_object_list *list, bool *from_stdin,
                     struct cpl_error *err) CPL_CHECKED;
/* What whoever reads them should know, a sentence each, from i = 0 on; false: there is no more. */
bool cpl_inputs_remark(const struct cpl_inputs *inputs, unsigned i, char *text, size_t size);
/* List, open and look at the head of every object. Empty objects stay in: they are inputs of no rows. */
bool cpl_inputs_open(struct cpl_storage *storage, const struct cpl_source_config *source,
                     const struct cpl_limits_config *limits, _Atomic bool *stop,
                     struct cpl_inputs *inputs, struct cpl_error *err) CPL_CHECKED;
void cpl_inputs_release(struct cpl_inputs *inputs);

/* Can be entered at any byte? */
bool cpl_input_seekable(const struct cpl_input *input);
/* Else: can its text be read in sections? */
bool cpl_input_has_sections(const struct cpl_input *input);
/* What work reads of it then; hashed and spilled as by cpl_input_work_stream. `ahead`: on a thread of its own, for a
 * lone worker that has cores to spare. */
struct cpl_sections *cpl_input_sections(const struct cpl_inputs *inputs, size_t i, bool again,
                                        bool ahead, struct cpl_error *err) CPL_CHECKED;
/* Can it be read once more, from its start? */
bool cpl_input_repeatable(const struct cpl_input *input);
/* What work reads: as cpl_input_stream with prefetch, and the stored bytes are hashed on their way, up to `to`. */
struct cpl_stream *cpl_input_work_stream(const struct cpl_inputs *inputs, size_t i, uint64_t from,
                                         uint64_t to, bool again,
                                         struct cpl_error *err) CPL_CHECKED;
/* UTF-8 bytes of the decompressed object from `from`; only seekable inputs take from > 0. `again`: a later round may open it once
 * more (standard input then spills). `prefetch`: decompress on a thread of its own. */
struct cpl_stream *cpl_input_stream(const struct cpl_inputs *inputs, size_t i, uint64_t from,
                                    bool again, bool prefetch, struct cpl_error *err) CPL_CHECKED;
/* Append `size` bytes of the decompressed object's beginning, those from `from` on, in its own charset: what is not UTF-8 stays so.
 * *there is false when they have gone by (standard input). Everything before them is read, too. */
bool cpl_input_head(const struct cpl_inputs *inputs, size_t i, uint64_t from, size_t size,
                    struct cpl_buffer *out, bool *there, struct cpl_error *err) CPL_CHECKED;
/* Up to `size` UTF-8 bytes from `offset` (0, or anywhere in seekable inputs); *whole when it is all there is. */
bool cpl_input_sample(const struct cpl_inputs *inputs, size_t i, uint64_t offset, size_t size,
                      struct cpl_buffer *out, bool *whole, struct cpl_error *err) CPL_CHECKED;
