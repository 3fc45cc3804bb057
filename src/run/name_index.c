#include "run/name_index.h"

#include <string.h>

#include <xxhash.h>

void cpl_name_index_release(struct cpl_name_index *index)
{
    cpl_free(index->slots);
    *index = (struct cpl_name_index){0};
}

static struct cpl_name_slot *slot_of(struct cpl_name_slot *slots, size_t capacity, const char *name)
{
    size_t i = (size_t)XXH3_64bits(name, strlen(name)) & (capacity - 1);
    while (slots[i].name && strcmp(slots[i].name, name) != 0)
        i = (i + 1) & (capacity - 1);
    return &slots[i];
}

bool cpl_name_index_reserve(struct cpl_name_index *index, size_t extra, struct cpl_error *err)
{
    size_t capacity = index->capacity ? index->capacity : 16;
    while (capacity / 2 < index->n + extra)
        capacity *= 2;
    if (capacity == index->capacity)
        return true;
    struct cpl_name_slot *slots = cpl_alloc_zero(capacity, sizeof *slots, err);
    if (!slots)
        return false;
    for (size_t i = 0; i < index->capacity; i++)
        if (index->slots[i].name)
            *slot_of(slots, capacity, index->slots[i].name) = index->slots[i];
    cpl_free(index->slots);
    index->slots = slots;
    index->capacity = capacity;
    return true;
}

size_t *cpl_name_index_find(const struct cpl_name_index *index, const char *name)
{
    if (!index->capacity)
        return NULL;
    struct cpl_name_slot *slot = slot_of(index->slots, index->capacity, name);
    return slot->name ? &slot->value : NULL;
}

void cpl_name_index_add(struct cpl_name_index *index, const char *name, size_t value)
{
    struct cpl_name_slot *slot = slot_of(index->slots, index->capacity, name);
    if (!slot->name)
        index->n++;
    *slot = (struct cpl_name_slot){.name = name, .value = value};
}
