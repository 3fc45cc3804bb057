/* argv → verb. The verbs stand in command/, one a file. */
#include <stdio.h>

int main(void)
{
    puts("cupel " CUPEL_VERSION);
    return 0;
}
