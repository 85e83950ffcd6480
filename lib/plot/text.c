/* Text that grows. */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool reserve(text *t, size_t more)
{
    if (t->room - t->n >= more) return true;
    size_t room = 2 * t->room + more + 4096;
    char *p = eg_error(t->eg) ? NULL : eg_alloc(t->eg, (int64_t)room, 1);
    if (!p) return false;
    if (t->n) memcpy(p, t->at, t->n);
    eg_release(t->eg, t->at);
    t->at = p;
    t->room = room;
    return true;
}

void egi_text_add(text *t, const void *data, size_t n)
{
    if (!n || !reserve(t, n)) return;
    memcpy(t->at + t->n, data, n);
    t->n += n;
}

void egi_text_put(text *t, const char *format, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(line, sizeof line, format, ap);
    va_end(ap);
    if (n > 0) egi_text_add(t, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

size_t egi_text_char(const char *s, bool *good)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t n = p[0] >= 0xF0 && p[0] < 0xF5 ? 4 : p[0] >= 0xE0 && p[0] < 0xF0 ? 3 : p[0] >= 0xC2 && p[0] < 0xE0 ? 2 : 1;
    *good = n > 1 || (p[0] >= 32 && p[0] < 127);
    for (size_t k = 1; k < n && *good; k++) *good = (p[k] & 0xC0) == 0x80;
    /* longer than need be, half of a surrogate pair, U+FFFE and U+FFFF, beyond U+10FFFF */
    if (*good && n == 2) *good = p[0] != 0xC2 || p[1] >= 0xA0;
    if (*good && n == 3)
        *good = !(p[0] == 0xE0 && p[1] < 0xA0) && !(p[0] == 0xED && p[1] > 0x9F) &&
                !(p[0] == 0xEF && p[1] == 0xBF && p[2] > 0xBD);
    if (*good && n == 4) *good = !(p[0] == 0xF0 && p[1] < 0x90) && !(p[0] == 0xF4 && p[1] > 0x8F);
    return *good ? n : 1;
}
