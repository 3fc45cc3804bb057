/* The kinds of rules, for src/registry.c. */
#pragma once
#include "quality/rule.h"

extern const struct cpl_rule_ops cpl_rule_check, cpl_rule_checksum, cpl_rule_format, cpl_rule_fresh,
    cpl_rule_length, cpl_rule_not_null, cpl_rule_pattern, cpl_rule_range, cpl_rule_set,
    cpl_rule_type;
