/* The program: argv → verb (command/). */
#include "command/command.h"

#include <signal.h>

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN); /* a reader who goes away is an error value (EPIPE), not our death */
    return cpl_command(argc, argv);
}
