/* The program: argv → verb (command/). */
#include "base/memory.h"
#include "command/command.h"

#include <signal.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a reader who goes away is an error value (EPIPE), not our death */
    cpl_memory_keep();
    return cpl_command(argc, argv);
}
