/* Room for what workers hold together: the run's memory limit at work.
 *
 *   held ≤ most          everybody works; finished pages that would pass `most` wait in a scratch file
 *   most < held ≤ hard   only the split that is due goes on, the others stand still
 *   held > hard          the others drop what they hold and begin again when they are due;
 *                        if that does not help the split that is due, the run is refused with the size needed
 *
 * So a long row costs the work beside it, not the ceiling, and which bytes are written does not depend on any of it.
 * Threads: any; whoever is due never waits for one that waits for it. */
#pragma once
#include "base/budget.h"
#include "base/error.h"
#include <stdatomic.h>

struct cpl_room {
    struct cpl_budget budget;
    uint64_t hard;
    uint64_t limit;          /* of the run, for the error */
    _Atomic unsigned active; /* workers that hold something and could drop it */
};

enum cpl_room_state { CPL_ROOM_ENOUGH, CPL_ROOM_WAIT, CPL_ROOM_DROP };
/* What a worker whose split is not due must do. */
enum cpl_room_state cpl_room_state(struct cpl_room *room);
/* Is half of it held? Then nobody who is idle keeps anything: threads are so few that the longest row fits the other half. */
bool cpl_room_is_tight(struct cpl_room *room);
/* The split that is due waits until the others have dropped what they hold, if it must. LIMIT: even so there is too little. */
bool cpl_room_for_due(struct cpl_room *room, const _Atomic bool *stop,
                      struct cpl_error *err) CPL_CHECKED;
/* Let some milliseconds pass. */
void cpl_room_pause(void);
