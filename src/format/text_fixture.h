/* For tests of texts: the text where a parser that reads beyond it would be seen to, and numbers by chance that are
 * the same in every run. */
#pragma once
#include <stdint.h>
#include <string.h>

static uint64_t random_state = 0x9E3779B97F4A7C15u;
static inline uint64_t rnd(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

/* Up to some KiB, with digits behind it: they would show if they were taken for part of it. One text at a time. */
static inline const uint8_t *padded(const char *text)
{
    static uint8_t memory[8192];
    memset(memory, '7', sizeof memory);
    memcpy(memory, text, strlen(text));
    return memory;
}
