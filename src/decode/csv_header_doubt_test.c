/* When a header is only a guess, and when it is said so: whole files. */
#include "decode/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on
#include "decode/csv_fixture.h"

/* Checks whether the first record is the header, and what is said of it: a part of the words, NULL = nothing. */
static void check(const char *names, const char *text, bool header, const char *doubt)
{
    const char *const options[] = {names ? "names" : NULL, names, NULL};
    struct csv_inferred found;
    csv_infer_text(options, text, &found);
    const char *said = found.dialect.header_doubt;
    assert_int_equal(found.dialect.header, header ? CPL_HEADER_YES : CPL_HEADER_NO);
    if (!doubt)
        assert_null(said);
    else if (!said || !strstr(said, doubt))
        fail_msg("%s: %s", text, said ? said : "nothing is said");
    csv_release_inferred(&found);
}

#define ROWS "looks like the rows below it"

static void words_above_other_words_are_a_header(void **state)
{
    (void)state;
    check(NULL, "name,city\nAnn,Bonn\nBo,Celle\n", true, NULL);
    check(NULL, "id,day\na1,x\nb2,y\n", true, NULL);
    check(NULL, "name,n\nann,1\nbo,2\n", true, NULL);
    check(NULL, "a,b,c\n", true, NULL);
    check(NULL, "Unit price (%),Kunde-Nr.\n", true, NULL);
    check(NULL, "q1,q2\n1,2\n", true, NULL);
}

static void it_is_said_where_they_look_alike(void **state)
{
    (void)state;
    check(NULL, "name1,city7\nname2,city1\n", true, ROWS);
    check(NULL, "foo,bar\nbaz,qux\n", true, ROWS);
    check(NULL, "Ann;Hill Street 5\nBo;Road 7\nCy;Long Road 12\nAnn;x\n", true, ROWS);
    check(NULL, "Ann;Road 5\nBo;Road 7\n", true, ROWS);
    check(NULL, "{\"a\":\"b\"}\n", true, "only line");
    check(NULL, "1,2\n3,4\n", false, NULL);
}

static void given_names_need_a_sure_header(void **state)
{
    (void)state;
    check("[a,b]", "name1,city7\nname2,city1\n", false, NULL);
    check("[a,b]", "name,city\nAnn,Bonn\n", false, "taken as a row");
    check("[NAME,city]", "name, City\nAnn,Bonn\n", true, NULL);
    check("[a]", "name,n\nAnn,1\n", true, NULL);
    check("[a,b,c]", "city,2019,2020\nBonn,1.5,2.5\nCelle,3.5,2.25\n", true, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_above_other_words_are_a_header),
        cmocka_unit_test(it_is_said_where_they_look_alike),
        cmocka_unit_test(given_names_need_a_sure_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
