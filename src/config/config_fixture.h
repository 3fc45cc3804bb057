/* For tests of configurations: what messages say, and files that are read. */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
/* behind those */
#include <cmocka.h>

/* The whole message; "…" at the end stands for any rest. */
static inline void expect_message(const char *message, const char *wanted)
{
    size_t length = strlen(wanted);
    if (length > 3 && !strcmp(wanted + length - 3, "…"))
        assert_memory_equal(message, wanted, length - 3);
    else
        assert_string_equal(message, wanted);
}

static inline void write_file(const char *dir, const char *name, const char *text)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}
