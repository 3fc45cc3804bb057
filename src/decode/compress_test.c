/* Decompression: every format, members, cuts at every byte, damage, limits; samples are made by the
 * formats' libraries. */
#include "decode/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <bzlib.h>
#include <libdeflate.h>
#include <lz4frame.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static const enum cpl_compression all[] = {CPL_GZIP, CPL_ZSTD, CPL_BZIP2, CPL_XZ, CPL_LZ4};
enum { N_ALL = 5 };

/* ---- samples ---- */

static void text_of(struct cpl_buffer *text, size_t size)
{
    uint32_t x = 7;
    while (text->size < size) {
        x = x * 1664525u + 1013904223u;
        assert_true(cpl_buffer_printf(text, NULL, "%u|%u|line of text|%c\n", x >> 8, x >> 20,
                                      'a' + (x >> 28)));
    }
    text->size = size;
}

static void add_gzip(struct cpl_buffer *out, const void *data, size_t size)
{
    struct libdeflate_compressor *compressor = libdeflate_alloc_compressor(6);
    size_t bound = libdeflate_gzip_compress_bound(compressor, size);
    assert_true(cpl_buffer_reserve(out, bound, NULL));
    out->size += libdeflate_gzip_compress(compressor, data, size, out->data + out->size, bound);
    libdeflate_free_compressor(compressor);
}

static void add_member(struct cpl_buffer *out, enum cpl_compression compression, const void *data,
                       size_t size)
{
    if (compression == CPL_GZIP) {
        add_gzip(out, data, size);
        return;
    }
    size_t room = size + size / 2 + 2048, made = 0;
    assert_true(cpl_buffer_reserve(out, room, NULL));
    uint8_t *to = out->data + out->size;
    if (compression == CPL_ZSTD) {
        made = ZSTD_compress(to, room, data, size, 3);
        assert_false(ZSTD_isError(made));
    } else if (compression == CPL_BZIP2) {
        unsigned n = (unsigned)room;
        assert_int_equal(
            BZ2_bzBuffToBuffCompress((char *)to, &n, (char *)data, (unsigned)size, 1, 0, 0), BZ_OK);
        made = n;
    } else if (compression == CPL_XZ) {
        assert_int_equal(
            lzma_easy_buffer_encode(1, LZMA_CHECK_CRC64, NULL, data, size, to, &made, room),
            LZMA_OK);
    } else if (compression == CPL_LZ4) {
        LZ4F_preferences_t preferences = {
            .frameInfo = {.contentChecksumFlag = LZ4F_contentChecksumEnabled}};
        made = LZ4F_compressFrame(to, room, data, size, &preferences);
        assert_false(LZ4F_isError(made));
    }
    out->size += made;
}

/* ---- reading ---- */

/* A stream that hands out little by little, so that every boundary is met. */
struct trickle {
    struct cpl_stream base;
    const uint8_t *data;
    size_t size, piece;
};
static bool trickle_read(struct cpl_stream *base, void *data, size_t size, size_t *got,
                         struct cpl_error *err)
{
    struct trickle *trickle = (struct trickle *)base;
    volatile uint8_t others[4096]; /* nothing may rely on what calls leave on the stack */
    for (size_t i = 0; i < sizeof others; i++)
        others[i] = (uint8_t)(0xA5 ^ i);
    (void)err;
    size_t left = trickle->size - base->position;
    *got = left < trickle->piece ? left : trickle->piece;
    if (*got > size)
        *got = size;
    if (*got)
        memcpy(data, trickle->data + base->position, *got);
    base->position += *got;
    return true;
}
static void trickle_close(struct cpl_stream *base)
{
    free(base);
}
static const struct cpl_stream_ops trickle_ops = {
    .name = "trickle", .read = trickle_read, .close = trickle_close};

static struct cpl_stream *trickle(const void *data, size_t size, size_t piece)
{
    struct trickle *stream = calloc(1, sizeof *stream);
    *stream = (struct trickle){
        .base = {.ops = &trickle_ops}, .data = data, .size = size, .piece = piece};
    return &stream->base;
}

/* Everything that comes; CPL_E_NONE or why it stopped. */
static enum cpl_code read_through(struct cpl_stream *stream, size_t piece, struct cpl_buffer *out,
                                  struct cpl_error *err)
{
    for (;;) {
        size_t got;
        assert_true(cpl_buffer_reserve(out, piece, NULL));
        if (!cpl_stream_read(stream, out->data + out->size, piece, &got, err)) {
            struct cpl_error again;
            assert_false(cpl_stream_read(stream, out->data + out->size, piece, &got, &again));
            assert_string_equal(again.message, err->message);
            return err->code;
        }
        if (!got)
            return CPL_E_NONE;
        out->size += got;
        assert_int_equal(stream->position, out->size);
    }
}

static void assert_same(const struct cpl_buffer *a, const struct cpl_buffer *b)
{
    assert_int_equal(a->size, b->size);
    if (a->size)
        assert_memory_equal(a->data, b->data, a->size);
}

/* By one thread and by several, which must make no difference. */
static enum cpl_code decompress_limited(const struct cpl_buffer *in,
                                        enum cpl_compression compression, size_t in_piece,
                                        size_t out_piece, struct cpl_expansion_limits limits,
                                        struct cpl_buffer *out, struct cpl_error *err)
{
    enum cpl_code codes[2];
    struct cpl_error errors[2] = {0};
    struct cpl_buffer outs[2] = {0};
    for (unsigned i = 0; i < 2; i++) {
        struct cpl_stream *stream = cpl_stream_decompress_by(trickle(in->data, in->size, in_piece),
                                                             compression, limits, 1 + 2 * i, err);
        assert_non_null(stream);
        codes[i] = read_through(stream, out_piece, &outs[i], &errors[i]);
        cpl_stream_close(stream);
    }
    assert_int_equal(codes[0], codes[1]);
    assert_string_equal(errors[0].message, errors[1].message);
    bool room_matters = compression == CPL_XZ || compression == CPL_BZIP2; /* see compress.h */
    if (codes[0] == CPL_E_DATA && room_matters)
        outs[0].size = outs[1].size = outs[0].size < outs[1].size ? outs[0].size : outs[1].size;
    assert_same(&outs[0], &outs[1]);
    cpl_buffer_release(out);
    cpl_buffer_release(&outs[0]);
    *out = outs[1];
    *err = errors[1];
    return codes[1];
}

static enum cpl_code decompress(const struct cpl_buffer *in, enum cpl_compression compression,
                                size_t in_piece, size_t out_piece, struct cpl_buffer *out,
                                struct cpl_error *err)
{
    return decompress_limited(in, compression, in_piece, out_piece,
                              (struct cpl_expansion_limits){0}, out, err);
}

/* ---- tests ---- */

static void round_trips(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    text_of(&text, 700001);
    static const size_t pieces[][2] = {
        {1 << 20, 1 << 20}, {1000, 65536}, {1 << 20, 777}, {1, 4096}};
    for (int c = 0; c < N_ALL; c++) {
        packed.size = 0;
        add_member(&packed, all[c], text.data, 300000); /* several members, an empty one between */
        add_member(&packed, all[c], text.data, 0);
        add_member(&packed, all[c], text.data + 300000, 1);
        add_member(&packed, all[c], text.data + 300001, text.size - 300001);
        assert_int_equal(cpl_compression_sniff(packed.data, CPL_SNIFF_BYTES), all[c]);
        for (size_t p = 0; p < 4; p++) {
            assert_int_equal(decompress(&packed, all[c], pieces[p][0], pieces[p][1], &out, &err),
                             CPL_E_NONE);
            assert_same(&out, &text);
        }
        size_t zeros = 1024 + 4; /* padding */
        assert_true(cpl_buffer_reserve(&packed, zeros, NULL));
        memset(packed.data + packed.size, 0, zeros);
        packed.size += zeros;
        assert_int_equal(decompress(&packed, all[c], 1000, 65536, &out, &err), CPL_E_NONE);
        assert_same(&out, &text);
        assert_true(cpl_buffer_append(&packed, "garbage and more of it", 22, NULL));
        assert_int_equal(decompress(&packed, all[c], 1000, 65536, &out, &err), CPL_E_DATA);
        assert_same(&out, &text); /* all of it came before the error */
        assert_non_null(strstr(err.message, "garbage"));
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

static void every_cut_is_an_error(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    text_of(&text, 3000);
    for (int c = 0; c < N_ALL; c++) {
        packed.size = 0;
        add_member(&packed, all[c], text.data, 1000);
        size_t boundary = packed.size;
        add_member(&packed, all[c], text.data + 1000, 2000);
        size_t whole = packed.size;
        for (size_t cut = 1; cut < whole; cut++) {
            packed.size = cut;
            enum cpl_code code = decompress(&packed, all[c], 64, 512, &out, &err);
            if (cut == boundary) {
                assert_int_equal(code, CPL_E_NONE);
                assert_int_equal(out.size, 1000);
                continue;
            }
            assert_int_equal(code, CPL_E_DATA);
            assert_true(out.size <= text.size);
            if (out.size)
                assert_memory_equal(out.data, text.data, out.size);
            if (cut > boundary)
                assert_true(out.size >= 1000);
            assert_non_null(strstr(err.message, "byte"));
        }
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

/* With checksums in all formats, no changed byte may go unnoticed, or it changed nothing. */
static void every_flipped_byte_is_noticed(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    text_of(&text, 2000);
    for (int c = 0; c < N_ALL; c++) {
        if (all[c] == CPL_ZSTD)
            continue; /* ZSTD_compress writes no checksum */
        packed.size = 0;
        add_member(&packed, all[c], text.data, text.size);
        for (size_t i = 0; i < packed.size; i++) {
            packed.data[i] ^= 0x10;
            if (decompress(&packed, all[c], 4096, 4096, &out, &err) == CPL_E_NONE)
                assert_same(&out, &text);
            packed.data[i] ^= 0x10;
        }
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

/* A pipeline reads tables: what is compressed once more would be read as noise. */
static void compressed_twice_is_told(void **state)
{
    (void)state;
    struct cpl_error err;
    struct cpl_buffer once = {0}, twice = {0}, out = {0};
    add_member(&once, CPL_ZSTD, (const uint8_t *)"a,b\n1,2\n", 8);
    add_member(&twice, CPL_GZIP, once.data, once.size);
    for (size_t piece = 1; piece <= 1000; piece *= 10) {
        assert_int_equal(decompress(&twice, CPL_GZIP, piece, piece, &out, &err), CPL_E_DATA);
        assert_non_null(strstr(err.message, "compressed twice: zstd stands inside the gzip"));
        assert_int_equal(out.size, 0);
    }
    cpl_buffer_release(&once);
    cpl_buffer_release(&twice);
    cpl_buffer_release(&out);
}

static void sniffs_by_content(void **state)
{
    (void)state;
    assert_int_equal(cpl_compression_sniff((const uint8_t *)"", 0), CPL_PLAIN);
    assert_int_equal(cpl_compression_sniff((const uint8_t *)"a,b,c\n1,2,3\n4,5,6\n", 16),
                     CPL_PLAIN);
    assert_int_equal(cpl_compression_sniff((const uint8_t *)"BZhip,code,name,", 16), CPL_PLAIN);
    assert_int_equal(
        cpl_compression_sniff((const uint8_t *)"\x50\x2A\x4D\x18\4\0\0\0abcd\x28\xB5\x2F\xFD", 16),
        CPL_ZSTD);
    assert_int_equal(
        cpl_compression_sniff((const uint8_t *)"\x50\x2A\x4D\x18\4\0\0\0abcd\x04\x22\x4D\x18", 16),
        CPL_LZ4);
    assert_string_equal(cpl_compression_name(CPL_ZSTD), "zstd");
}

static void skippable_frames_are_skipped(void **state)
{
    (void)state;
    struct cpl_buffer packed = {0}, out = {0};
    struct cpl_error err;
    for (int c = 0; c < N_ALL; c++) {
        if (all[c] != CPL_ZSTD && all[c] != CPL_LZ4)
            continue;
        packed.size = 0;
        assert_true(cpl_buffer_append(&packed, "\x50\x2A\x4D\x18\4\0\0\0abcd", 12, NULL));
        add_member(&packed, all[c], "hello", 5);
        assert_true(cpl_buffer_append(&packed, "\x5F\x2A\x4D\x18\3\0\0\0abc", 11, NULL));
        assert_int_equal(decompress(&packed, all[c], 1, 64, &out, &err), CPL_E_NONE);
        assert_int_equal(out.size, 5);
    }
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

static enum cpl_code limited(const struct cpl_buffer *packed, enum cpl_compression compression,
                             uint64_t max_bytes, uint32_t max_ratio, struct cpl_error *err)
{
    struct cpl_expansion_limits limits = {max_bytes, max_ratio};
    struct cpl_buffer out = {0};
    enum cpl_code code = decompress_limited(packed, compression, 1 << 20, 1 << 20, limits, &out,
                                            err);
    cpl_buffer_release(&out);
    return code;
}

static void bombs_are_refused(void **state)
{
    (void)state;
    struct cpl_buffer packed = {0}, zeros = {0};
    struct cpl_error err = {0};
    size_t size = 80 << 20;
    assert_true(cpl_buffer_reserve(&zeros, size, NULL));
    memset(zeros.data, 0, size);
    add_member(&packed, CPL_ZSTD, zeros.data, size);
    assert_int_equal(limited(&packed, CPL_ZSTD, 0, 0, &err), CPL_E_LIMIT);
    assert_non_null(strstr(err.message, "bomb"));
    assert_int_equal(limited(&packed, CPL_ZSTD, 0, 1000000, &err), CPL_E_NONE);
    assert_int_equal(limited(&packed, CPL_ZSTD, 1 << 20, 1000000, &err), CPL_E_LIMIT);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&zeros);
}

static void huge_windows_are_refused(void **state)
{
    (void)state;
    struct cpl_error err = {0};
    struct cpl_buffer packed = {0};
    /* frame header: no single segment, window descriptor for 2 GiB; then an empty last block */
    assert_true(cpl_buffer_append(&packed, "\x28\xB5\x2F\xFD\x00\xA8\x01\x00\x00", 9, NULL));
    assert_int_equal(limited(&packed, CPL_ZSTD, 0, 0, &err), CPL_E_LIMIT);
    assert_non_null(strstr(err.message, "128 MiB"));
    packed.size = 0;
    lzma_options_lzma options;
    assert_false(lzma_lzma_preset(&options, 0));
    options.dict_size = 1u << 29;
    options.mf = LZMA_MF_HC3;
    options.nice_len = 273;
    lzma_filter filters[] = {{.id = LZMA_FILTER_LZMA2, .options = &options},
                             {.id = LZMA_VLI_UNKNOWN}};
    assert_true(cpl_buffer_reserve(&packed, 4096, NULL));
    assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL,
                                               (const uint8_t *)"abc", 3, packed.data, &packed.size,
                                               4096),
                     LZMA_OK);
    assert_int_equal(limited(&packed, CPL_XZ, 0, 0, &err), CPL_E_LIMIT);
    cpl_buffer_release(&packed);
}

/* ---- several threads ---- */

static uint32_t chance(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)(*seed >> 4) * below >> 28);
}

/* Half of it compresses, half does not. */
static void noise(struct cpl_buffer *data, size_t size, uint32_t *seed)
{
    assert_true(cpl_buffer_reserve(data, size, NULL));
    for (data->size = 0; data->size < size; data->size++)
        data->data[data->size] = (uint8_t)(chance(seed, 2) ? chance(seed, 256) : 'a');
}

/* The size of a BGZF block goes into its extra field, behind a header made for it. */
static void add_bgzf_block(struct cpl_buffer *out, const uint8_t *data, size_t size)
{
    struct cpl_buffer plain = {0};
    add_gzip(&plain, data, size);
    size_t total = plain.size + 8;
    const uint8_t extra[] = {
        6, 0, 'B', 'C', 2, 0, (uint8_t)((total - 1) & 0xFF), (uint8_t)((total - 1) >> 8)};
    assert_true(total <= 65536);
    plain.data[3] |= 4;
    assert_true(cpl_buffer_append(out, plain.data, 10, NULL));
    assert_true(cpl_buffer_append(out, extra, 8, NULL));
    assert_true(cpl_buffer_append(out, plain.data + 10, plain.size - 10, NULL));
    cpl_buffer_release(&plain);
}

enum { BGZF = N_ALL, KINDS };

/* Members of all sizes, now and then a large one; all of it is `text`. */
static void add_members(struct cpl_buffer *packed, int kind, const struct cpl_buffer *text,
                        uint32_t *seed)
{
    packed->size = 0;
    for (size_t at = 0, size = 0; at < text->size; at += size) {
        size = chance(seed, 1u << (4 + chance(seed, kind == BGZF ? 12 : 16)));
        if (size > text->size - at)
            size = text->size - at;
        if (kind == BGZF)
            add_bgzf_block(packed, text->data + at, size);
        else
            add_member(packed, all[kind], text->data + at, size);
    }
}

static enum cpl_compression compression_of(int kind)
{
    return kind == BGZF ? CPL_GZIP : all[kind];
}

static void threads_change_nothing(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    uint32_t seed = 3;
    noise(&text, 1200000, &seed);
    for (int kind = 0; kind < KINDS; kind++) {
        add_members(&packed, kind, &text, &seed);
        assert_int_equal(decompress(&packed, compression_of(kind), 1 << 20, 1 << 18, &out, &err),
                         CPL_E_NONE);
        assert_same(&out, &text);
        for (int i = 0; i < 8; i++) { /* damaged, then cut off too */
            size_t whole = packed.size, at = chance(&seed, (uint32_t)whole);
            uint8_t before = packed.data[at];
            packed.data[at] ^= (uint8_t)(1u << chance(&seed, 8));
            decompress(&packed, compression_of(kind), 1 << (10 + i), 1 << 17, &out, &err);
            packed.data[at] = (uint8_t)chance(&seed, 256);
            packed.size = at + chance(&seed, (uint32_t)(whole - at));
            decompress(&packed, compression_of(kind), 1 << 20, 5000, &out, &err);
            packed.data[at] = before;
            packed.size = whole;
        }
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

/* zstd has two ways of decoding a frame; these differ in what they refuse. */
static void frames_on_the_edge(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    uint32_t seed = 11;
    /* no content; two empty raw blocks, then a run of no bytes */
    static const uint8_t empty_run[] = {0x28, 0xB5, 0x2F, 0xFD, 0x20, 0, 0, 0, 0, 0, 0,
                                        0,    3,    0,    0,    0,    0, 0, 0, 0, 3};
    assert_true(cpl_buffer_append(&packed, empty_run, sizeof empty_run, NULL));
    assert_int_equal(decompress(&packed, CPL_ZSTD, 100, 100, &out, &err), CPL_E_DATA);
    /* 256 bytes of content in a window of 2 GiB */
    packed.size = 0;
    noise(&text, 300000, &seed);
    assert_true(cpl_buffer_append(&packed, "\x28\xB5\x2F\xFD\x40\xA8\0\0\x01\x08\0", 11, NULL));
    assert_true(cpl_buffer_append(&packed, text.data, 256, NULL));
    assert_int_equal(decompress(&packed, CPL_ZSTD, 100, 100, &out, &err), CPL_E_LIMIT);
    /* blocks that are larger than their window, and matches behind it */
    memcpy(text.data + 100000, text.data, 50000);
    ZSTD_CCtx *context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 17);
    packed.size = 0;
    assert_true(cpl_buffer_reserve(&packed, 400000, NULL));
    packed.size = ZSTD_compress2(context, packed.data, 400000, text.data, text.size);
    ZSTD_freeCCtx(context);
    assert_int_equal(packed.data[5], 0x38);
    assert_int_equal(decompress(&packed, CPL_ZSTD, 1 << 20, 1 << 16, &out, &err), CPL_E_NONE);
    assert_same(&out, &text);
    packed.data[5] = 0;
    assert_int_equal(decompress(&packed, CPL_ZSTD, 1 << 20, 1 << 16, &out, &err), CPL_E_DATA);
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

/* All parts that a header may have, in pieces of any size. */
static void gzip_headers_in_pieces(void **state)
{
    (void)state;
    struct cpl_buffer plain = {0}, packed = {0}, out = {0}, text = {0};
    struct cpl_error err;
    text_of(&text, 500);
    add_gzip(&plain, text.data, text.size);
    for (unsigned flags = 0; flags < 256; flags += 2) {
        packed.size = 0;
        plain.data[3] = (uint8_t)flags;
        assert_true(cpl_buffer_append(&packed, plain.data, 10, NULL));
        if (flags & 4)
            assert_true(cpl_buffer_append(&packed, "\7\0ab\3\0xyz", 9, NULL));
        if (flags & 8)
            assert_true(cpl_buffer_append(&packed, "a name", 7, NULL));
        if (flags & 16)
            assert_true(cpl_buffer_append(&packed, "a comment", 10, NULL));
        uint32_t crc = libdeflate_crc32(0, packed.data, packed.size);
        const uint8_t check[2] = {(uint8_t)crc, (uint8_t)(crc >> 8)};
        if (flags & 2)
            assert_true(cpl_buffer_append(&packed, check, 2, NULL));
        size_t body = packed.size;
        assert_true(cpl_buffer_append(&packed, plain.data + 10, plain.size - 10, NULL));
        for (size_t piece = 1; piece < 40; piece += 3) {
            enum cpl_code code = decompress(&packed, CPL_GZIP, piece, 4096, &out, &err);
            assert_int_equal(code, flags & 0xE0 ? CPL_E_DATA : CPL_E_NONE);
            if (code == CPL_E_NONE)
                assert_same(&out, &text);
        }
        if ((flags & 2) && !(flags & 0xE0)) {
            packed.data[body - 1] ^= 1;
            assert_int_equal(decompress(&packed, CPL_GZIP, 5, 4096, &out, &err), CPL_E_DATA);
            assert_non_null(strstr(err.message, "checksum of the gzip header"));
        }
    }
    cpl_buffer_release(&plain);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
    cpl_buffer_release(&text);
}

/* Padding and other members' magic inside members: what looks like a boundary and is none. */
static void false_boundaries_are_declined(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    for (int kind = 0; kind < N_ALL; kind++) {
        packed.size = text.size = 0;
        add_member(&packed, all[kind], "text\n", 5); /* compressed twice as a whole is refused */
        assert_true(cpl_buffer_append(&text, "text\n", 5, NULL));
        for (int i = 0; i < 40; i++) {
            struct cpl_buffer inner = {0};
            for (int k = 0; k < 30; k++)
                add_member(&inner, all[kind], "a member within a member", (size_t)k % 24);
            add_member(&packed, all[kind], inner.data, inner.size);
            assert_true(cpl_buffer_append(&text, inner.data, inner.size, NULL));
            if (i % 7 == 6)
                assert_true(cpl_buffer_append(&packed, "\0\0\0\0\0\0\0\0", 8, NULL));
            cpl_buffer_release(&inner);
        }
        assert_int_equal(decompress(&packed, all[kind], 1 << 20, 1 << 16, &out, &err), CPL_E_NONE);
        assert_same(&out, &text);
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

static void xz_blocks(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0}, out = {0};
    struct cpl_error err;
    uint32_t seed = 5;
    noise(&text, 400000, &seed);
    lzma_mt options = {
        .threads = 2, .block_size = 50000, .preset = 0, .check = LZMA_CHECK_CRC32, .timeout = 0};
    lzma_stream stream = LZMA_STREAM_INIT;
    assert_int_equal(lzma_stream_encoder_mt(&stream, &options), LZMA_OK);
    assert_true(cpl_buffer_reserve(&packed, 1 << 20, NULL));
    stream.next_in = text.data;
    stream.avail_in = text.size;
    stream.next_out = packed.data;
    stream.avail_out = 1 << 20;
    assert_int_equal(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
    packed.size = stream.total_out;
    lzma_end(&stream);
    assert_int_equal(decompress(&packed, CPL_XZ, 1 << 20, 1 << 16, &out, &err), CPL_E_NONE);
    assert_same(&out, &text);
    for (int i = 0; i < 30; i++) {
        size_t whole = packed.size, at = chance(&seed, (uint32_t)whole);
        packed.data[at] ^= 0x40;
        decompress(&packed, CPL_XZ, 5000, 1 << 16, &out, &err);
        packed.data[at] ^= 0x40;
        packed.size = at;
        decompress(&packed, CPL_XZ, 1 << 20, 1 << 16, &out, &err);
        packed.size = whole;
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
    cpl_buffer_release(&out);
}

static void closing_early(void **state)
{
    (void)state;
    struct cpl_buffer text = {0}, packed = {0};
    struct cpl_error err;
    uint32_t seed = 9;
    noise(&text, 1 << 20, &seed);
    for (int kind = 0; kind < KINDS; kind++) {
        add_members(&packed, kind, &text, &seed);
        for (size_t much = 0; much < text.size; much = much * 8 + 1) {
            uint8_t sink[4096];
            size_t got = 1;
            struct cpl_stream *stream = cpl_stream_decompress_by(
                trickle(packed.data, packed.size, 1 << 16), compression_of(kind),
                (struct cpl_expansion_limits){0}, 4, &err);
            assert_non_null(stream);
            for (size_t at = 0; at < much; at += got)
                assert_true(cpl_stream_read(stream, sink, sizeof sink, &got, &err));
            cpl_stream_close(stream);
        }
    }
    cpl_buffer_release(&text);
    cpl_buffer_release(&packed);
}

static void allocations_may_fail(void **state)
{
    (void)state;
    for (int c = 0; c < N_ALL; c++)
        for (uint64_t n = 1; n <= 3; n++) {
            struct cpl_error err = {0};
            cpl_memory_fail_at(n);
            struct cpl_stream *stream = cpl_stream_decompress(
                trickle("", 0, 1), all[c], (struct cpl_expansion_limits){0}, &err);
            cpl_memory_fail_at(0);
            if (!stream)
                assert_int_equal(err.code, CPL_E_MEMORY);
            cpl_stream_close(stream);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(every_cut_is_an_error),
        cmocka_unit_test(every_flipped_byte_is_noticed),
        cmocka_unit_test(sniffs_by_content),
        cmocka_unit_test(compressed_twice_is_told),
        cmocka_unit_test(skippable_frames_are_skipped),
        cmocka_unit_test(bombs_are_refused),
        cmocka_unit_test(huge_windows_are_refused),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(frames_on_the_edge),
        cmocka_unit_test(gzip_headers_in_pieces),
        cmocka_unit_test(false_boundaries_are_declined),
        cmocka_unit_test(xz_blocks),
        cmocka_unit_test(closing_early),
        cmocka_unit_test(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
