/* Lists of codes that ISO keeps. Codes are matched in the case in which ISO writes them. Any thread; nothing can fail. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cpl_iso_list {
    CPL_ISO_COUNTRY,  /* 3166-1 alpha-2: DE */
    CPL_ISO_COUNTRY3, /* 3166-1 alpha-3: DEU */
    CPL_ISO_CURRENCY, /* 4217: EUR */
    CPL_ISO_LANGUAGE  /* 639-1: de */
};
bool cpl_iso_code(enum cpl_iso_list list, const uint8_t *text, size_t length);
