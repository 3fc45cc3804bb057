/* Rows as they can be counted in storage, by format. */
#include "decode/parquet_verify.h"
#include "run/verify_state.h"
#include "run/verify_text.h"

#include <string.h>

static bool count_parquet(struct cpl_reader *reader, const char *path, uint64_t *rows,
                          struct cpl_error *err)
{
    struct cpl_parquet_file *file = cpl_parquet_open(reader, path, err);
    if (!file)
        return false;
    struct cpl_parquet_report report = {0};
    bool ok = cpl_parquet_verify(file, &report, err);
    *rows = report.rows;
    cpl_parquet_report_release(&report);
    cpl_parquet_close(file);
    return ok;
}

static const char *setting(const struct cpl_pairs *settings, const char *name)
{
    for (size_t i = 0; i < settings->n; i++)
        if (!strcmp(settings->items[i].key, name))
            return settings->items[i].value;
    return "";
}

/* How the receipt says that the file's CSV is written; false = it does not. */
static bool csv_layout(const struct cpl_stored_receipt *receipt, struct cpl_csv_layout *layout)
{
    const char *delimiter = setting(&receipt->encoder_settings, "delimiter");
    const char *quote = setting(&receipt->encoder_settings, "quote");
    const char *header = setting(&receipt->encoder_settings, "header");
    *layout = (struct cpl_csv_layout){.delimiter = (uint8_t)*delimiter,
                                      .quote = (uint8_t)*quote,
                                      .header = !strcmp(header, "true")};
    return *delimiter && *quote && *header;
}

static bool ends_in(const char *path, const char *suffix)
{
    size_t length = strlen(path), n = strlen(suffix);
    return length >= n && !strcmp(path + length - n, suffix);
}

bool cpl_count_rows(struct cpl_storage *storage, const char *path, enum cpl_file_role role,
                    const struct cpl_stored_receipt *receipt, uint64_t *rows, bool *known,
                    struct cpl_error *err)
{
    struct cpl_csv_layout layout;
    const char *format = receipt && role == CPL_FILE_DATA ? receipt->format : "";
    bool csv = !strcmp(format, "csv") && csv_layout(receipt, &layout);
    bool json = !strcmp(format, "json");
    bool parquet = !strcmp(format, "parquet") ||
                   ends_in(path, ".parquet"); /* it describes itself */
    *rows = 0;
    *known = csv || json || parquet;
    if (!*known)
        return true;
    struct cpl_reader *reader = cpl_reader_open(storage, path, err);
    bool ok = reader && (parquet ? count_parquet(reader, path, rows, err)
                         : json  ? cpl_count_json(reader, path, rows, err)
                                 : cpl_count_csv(reader, path, &layout, rows, err));
    cpl_reader_close(reader);
    return ok;
}
