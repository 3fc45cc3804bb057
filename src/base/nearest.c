/* The nearest right word for a wrong one: what turns "unknown option" into a correction.
 * Distance is Damerau-Levenshtein (a swap of neighbours counts one), blind to case and to - versus
 * _. No memory, no failure; words beyond 63 bytes have no neighbours. */
#include "base/tree.h"

#include <string.h>

enum { LONGEST = 63 };

static unsigned char fold(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned char)(c - 'A' + 'a');
    return c == '-' ? '_' : (unsigned char)c;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* Edit distance of two words of at most LONGEST bytes; three rows of the matrix are enough. */
static int distance(const char *a, size_t n, const char *b, size_t m)
{
    int rows[3][LONGEST + 1];
    int *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++)
        last[j] = (int)j;
    for (size_t i = 1; i <= n; i++) {
        now[0] = (int)i;
        for (size_t j = 1; j <= m; j++) {
            int same = fold(a[i - 1]) == fold(b[j - 1]);
            now[j] = least(last[j - 1] + !same, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
                fold(a[i - 2]) == fold(b[j - 1]))
                now[j] = least(now[j], before[j - 2] + 1);
        }
        int *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

static size_t shared_prefix(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && fold(a[n]) == fold(b[n]))
        n++;
    return n;
}

const char *cpl_nearest(const char *word, const char *const *candidates)
{
    size_t length = strlen(word);
    if (!length || length > LONGEST)
        return NULL;
    const char *best = NULL, *prefixed = NULL;
    size_t longest_prefix = 2;
    int allowed = length < 3 ? 1 : (int)(length + 2) / 3;
    for (; *candidates; candidates++) {
        size_t other = strlen(*candidates);
        if (!other || other > LONGEST)
            continue;
        int edits = distance(word, length, *candidates, other);
        if (edits < (int)other && edits <= allowed) {
            allowed = edits - 1; /* later ones must be nearer */
            best = *candidates;
        }
        size_t prefix = shared_prefix(word, *candidates);
        if (prefix > longest_prefix && (prefix == length || prefix == other)) {
            longest_prefix = prefix;
            prefixed = *candidates;
        }
    }
    return best ? best : prefixed;
}
