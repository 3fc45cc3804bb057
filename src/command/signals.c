/* Signals: the first SIGINT, SIGTERM or SIGHUP asks the run to stop, the second kills. What nohup has set to be ignored
 * stays so. */
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
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction before;
        bool ignored = !sigaction(numbers[i], NULL, &before) && before.sa_handler == SIG_IGN;
        if (!ignored)
            sigaction(numbers[i], &action, NULL);
    }
    return &stop;
}
