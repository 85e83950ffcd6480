/* A trace opened by hand, so that tests see what the builder makes before any pass, and run by the interpreter. */
#ifndef ENGRAM_TESTS_OPS_SESSION_H
#define ENGRAM_TESTS_OPS_SESSION_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "engram/math.h"
#include "ir/eval.h"
#include "support/support.h"

typedef struct session {
    eg_context *eg;
    egi_trace trace;
    egi_scope scope;
} session;

static inline void start(session *s, const eg_options *options)
{
    memset(s, 0, sizeof *s);
    s->eg = eg_open(options);
    ck_assert_ptr_nonnull(s->eg);
}

static inline void trace_begin(session *s)
{
    s->trace = (egi_trace){.g = egi_graph_new(s->eg), .generation = ++s->eg->generation, .scope = &s->scope};
    s->eg->trace = &s->trace;
}

static inline void trace_end(session *s)
{
    s->eg->trace = NULL;
    egi_graph_free(s->trace.g);
    egi_vec_free(&s->eg->allocator, &s->scope.vars);
}

static session main_session;
static eg_context *eg;
static egi_graph *g;

static inline void setup_mode(eg_math mode)
{
    start(&main_session, &(eg_options){.math = mode});
    trace_begin(&main_session);
    eg = main_session.eg;
    g = main_session.trace.g;
}

static inline void setup(void) { setup_mode(EG_MATH_CONTRACT); }

static inline void teardown(void)
{
    trace_end(&main_session);
    eg_close(eg);
}

static inline eg_val arg_in(session *s, eg_spec spec, const char *name)
{
    egi_graph *h = s->trace.g;
    egi_shape shape = {.rank = spec.rank};
    memcpy(shape.dim, spec.dim, sizeof shape.dim);
    uint64_t k = (uint64_t)h->args.n;
    egi_push(&s->eg->allocator, &h->args, spec);
    egi_make m = {.op = EGI_ARG, .dtype = spec.dtype, .shape = egi_shape_intern(h, &shape), .imm = k};
    return eg_name(egi_wrap(s->eg, egi_node_make(h, &m)), name);
}

static inline eg_val arg(eg_spec spec, const char *name) { return arg_in(&main_session, spec, name); }

static inline egi_op op_of(eg_val v)
{
    ck_assert_msg(v.of != NULL, "no value: %s", eg_message(eg));
    return (egi_op)egi_at(g, v.id)->op;
}

static inline egi_op op_of_arg(eg_val v, uint32_t k) { return (egi_op)egi_at(g, egi_arg(g, v.id, k))->op; }

static inline void is_spec(eg_val v, eg_spec want)
{
    ck_assert_msg(v.of != NULL, "no value: %s", eg_message(eg));
    eg_spec got = eg_spec_of(v);
    ck_assert_msg(egi_spec_equal(got, want), "%s of rank %d, not %s of rank %d", eg_dtype_name(got.dtype), got.rank,
                  eg_dtype_name(want.dtype), want.rank);
}

/* The message is that of a failed call of op on this file, and holds each of the words; the error is cleared. */
static inline void says(eg_val v, eg_status status, const char *const *words)
{
    ck_assert_ptr_null(v.of);
    ck_assert_msg(eg_error(eg) == status, "status %d, not %d: %s", (int)eg_error(eg), (int)status, eg_message(eg));
    for (; *words; words++) ck_assert_msg(strstr(eg_message(eg), *words), "'%s' is not in: %s", *words, eg_message(eg));
    ck_assert_msg(strstr(eg_message(eg), "test_ops_"), "no file: %s", eg_message(eg));
    eg_clear_error(eg);
}
#define SAYS(v, status, ...) says(v, status, (const char *const[]){__VA_ARGS__, NULL})

/* Runs the graph with v as its only result; `out` has room. */
static inline void run(eg_val v, void *out, const void *const *args)
{
    ck_assert_msg(v.of != NULL, "no value: %s", eg_message(eg));
    egi_ids *results = &g->regions.at[0].results;
    results->n = 0;
    egi_push(&eg->allocator, results, v.id);
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
    egi_run r = {.args = args, .results = &out, .allocator = &eg->allocator, .seed = 1};
    ck_assert_msg(egi_eval(g, &r) == EG_OK, "%s", r.message);
}
#define ARGS(...) ((const void *const[]){__VA_ARGS__})
#define CHECK_F32(v, args, ...)                                                                                        \
    do {                                                                                                               \
        const float want_[] = {__VA_ARGS__};                                                                           \
        float got_[64] = {0};                                                                                          \
        ck_assert_int_eq(egi_count(g, (v).id), sizeof want_ / sizeof *want_);                                          \
        run(v, got_, args);                                                                                            \
        test_check_f32(#v, got_, want_, sizeof want_ / sizeof *want_);                                                 \
    } while (0)
#define CHECK_I32(v, args, ...)                                                                                        \
    do {                                                                                                               \
        const int32_t want_[] = {__VA_ARGS__};                                                                         \
        int32_t got_[64] = {0};                                                                                        \
        ck_assert_int_eq(egi_count(g, (v).id), sizeof want_ / sizeof *want_);                                          \
        run(v, got_, args);                                                                                            \
        for (size_t k_ = 0; k_ < sizeof want_ / sizeof *want_; k_++) ck_assert_int_eq(got_[k_], want_[k_]);            \
    } while (0)

#endif
