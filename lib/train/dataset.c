/* Data as batches: rows of arrays, in order or shuffled, or what a function gives. */
#include <stdint.h>
#include <string.h>

#include "trainer.h"

enum { DEFAULT_BATCH = 32 };

static int64_t elements(eg_spec s, int first)
{
    int64_t n = 1;
    for (int k = first; k < s.rank; k++) n *= s.dim[k];
    return n;
}

static size_t row_bytes(eg_spec s) { return (size_t)elements(s, 1) * eg_dtype_size(s.dtype); }

bool egt_good_spec(eg_spec s)
{
    bool good = s.rank >= 1 && s.rank <= EG_MAX_RANK && eg_dtype_size(s.dtype) > 0;
    for (int k = 0; good && k < s.rank; k++) good = s.dim[k] >= 0;
    return good;
}

bool egt_check_dataset(egt_trainer *t, const eg_dataset *d, const char *what, const char *file, int line)
{
    const char *why = NULL;
    if (!d)
        why = "there are none";
    else if (d->next)
        return true;
    else if (!d->x || !d->y)
        why = "x or y is NULL; give arrays, or a function";
    else if (!egt_good_spec(d->x_spec) || !egt_good_spec(d->y_spec))
        why = "the shape of x or y is none; the first axis counts samples";
    else if (d->x_spec.dim[0] != d->y_spec.dim[0])
        why = "x and y have another number of samples";
    else if (d->x_spec.dim[0] < 1)
        why = "there is no sample";
    else if (d->batch_size < 0)
        why = "batch_size is negative";
    else if (d->drop_last && d->batch_size > d->x_spec.dim[0])
        why = "there are fewer samples than in a batch, and drop_last leaves none";
    if (!why) return true;
    eg_fail(t->eg, EG_ERR_ARGUMENT, file, line, "%s '%s': %s data: %s", eg_class_of(t->self)->name,
            eg_system_path(t->self), what, why);
    return false;
}

/* -- shuffling ----------------------------------------------------------------------------------------------------- */

/* A well-mixed 64-bit number of each pair (Steele, Lea and Flood, "Fast splittable pseudorandom number generators",
 * 2014). */
static uint64_t mixed(uint64_t seed, uint64_t k)
{
    uint64_t z = seed + (k + 1) * 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* A number below n, all equally likely to 2^-64. */
static int64_t below(uint64_t bits, int64_t n)
{
    __extension__ typedef unsigned __int128 wide_number;
    wide_number wide = (wide_number)bits * (uint64_t)n;
    return (int64_t)(wide >> 64);
}

/* An order of n samples that depends on the seed and the epoch alone. */
static bool shuffle(egt_trainer *t, int64_t n, int64_t epoch)
{
    if (t->order_room < n) {
        eg_release(t->eg, t->order);
        t->order = eg_alloc(t->eg, n, sizeof *t->order);
        t->order_room = t->order ? n : 0;
        if (!t->order) return false;
    }
    uint64_t seed = mixed(t->o.seed, (uint64_t)epoch);
    for (int64_t k = 0; k < n; k++) t->order[k] = k;
    for (int64_t k = n - 1; k > 0; k--) {
        int64_t j = below(mixed(seed, (uint64_t)k), k + 1), at = t->order[k];
        t->order[k] = t->order[j];
        t->order[j] = at;
    }
    return true;
}

/* -- batches ------------------------------------------------------------------------------------------------------- */

bool egt_begin_epoch(egt_batches *b, egt_trainer *t, const eg_dataset *d, int64_t epoch, int64_t shuffle_as)
{
    *b = (egt_batches){.t = t, .d = d, .epoch = epoch};
    if (d->next) return true;
    int64_t n = d->x_spec.dim[0];
    b->size = d->batch_size ? d->batch_size : DEFAULT_BATCH;
    if (b->size > n) b->size = n;
    b->shuffled = d->shuffle && shuffle_as >= 0;
    return !b->shuffled || shuffle(t, n, shuffle_as);
}

static void *room_for(egt_trainer *t, void **at, size_t *room, size_t bytes)
{
    if (*at && *room >= bytes) return *at;
    eg_release(t->eg, *at);
    *at = eg_alloc(t->eg, (int64_t)bytes + 1, 1);
    *room = *at ? bytes : 0;
    return *at;
}

static void *gather(const egt_batches *b, void *to, const void *from, int64_t n, size_t bytes)
{
    for (int64_t k = 0; to && k < n; k++)
        memcpy((char *)to + (size_t)k * bytes, (const char *)from + (size_t)b->t->order[b->at + k] * bytes, bytes);
    return to;
}

static bool next_of_arrays(egt_batches *b, eg_batch *to)
{
    const eg_dataset *d = b->d;
    egt_trainer *t = b->t;
    int64_t left = d->x_spec.dim[0] - b->at, n = left < b->size ? left : b->size;
    if (n < 1 || (d->drop_last && n < b->size)) return false;
    size_t x = row_bytes(d->x_spec), y = row_bytes(d->y_spec);
    *to = (eg_batch){.x_spec = d->x_spec, .y_spec = d->y_spec};
    to->x_spec.dim[0] = to->y_spec.dim[0] = n;
    if (b->shuffled) {
        to->x = gather(b, room_for(t, &t->x, &t->x_room, (size_t)n * x), d->x, n, x);
        to->y = gather(b, room_for(t, &t->y, &t->y_room, (size_t)n * y), d->y, n, y);
    } else {
        to->x = (const char *)d->x + (size_t)b->at * x;
        to->y = (const char *)d->y + (size_t)b->at * y;
    }
    b->at += n;
    return to->x && to->y;
}

static bool next_of_function(egt_batches *b, eg_batch *to, const char *file, int line)
{
    egt_trainer *t = b->t;
    *to = (eg_batch){0};
    if (!b->d->next(b->d->user, b->epoch, b->k, to) || eg_error(t->eg)) return false;
    if (egt_good_spec(to->x_spec) && egt_good_spec(to->y_spec) && to->x && to->y) return true;
    eg_fail(t->eg, EG_ERR_ARGUMENT, file, line, "%s '%s': batch %lld of epoch %lld has no x or y, or no proper shape",
            eg_class_of(t->self)->name, eg_system_path(t->self), (long long)b->k, (long long)b->epoch);
    return false;
}

bool egt_next_batch(egt_batches *b, eg_batch *to, const char *file, int line)
{
    bool some = b->d->next ? next_of_function(b, to, file, line) : next_of_arrays(b, to);
    b->k += some;
    return some;
}
