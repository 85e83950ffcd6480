#include "faulty.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

/* Fails at allocation `at`, and at all later ones if `onwards`.  Runs call it from several threads. */
typedef struct faulty {
    atomic_long allocations, live, failed;
    atomic_long at;
    bool onwards;
} faulty;

static void *take(void *user, size_t size, size_t align)
{
    faulty *a = user;
    long k = atomic_fetch_add(&a->allocations, 1) + 1, at = atomic_load(&a->at);
    if (at && (a->onwards ? k >= at : k == at)) {
        atomic_fetch_add(&a->failed, 1);
        return NULL;
    }
    void *p = NULL;
    if (posix_memalign(&p, align < sizeof p ? sizeof p : align, size)) return NULL;
    memset(p, 0xA5, size); /* nobody may count on zeros */
    atomic_fetch_add(&a->live, 1);
    return p;
}

static void give(void *user, void *p)
{
    ck_assert_ptr_nonnull(p);
    atomic_fetch_sub(&((faulty *)user)->live, 1);
    free(p);
}

void outcome_add(outcome *o, const void *data, size_t size)
{
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_le(o->size + size, sizeof o->bytes);
    memcpy(o->bytes + o->size, data, size);
    o->size += size;
}

static bool same(const outcome *a, const outcome *b)
{
    return a->size == b->size && !memcmp(a->bytes, b->bytes, a->size);
}

static eg_context *open_with(faulty *a) { return eg_open(&(eg_options){.allocator = &(eg_allocator){take, give, a}}); }

/* Once without a fault: how many allocations there are. */
static long rehearse(const scenario *s, void *made, outcome *want)
{
    faulty a = {0};
    memset(made, 0, s->size);
    eg_context *eg = open_with(&a);
    ck_assert_msg(s->attempt(eg, made, want), "%s: %s", s->name, eg_message(eg));
    ck_assert_uint_gt(want->size, 0);
    eg_close(eg);
    ck_assert_msg(a.live == 0, "%s: %ld allocations are left without any fault", s->name, (long)a.live);
    return a.allocations;
}

static eg_status run_status;
static char run_message[1024];

bool faulty_run(eg_context *eg, eg_state *state, eg_status status)
{
    if (status == EG_OK || eg_error(eg)) return status == EG_OK;
    run_status = status;
    strncpy(run_message, eg_run_message(state ? state : eg_own_state(eg)), sizeof run_message - 1);
    return false;
}

/* The error of a failed attempt is about memory and says so; afterwards it is cleared. */
static void check_error(const scenario *s, eg_context *eg, long k)
{
    eg_status status = eg_error(eg) ? eg_error(eg) : run_status;
    const char *message = eg_error(eg) ? eg_message(eg) : run_message;
    ck_assert_msg(status == EG_ERR_MEMORY && strstr(message, "memory"), "%s, allocation %ld: %s: '%s'", s->name, k,
                  eg_status_text(status), message);
    eg_clear_error(eg);
}

static void fail_at(const scenario *s, long k, bool onwards, void *made, const outcome *want)
{
    static outcome got;
    faulty a = {.at = k, .onwards = onwards};
    memset(made, 0, s->size);
    got.size = 0;
    run_status = EG_OK;
    eg_context *eg = open_with(&a);
    if (!eg) ck_assert_msg(a.failed > 0, "%s: no context although there was memory", s->name);
    if (eg && !s->attempt(eg, made, &got)) {
        ck_assert_msg(a.failed > 0, "%s, before allocation %ld: %s", s->name, k, eg_message(eg));
        check_error(s, eg, k);
        a.at = 0;
        got.size = 0;
        ck_assert_msg(s->attempt(eg, made, &got), "%s, after allocation %ld%s failed, again: %s%s", s->name, k,
                      onwards ? " and later ones" : "", eg_message(eg), run_message);
    } else if (eg) {
        ck_assert_msg(!onwards || !a.failed, "%s: allocation %ld fails and nobody minds", s->name, k);
    }
    if (eg) ck_assert_msg(same(&got, want), "%s: allocation %ld fails and the result is wrong", s->name, k);
    eg_close(eg);
    ck_assert_msg(a.live == 0, "%s, allocation %ld%s: %ld are left", s->name, k, onwards ? " and later ones" : "",
                  (long)a.live);
}

void faulty_check(const scenario *s, long stride)
{
    static outcome want;
    void *made = calloc(1, s->size + 1);
    ck_assert_ptr_nonnull(made);
    want.size = 0;
    long n = rehearse(s, made, &want);
    ck_assert_msg(n <= s->most, "%s takes %ld allocations", s->name, n);
    ck_assert_int_lt(s->from, n);
    for (long k = s->from ? s->from : 1; k <= n; k += stride) {
        fail_at(s, k, false, made, &want);
        fail_at(s, k, true, made, &want);
    }
    free(made);
}
