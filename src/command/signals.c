/* Signals: the first SIGINT or SIGTERM asks the run to stop, the second kills. */
#include "command/outcome.h"

#include <signal.h>

static _Atomic bool stop;

static void on_signal(int number)
{
    if (atomic_exchange(&stop, true)) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

_Atomic bool *cpl_stop_on_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop;
}
