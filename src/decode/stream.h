/* A stream of bytes on its way to a decoder: object → decompress → charset → decoder.
 *
 * Each stage is a cpl_stream that pulls from the one before. Positions are offsets in the
 * *decompressed* object: what a user sees with `zcat file | head -c`. A charset stage changes
 * lengths, so it answers `locate`, which maps a range of its output back to the bytes it came from.
 * Threads: a stream belongs to one thread. */
#pragma once
#include "base/memory.h"

struct cpl_stream;
struct cpl_stream_ops {
    const char *name;
    /* Up to `size` bytes; *got == 0 means the end. Fewer than asked is normal. A damaged member is an error
     * (DATA) that names the offset; what was decoded before has been handed out already. */
    bool (*read)(struct cpl_stream *stream, void *data, size_t size, size_t *got,
                 struct cpl_error *err);
    /* Map output range [from, to) of this stream to offsets of the decompressed object and, when raw is not NULL, append the
     * original bytes. Only ranges that end within the last 64 MiB handed out need be known. NULL = identity. */
    bool (*locate)(struct cpl_stream *stream, uint64_t from, uint64_t to, uint64_t *object_from,
                   uint64_t *object_to, struct cpl_buffer *raw, struct cpl_error *err);
    /* Bytes that were read before, from `offset`; NULL = they are gone. Like read, but moves nothing. Plain objects and memory. */
    bool (*reread)(struct cpl_stream *stream, uint64_t offset, void *data, size_t size, size_t *got,
                   struct cpl_error *err);
    /* The caller will locate nothing before this position: what is kept for that may go. NULL = nothing is kept. */
    void (*forget)(struct cpl_stream *stream, uint64_t before);
    /* Do the bytes that were read last end a row? Then no record goes on behind them, whatever they hold. Such a stream never reads past
     * a row's end at once. NULL = it knows of no rows; only rejects do. */
    bool (*ends_row)(const struct cpl_stream *stream);
    void (*close)(struct cpl_stream *stream); /* also closes what it pulls from */
};
struct cpl_stream {
    const struct cpl_stream_ops *ops;
    uint64_t position; /* offset, in this stream's bytes, of the next byte that read gives */
};
static inline bool cpl_stream_read(struct cpl_stream *stream, void *data, size_t size, size_t *got,
                                   struct cpl_error *err)
{
    return stream->ops->read(stream, data, size, got, err);
}
static inline void cpl_stream_forget(struct cpl_stream *stream, uint64_t before)
{
    if (stream->ops->forget)
        stream->ops->forget(stream, before);
}
/* locate, where it is the identity too; `raw` is left alone then. */
static inline bool cpl_stream_locate(struct cpl_stream *stream, uint64_t from, uint64_t to,
                                     uint64_t *object_from, uint64_t *object_to,
                                     struct cpl_buffer *raw, struct cpl_error *err)
{
    *object_from = from;
    *object_to = to;
    return !stream->ops->locate ||
           stream->ops->locate(stream, from, to, object_from, object_to, raw, err);
}
/* Add the bytes of the decompressed object that became [from, to) to *count. */
static inline bool cpl_stream_count(struct cpl_stream *stream, uint64_t from, uint64_t to,
                                    uint64_t *count, struct cpl_error *err)
{
    if (from == to || !cpl_stream_locate(stream, from, to, &from, &to, NULL, err))
        return from == to;
    *count += to - from;
    return true;
}
static inline void cpl_stream_close(struct cpl_stream *stream)
{
    if (stream)
        stream->ops->close(stream);
}

struct cpl_reader;
/* Bytes [from, to) of an object (to = UINT64_MAX: the end); its position starts at `from`. Does not own the reader, but holds it open. */
struct cpl_stream *cpl_stream_object(struct cpl_reader *reader, uint64_t from, uint64_t to,
                                     struct cpl_error *err) CPL_CHECKED;
/* A file descriptor (standard input). Does not own it. */
struct cpl_stream *cpl_stream_fd(int fd, struct cpl_error *err) CPL_CHECKED;
/* Borrowed memory. */
struct cpl_stream *cpl_stream_memory(const void *data, size_t size,
                                     struct cpl_error *err) CPL_CHECKED;

/* ---- compress.c ---- */
enum cpl_compression { CPL_PLAIN, CPL_GZIP, CPL_ZSTD, CPL_BZIP2, CPL_XZ, CPL_LZ4 };
enum { CPL_SNIFF_BYTES = 16 };
/* By the first bytes, never by the name. */
enum cpl_compression cpl_compression_sniff(const uint8_t *head, size_t size);
const char *cpl_compression_name(enum cpl_compression compression);
struct cpl_expansion_limits {
    uint64_t max_bytes;
    uint32_t max_ratio;
}; /* 0 = the default: none, 1000 (after the first 64 MiB) */
/* Takes over `inner`. Handles concatenated members/frames, and trailing zero padding; a cut-off member is an error. */
struct cpl_stream *cpl_stream_decompress(struct cpl_stream *inner, enum cpl_compression compression,
                                         struct cpl_expansion_limits limits,
                                         struct cpl_error *err) CPL_CHECKED;
/* The same bytes, limits and errors, but up to `threads` threads decode members, frames and blocks ahead of their turn
 * where the format shows them (compress_members.h says how, and what memory it takes). 1 = no thread. */
struct cpl_stream *cpl_stream_decompress_by(struct cpl_stream *inner,
                                            enum cpl_compression compression,
                                            struct cpl_expansion_limits limits, unsigned threads,
                                            struct cpl_error *err) CPL_CHECKED;
/* What those threads take as a rule, for whoever plans memory. */
uint64_t cpl_decompress_memory(enum cpl_compression compression, unsigned threads);
/* Runs `inner` on a thread of its own, `blocks` blocks of `block_size` ahead. Takes over `inner`. locate is passed through. */
struct cpl_stream *cpl_stream_prefetch(struct cpl_stream *inner, size_t block_size, unsigned blocks,
                                       struct cpl_error *err) CPL_CHECKED;

/* ---- charset.c ---- */
enum cpl_charset_certainty { CPL_CHARSET_BOM, CPL_CHARSET_VALID_UTF8, CPL_CHARSET_GUESS };
struct cpl_charset_guess {
    char name[32]; /* IANA name: "UTF-8" "UTF-16LE" "windows-1252" "Shift_JIS" "GB18030" … */
    enum cpl_charset_certainty certainty;
    uint8_t bom_length; /* bytes to skip */
    bool doubtful; /* the text it gives looks odd, or little speaks for it: people should look */
};
/* From the head of a decompressed object (`whole`: it is all of it). Plain ASCII and valid UTF-8 (a cut last character is fine) are UTF-8. */
void cpl_charset_guess(const uint8_t *head, size_t size, bool whole,
                       struct cpl_charset_guess *guess);
/* Is it a name that cpl_stream_transcode takes? Else CONFIG with the nearest. */
bool cpl_charset_check(const char *name, struct cpl_error *err) CPL_CHECKED;
/* Is it UTF-8 (or a subset, as US-ASCII), so that no stage is needed? */
bool cpl_charset_is_utf8(const char *name);
/* To UTF-8; takes over `inner`. Its position counts UTF-8 bytes from 0; `locate` gives offsets in inner's positions, so skip a BOM by
 * reading it from `inner` (or by an object stream that starts behind it). Memory: 320 KiB, and when inner cannot be read again
 * (compressed or piped input) the source of the last 64 MiB of output, LZ4-compressed,
 * or of what was not given up by cpl_stream_forget.
 * What cannot be mapped becomes the byte 0xFF in the output (never valid UTF-8), so that the row
 * holding it is rejected for its charset, and `locate` finds the original bytes. Unknown names: CONFIG error with the nearest ones.
 * Own code for UTF-16/32, Latin-1 and windows-125x; ICU (dlopen) for the rest. */
struct cpl_stream *cpl_stream_transcode(struct cpl_stream *inner, const char *charset,
                                        struct cpl_error *err) CPL_CHECKED;
/* Is all of it valid UTF-8? (vectorised) */
bool cpl_utf8_valid(const uint8_t *data, size_t size);
