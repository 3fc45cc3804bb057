/* Shapes: what bounds the names that they keep, and what of a row is not looked at. */
#include "decode/json_shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { NAME = 100000, MANY = JSON_NAMES_MAX / NAME + 2 };

static const struct json_rules rules = {.map_keys = 100};

/* Joins the text, which is one value. */
static void observe(struct json_shaper *shaper, struct json_shape *shape, const char *text)
{
    size_t size = strlen(text);
    uint8_t *padded = cpl_alloc_zero(1, size + JSON_PADDING, NULL);
    memcpy(padded, text, size);
    struct json_lex lex = {.end = padded + size, .max_depth = JSON_DEPTH_MAX};
    const uint8_t *end = json_shape_observe(shaper, shape, &lex, padded, 0, NULL);
    assert_ptr_equal(end, padded + size);
    cpl_free(padded);
}

/* A row with one more long name, at the top or in `o`. */
static void observe_name(struct json_shaper *shaper, struct json_shape *shape, unsigned i,
                         bool nested)
{
    char *text = cpl_alloc(NAME + 100, NULL);
    int n = snprintf(text, NAME + 100, "%s\"%0*u\":1%s", nested ? "{\"id\":7,\"o\":{" : "{", NAME,
                     i, nested ? "}}" : "}");
    assert_true(n > NAME);
    observe(shaper, shape, text);
    cpl_free(text);
}

static void names_are_bounded(void **state)
{
    (void)state;
    for (int nested = 0; nested < 2; nested++) {
        struct cpl_arena arena = {0};
        struct json_shape shape = {0};
        struct json_shaper shaper = {.arena = &arena, .rules = &rules};
        for (unsigned i = 0; i < MANY; i++)
            observe_name(&shaper, &shape, i, nested);
        size_t kept = arena.used;
        for (unsigned i = 0; i < MANY; i++)
            observe_name(&shaper, &shape, MANY + i, nested);
        assert_true(arena.used < kept + NAME);
        const struct json_shape *full = nested ? &shape.members[1] : &shape;
        assert_true(full->seen & JSON_SEEN_ANY); /* nested: the column becomes json */
        assert_int_equal(shape.seen & JSON_SEEN_ANY, nested ? 0 : JSON_SEEN_ANY);
        cpl_arena_release(&arena);
    }
}

static void joining_is_bounded_too(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct json_shape all = {0};
    struct json_shaper joiner = {.arena = &arena, .rules = &rules};
    for (unsigned i = 0; i < MANY; i++) {
        struct json_shape one = {0};
        struct json_shaper shaper = {.arena = &arena, .rules = &rules};
        observe_name(&shaper, &one, i, false);
        assert_int_equal(one.seen & JSON_SEEN_ANY, 0);
        assert_true(json_shape_join(&joiner, &all, &one, NULL));
    }
    assert_true(all.seen & JSON_SEEN_ANY);
    assert_int_equal(all.keys.n, JSON_NAMES_MAX / NAME);
    cpl_arena_release(&arena);
}

static void samples_pass_over_what_is_too_much(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct json_shape shape = {0};
    struct json_shaper shaper = {.arena = &arena, .rules = &rules, .sample = true};
    for (unsigned i = 0; i < MANY; i++)
        observe_name(&shaper, &shape, i, false);
    assert_int_equal(shape.seen, JSON_SEEN_OBJECT);
    assert_int_equal(shape.keys.n, JSON_NAMES_MAX / NAME);
    cpl_arena_release(&arena);
}

static void what_is_declared_or_left_out_is_not_looked_at(void **state)
{
    (void)state;
    struct cpl_arena arena = {0};
    struct json_shape schema = {0}, shape = {0};
    struct json_shaper shaper = {.arena = &arena, .rules = &rules};
    observe(&shaper, &schema, "{\"a\":1,\"doc\":{}}");
    const bool declared[] = {false, true};
    struct json_top top = {.keys = &schema.keys, .declared = declared};
    shaper.top = &top;
    const char *row = "{\"a\":\"x\",\"doc\":{\"k\":1},\"more\":{\"a\":2}}";
    observe(&shaper, &shape, row);
    assert_int_equal(shape.keys.n, 2);
    assert_string_equal(shape.keys.items[1].text, "more");
    top.closed = true;
    shape = (struct json_shape){0};
    observe(&shaper, &shape, row);
    assert_int_equal(shape.keys.n, 1);
    assert_int_equal(shape.members[0].seen, JSON_SEEN_STRING);
    cpl_arena_release(&arena);
}

/* A path below a long name is kept only as far as one that is listed could be it. */
static void types_of_long_names_take_no_paths(void **state)
{
    (void)state;
    const char *const listed[] = {"top.o"};
    const struct json_rules with_maps = {.map_keys = 100, .maps = listed, .n_maps = 1};
    struct cpl_arena arena = {0};
    struct json_shape shape = {0};
    struct json_shaper shaper = {.arena = &arena, .rules = &with_maps};
    struct cpl_type type;
    char *text = cpl_alloc(NAME + 20000, NULL);
    int at = snprintf(text, NAME + 20000, "{\"o\":{\"k\":1},\"%0*d\":{\"a\":0", NAME, 1);
    for (int i = 0; i < 1000; i++)
        at += snprintf(text + at, 32, ",\"%d\":1", i);
    snprintf(text + at, 4, "}}");
    observe(&shaper, &shape, text);
    cpl_free(text);
    size_t before = arena.used;
    assert_true(json_shape_type(&shaper, &shape, "top", &type, NULL));
    assert_true(arena.used < before + 20 * NAME);
    assert_int_equal(type.children[0].type.kind, CPL_MAP);
    assert_int_equal(type.children[1].type.n_children, 1001);
    cpl_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(joining_is_bounded_too),
        cmocka_unit_test(samples_pass_over_what_is_too_much),
        cmocka_unit_test(what_is_declared_or_left_out_is_not_looked_at),
        cmocka_unit_test(types_of_long_names_take_no_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
