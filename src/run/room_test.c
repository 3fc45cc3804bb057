#include "run/room.h"
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
/* behind those */
#include <cmocka.h>
#include <pthread.h>

static struct cpl_room a_room(uint64_t held)
{
    return (struct cpl_room){.budget = {.held = held, .most = 100 << 20},
                             .hard = 110 << 20,
                             .limit = (uint64_t)150 << 20,
                             .active = 1};
}

static void others_wait_then_drop(void **state)
{
    (void)state;
    struct cpl_room room = a_room(100 << 20);
    assert_int_equal(cpl_room_state(&room), CPL_ROOM_ENOUGH);
    room.budget.held++;
    assert_int_equal(cpl_room_state(&room), CPL_ROOM_WAIT);
    room.budget.held = (110 << 20) + 1;
    assert_int_equal(cpl_room_state(&room), CPL_ROOM_DROP);
}

static void half_of_it_is_tight(void **state)
{
    (void)state;
    struct cpl_room room = a_room(50 << 20);
    assert_false(cpl_room_is_tight(&room));
    room.budget.held++;
    assert_true(cpl_room_is_tight(&room));
}

static void alone_it_is_refused_with_the_size(void **state)
{
    (void)state;
    _Atomic bool stop = false;
    struct cpl_error err = {0};
    struct cpl_room room = a_room(110 << 20);
    assert_true(cpl_room_for_due(&room, &stop, &err));
    room.budget.held = 300 << 20;
    assert_false(cpl_room_for_due(&room, &stop, &err));
    assert_int_equal(err.code, CPL_E_LIMIT);
    assert_non_null(strstr(err.message, "limits.memory of 150 MiB"));
    assert_non_null(strstr(err.message, "about 372 MiB")); /* 150 + 200, and a sixteenth */
}

static void *drop(void *context)
{
    struct cpl_room *room = context;
    cpl_room_pause();
    atomic_fetch_sub(&room->budget.held, 200 << 20);
    atomic_fetch_sub(&room->active, 1);
    return NULL;
}

static void the_due_one_waits_for_others(void **state)
{
    (void)state;
    _Atomic bool stop = false;
    struct cpl_error err = {0};
    struct cpl_room room = a_room(300 << 20);
    pthread_t other;
    room.active = 2;
    assert_int_equal(pthread_create(&other, NULL, drop, &room), 0);
    assert_true(cpl_room_for_due(&room, &stop, &err));
    pthread_join(other, NULL);
}

static void a_stop_ends_the_wait(void **state)
{
    (void)state;
    _Atomic bool stop = true;
    struct cpl_error err = {0};
    struct cpl_room room = a_room(300 << 20);
    room.active = 2;
    assert_true(cpl_room_for_due(&room, &stop, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_wait_then_drop),
        cmocka_unit_test(half_of_it_is_tight),
        cmocka_unit_test(alone_it_is_refused_with_the_size),
        cmocka_unit_test(the_due_one_waits_for_others),
        cmocka_unit_test(a_stop_ends_the_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
