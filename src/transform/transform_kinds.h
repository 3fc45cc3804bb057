/* The kinds of transforms, for src/registry.c. */
#pragma once
#include "transform/transform.h"

extern const struct cpl_transform_ops cpl_transform_derive, cpl_transform_drop,
    cpl_transform_filter, cpl_transform_rename, cpl_transform_select;
