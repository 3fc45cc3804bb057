/* Decompression: from compressed bytes to what they hold, member after member.
 *
 *   inner ──▶ input block (256 KiB) ──▶ codec ──▶ the caller's buffer
 *              └ between members: another member │ zero padding │ the end │ else an error
 *
 * With threads, inner is read by way of compress_members.c, and where members were decoded there their
 * bytes are taken instead; all that follows holds for both ways.
 *
 * Errors name the offset in the compressed object. They come in order: what was decoded before is
 * handed out first and the error is kept for the next read. Two limits stop bombs: total bytes, and
 * the ratio of output to input once 64 MiB have come out. */
#include "base/plural.h"
#include "decode/compress_members.h"

#include <string.h>

enum { INPUT_BLOCK = 256 << 10, DEFAULT_RATIO = 1000 };
static const uint64_t RATIO_FREE_BYTES = UINT64_C(64) << 20;

struct decompress_stream {
    struct cpl_stream base;
    struct cpl_stream *inner;    /* this, or */
    struct cpl_members *members; /* that */
    enum cpl_compression compression;
    const struct cpl_codec *codec;
    void *state;
    struct cpl_expansion_limits limits;
    uint8_t *input;
    size_t at, size;       /* of what is unread in input */
    uint64_t input_offset; /* of input[0] in inner's bytes */
    uint64_t start;        /* inner's position at the beginning */
    uint64_t member_start;
    bool in_member, any_member, padding, input_ended, failed;
    struct cpl_piece piece; /* decoded elsewhere; what is left of it */
    struct {
        uint8_t data[CPL_SNIFF_BYTES];
        size_t size, at;
        bool known;
    } head; /* what came out first is looked at before it is handed out */
    struct cpl_error error;
};

/* ---- what it is ---- */

static bool is_skippable(const uint8_t *head) /* of zstd and lz4 */
{
    return (head[0] & 0xF0) == 0x50 && head[1] == 0x2A && head[2] == 0x4D && head[3] == 0x18;
}

static bool has_magic(enum cpl_compression compression, const uint8_t *head, size_t size)
{
    switch (compression) {
    case CPL_GZIP:
        return size >= 3 && head[0] == 0x1F && head[1] == 0x8B && head[2] == 8;
    case CPL_ZSTD:
        return size >= 4 && !memcmp(head, "\x28\xB5\x2F\xFD", 4);
    case CPL_BZIP2:
        return size >= 10 && !memcmp(head, "BZh", 3) && head[3] >= '1' && head[3] <= '9' &&
               (!memcmp(head + 4, "\x31\x41\x59\x26\x53\x59", 6) ||
                !memcmp(head + 4, "\x17\x72\x45\x38\x50\x90", 6)); /* an empty one */
    case CPL_XZ:
        return size >= 6 && !memcmp(head,
                                    "\xFD"
                                    "7zXZ\0",
                                    6);
    case CPL_LZ4:
        return size >= 4 && !memcmp(head, "\x04\x22\x4D\x18", 4);
    case CPL_PLAIN:
        break;
    }
    return false;
}

enum cpl_compression cpl_compression_sniff(const uint8_t *head, size_t size)
{
    for (int c = CPL_GZIP; c <= CPL_LZ4; c++)
        if (has_magic((enum cpl_compression)c, head, size))
            return (enum cpl_compression)c;
    if (size < 8 || !is_skippable(head))
        return CPL_PLAIN;
    /* A skippable frame first, as pzstd writes it: look behind it when it is short. */
    size_t behind = 8 + (size_t)head[4];
    bool is_short = !head[5] && !head[6] && !head[7] && behind < size;
    return is_short && has_magic(CPL_LZ4, head + behind, size - behind) ? CPL_LZ4 : CPL_ZSTD;
}

const char *cpl_compression_name(enum cpl_compression compression)
{
    static const char *const names[] = {
        [CPL_PLAIN] = "none",  [CPL_GZIP] = "gzip", [CPL_ZSTD] = "zstd",
        [CPL_BZIP2] = "bzip2", [CPL_XZ] = "xz",     [CPL_LZ4] = "lz4"};
    return names[compression];
}

const struct cpl_codec *cpl_codec_of(enum cpl_compression compression)
{
    switch (compression) {
    case CPL_GZIP:
        return &cpl_codec_gzip;
    case CPL_ZSTD:
        return &cpl_codec_zstd;
    case CPL_BZIP2:
        return &cpl_codec_bzip2;
    case CPL_XZ:
        return &cpl_codec_xz;
    case CPL_LZ4:
        return &cpl_codec_lz4;
    case CPL_PLAIN:
        break;
    }
    return NULL;
}

bool cpl_member_starts(enum cpl_compression compression, const uint8_t *head, size_t size)
{
    if (has_magic(compression, head, size))
        return true;
    bool may_skip = compression == CPL_ZSTD || compression == CPL_LZ4;
    return may_skip && size >= 4 && is_skippable(head);
}

/* ---- input ---- */

static uint64_t offset_in(const struct decompress_stream *stream)
{
    return stream->input_offset + stream->at;
}

/* Keep what is unread, read more behind it. */
static bool fill(struct decompress_stream *stream, struct cpl_error *err)
{
    if (stream->at)
        memmove(stream->input, stream->input + stream->at, stream->size);
    stream->input_offset += stream->at;
    stream->at = 0;
    size_t got = 0, room = INPUT_BLOCK - stream->size;
    uint8_t *to = stream->input + stream->size;
    if (!(stream->members ? cpl_members_read(stream->members, to, room, &got, err)
                          : cpl_stream_read(stream->inner, to, room, &got, err)))
        return false;
    stream->size += got;
    stream->input_ended = got == 0;
    return true;
}

static bool fill_at_least(struct decompress_stream *stream, size_t want, struct cpl_error *err)
{
    while (stream->size < want && !stream->input_ended)
        if (!fill(stream, err))
            return false;
    return true;
}

static void skip_zeros(struct decompress_stream *stream)
{
    while (stream->size && !stream->input[stream->at]) {
        stream->at++;
        stream->size--;
        stream->padding = true;
    }
}

/* ---- members ---- */

static bool not_a_member(const struct decompress_stream *stream, struct cpl_error *err)
{
    const char *name = stream->codec->name;
    unsigned long long offset = (unsigned long long)offset_in(stream);
    if (!stream->any_member)
        return cpl_fail(err, CPL_E_DATA,
                        "not %s data: no header at byte %llu of the compressed object", name,
                        offset);
    return cpl_fail(err, CPL_E_DATA,
                    "garbage at byte %llu of the compressed object, behind the last complete %s "
                    "member; is the file "
                    "damaged, or were two files glued together?",
                    offset, name);
}

/* Can the limits not be broken anywhere in the piece? Else the codec finds out where. */
static bool piece_is_small(const struct decompress_stream *stream, const struct cpl_piece *piece)
{
    uint64_t out = stream->base.position + piece->size;
    if (stream->limits.max_bytes && out > stream->limits.max_bytes)
        return false;
    return out <= RATIO_FREE_BYTES || out / stream->limits.max_ratio <= piece->from - stream->start;
}

/* Members from here that were decoded elsewhere. */
static bool take_piece(struct decompress_stream *stream)
{
    struct cpl_piece piece;
    bool again = false;
    uint64_t here = offset_in(stream);
    bool taken = stream->members &&
                 cpl_members_take(stream->members, here, stream->input + stream->at, stream->size,
                                  &piece, &again);
    if (again) {
        stream->input_offset = here;
        stream->at = stream->size = 0;
        stream->input_ended = false;
    }
    if (!taken || !piece_is_small(stream, &piece))
        return false;
    cpl_members_pass(stream->members, &piece);
    stream->input_offset = piece.to;
    stream->piece = piece;
    stream->any_member = true;
    return true;
}

/* At the start or behind a member. *end: nothing more comes. */
static bool next_member(struct decompress_stream *stream, bool *end, struct cpl_error *err)
{
    *end = false;
    if (take_piece(stream))
        return true;
    do {
        if (!fill_at_least(stream, CPL_SNIFF_BYTES, err))
            return false;
        if (stream->any_member)
            skip_zeros(stream);
    } while (stream->size < CPL_SNIFF_BYTES && !stream->input_ended);
    if (!stream->size && (stream->any_member || offset_in(stream) == stream->start)) {
        *end = true;
        return true;
    }
    if (!cpl_member_starts(stream->compression, stream->input + stream->at, stream->size))
        return not_a_member(stream, err);
    if (!stream->codec->begin(stream->state, err))
        return false;
    stream->member_start = offset_in(stream);
    stream->in_member = true;
    return true;
}

static bool cut_off(const struct decompress_stream *stream, struct cpl_error *err)
{
    return cpl_fail(err, CPL_E_DATA,
                    "the %s member that begins at byte %llu is cut off: the compressed object ends "
                    "at byte %llu, after %s",
                    stream->codec->name, (unsigned long long)stream->member_start,
                    (unsigned long long)offset_in(stream),
                    CPL_COUNTED(stream->base.position, "decompressed byte"));
}

static bool damaged(const struct decompress_stream *stream, size_t held, struct cpl_error *err)
{
    const char *name = stream->codec->name;
    unsigned long long at = (unsigned long long)(offset_in(stream) - held);
    if (stream->codec->reads_ahead)
        return cpl_fail_context(
            err,
            "%s data is unreadable in the stream that begins at byte %llu of the compressed object",
            name, (unsigned long long)stream->member_start);
    if (stream->codec->loses_output)
        return cpl_fail_context(
            err, "%s data is unreadable at about byte %llu of the compressed object", name, at);
    return cpl_fail_context(
        err,
        "%s data is unreadable at about byte %llu of the compressed object (%llu decompressed)",
        name, at, (unsigned long long)stream->base.position);
}

/* ---- reading ---- */

static bool within_limits(const struct decompress_stream *stream, struct cpl_error *err)
{
    uint64_t out = stream->base.position;
    uint64_t in = offset_in(stream) - stream->start;
    if (stream->limits.max_bytes && out > stream->limits.max_bytes)
        return cpl_fail(err, CPL_E_LIMIT,
                        "decompressed, the object has more than %s (limits.max_bytes)",
                        CPL_COUNTED(stream->limits.max_bytes, "byte"));
    if (out > RATIO_FREE_BYTES && out / stream->limits.max_ratio > in)
        return cpl_fail(err, CPL_E_LIMIT,
                        "%s became more than %u times as many: is this a decompression bomb? "
                        "Otherwise raise limits.max_expansion_ratio",
                        CPL_COUNTED(in, "compressed byte"), stream->limits.max_ratio);
    return true;
}

/* The bytes to hand to the codec next: *ready are here. */
static bool make_ready(struct decompress_stream *stream, size_t *ready, struct cpl_error *err)
{
    size_t chunk = stream->codec->chunk;
    size_t wanted = chunk ? chunk - (offset_in(stream) - stream->member_start) % chunk : 1;
    if (!fill_at_least(stream, wanted, err))
        return false;
    *ready = chunk && stream->size > wanted ? wanted : stream->size;
    return true;
}

/* One call of the codec. *got may stay 0. */
static bool advance(struct decompress_stream *stream, void *data, size_t size, size_t *got,
                    struct cpl_error *err)
{
    size_t ready = 0;
    if (!make_ready(stream, &ready, err))
        return false;
    struct cpl_codec_io io = {
        .in = stream->input + stream->at, .in_size = ready, .out = data, .out_size = size};
    enum cpl_codec_step step = stream->codec->step(stream->state, &io, err);
    size_t consumed = ready - io.in_size;
    *got = size - io.out_size;
    stream->at += consumed;
    stream->size -= consumed;
    stream->base.position += *got;
    if (step == CPL_CODEC_FAILED)
        return damaged(stream, io.held, err);
    if (step == CPL_CODEC_MEMBER_END) {
        stream->in_member = false;
        stream->any_member = true;
    } else if (!consumed && !*got) {
        if (stream->input_ended)
            return cut_off(stream, err);
        /* It wants to see more than what is left of the block. */
        return stream->size < INPUT_BLOCK ? fill(stream, err) : cut_off(stream, err);
    }
    return within_limits(stream, err);
}

static void copy_piece(struct decompress_stream *stream, void *data, size_t size, size_t *got)
{
    *got = size < stream->piece.size ? size : stream->piece.size;
    memcpy(data, stream->piece.data, *got);
    stream->piece.data += *got;
    stream->piece.size -= *got;
    stream->base.position += *got;
}

static bool produce(struct decompress_stream *stream, void *data, size_t size, size_t *got,
                    struct cpl_error *err)
{
    *got = 0;
    for (bool end = false; !*got && !end && size;) {
        if (stream->piece.size)
            copy_piece(stream, data, size, got);
        else if (!stream->in_member ? !next_member(stream, &end, err)
                                    : !advance(stream, data, size, got, err))
            return false;
    }
    return true;
}

/* The first bytes that come out, whatever the pieces; false: the stream failed, and stops behind them. */
static bool gather_head(struct decompress_stream *stream, struct cpl_error *err)
{
    bool ok = true;
    for (size_t got = 1; ok && got && stream->head.size < CPL_SNIFF_BYTES;) {
        ok = produce(stream, stream->head.data + stream->head.size,
                     CPL_SNIFF_BYTES - stream->head.size, &got, err);
        stream->head.size += got;
    }
    stream->base.position -= stream->head.size;
    stream->head.known = true;
    return ok;
}

/* Compressed once more, it would be read as noise. */
static bool is_compressed_once(struct decompress_stream *stream, struct cpl_error *err)
{
    enum cpl_compression again = cpl_compression_sniff(stream->head.data, stream->head.size);
    if (again == CPL_PLAIN)
        return true;
    stream->head.size = 0;
    return cpl_fail(err, CPL_E_DATA,
                    "compressed twice: %s stands inside the %s; decompress it once, then read what "
                    "comes out",
                    cpl_compression_name(again), cpl_compression_name(stream->compression));
}

static void copy_head(struct decompress_stream *stream, void *data, size_t size, size_t *got)
{
    size_t left = stream->head.size - stream->head.at;
    *got = size < left ? size : left;
    memcpy(data, stream->head.data + stream->head.at, *got);
    stream->head.at += *got;
    stream->base.position += *got;
}

static bool decompress_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                            struct cpl_error *err)
{
    struct decompress_stream *stream = (struct decompress_stream *)base;
    *got = 0;
    if (!stream->head.known)
        stream->failed = !gather_head(stream, &stream->error) ||
                         !is_compressed_once(stream, &stream->error);
    if (stream->head.at < stream->head.size)
        copy_head(stream, data, size, got);
    else if (!stream->failed)
        stream->failed = !produce(stream, data, size, got, &stream->error);
    if (!stream->failed || *got)
        return true;
    if (err)
        *err = stream->error;
    return false;
}

static void decompress_close(struct cpl_stream *base)
{
    struct decompress_stream *stream = (struct decompress_stream *)base;
    cpl_stream_close(stream->inner);
    cpl_members_free(stream->members);
    if (stream->state)
        stream->codec->close(stream->state);
    cpl_free(stream->input);
    cpl_free(stream);
}

static const struct cpl_stream_ops decompress_ops = {
    .name = "decompress", .read = decompress_read, .close = decompress_close};

/* From `inner`, by threads where members are looked for. */
static bool open_input(struct decompress_stream *stream, struct cpl_stream *inner, unsigned threads,
                       struct cpl_error *err)
{
    stream->start = stream->input_offset = inner->position;
    stream->input = cpl_alloc(INPUT_BLOCK, err);
    if (threads < 2 || !stream->codec->member_length || !stream->input) {
        stream->inner = inner;
        return stream->input != NULL;
    }
    stream->members = cpl_members_new(inner, stream->compression, threads, err);
    return stream->members != NULL;
}

struct cpl_stream *cpl_stream_decompress_by(struct cpl_stream *inner,
                                            enum cpl_compression compression,
                                            struct cpl_expansion_limits limits, unsigned threads,
                                            struct cpl_error *err)
{
    if (compression == CPL_PLAIN)
        return inner;
    struct decompress_stream *stream = cpl_alloc_zero(1, sizeof *stream, err);
    if (!stream) {
        cpl_stream_close(inner);
        return NULL;
    }
    stream->base.ops = &decompress_ops;
    stream->compression = compression;
    stream->codec = cpl_codec_of(compression);
    stream->limits = limits;
    if (!limits.max_ratio)
        stream->limits.max_ratio = DEFAULT_RATIO;
    bool ok = open_input(stream, inner, threads, err);
    stream->state = ok ? stream->codec->open(threads, err) : NULL;
    if (!stream->state) {
        decompress_close(&stream->base);
        return NULL;
    }
    return &stream->base;
}

uint64_t cpl_decompress_memory(enum cpl_compression compression, unsigned threads)
{
    const struct cpl_codec *codec = cpl_codec_of(compression);
    if (!codec || threads < 2)
        return 0;
    return codec->member_length ? (uint64_t)(threads + 2) * (2 << 20) : CPL_XZ_MEMORY;
}

struct cpl_stream *cpl_stream_decompress(struct cpl_stream *inner, enum cpl_compression compression,
                                         struct cpl_expansion_limits limits, struct cpl_error *err)
{
    return cpl_stream_decompress_by(inner, compression, limits, 1, err);
}
