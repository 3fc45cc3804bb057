#include "decode/parquet_verify_whole.h"
#include "base/text.h"
#include "base/xxhash.h"
#include "format/parquet_checksum.h"

#include <stdio.h>
#include <string.h>

enum { TRAILER = 8, STEP = 1 << 20 };

bool cpl_parquet_remark(const struct cpl_parquet_file *file, struct cpl_parquet_report *report,
                        const char *where, const char *name, const struct cpl_error *found,
                        struct cpl_error *err)
{
    if (cpl_parquet_is_ours(cpl_parquet_metadata(file)))
        return cpl_fail(err, found->code, "%s", found->message);
    if (report->remarks++ == 0)
        cpl_text_set(report->first_remark, sizeof report->first_remark, "%s %.40s: %.190s", where,
                     name, found->message);
    return true;
}

static bool read_into(struct cpl_reader *reader, uint64_t offset, size_t size,
                      struct cpl_buffer *out, struct cpl_error *err)
{
    out->size = 0;
    if (!cpl_buffer_reserve(out, size, err) ||
        !cpl_reader_at(reader, offset, out->data, size, &out->size, err))
        return false;
    return out->size == size ||
           cpl_fail(err, CPL_E_IO, "the file became shorter while it was read");
}

static bool check_magic(struct cpl_reader *reader, struct cpl_error *err)
{
    char magic[4] = "";
    size_t got;
    if (!cpl_reader_at(reader, 0, magic, sizeof magic, &got, err))
        return false;
    return !memcmp(magic, "PAR1", sizeof magic) ||
           cpl_fail(err, CPL_E_CORRUPT, "it does not begin with PAR1");
}

/* The footer with its trailer, as stored. */
static bool read_footer(struct cpl_reader *reader, struct cpl_buffer *footer, struct cpl_error *err)
{
    uint64_t size = cpl_reader_size(reader);
    uint32_t length;
    if (!read_into(reader, size - TRAILER, TRAILER, footer, err))
        return false;
    memcpy(&length, footer->data, sizeof length);
    if (length > size - TRAILER)
        return cpl_fail(err, CPL_E_IO, "the file was changed while it was read");
    return read_into(reader, size - TRAILER - length, (size_t)length + TRAILER, footer, err);
}

/* All bytes before the footer into the state. */
static bool hash_front(struct cpl_reader *reader, uint64_t size, XXH3_state_t *state,
                       struct cpl_error *err)
{
    struct cpl_buffer window = {0};
    bool ok = true;
    for (uint64_t at = 0; ok && at < size; at += window.size) {
        uint64_t left = size - at;
        ok = read_into(reader, at, left < STEP ? (size_t)left : STEP, &window, err);
        if (ok)
            XXH3_128bits_update(state, window.data, window.size);
    }
    cpl_buffer_release(&window);
    return ok;
}

static bool same_digits(XXH128_hash_t hash, const uint8_t *stated)
{
    char digits[CPL_PARQUET_CHECKSUM_DIGITS + 1];
    snprintf(digits, sizeof digits, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
    return !memcmp(digits, stated, CPL_PARQUET_CHECKSUM_DIGITS);
}

static bool check_bytes(struct cpl_reader *reader, struct cpl_buffer *footer, size_t place,
                        struct cpl_error *err)
{
    uint8_t stated[CPL_PARQUET_CHECKSUM_DIGITS];
    XXH3_state_t *state = XXH3_createState();
    if (!state)
        return cpl_fail(err, CPL_E_MEMORY, "no memory for a checksum");
    memcpy(stated, footer->data + place, sizeof stated);
    memset(footer->data + place, '0', sizeof stated);
    XXH3_128bits_reset(state);
    bool ok = hash_front(reader, cpl_reader_size(reader) - footer->size, state, err);
    if (ok) {
        XXH3_128bits_update(state, footer->data, footer->size);
        ok = same_digits(XXH3_128bits_digest(state), stated) ||
             cpl_fail(
                 err, CPL_E_CORRUPT,
                 "the file's bytes do not give the checksum in its footer (" CPL_PARQUET_CHECKSUM
                 ")");
    }
    XXH3_freeState(state);
    return ok;
}

static bool check_checksum(const struct cpl_parquet_file *file, struct cpl_buffer *footer,
                           struct cpl_parquet_report *report, struct cpl_error *err)
{
    size_t place = cpl_parquet_checksum_place(footer->data, footer->size - TRAILER);
    if (!cpl_parquet_is_ours(cpl_parquet_metadata(file)) &&
        !cpl_parquet_bytes_are_ours(footer->data, footer->size - TRAILER))
        return true;
    if (place == SIZE_MAX)
        return cpl_fail(err, CPL_E_CORRUPT,
                        "cupel has written it, but its checksum (" CPL_PARQUET_CHECKSUM
                        ") is missing or damaged");
    return report->whole = check_bytes(cpl_parquet_reader(file), footer, place, err);
}

bool cpl_parquet_verify_whole(const struct cpl_parquet_file *file,
                              struct cpl_parquet_report *report, struct cpl_error *err)
{
    struct cpl_reader *reader = cpl_parquet_reader(file);
    struct cpl_buffer footer = {.max = (size_t)1 << 29};
    bool ok = check_magic(reader, err) && read_footer(reader, &footer, err) &&
              check_checksum(file, &footer, report, err);
    cpl_buffer_release(&footer);
    return ok || cpl_fail_in(err, cpl_parquet_name(file));
}
