/* The names of one object's members: found by text, numbered in the order they were added.
 *
 * Names are bytes (a key may hold anything UTF-8 can); text and tables live in an arena.
 * Threads: read-only use may be shared. Only json_keys_add can fail. */
#pragma once
#include "base/memory.h"

enum { JSON_NO_KEY = -1 };

struct json_key {
    const char *text; /* NUL-terminated as well */
    uint32_t length;
    uint32_t hash;
};
struct json_keys {
    struct json_key *items;
    uint32_t n, capacity;
    uint32_t *slots; /* 1 + number of the key; 0 = free; mask + 1 slots, at most half full */
    uint32_t mask;
};

/* Number of the key, or JSON_NO_KEY. */
int32_t json_keys_find(const struct json_keys *keys, const void *text, size_t length);
/* A key that is not there yet; its number is keys->n - 1 afterwards. */
bool json_keys_add(struct json_keys *keys, struct cpl_arena *arena, const void *text, size_t length,
                   struct cpl_error *err) CPL_CHECKED;
