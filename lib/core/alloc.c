/* Allocation through the context's allocator: single blocks, arenas, growable arrays. */
#include <stdlib.h>

#include "core/core.h"

static void *malloc_aligned(void *user, size_t size, size_t align)
{
    (void)user;
    void *p = NULL;
    if (align <= sizeof(void *) * 2) return malloc(size);
    return posix_memalign(&p, align, size) ? NULL : p;
}

static void malloc_free(void *user, void *p)
{
    (void)user;
    free(p);
}

const eg_allocator egi_malloc_allocator = {malloc_aligned, malloc_free, NULL};

void *egi_alloc(const eg_allocator *a, size_t size, size_t align)
{
    if (size == 0) size = 1;
    if (size > PTRDIFF_MAX) return NULL;
    void *p = a->alloc(a->user, size, align);
    if (p) memset(p, 0, size);
    return p;
}

void egi_free(const eg_allocator *a, void *p)
{
    if (p) a->free(a->user, p);
}

/* Chunks double, so that a context makes few allocations and a failure test stays short. */
struct egi_arena_chunk {
    struct egi_arena_chunk *next;
    size_t used, cap;
    _Alignas(16) char data[];
};

enum { FIRST_CHUNK = 4096, LARGEST_CHUNK = 1 << 20 };

void *egi_arena_alloc(egi_arena *a, size_t size)
{
    if (size > PTRDIFF_MAX / 2) return NULL;
    size = (size + 15) & ~(size_t)15;
    struct egi_arena_chunk *c = a->head;
    if (!c || c->cap - c->used < size) {
        size_t cap = c ? c->cap * 2 : FIRST_CHUNK;
        if (cap > LARGEST_CHUNK) cap = LARGEST_CHUNK;
        if (cap < size) cap = size;
        c = egi_alloc(a->allocator, sizeof *c + cap, 16);
        if (!c) return NULL;
        c->cap = cap;
        c->next = a->head;
        a->head = c;
    }
    void *p = c->data + c->used;
    c->used += size;
    return p;
}

char *egi_arena_string(egi_arena *a, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = egi_arena_alloc(a, n);
    if (p) memcpy(p, s, n);
    return p;
}

void egi_arena_free(egi_arena *a)
{
    while (a->head) {
        struct egi_arena_chunk *next = a->head->next;
        egi_free(a->allocator, a->head);
        a->head = next;
    }
}

bool egi_vec_grow(const eg_allocator *a, void *vec, size_t elem, int64_t n)
{
    EGI_VEC(void) *v = vec;
    if (n <= v->cap) return true;
    int64_t cap = v->cap < 16 ? 16 : v->cap * 2;
    if (cap < n) cap = n;
    if ((uint64_t)cap > (uint64_t)PTRDIFF_MAX / elem) return false;
    void *p = egi_alloc(a, (size_t)cap * elem, 16);
    if (!p) return false;
    if (v->n) memcpy(p, v->at, (size_t)v->n * elem);
    egi_free(a, v->at);
    v->at = p;
    v->cap = cap;
    return true;
}
