#include "expression/loaded.h"
#include "expression/characters.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* ---- ICU: its version is in the names of its library and functions; the newest is taken ---- */

enum { NEWEST = 99, OLDEST = 60 };
static struct {
    int32_t (*lower)(int32_t);
    int32_t (*upper)(int32_t);
} icu;

static bool symbol(void *library, int version, const char *name, void *function)
{
    char versioned[64];
    if (version)
        snprintf(versioned, sizeof versioned, "%s_%d", name, version);
    else
        snprintf(versioned, sizeof versioned, "%s", name);
    void *address = dlsym(library, versioned);
    memcpy(function, &address, sizeof address);
    return address != NULL;
}

static void load_icu(void)
{
    for (int version = NEWEST; version >= OLDEST; version--) {
        char name[32];
        snprintf(name, sizeof name, "libicuuc.so.%d", version);
        void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
        if (library && symbol(library, version, "u_tolower", &icu.lower) &&
            symbol(library, version, "u_toupper", &icu.upper))
            return;
        icu.upper = NULL;
        if (library)
            dlclose(library);
    }
}

bool cpl_unicode_load(struct cpl_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_icu);
    return icu.upper ||
           cpl_fail(err, CPL_E_LIBRARY,
                    "lower and upper need ICU: install Debian's libicu72 (any libicuuc from %d on)",
                    OLDEST);
}

size_t cpl_case_map(const uint8_t *text, size_t length, bool upper, uint8_t *out)
{
    uint8_t *to = out, first = upper ? 'a' : 'A';
    for (size_t i = 0; i < length;) {
        uint32_t code = 0;
        size_t n = text[i] < 0x80 ? 0 : cpl_read_character(text + i, length - i, &code);
        if (n) {
            to += cpl_put_character((uint32_t)(upper ? icu.upper : icu.lower)((int32_t)code), to);
            i += n;
        } else {
            uint8_t byte = text[i++];
            *to++ = (uint8_t)(byte - first) < 26 ? byte ^ 0x20 : byte;
        }
    }
    return (size_t)(to - out);
}

/* ---- OpenSSL's libcrypto ---- */

static struct {
    unsigned char *(*md5)(const unsigned char *, size_t, unsigned char *);
    unsigned char *(*sha256)(const unsigned char *, size_t, unsigned char *);
} crypto;

static void load_crypto(void)
{
    static const char *const names[] = {"libcrypto.so.3", "libcrypto.so.1.1"};
    for (size_t i = 0; i < sizeof names / sizeof *names && !crypto.sha256; i++) {
        void *library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        if (library && !(symbol(library, 0, "MD5", &crypto.md5) &&
                         symbol(library, 0, "SHA256", &crypto.sha256)))
            crypto.sha256 = NULL;
    }
}

bool cpl_digest_load(struct cpl_error *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load_crypto);
    return crypto.sha256 ||
           cpl_fail(err, CPL_E_LIBRARY,
                    "md5 and sha256 need OpenSSL's libcrypto: install Debian's libssl3");
}

void cpl_digest(const uint8_t *data, size_t size, bool md5, uint8_t *out)
{
    (md5 ? crypto.md5 : crypto.sha256)(data, size, out);
}
