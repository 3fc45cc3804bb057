/* Named places at which the fault tests stop, kill or suspend a process: between every pair of the
 * protocol's rules 4 to 12. Compiled to nothing but in the
 * fault tests, which have these files built once more for themselves. No option reaches it.
 */
#pragma once

#ifdef CUPEL_CRASH_POINTS
void cpl_crash_point(const char *name);
/* Tests: called at every point with its name; NULL = nothing happens. */
void cpl_crash_hook(void (*hook)(const char *name));
#else
#define cpl_crash_point(name) ((void)0)
#endif
