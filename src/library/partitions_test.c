/* A partitioned dataset read as Arrow: no column is lost in silence. */
#include "cupel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void partition_columns_are_not_dropped(void **state)
{
    static const char pipeline[] = "source: {path: in.csv}\n"
                                   "sink: {path: lake, partition_by: [country]}\n";
    char home[] = "/tmp/cupel-library-XXXXXX";
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    cupel_error err;
    (void)state;
    assert_non_null(mkdtemp(home));
    assert_int_equal(chdir(home), 0);
    FILE *file = fopen("in.csv", "w");
    assert_non_null(file);
    fputs("id,country\n1,SE\n2,DE\n", file);
    fclose(file);
    cupel *instance = cupel_new(NULL, &err);
    if (!cupel_run_text(instance, pipeline, sizeof pipeline - 1, "p", NULL, NULL, &err))
        fail_msg("%s", err.message);

    assert_false(cupel_read(instance, "lake", &stream, &err));
    assert_string_equal(cupel_code_name(err.code), "UNSUPPORTED");
    assert_non_null(strstr(err.message, "column country"));
    assert_null(stream.release);
    assert_false(cupel_read(instance, "lake/*/*.parquet", &stream, &err));
    assert_string_equal(cupel_code_name(err.code), "UNSUPPORTED");

    if (!cupel_read(instance, "lake/country=SE", &stream, &err))
        fail_msg("%s", err.message);
    assert_int_equal(stream.get_schema(&stream, &schema), 0);
    assert_int_equal(schema.n_children, 1);
    schema.release(&schema);
    stream.release(&stream);
    cupel_free(instance);
    assert_int_equal(chdir("/"), 0);
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", home);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(partition_columns_are_not_dropped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
