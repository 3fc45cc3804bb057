/* The kinds of transforms, for src/registry.c. */
#pragma once
#include "transform/transform.h"

extern const struct cpl_transform_ops cpl_transform_cast, cpl_transform_derive, cpl_transform_drop,
    cpl_transform_fill, cpl_transform_filter, cpl_transform_hash, cpl_transform_mask,
    cpl_transform_rename, cpl_transform_select, cpl_transform_standardise;
