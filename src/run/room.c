#include "run/room.h"

#include <time.h>

static uint64_t held(struct cpl_room *room)
{
    return atomic_load_explicit(&room->budget.held, memory_order_relaxed);
}

enum cpl_room_state cpl_room_state(struct cpl_room *room)
{
    if (held(room) <= atomic_load_explicit(&room->budget.most, memory_order_relaxed))
        return CPL_ROOM_ENOUGH;
    return held(room) <= room->hard ? CPL_ROOM_WAIT : CPL_ROOM_DROP;
}

bool cpl_room_is_tight(struct cpl_room *room)
{
    return held(room) > atomic_load_explicit(&room->budget.most, memory_order_relaxed) / 2;
}

void cpl_room_pause(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

bool cpl_room_for_due(struct cpl_room *room, const _Atomic bool *stop, struct cpl_error *err)
{
    while (held(room) > room->hard && atomic_load(&room->active) > 1 && !atomic_load(stop))
        cpl_room_pause();
    uint64_t now = held(room);
    if (now <= room->hard || atomic_load(stop))
        return true;
    uint64_t needed = room->limit + (now - atomic_load(&room->budget.most));
    return cpl_fail(err, CPL_E_LIMIT,
                    "limits.memory of %llu MiB is too little for rows as long as these: they take "
                    "about %llu MiB; raise it (--memory-limit), or lower limits.max_row_bytes so "
                    "that longer rows are rejected",
                    (unsigned long long)(room->limit >> 20),
                    (unsigned long long)((needed + needed / 16) >> 20) + 1);
}
