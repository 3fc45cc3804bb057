/* Whole Parquet files: any bytes are scanned, described and verified, or refused. Files reach the reader through a file in
 * memory, since reading is by position. */
#include "decode/parquet_layout.h"
#include "decode/parquet_verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];
static struct cpl_storage *storage;
static FILE *file;

static void open_file(void)
{
    snprintf(path, sizeof path, "/dev/shm/parquet_fuzz.%d", (int)getpid());
    storage = cpl_storage_local(&(struct cpl_storage_limits){0}, NULL);
    file = fopen(path, "wb");
    if (!storage || !file)
        abort();
}

static void scan(const struct cpl_parquet_file *parquet)
{
    struct cpl_parquet_scan *rows = cpl_parquet_scan_new(
        parquet, &(struct cpl_parquet_scan_options){0}, NULL);
    struct cpl_batch *batch;
    for (unsigned i = 0; rows && i < 100; i++)
        if (!cpl_parquet_scan_next(rows, &batch, NULL) || batch->rows == 0)
            break;
    cpl_parquet_scan_free(rows);
}

static void describe(const struct cpl_parquet_file *parquet)
{
    struct cpl_buffer text = {.max = 16 << 20};
    struct cpl_json_writer json;
    cpl_json_begin(&json, &text, 0, NULL);
    if (cpl_parquet_layout(parquet, &json, NULL, NULL))
        (void)!cpl_json_end(&json);
    cpl_buffer_release(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cpl_parquet_report report = {0};
    if (!storage)
        open_file();
    rewind(file);
    if (ftruncate(fileno(file), 0) || (size && fwrite(data, 1, size, file) != size) || fflush(file))
        abort();
    struct cpl_reader *reader = cpl_reader_open(storage, path, NULL);
    struct cpl_parquet_file *parquet = reader ? cpl_parquet_open(reader, "fuzz", NULL) : NULL;
    if (parquet) {
        scan(parquet);
        describe(parquet);
        (void)!cpl_parquet_verify(parquet, &report, NULL);
        cpl_parquet_report_release(&report);
    }
    cpl_parquet_close(parquet);
    if (reader)
        cpl_reader_close(reader);
    return 0;
}
