/* Columns that are text because of few values: which value is named, and where no value is. */
#include "decode/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on
#include "decode/csv_fixture.h"

/* Of the last column: the stray, and the line behind so many newlines; NULL = none. */
static void check(const char *text, const char *value, uint64_t line, enum cpl_kind kind)
{
    struct csv_inferred found;
    csv_infer_text(NULL, text, &found);
    uint32_t last = found.schema->n_fields - 1;
    const struct cpl_stray *stray = &found.columns[last].stray;
    if (!value) {
        assert_null(stray->value);
    } else {
        assert_non_null(stray->value);
        assert_string_equal(stray->value, value);
        assert_int_equal(stray->line, line);
        assert_int_equal(stray->type.kind, kind);
        assert_int_equal(found.schema->fields[last].type.kind, CPL_STRING);
    }
    csv_release_inferred(&found);
}

static void one_among_many(void **state)
{
    (void)state;
    check("a,n\nx,1\ny,2\nz,3\nz,Total\n", "Total", 4, CPL_I64);
    check("a,n\nx,1\ny,none\nz,3.5\nz,4\n", "none", 2, CPL_DECIMAL);
    check("a,d\n\"two\nlines\",2026-01-01\ny,31/12/2026\nz,2026-01-02\n", "31/12/2026", 3,
          CPL_DATE);
    check("a,n\nx,1\ny,2026-01-01\nz,3\nz,4\n", "2026-01-01", 2, CPL_I64);
    check("a,n\nx,1\ny,\nz,3\nz,4\nz,\"a\nb\"\n", "a?b", 5, CPL_I64);
}

static void the_first_of_a_few(void **state)
{
    (void)state;
    char text[2000] = "n\n";
    for (int i = 0; i < 40; i++)
        strcat(text, i == 20 ? "zz\n" : i == 30 ? "NULL\n" : "17\n");
    check(text, "zz", 21, CPL_I64);
}

static void texts_and_codes_have_none(void **state)
{
    (void)state;
    check("a,n\nx,1\ny,2\nz,3\n", NULL, 0, 0);
    check("a,n\nx,one\ny,two\nz,3\n", NULL, 0, 0);
    check("a,n\nx,1\ny,b\nz,3\nz,d\n", NULL, 0, 0);
    check("a,zip\nx,10115\ny,01067\nz,20095\nz,80331\n", NULL, 0, 0);
    check("a,n\nx,1\ny,b\n", NULL, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_among_many),
        cmocka_unit_test(the_first_of_a_few),
        cmocka_unit_test(texts_and_codes_have_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
