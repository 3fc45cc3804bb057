/* Files that are no text are known by their first bytes; texts are not taken for one. */
#include "decode/foreign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct cpl_foreign found;

static bool signature(const char *bytes, size_t size)
{
    return cpl_foreign_signature((const uint8_t *)bytes, size, &found);
}

static bool markup(const char *text)
{
    return cpl_foreign_markup((const uint8_t *)text, strlen(text), &found);
}

#define EXPECT(text, name)                                                                         \
    do {                                                                                           \
        assert_true(signature(text, sizeof(text) - 1));                                            \
        assert_non_null(strstr(found.what, name));                                                 \
        assert_false(signature(text, sizeof(text) - 2));                                           \
    } while (0)

static void signatures_are_known(void **state)
{
    (void)state;
    EXPECT("PK\3\4", "ZIP");
    EXPECT("%PDF-", "PDF");
    EXPECT("Obj\1", "Avro");
    EXPECT("\x89PNG\r\n\x1A\n", "PNG");
    EXPECT("SQLite format 3\0", "SQLite");
    EXPECT("ARROW1\0\0", "Arrow");
    assert_true(signature("ORC\3\0\0", 6));
    char office[64] = "PK\3\4";
    memcpy(office + 30, "[Content_Types].xml", 19);
    assert_true(signature(office, sizeof office));
    assert_non_null(strstr(found.what, "Office"));
    char tar[512] = "member.csv";
    memcpy(tar + 257, "ustar", 5);
    assert_true(signature(tar, sizeof tar));
    assert_non_null(strstr(found.what, "tar"));
}

static void texts_have_no_signature(void **state)
{
    static const char *const texts[] = {
        "ORC,id\n1,2\n", "PK,name\n1,a\n", "GIF89a,x\n", "FEA1\n", "", "{\"a\":1}\n", "Obj,1\n"};
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(signature(texts[i], strlen(texts[i])));
}

static void markup_is_known(void **state)
{
    (void)state;
    assert_true(markup("<!DOCTYPE html><html>"));
    assert_non_null(strstr(found.what, "HTML"));
    assert_true(markup("\xEF\xBB\xBF\r\n  <!doctype HTML>"));
    assert_true(markup("<html lang=\"en\">"));
    assert_true(markup("<?xml version=\"1.0\"?>"));
    assert_non_null(strstr(found.what, "XML"));
    assert_false(markup("<b>,c\n1,2\n"));
    assert_false(markup("a,<html>\n"));
    assert_false(markup("<!doctype"));
    assert_false(markup("   "));
    assert_false(markup(""));
}

static void binary_is_known(void **state)
{
    uint8_t bytes[4096];
    uint32_t seed = 1;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
    assert_true(cpl_foreign_binary(bytes, sizeof bytes, &found));
    assert_false(cpl_foreign_binary(bytes, 20, &found)); /* too few to tell */
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 8 < 7 ? 'x' : 0;
    assert_true(cpl_foreign_binary(bytes, sizeof bytes, &found));
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 12 < 11 ? 'x' : 0;
    assert_false(cpl_foreign_binary(bytes, sizeof bytes, &found));
    for (size_t i = 0; i < sizeof bytes; i++) /* Hive's delimiters, Latin-1 letters */
        bytes[i] = (uint8_t)"1\1\xE4\2\xF6\3\n"[i % 7];
    assert_false(cpl_foreign_binary(bytes, sizeof bytes, &found));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_known),
        cmocka_unit_test(texts_have_no_signature),
        cmocka_unit_test(markup_is_known),
        cmocka_unit_test(binary_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
