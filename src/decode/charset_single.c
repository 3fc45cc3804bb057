/* Single-byte charsets to UTF-8: ISO-8859-1 directly, the others by a table of their upper half. */
#include "decode/charset.h"

#include <string.h>

/* Runs of ASCII, sixteen bytes at a time. */
static inline void ascii(struct cpl_convert_io *io)
{
    while (io->in_size >= 16 && io->out_size >= 16) {
        uint64_t words[2];
        memcpy(words, io->in, 16);
        if ((words[0] | words[1]) & UINT64_C(0x8080808080808080))
            return;
        memcpy(io->out, words, 16);
        io->in += 16;
        io->in_size -= 16;
        io->out += 16;
        io->out_size -= 16;
    }
}

static inline bool convert(struct cpl_convert_io *io, const uint16_t *upper)
{
    while (io->in_size) {
        ascii(io);
        if (!io->in_size)
            break;
        uint8_t byte = io->in[0];
        uint32_t code = byte < 0x80 || !upper ? byte : upper[byte - 0x80];
        bool valid = code || !byte;
        size_t length = valid ? cpl_utf8_length(code) : 1;
        if (length > io->out_size)
            break;
        if (valid)
            cpl_utf8_put(io->out, code);
        else
            io->out[0] = 0xFF;
        io->in++;
        io->in_size--;
        io->out += length;
        io->out_size -= length;
    }
    return true;
}

static bool convert_latin1(struct cpl_converter *converter, struct cpl_convert_io *io,
                           struct cpl_error *err)
{
    (void)converter;
    (void)err;
    return convert(io, NULL);
}

static bool convert_table(struct cpl_converter *converter, struct cpl_convert_io *io,
                          struct cpl_error *err)
{
    (void)err;
    return convert(io, converter->data);
}

void cpl_converter_latin1(struct cpl_converter *converter)
{
    *converter = (struct cpl_converter){.convert = convert_latin1};
}

void cpl_converter_single(struct cpl_converter *converter, const uint16_t *upper)
{
    *converter = (struct cpl_converter){.convert = convert_table, .data = upper};
}
