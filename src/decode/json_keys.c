#include "decode/json_keys.h"
#include <string.h>
#include <xxhash.h>

static uint32_t hash_of(const void *text, size_t length)
{
    return (uint32_t)XXH3_64bits(text, length);
}

static bool is_key(const struct json_key *key, uint32_t hash, const void *text, size_t length)
{
    return key->hash == hash && key->length == length && !memcmp(key->text, text, length);
}

int32_t json_keys_find(const struct json_keys *keys, const void *text, size_t length)
{
    if (!keys->n)
        return JSON_NO_KEY;
    uint32_t hash = hash_of(text, length);
    for (uint32_t at = hash & keys->mask; keys->slots[at]; at = (at + 1) & keys->mask)
        if (is_key(&keys->items[keys->slots[at] - 1], hash, text, length))
            return (int32_t)keys->slots[at] - 1;
    return JSON_NO_KEY;
}

static void place(struct json_keys *keys, uint32_t number)
{
    uint32_t at = keys->items[number].hash & keys->mask;
    while (keys->slots[at])
        at = (at + 1) & keys->mask;
    keys->slots[at] = number + 1;
}

static bool grow(struct json_keys *keys, struct cpl_arena *arena, struct cpl_error *err)
{
    uint32_t capacity = keys->capacity ? keys->capacity * 2 : 8;
    struct json_key *items = cpl_arena_alloc(arena, capacity * sizeof *items, err);
    uint32_t *slots = cpl_arena_alloc(arena, capacity * 2 * sizeof *slots, err);
    if (!items || !slots)
        return false;
    if (keys->n)
        memcpy(items, keys->items, keys->n * sizeof *items);
    memset(slots, 0, capacity * 2 * sizeof *slots);
    keys->items = items;
    keys->slots = slots;
    keys->capacity = capacity;
    keys->mask = capacity * 2 - 1;
    for (uint32_t i = 0; i < keys->n; i++)
        place(keys, i);
    return true;
}

bool json_keys_add(struct json_keys *keys, struct cpl_arena *arena, const void *text, size_t length,
                   struct cpl_error *err)
{
    if (keys->n == keys->capacity && !grow(keys, arena, err))
        return false;
    char *copy = cpl_arena_strndup(arena, text, length, err);
    if (!copy)
        return false;
    keys->items[keys->n] = (struct json_key){
        .text = copy, .length = (uint32_t)length, .hash = hash_of(text, length)};
    place(keys, keys->n++);
    return true;
}
