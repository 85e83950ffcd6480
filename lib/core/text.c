/* Growing strings. */
#include <stdio.h>

#include "core/core.h"

static bool text_grow(egi_text *t, size_t more)
{
    if (t->failed) return false;
    if (t->n + more + 1 <= t->cap) return true;
    size_t cap = t->cap ? t->cap * 2 : 256;
    while (cap < t->n + more + 1) cap *= 2;
    char *s = egi_alloc(t->allocator, cap, 16);
    if (!s) {
        t->failed = true;
        return false;
    }
    if (t->n) memcpy(s, t->s, t->n);
    egi_free(t->allocator, t->s);
    t->s = s;
    t->cap = cap;
    return true;
}

void egi_vput(egi_text *t, const char *format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0 || !text_grow(t, (size_t)n)) return;
    vsnprintf(t->s + t->n, (size_t)n + 1, format, ap);
    t->n += (size_t)n;
}

void egi_put(egi_text *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    egi_vput(t, format, ap);
    va_end(ap);
}

void egi_text_free(egi_text *t)
{
    egi_free(t->allocator, t->s);
    t->s = NULL;
    t->n = t->cap = 0;
}
