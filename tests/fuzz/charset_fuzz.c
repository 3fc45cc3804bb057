/* Any bytes in any charset: valid UTF-8 comes out (0xFF aside), the same however it arrives, and every range leads back to bytes
 * that tile the source.
 *
 * Byte 0 chooses the charset, byte 1 the size of the pieces and where ranges are cut. */
#include "decode/charset.h"
#include "decode/stream_fixture.h"
#include "decode/utf8.h"

#include <stdlib.h>
#include <string.h>

static const char *const charsets[] = {
    "UTF-16LE",  "UTF-16BE", "UTF-32LE", "UTF-32BE", "ISO-8859-1", "windows-1252", "IBM866",
    "Shift_JIS", "GB18030",  "EUC-JP",   "Big5",     "EUC-KR",     "windows-31j",  "Big5-HKSCS"};

static void must(bool what)
{
    if (!what)
        abort();
}

static void read_through(struct cpl_stream *stream, size_t piece, struct cpl_buffer *out)
{
    struct cpl_error err = {0};
    for (size_t got = 1; got; out->size += got) {
        must(cpl_buffer_reserve(out, piece, NULL));
        must(cpl_stream_read(stream, out->data + out->size, piece, &got, &err));
    }
}

/* Neighbouring ranges must lead to neighbouring bytes, from the first to the last. */
static void check_ranges(struct cpl_stream *stream, const struct cpl_buffer *out,
                         const uint8_t *data, size_t size, size_t step)
{
    struct cpl_buffer raw = {0};
    struct cpl_error err = {0};
    uint64_t expected = 0;
    for (size_t a = 0, b; a < out->size; a = b) {
        b = a + step < out->size ? a + step : out->size;
        while (b < out->size && (out->data[b] & 0xC0) == 0x80)
            b++;
        uint64_t from, to;
        must(stream->ops->locate(stream, a, b, &from, &to, &raw, &err));
        must(from == expected && to >= from && to <= size);
        expected = to;
    }
    must(expected == size || !out->size);
    must(raw.size == expected && (!raw.size || !memcmp(raw.data, data, raw.size)));
    cpl_buffer_release(&raw);
}

static void check_output(struct cpl_buffer *out)
{
    struct cpl_buffer copy = {0};
    must(cpl_buffer_append(&copy, out->data, out->size, NULL));
    for (size_t i = 0; i < copy.size; i++)
        if (copy.data[i] == 0xFF)
            copy.data[i] = '?';
    must(cpl_utf8_valid(copy.data, copy.size) && cpl_utf8_valid_portable(copy.data, copy.size));
    cpl_buffer_release(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const char *charset = charsets[data[0] % (sizeof charsets / sizeof *charsets)];
    size_t step = data[1] + 1u;
    struct cpl_charset_guess guess;
    struct cpl_error err = {0};
    data += 2;
    size -= 2;
    cpl_charset_guess(data, size, step % 2, &guess);
    must(guess.name[0]);
    must(cpl_utf8_valid(data, size) == cpl_utf8_valid_portable(data, size));

    struct cpl_buffer whole = {0}, pieced = {0};
    struct cpl_stream *stream = cpl_stream_transcode(cpl_stream_memory(data, size, &err), charset,
                                                     &err);
    if (!stream)
        return err.code == CPL_E_LIBRARY ? 0 : (abort(), 0);
    read_through(stream, 65536, &whole);
    check_ranges(stream, &whole, data, size, step);
    cpl_stream_close(stream);
    struct cpl_stream *inner = pieces_new(data, size, step);
    stream = cpl_stream_transcode(inner, charset, &err);
    must(stream != NULL);
    read_through(stream, 999, &pieced);
    check_ranges(stream, &pieced, data, size, step);
    cpl_stream_close(stream);
    must(whole.size == pieced.size &&
         (!whole.size || !memcmp(whole.data, pieced.data, whole.size)));
    check_output(&whole);
    cpl_buffer_release(&whole);
    cpl_buffer_release(&pieced);
    return 0;
}
