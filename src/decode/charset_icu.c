/* The many other charsets by ICU, which is loaded when one is asked for.
 *
 * ICU's library and symbols carry its version in their names (libicuuc.so.72, ucnv_open_72); the
 * newest that is installed is taken, once a process. Each call converts from a reset converter and
 * gives back what ICU holds of an unfinished character, so that nothing is kept between calls;
 * offsets tell where each character began. Threads: loading is guarded; a converter belongs to one
 * stream. */
#include "decode/charset.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unicode/ucnv.h>

enum { NEWEST = 99, OLDEST = 60, CHUNK = 4096 };

static struct {
    void *library;
    __typeof__(&ucnv_open) open;
    __typeof__(&ucnv_close) close;
    __typeof__(&ucnv_toUnicode) to_unicode;
    __typeof__(&ucnv_resetToUnicode) reset;
    __typeof__(&ucnv_getInvalidChars) invalid;
    __typeof__(&ucnv_toUCountPending) pending;
    __typeof__(&ucnv_getType) type;
    __typeof__(&ucnv_setToUCallBack) set_callback;
    UConverterToUCallback stop;
} icu;

/* ---- loading ---- */

static bool symbol(int version, const char *name, void *function)
{
    char versioned[64];
    snprintf(versioned, sizeof versioned, "%s_%d", name, version);
    void *address = dlsym(icu.library, versioned);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static bool symbols(int version)
{
    return symbol(version, "ucnv_open", &icu.open) && symbol(version, "ucnv_close", &icu.close) &&
           symbol(version, "ucnv_toUnicode", &icu.to_unicode) &&
           symbol(version, "ucnv_resetToUnicode", &icu.reset) &&
           symbol(version, "ucnv_getInvalidChars", &icu.invalid) &&
           symbol(version, "ucnv_toUCountPending", &icu.pending) &&
           symbol(version, "ucnv_getType", &icu.type) &&
           symbol(version, "ucnv_setToUCallBack", &icu.set_callback) &&
           symbol(version, "UCNV_TO_U_CALLBACK_STOP", &icu.stop);
}

static void load(void)
{
    for (int version = NEWEST; version >= OLDEST; version--) {
        char name[32];
        snprintf(name, sizeof name, "libicuuc.so.%d", version);
        icu.library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (icu.library && symbols(version))
            return;
        if (icu.library)
            dlclose(icu.library);
        icu.library = NULL;
    }
}

/* ---- converting ---- */

struct chunk {
    UChar text[2 * CHUNK]; /* a sequence may give more than one unit a byte in no charset we know;
                              twice is plenty */
    int32_t offsets[2 * CHUNK];
    int32_t n;
    size_t consumed; /* bytes of whole characters */
    size_t bad_size; /* of them, an invalid sequence at the end */
};

static bool is_rotated(unsigned code)
{
    return code == 0x1A || code == 0x1C || code == 0x7F;
}

/* IBM's tables (ibm-943, which is ICU's Shift_JIS) rotate three control characters, as PC code
 * pages did: 0x1A, 0x1C and 0x7F. In every charset that we offer they stand for themselves. */
static void undo_rotation(const struct cpl_convert_io *io, struct chunk *chunk)
{
    for (int32_t i = 0; i < chunk->n; i++) {
        int32_t from = chunk->offsets[i];
        if (is_rotated(chunk->text[i]) && from >= 0 && (size_t)from < io->in_size &&
            is_rotated(io->in[from]))
            chunk->text[i] = io->in[from];
    }
}

static bool next_chunk(UConverter *converter, const struct cpl_convert_io *io, struct chunk *chunk,
                       struct cpl_error *err)
{
    size_t size = io->in_size < CHUNK ? io->in_size : CHUNK;
    bool flush = io->last && size == io->in_size;
    const char *source = (const char *)io->in;
    UChar *target = chunk->text;
    UErrorCode status = U_ZERO_ERROR;
    icu.reset(converter);
    icu.to_unicode(converter, &target, chunk->text + 2 * CHUNK, &source, source + size,
                   chunk->offsets, flush, &status);
    chunk->n = (int32_t)(target - chunk->text);
    undo_rotation(io, chunk);
    chunk->consumed = (size_t)(source - (const char *)io->in);
    chunk->bad_size = 0;
    if (status == U_ILLEGAL_CHAR_FOUND || status == U_INVALID_CHAR_FOUND ||
        status == U_TRUNCATED_CHAR_FOUND) {
        char bytes[32];
        int8_t length = sizeof bytes;
        UErrorCode ignored = U_ZERO_ERROR;
        icu.invalid(converter, bytes, &length, &ignored);
        chunk->bad_size = length > 0 && (size_t)length <= chunk->consumed ? (size_t)length : 1;
        return true;
    }
    if (U_FAILURE(status))
        return cpl_fail(err, status == U_MEMORY_ALLOCATION_ERROR ? CPL_E_MEMORY : CPL_E_INTERNAL,
                        "ICU failed to convert: its error %d", (int)status);
    int32_t pending = icu.pending(converter, &status);
    if (U_SUCCESS(status) && pending > 0)
        chunk->consumed -= (size_t)pending;
    return true;
}

static uint32_t code_at(const struct chunk *chunk, int32_t i, int32_t *units)
{
    UChar first = chunk->text[i];
    *units = 1;
    if (U16_IS_LEAD(first) && i + 1 < chunk->n && U16_IS_TRAIL(chunk->text[i + 1])) {
        *units = 2;
        return (uint32_t)U16_GET_SUPPLEMENTARY(first, chunk->text[i + 1]);
    }
    return first;
}

/* The code points that came of one source character (mostly one), from unit i on: where the next
 * one begins, and their UTF-8 length. */
static int32_t character_end(const struct chunk *chunk, int32_t i, size_t *length)
{
    int32_t start = i, units;
    *length = 0;
    do {
        *length += cpl_utf8_length(code_at(chunk, i, &units));
        i += units;
    } while (i < chunk->n && chunk->offsets[i] == chunk->offsets[start]);
    return i;
}

/* Everything of the chunk that fits. *full: not all did. */
static void put_chunk(const struct chunk *chunk, struct cpl_convert_io *io, bool *full)
{
    size_t taken = chunk->consumed - chunk->bad_size;
    *full = false;
    for (int32_t i = 0; i < chunk->n && !*full;) {
        size_t length;
        int32_t end = character_end(chunk, i, &length);
        if (length > io->out_size) {
            taken = (size_t)chunk->offsets[i];
            *full = true;
            break;
        }
        for (int32_t units; i < end; i += units)
            io->out += cpl_utf8_put(io->out, code_at(chunk, i, &units));
        io->out_size -= length;
    }
    if (!*full && chunk->bad_size && io->out_size) {
        *io->out++ = 0xFF;
        io->out_size--;
        taken += chunk->bad_size;
    } else if (chunk->bad_size) {
        *full = true;
    }
    io->in += taken;
    io->in_size -= taken;
}

static bool convert(struct cpl_converter *converter, struct cpl_convert_io *io,
                    struct cpl_error *err)
{
    UConverter *state = (UConverter *)(uintptr_t)converter->data;
    struct chunk chunk;
    for (bool full = false; io->in_size && !full;) {
        if (!next_chunk(state, io, &chunk, err))
            return false;
        if (!chunk.consumed)
            break; /* not whole */
        put_chunk(&chunk, io, &full);
    }
    return true;
}

/* ---- opening ---- */

static void close_converter(struct cpl_converter *converter)
{
    icu.close((UConverter *)(uintptr_t)converter->data);
}

static bool keeps_state(UConverter *converter)
{
    switch (icu.type(converter)) {
    case UCNV_ISO_2022:
    case UCNV_HZ:
    case UCNV_SCSU:
    case UCNV_BOCU1:
    case UCNV_UTF7:
    case UCNV_IMAP_MAILBOX:
    case UCNV_EBCDIC_STATEFUL:
    case UCNV_LMBCS_1:
    case UCNV_COMPOUND_TEXT:
        return true;
    default:
        return false;
    }
}

bool cpl_converter_icu(struct cpl_converter *converter, const char *charset, struct cpl_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (!icu.library)
        return cpl_fail(err, CPL_E_LIBRARY,
                        "charset %.60s needs ICU, which is not installed: apt-get install libicu72",
                        charset);
    UErrorCode status = U_ZERO_ERROR;
    UConverter *state = icu.open(charset, &status);
    if (U_FAILURE(status))
        return cpl_fail(err, CPL_E_NOT_FOUND, "ICU does not know charset %.60s", charset);
    icu.set_callback(state, icu.stop, NULL, NULL, NULL, &status);
    if (keeps_state(state)) {
        icu.close(state);
        return cpl_fail(err, CPL_E_UNSUPPORTED,
                        "charset %.60s switches its meaning by escape sequences, so that rejects "
                        "could not be traced to their "
                        "bytes; convert the file first: iconv -f %.60s -t UTF-8",
                        charset, charset);
    }
    *converter = (struct cpl_converter){
        .convert = convert, .close = close_converter, .data = state};
    return true;
}
