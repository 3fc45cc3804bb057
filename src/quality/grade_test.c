/* Verdicts to grades: caps, scores, metrics, tallies. The rules here are made of lists of rows. */
#include "quality/grade.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
/* cmocka wants those first */
#include <cmocka.h>

enum { ROWS = 100 };

/* A rule that is broken in rows with `broken` in this string, spared with `-`, held else. */
static bool bind(const void *options, const char *column, const struct cpl_schema *schema,
                 const struct cpl_rule_env *env, void **rule, const char **key,
                 struct cpl_error *err)
{
    (void)column;
    (void)schema;
    (void)env;
    *key = NULL;
    if (!strcmp(options, "unbindable"))
        return cpl_fail(err, CPL_E_CONFIG, "it cannot be bound");
    *rule = cpl_strdup(options, err);
    return *rule != NULL;
}

static bool test(const void *rule, struct cpl_rule_scratch *scratch, const struct cpl_batch *batch,
                 struct cpl_verdict *verdict, struct cpl_error *err)
{
    const char *rows = rule;
    (void)scratch;
    (void)err;
    for (uint32_t i = 0; i < batch->rows && rows[i]; i++) {
        verdict->broken[i] = rows[i] == 'x';
        verdict->spared[i] = rows[i] == '-';
        verdict->any_broken |= rows[i] == 'x';
        verdict->any_spared |= rows[i] == '-';
        if (verdict->score && rows[i] == 'h')
            verdict->score[i] = 0.5f;
    }
    return true;
}

static bool explain(const void *rule, struct cpl_rule_scratch *scratch,
                    const struct cpl_batch *batch, uint32_t row, struct cpl_buffer *text,
                    struct cpl_error *err)
{
    (void)rule;
    (void)scratch;
    (void)batch;
    return cpl_buffer_printf(text, err, "row %u is wrong", row);
}

static const struct cpl_rule_ops listed = {
    .name = "listed", .bind = bind, .unbind = cpl_free, .test = test, .explain = explain};
static const struct cpl_rule_ops scored = {.name = "scored",
                                           .scores = true,
                                           .bind = bind,
                                           .unbind = cpl_free,
                                           .test = test,
                                           .explain = explain};

struct graded {
    struct cpl_grading_config config;
    struct cpl_grading *grading;
    struct cpl_grader *grader;
    struct cpl_tally tally;
    struct cpl_grades grades;
    struct cpl_batch batch;
};

static const struct cpl_rule_env env;
static const struct cpl_schema none;

static void begin(struct graded *g, const struct cpl_rule_spec *rules, size_t n)
{
    struct cpl_error err = {0};
    *g = (struct graded){
        .config = {
            .rules = rules, .n_rules = n, .weight = {1, 1, 1, 1, 1}, .gold = 0.95, .silver = 0.8}};
    g->grading = cpl_grading_new(&g->config, &none, &env, &err);
    assert_non_null(g->grading);
    g->grader = cpl_grader_new(g->grading, &err);
    assert_non_null(g->grader);
    assert_true(cpl_tally_init(&g->tally, n, &err));
}

/* The grades of so many rows, a letter each. */
static const char *grades(struct graded *g, uint32_t rows)
{
    static char text[ROWS + 1];
    struct cpl_error err = {0};
    g->batch = (struct cpl_batch){.rows = rows};
    assert_true(cpl_grader_test(g->grader, &g->batch, &g->tally, &g->grades, &err));
    for (uint32_t i = 0; i < rows; i++)
        text[i] = "rbsg"[g->grades.grade[i]];
    text[rows] = 0;
    return text;
}

static void end(struct graded *g)
{
    cpl_grader_free(g->grader);
    cpl_grading_free(g->grading);
    cpl_tally_release(&g->tally);
}

static struct cpl_rule_spec rule(const char *rows, enum cpl_grade severity, enum cpl_metric metric)
{
    return (struct cpl_rule_spec){.ops = &listed,
                                  .options = rows,
                                  .id = rows,
                                  .severity = severity,
                                  .metric = metric,
                                  .weight = 1};
}

static void severities_cap(void **state)
{
    (void)state;
    const struct cpl_rule_spec rules[] = {
        rule("..x..x", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY),
        rule(".x...x", CPL_GRADE_REJECTED, CPL_METRIC_ACCURACY),
        rule("...x..", CPL_GRADE_SILVER, CPL_METRIC_ACCURACY),
        rule("....x.", CPL_GRADE_GOLD, CPL_METRIC_ACCURACY),
    };
    struct graded g;
    begin(&g, rules, 4);
    g.config.gold = g.config.silver = 0; /* severities alone */
    assert_string_equal(grades(&g, 6), "grbsgr");
    assert_int_equal(g.grades.n_rejected, 2);
    assert_int_equal(g.tally.rules[0].broken, 2);
    assert_int_equal(g.tally.rules[1].broken, 2);
    assert_int_equal(g.tally.rules[3].tested, 6);
    assert_int_equal(g.tally.grades[CPL_GRADE_GOLD], 2);
    assert_int_equal(g.tally.grades[CPL_GRADE_REJECTED], 2);
    assert_true(cpl_grader_breaks(g.grader, 1, 5));
    assert_false(cpl_grader_breaks(g.grader, 1, 4));
    end(&g);
}

static void scores_lower(void **state)
{
    (void)state;
    /* accuracy 2 rules, completeness 1: a row that breaks one of accuracy scores (0.5 + 1) / 2 */
    const struct cpl_rule_spec rules[] = {
        rule("x..x", CPL_GRADE_GOLD, CPL_METRIC_ACCURACY),
        rule("...x", CPL_GRADE_GOLD, CPL_METRIC_ACCURACY),
        rule("..-.", CPL_GRADE_GOLD, CPL_METRIC_COMPLETENESS),
    };
    struct graded g;
    begin(&g, rules, 3);
    assert_string_equal(grades(&g, 4), "bggb");
    assert_true(g.grades.score[0] == 0.75f);
    assert_true(g.grades.score[1] == 1.0f);
    assert_true(g.grades.score[3] == 0.5f);
    assert_int_equal(g.tally.metrics[CPL_METRIC_ACCURACY].rows, 4);
    assert_true(g.tally.metrics[CPL_METRIC_ACCURACY].sum == (UINT64_C(5) << 32) / 2);
    assert_int_equal(g.tally.metrics[CPL_METRIC_COMPLETENESS].rows, 3);
    assert_true(g.tally.metrics[CPL_METRIC_COMPLETENESS].sum == UINT64_C(3) << 32);
    assert_true(g.tally.score.sum == (UINT64_C(13) << 32) / 4);
    assert_int_equal(g.tally.metrics[CPL_METRIC_TIMELINESS].rows, 0);
    end(&g);
}

static void weights_count(void **state)
{
    (void)state;
    struct cpl_rule_spec rules[] = {
        rule("xx", CPL_GRADE_GOLD, CPL_METRIC_ACCURACY),
        rule("..", CPL_GRADE_GOLD, CPL_METRIC_ACCURACY),
        rule("..", CPL_GRADE_GOLD, CPL_METRIC_COMPLETENESS),
    };
    rules[0].weight = 3;
    struct graded g;
    begin(&g, rules, 3);
    g.config.weight[CPL_METRIC_COMPLETENESS] = 2;
    grades(&g, 2);
    assert_true(g.grades.score[0] > 0.7499f && g.grades.score[0] < 0.7501f); /* (.25 + 2) / 3 */
    end(&g);
}

/* Thresholds hold although sums of weights miss a last bit. */
static void thresholds_are_reached(void **state)
{
    (void)state;
    struct cpl_rule_spec rules[10];
    for (int i = 0; i < 10; i++) {
        rules[i] = rule(i < 2 ? "x" : ".", CPL_GRADE_GOLD, CPL_METRIC_ACCURACY);
        rules[i].weight = 0.1;
    }
    struct graded g;
    begin(&g, rules, 10);
    assert_string_equal(grades(&g, 1), "s");
    end(&g);
}

static void partial_scores_touch_rows(void **state)
{
    (void)state;
    struct cpl_rule_spec rules[] = {rule("h.", CPL_GRADE_GOLD, CPL_METRIC_TIMELINESS)};
    rules[0].ops = &scored;
    struct graded g;
    begin(&g, rules, 1);
    assert_string_equal(grades(&g, 2), "bg");
    assert_true(g.grades.score[0] == 0.5f);
    end(&g);
}

/* What one batch left behind must not show in the next, whatever their sizes. */
static void batches_are_apart(void **state)
{
    (void)state;
    static char first[ROWS + 1], second[ROWS + 1];
    memset(first, 'x', ROWS);
    memset(second, '.', ROWS);
    struct cpl_rule_spec rules[] = {rule(first, CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY),
                                    rule(second, CPL_GRADE_SILVER, CPL_METRIC_ACCURACY)};
    struct graded g;
    begin(&g, rules, 2);
    for (uint32_t rows = 1; rows <= ROWS; rows += 33) {
        const char *text = grades(&g, rows);
        assert_int_equal(strspn(text, "b"), rows);
    }
    assert_int_equal(g.tally.grades[CPL_GRADE_BRONZE], 1 + 34 + 67 + 100);
    struct cpl_tally sum;
    assert_true(cpl_tally_init(&sum, 2, NULL));
    cpl_tally_add(&sum, &g.tally);
    cpl_tally_add(&sum, &g.tally);
    assert_int_equal(sum.rules[0].broken, 2 * 202);
    cpl_tally_clear(&sum);
    assert_int_equal(sum.rules[0].broken, 0);
    cpl_tally_release(&sum);
    end(&g);
}

static void no_rules_are_gold(void **state)
{
    (void)state;
    struct graded g;
    begin(&g, NULL, 0);
    assert_string_equal(grades(&g, 3), "ggg");
    assert_null(g.grades.score);
    end(&g);
}

static void rows_are_explained(void **state)
{
    (void)state;
    struct cpl_rule_spec rules[] = {rule("x", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY),
                                    rule(".", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY),
                                    rule("x", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY)};
    rules[0].id = "a";
    rules[2].id = "c";
    rules[2].message = "call the shop";
    struct graded g;
    struct cpl_buffer text = {0};
    begin(&g, rules, 3);
    grades(&g, 1);
    assert_true(cpl_grader_ids(g.grader, 0, &text, NULL));
    assert_string_equal(cpl_buffer_text(&text, NULL), "a,c");
    text.size = 0;
    assert_true(cpl_grader_explain(g.grader, &g.batch, 0, &text, NULL));
    assert_string_equal(cpl_buffer_text(&text, NULL), "row 0 is wrong (a); call the shop (c)");
    cpl_buffer_release(&text);
    end(&g);
}

static void binding_fails_with_the_rules_name(void **state)
{
    (void)state;
    struct cpl_rule_spec rules[] = {rule(".", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY),
                                    rule("unbindable", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY)};
    struct cpl_grading_config config = {.rules = rules, .n_rules = 2};
    struct cpl_error err = {0};
    assert_null(cpl_grading_new(&config, &none, &env, &err));
    assert_string_equal(err.message, "rule unbindable: it cannot be bound");
}

static void allocations_may_fail(void **state)
{
    (void)state;
    const struct cpl_rule_spec rules[] = {rule("x", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY),
                                          rule(".", CPL_GRADE_BRONZE, CPL_METRIC_ACCURACY)};
    struct cpl_grading_config config = {.rules = rules, .n_rules = 2};
    bool whole = false;
    for (uint64_t at = 1; !whole; at++) {
        struct cpl_error err = {0};
        struct cpl_tally tally;
        struct cpl_grades out;
        const struct cpl_batch batch = {.rows = 1};
        assert_true(cpl_tally_init(&tally, 2, &err));
        cpl_memory_fail_at(at);
        struct cpl_grading *grading = cpl_grading_new(&config, &none, &env, &err);
        struct cpl_grader *grader = grading ? cpl_grader_new(grading, &err) : NULL;
        whole = grader && cpl_grader_test(grader, &batch, &tally, &out, &err);
        cpl_memory_fail_at(0);
        assert_true(whole || err.code == CPL_E_MEMORY);
        cpl_grader_free(grader);
        cpl_grading_free(grading);
        cpl_tally_release(&tally);
        assert_true(at < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(severities_cap),
        cmocka_unit_test(scores_lower),
        cmocka_unit_test(weights_count),
        cmocka_unit_test(thresholds_are_reached),
        cmocka_unit_test(partial_scores_touch_rows),
        cmocka_unit_test(batches_are_apart),
        cmocka_unit_test(no_rules_are_gold),
        cmocka_unit_test(rows_are_explained),
        cmocka_unit_test(binding_fails_with_the_rules_name),
        cmocka_unit_test(allocations_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
