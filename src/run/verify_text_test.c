/* Rows are counted as our encoders write them, and what they never write is damage, named with its line. */
#include "run/verify_text.h"

#include "storage/local.h"
#include "storage/storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];
static struct cpl_storage *storage;

static int setup(void **state)
{
    struct cpl_error err;
    (void)state;
    strcpy(path, "/tmp/cupel-verify-XXXXXX");
    close(mkstemp(path));
    storage = cpl_storage_local(NULL, &err);
    return storage ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    cpl_storage_free(storage);
    return 0;
}

static struct cpl_reader *reader_of(const char *text, size_t size)
{
    struct cpl_error err = {0};
    FILE *file = fopen(path, "w");
    assert_int_equal(fwrite(text, 1, size, file), size);
    fclose(file);
    struct cpl_reader *reader = cpl_reader_open(storage, path, &err);
    assert_non_null(reader);
    return reader;
}

/* `layout` NULL: JSON. `wrong` NULL: `rows` are counted; else what the error says behind the path. */
static void count(const struct cpl_csv_layout *layout, const char *text, uint64_t rows,
                  const char *wrong)
{
    struct cpl_error err = {0};
    uint64_t found = 0;
    struct cpl_reader *reader = reader_of(text, strlen(text));
    bool ok = layout ? cpl_count_csv(reader, "f", layout, &found, &err)
                     : cpl_count_json(reader, "f", &found, &err);
    cpl_reader_close(reader);
    assert_int_equal(ok, wrong == NULL);
    if (wrong) {
        assert_int_equal(err.code, CPL_E_CORRUPT);
        assert_string_equal(err.message, wrong);
    } else {
        assert_int_equal(found, rows);
    }
}

static void json_lines_and_arrays(void **state)
{
    (void)state;
    count(NULL, "", 0, NULL);
    count(NULL, "{\"a\":1}\n{\"a\":\"{\\n\"}\n", 2, NULL);
    count(NULL, "[\n{\"a\":1},\n{\"a\":2}\n]\n", 2, NULL);
    count(NULL, "[\n]\n", 0, NULL);
    count(NULL, "{\"a\":1}\n{\"a\":2}", 0, "f:2: the last line is cut off");
    count(NULL, "{\"a\":1}\n{\"a\":2}}\n", 0, "f:2: is not a row as it was written");
    count(NULL, "{\"a\":1}\n{\"a:2}\n{\"a\":3}\n", 0, "f:2: is not a row as it was written");
    count(NULL, "{\"a\":1}\n\n{\"a\":3}\n", 0, "f:2: is not a row as it was written");
    count(NULL, "{\"a\":1}{\"a\":3}\n", 0, "f:1: is not a row as it was written");
    count(NULL, "{\"a\":\"\xff\"}\n", 0, "f:1: is not a row as it was written");
}

static void csv_of_any_layout(void **state)
{
    (void)state;
    static const struct cpl_csv_layout plain = {.delimiter = ',', .quote = '"', .header = true},
                                       odd = {.delimiter = '\t', .quote = '\''};
    count(&plain, "a,b\n", 0, NULL);
    count(&plain, "a,b\n1,\"x\n\"\"y\"\"\"\n2,\n", 2, NULL);
    count(&plain, "a,b\r\n1,x\r\n", 1, NULL);
    count(&odd, "1\t'x,\t''y'\n2\t\"\n", 2, NULL);
    count(&odd, "", 0, NULL);
    count(&plain, "", 0, "f:1: the header is missing");
    count(&plain, "a,b\n1,x\n2\n", 0,
          "f:3: the record has another number of fields than the first one");
    count(&plain, "a,b\n1,\"x\n2,y\n", 0, "f:2: the last record is cut off");
    count(&plain, "a,b\n1,x", 0, "f:2: the last record is cut off");
    count(&plain, "a,b\n1,x\"y\n", 0, "f:2: a quote stands inside a field");
    count(&plain, "a,b\n1,\"x\n\"y\n", 0, "f:2: text follows a closing quote");
    count(&plain, "a,b\n1\r,x\n", 0, "f:2: a carriage return stands alone");
}

/* Rows that cross the pieces in which files are read, and rows longer than one. */
static void pieces(void **state)
{
    (void)state;
    enum { ROWS = 3, LONG = 400000 };
    struct cpl_error err = {0};
    static const struct cpl_csv_layout layout = {.delimiter = ',', .quote = '"'};
    char *text = malloc(ROWS * (LONG + 20) + 1);
    for (int json = 0; json < 2; json++) {
        size_t at = 0;
        for (int i = 0; i < ROWS; i++) {
            at += (size_t)sprintf(text + at, json ? "{\"a\":\"" : "1,\"");
            memset(text + at, json ? 'x' : '\n', LONG);
            at += LONG;
            at += (size_t)sprintf(text + at, json ? "\"}\n" : "\"\n");
        }
        uint64_t rows;
        struct cpl_reader *reader = reader_of(text, at);
        assert_true(json ? cpl_count_json(reader, "f", &rows, &err)
                         : cpl_count_csv(reader, "f", &layout, &rows, &err));
        cpl_reader_close(reader);
        assert_int_equal(rows, ROWS);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_lines_and_arrays),
        cmocka_unit_test(csv_of_any_layout),
        cmocka_unit_test(pieces),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
