/* An allocator that fails when told to. */
#include "support/faulty.h"

#include <stdlib.h>
#include <string.h>

#include "support/support.h"

static void *take(void *user, size_t size, size_t align)
{
    faulty *a = user;
    long k = atomic_fetch_add(&a->allocations, 1) + 1;
    if (a->at && (a->onwards ? k >= a->at : k == a->at)) return NULL;
    void *p = NULL;
    if (posix_memalign(&p, align < sizeof p ? sizeof p : align, size)) return NULL;
    memset(p, 0xA5, size); /* nobody may count on zeros */
    atomic_fetch_add(&a->live, 1);
    return p;
}

static void give(void *user, void *p)
{
    atomic_fetch_sub(&((faulty *)user)->live, 1);
    free(p);
}

eg_allocator faulty_allocator(faulty *a) { return (eg_allocator){take, give, a}; }

void faulty_every(bool (*fn)(eg_context *eg))
{
    for (int onwards = 0; onwards < 2; onwards++) {
        bool beyond = false; /* the last allocation did not fail any more */
        for (long k = 1; !beyond; k++) {
            faulty a = {.onwards = onwards};
            eg_allocator allocator = faulty_allocator(&a);
            eg_context *eg = eg_open(&(eg_options){.allocator = &allocator});
            ck_assert_ptr_nonnull(eg);
            a.at = a.allocations + k;
            bool ok = fn(eg);
            beyond = a.allocations < a.at;
            ck_assert_msg(ok || eg_error(eg) == EG_ERR_MEMORY, "allocation %ld: %s", k, eg_message(eg));
            ck_assert_msg(ok || !beyond, "no allocation failed: %s", eg_message(eg));
            ck_assert_msg(!ok || !eg_error(eg), "allocation %ld: %s", k, eg_message(eg));
            eg_close(eg);
            ck_assert_msg(a.live == 0, "allocation %ld: %ld are left", k, (long)a.live);
            ck_assert_int_lt(k, 2000);
        }
    }
}
