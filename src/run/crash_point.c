#include "run/crash_point.h"

#ifdef CUPEL_CRASH_POINTS
#include <stddef.h>

static void (*current)(const char *name);

void cpl_crash_hook(void (*hook)(const char *name))
{
    current = hook;
}

void cpl_crash_point(const char *name)
{
    if (current)
        current(name);
}
#else
typedef int cpl_no_crash_points; /* ISO C forbids an empty file */
#endif
