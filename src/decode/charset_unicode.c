/* UTF-16 and UTF-32, both byte orders, to UTF-8. A lone surrogate, a code above U+10FFFF and a
 * cut-off unit become 0xFF each. */
#include "decode/charset.h"

#include <string.h>

static inline uint32_t unit16(const uint8_t *p, bool big_endian)
{
    return big_endian ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t unit32(const uint8_t *p, bool big_endian)
{
    uint32_t high = unit16(big_endian ? p : p + 2, big_endian);
    uint32_t low = unit16(big_endian ? p + 2 : p, big_endian);
    return high << 16 | low;
}

/* Runs of ASCII, eight units at a time. */
static inline void ascii16(struct cpl_convert_io *io, bool big_endian)
{
    const uint64_t not_ascii = big_endian ? UINT64_C(0x80FF80FF80FF80FF)
                                          : UINT64_C(0xFF80FF80FF80FF80);
    while (io->in_size >= 16 && io->out_size >= 8) {
        uint64_t words[2];
        memcpy(words, io->in, 16);
        if ((words[0] | words[1]) & not_ascii)
            return;
        for (int i = 0; i < 8; i++)
            io->out[i] = io->in[2 * i + big_endian];
        io->in += 16;
        io->in_size -= 16;
        io->out += 8;
        io->out_size -= 8;
    }
}

/* One character: how many source bytes it takes (0 = not whole) and its code; UINT32_MAX = not
 * valid. */
static inline size_t character16(const struct cpl_convert_io *io, bool big_endian, uint32_t *code)
{
    *code = UINT32_MAX;
    if (io->in_size < 2)
        return io->last ? io->in_size : 0;
    uint32_t first = unit16(io->in, big_endian);
    if (first < 0xD800 || first > 0xDFFF) {
        *code = first;
        return 2;
    }
    if (first > 0xDBFF)
        return 2;
    if (io->in_size < 4)
        return io->last ? 2 : 0;
    uint32_t second = unit16(io->in + 2, big_endian);
    if (second < 0xDC00 || second > 0xDFFF)
        return 2;
    *code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
    return 4;
}

static inline size_t character32(const struct cpl_convert_io *io, bool big_endian, uint32_t *code)
{
    *code = UINT32_MAX;
    if (io->in_size < 4)
        return io->last ? io->in_size : 0;
    uint32_t value = unit32(io->in, big_endian);
    if (value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF))
        *code = value;
    return 4;
}

/* Put what character16/32 found; false when it doesn't fit. */
static inline bool put(struct cpl_convert_io *io, size_t size, uint32_t code)
{
    bool valid = code != UINT32_MAX;
    size_t length = valid ? cpl_utf8_length(code) : 1;
    if (length > io->out_size)
        return false;
    if (valid)
        cpl_utf8_put(io->out, code);
    else
        io->out[0] = 0xFF;
    io->in += size;
    io->in_size -= size;
    io->out += length;
    io->out_size -= length;
    return true;
}

static inline bool convert16(struct cpl_convert_io *io, bool big_endian)
{
    while (io->in_size) {
        uint32_t code;
        ascii16(io, big_endian);
        size_t size = io->in_size ? character16(io, big_endian, &code) : 0;
        if (!size || !put(io, size, code))
            break;
    }
    return true;
}

static inline bool convert32(struct cpl_convert_io *io, bool big_endian)
{
    while (io->in_size) {
        uint32_t code;
        size_t size = character32(io, big_endian, &code);
        if (!size || !put(io, size, code))
            break;
    }
    return true;
}

#define CONVERT(name, convert, big_endian)                                                         \
    static bool name(struct cpl_converter *converter, struct cpl_convert_io *io,                   \
                     struct cpl_error *err)                                                        \
    {                                                                                              \
        (void)converter;                                                                           \
        (void)err;                                                                                 \
        return convert(io, big_endian);                                                            \
    }
CONVERT(convert_utf16le, convert16, false)
CONVERT(convert_utf16be, convert16, true)
CONVERT(convert_utf32le, convert32, false)
CONVERT(convert_utf32be, convert32, true)

void cpl_converter_utf16(struct cpl_converter *converter, bool big_endian)
{
    *converter = (struct cpl_converter){.convert = big_endian ? convert_utf16be : convert_utf16le};
}

void cpl_converter_utf32(struct cpl_converter *converter, bool big_endian)
{
    *converter = (struct cpl_converter){.convert = big_endian ? convert_utf32be : convert_utf32le};
}
