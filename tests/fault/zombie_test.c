/* Processes that stop and come back, and processes that race.
 *
 * A writer is suspended (SIGSTOP) at its n-th crash point, for every n. Meanwhile another process does the
 * same run, and then a third replaces all its rows. The zombie, continued, must change nothing: it finds
 * its lane moved, or its tokens gone. */
#include "fault.h"

enum { MAX_POINTS = 200, WRITERS = 4 };

static void assert_ok(struct bench *bench, const struct run *run)
{
    bool prior;
    if (!run_all(bench, run, &prior))
        fail_msg("%s", bench->err.message);
}

static void a_zombie_changes_nothing(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "r", .rows = 10, .rejected = 1, .partition = "day=1"};
    struct run next = {.id = "next", .rows = 3, .partition = "day=1", .mode = CPL_MODE_OVERWRITE};
    int refused = 0, status = -2;
    for (int n = 1; status == -2; n++) {
        assert_true(n < MAX_POINTS);
        start_over(bench);
        pid_t zombie = start_run(bench, &run, n, SIGSTOP);
        status = wait_run(zombie);
        assert_ok(bench, &run);
        assert_complete(bench, 10);
        assert_ok(bench, &next);
        assert_complete(bench, 3);
        if (status == -2) {
            kill(zombie, SIGCONT);
            refused += wait_run(zombie) == cpl_code_exit_status(CPL_E_CONFLICT);
        }
        assert_complete(bench, 3);
    }
    assert_int_equal(status, 0);
    assert_true(refused >= 4); /* those that were stopped before their record */
}

/* With an id of its own a zombie that comes back is late, and right. */
static void a_late_writer_lands_once(void **state)
{
    struct bench *bench = *state;
    struct run late = {.id = "late", .rows = 10, .partition = "day=1"};
    struct run other = {.id = "other", .rows = 3, .partition = "day=1"};
    int status = -2;
    for (int n = 1; status == -2; n++) {
        start_over(bench);
        pid_t zombie = start_run(bench, &late, n, SIGSTOP);
        status = wait_run(zombie);
        assert_ok(bench, &other);
        if (status == -2) {
            kill(zombie, SIGCONT);
            assert_int_equal(wait_run(zombie), 0);
        }
        assert_complete(bench, 13);
    }
}

static void racing_writers_all_land(void **state)
{
    struct bench *bench = *state;
    for (int round = 0; round < 10; round++) {
        pid_t children[WRITERS];
        char ids[WRITERS][8];
        start_over(bench);
        for (int i = 0; i < WRITERS; i++) {
            snprintf(ids[i], sizeof ids[i], "w%d", i);
            struct run run = {.id = ids[i], .rows = (uint64_t)i + 1, .partition = "day=1"};
            children[i] = start_run(bench, &run, 0, 0);
        }
        for (int i = 0; i < WRITERS; i++)
            assert_int_equal(wait_run(children[i]), 0);
        recover(bench);
        assert_complete(bench, 1 + 2 + 3 + 4);
    }
}

static void of_racing_twins_one_lands(void **state)
{
    struct bench *bench = *state;
    struct run run = {.id = "twin", .rows = 10, .rejected = 1};
    for (int round = 0; round < 10; round++) {
        pid_t children[WRITERS];
        int landed = 0;
        start_over(bench);
        for (int i = 0; i < WRITERS; i++)
            children[i] = start_run(bench, &run, 0, 0);
        for (int i = 0; i < WRITERS; i++) {
            int status = wait_run(children[i]);
            assert_true(status == 0 || status == cpl_code_exit_status(CPL_E_CONFLICT));
            landed += status == 0;
        }
        assert_true(landed >= 1); /* more when they began after it and found it there */
        recover(bench);
        assert_complete(bench, 10);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(a_zombie_changes_nothing),
        T(a_late_writer_lands_once),
        T(racing_writers_all_land),
        T(of_racing_twins_one_lands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
