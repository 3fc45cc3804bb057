/* Charset conversion, inside: what the files charset_*.c share.
 *
 * A converter turns bytes into UTF-8, whole characters at a time, and keeps no state between calls:
 * where a call stops, both sides are at a character's boundary. `locate` rests on that. What cannot
 * be mapped becomes one byte 0xFF a unit. (Stateful encodings, as ISO-2022-JP, are therefore
 * refused by name.) */
#pragma once
#include "decode/stream.h"

struct cpl_convert_io {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
    bool last; /* no more input will come: a cut-off character is an error, not to be waited for */
};

struct cpl_converter {
    /* Stops when the next character doesn't fit into out, or is not whole. Moves io on. */
    bool (*convert)(struct cpl_converter *converter, struct cpl_convert_io *io,
                    struct cpl_error *err);
    void (*close)(struct cpl_converter *converter); /* NULL = nothing to close */
    const void *data;                               /* of the converter's own */
};

/* ---- charset_name.c ---- */
bool cpl_converter_open(const char *charset, struct cpl_converter *converter,
                        struct cpl_error *err) CPL_CHECKED;
void cpl_converter_close(struct cpl_converter *converter);

/* ---- the kinds ---- */
void cpl_converter_utf16(struct cpl_converter *converter, bool big_endian);
void cpl_converter_utf32(struct cpl_converter *converter, bool big_endian);
void cpl_converter_latin1(struct cpl_converter *converter);
/* `upper`: the code points of the bytes 0x80–0xFF, 0 = not defined. Static. */
void cpl_converter_single(struct cpl_converter *converter, const uint16_t *upper);
/* UNSUPPORTED when ICU knows the name but the encoding keeps state; NOT_FOUND when ICU does not
 * know it; LIBRARY without ICU. */
bool cpl_converter_icu(struct cpl_converter *converter, const char *charset,
                       struct cpl_error *err) CPL_CHECKED;

/* ---- charset_judge.c ---- */
/* Take another charset than the detector's where the text then looks far more like text, and say where it is hardly more than a guess
 * (guess->doubtful). */
void cpl_charset_judge(const uint8_t *head, size_t size, struct cpl_charset_guess *guess);

/* One code point as UTF-8; out has room for 4 bytes. */
static inline size_t cpl_utf8_put(uint8_t *out, uint32_t code)
{
    if (code < 0x80) {
        out[0] = (uint8_t)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (uint8_t)(0xC0 | code >> 6);
        out[1] = (uint8_t)(0x80 | (code & 0x3F));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (uint8_t)(0xE0 | code >> 12);
        out[1] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        out[2] = (uint8_t)(0x80 | (code & 0x3F));
        return 3;
    }
    out[0] = (uint8_t)(0xF0 | code >> 18);
    out[1] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
    out[2] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
    out[3] = (uint8_t)(0x80 | (code & 0x3F));
    return 4;
}
static inline size_t cpl_utf8_length(uint32_t code)
{
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* ---- charset_history.c: which source bytes lie behind which output, for the last 64 MiB of output
 * ---- */
enum { CPL_HISTORY_BLOCK = 32 << 10, CPL_HISTORY_WINDOW = 64 << 20 };
struct cpl_history_block {
    uint64_t source, out;       /* where it begins */
    uint32_t size, stored_size; /* source bytes; as kept (LZ4 when smaller) */
    uint8_t *stored;            /* NULL: to be read again from the stream below */
};
struct cpl_history {
    bool keep_bytes;
    struct cpl_history_block *blocks; /* [head, end) are alive, oldest first */
    size_t head, end, capacity;
    uint8_t *open; /* raw bytes of the last block, which still grows */
    uint8_t *scratch;
};
bool cpl_history_init(struct cpl_history *history, bool keep_bytes,
                      struct cpl_error *err) CPL_CHECKED;
void cpl_history_release(struct cpl_history *history);
/* `size` ≤ CPL_HISTORY_BLOCK source bytes at `source` became output from `out` on; both follow what
 * was added before. */
bool cpl_history_add(struct cpl_history *history, uint64_t source, uint64_t out, const uint8_t *raw,
                     size_t size, struct cpl_error *err) CPL_CHECKED;
/* Forget what lies wholly before output offset `out`. */
void cpl_history_forget(struct cpl_history *history, uint64_t out);
/* The block that holds an output (by_source: source) offset; NULL when it is forgotten. Borrowed
 * until the next add. */
const struct cpl_history_block *cpl_history_find(const struct cpl_history *history, uint64_t offset,
                                                 bool by_source);
/* The block's raw bytes, when they are kept; borrowed until the next call. NULL on damage. */
const uint8_t *cpl_history_bytes(struct cpl_history *history,
                                 const struct cpl_history_block *block);
