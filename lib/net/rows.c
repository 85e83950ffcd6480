/* Sorting connections by number, in parts that are counted and placed on their own. */
#include "rows.h"

#include <string.h>

typedef struct sort {
    int64_t num, size, parts;
    const int64_t *from;
    const int32_t *key;
    int64_t *to;
    int64_t *place; /* [parts, size]: how many of each key; then where the next goes */
} sort;

static int64_t item_of(const sort *s, int64_t k) { return s->from ? s->from[k] : k; }

static void count(void *user, int64_t lo, int64_t hi)
{
    const sort *s = user;
    for (int64_t p = lo; p < hi; p++) {
        int64_t *place = s->place + p * s->size, end = s->num * (p + 1) / s->parts;
        memset(place, 0, (size_t)s->size * sizeof *place);
        for (int64_t k = s->num * p / s->parts; k < end; k++) place[s->key[item_of(s, k)]]++;
    }
}

static void put(void *user, int64_t lo, int64_t hi)
{
    const sort *s = user;
    for (int64_t p = lo; p < hi; p++) {
        int64_t *place = s->place + p * s->size, end = s->num * (p + 1) / s->parts;
        for (int64_t k = s->num * p / s->parts; k < end; k++) {
            int64_t item = item_of(s, k);
            s->to[place[s->key[item]]++] = item;
        }
    }
}

bool rows_sort(eg_context *eg, int64_t num, const int64_t *from, const int32_t *key, int64_t size, int64_t *to,
               int64_t *start)
{
    /* A part is worth it when it has more items than keys. */
    enum { GRAIN = 65536, MOST = 16 };
    sort s = {.num = num, .size = size, .from = from, .key = key, .to = to, .parts = num / (GRAIN + size) + 1};
    if (s.parts > MOST) s.parts = MOST;
    s.place = eg_alloc(eg, s.parts * size, sizeof *s.place);
    if (!s.place) return false;
    eg_parallel_for(eg, s.parts, 1, count, &s);
    int64_t at = 0;
    for (int64_t k = 0; k < size; k++) {
        start[k] = at;
        for (int64_t p = 0; p < s.parts; p++) {
            int64_t n = s.place[p * size + k];
            s.place[p * size + k] = at;
            at += n;
        }
    }
    start[size] = at;
    eg_parallel_for(eg, s.parts, 1, put, &s);
    eg_release(eg, s.place);
    return !eg_error(eg);
}

typedef struct turn {
    const int64_t *indptr, *number;
    int32_t *source; /* of each connection */
    int32_t *indices;
} turn;

static void name_sources(void *user, int64_t lo, int64_t hi)
{
    const turn *t = user;
    for (int64_t i = lo; i < hi; i++) {
        for (int64_t e = t->indptr[i]; e < t->indptr[i + 1]; e++) t->source[e] = (int32_t)i;
    }
}

static void take_sources(void *user, int64_t lo, int64_t hi)
{
    const turn *t = user;
    for (int64_t k = lo; k < hi; k++) t->indices[k] = t->source[t->number[k]];
}

bool rows_turn(eg_context *eg, int64_t num_pre, int64_t num_post, const int64_t *indptr, const int32_t *indices,
               rows_turned *out)
{
    int64_t n = indptr[num_pre];
    *out = (rows_turned){eg_alloc(eg, num_post + 1, sizeof *out->indptr), eg_alloc(eg, n, sizeof *out->number),
                         eg_alloc(eg, n, sizeof *out->indices)};
    turn t = {indptr, out->number, eg_alloc(eg, n, sizeof *t.source), out->indices};
    bool ok = out->indptr && out->number && out->indices && t.source &&
              rows_sort(eg, n, NULL, indices, num_post, out->number, out->indptr);
    if (ok) eg_parallel_for(eg, num_pre, 1024, name_sources, &t);
    if (ok) eg_parallel_for(eg, n, 65536, take_sources, &t);
    eg_release(eg, t.source);
    if (ok && !eg_error(eg)) return true;
    eg_release(eg, out->indptr);
    eg_release(eg, out->number);
    eg_release(eg, out->indices);
    return false;
}
