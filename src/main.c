/* The program: argv → verb (command/). */
#include "base/memory.h"
#include "command/command.h"

#include <malloc.h>
#include <signal.h>

/* Page and part buffers of some MiB come and go all the time: from the heap they cost nothing, while mapped and unmapped
 * each time they fault in page by page (a third of the system time of a conversion). */
static void keep_large_blocks(void)
{
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

int main(int argc, char **argv)
{
    keep_large_blocks();
    signal(SIGPIPE, SIG_IGN); /* a reader who goes away is an error value (EPIPE), not our death */
    cpl_memory_keep();
    return cpl_command(argc, argv);
}
