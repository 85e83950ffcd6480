/* A context, functions traced in it, and runs of them both ways, for tests of the core. */
#ifndef ENGRAM_TESTS_SESSION_H
#define ENGRAM_TESTS_SESSION_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/core.h"
#include "engram/math.h"
#include "support/support.h"

#define LEN(a) (sizeof(a) / sizeof *(a))

static eg_context *eg;
static eg_state *state; /* of the last run, compiled */

static inline void setup(void)
{
    eg = eg_open(NULL);
    state = NULL;
    ck_assert_ptr_nonnull(eg);
}

static inline void teardown(void)
{
    eg_close(eg);
    eg = NULL;
}

static inline void fine(void) { ck_assert_msg(eg_error(eg) == EG_OK, "%s", eg_message(eg)); }

/* The context has this error, whose message holds each of the words; it is cleared. */
static inline void says(eg_context *of, eg_status status, const char *const *words)
{
    ck_assert_msg(eg_error(of) == status, "'%s', not '%s': %s", eg_status_text(eg_error(of)), eg_status_text(status),
                  eg_message(of));
    for (; *words; words++) ck_assert_msg(strstr(eg_message(of), *words), "'%s' is not in: %s", *words, eg_message(of));
    eg_clear_error(of);
}
#define SAYS(status, ...) says(eg, status, (const char *const[]){__VA_ARGS__, NULL})

/* Traces fn, which takes the arguments given as eg_spec, if any. */
#define TRACE(fn, ...)                                                                                                 \
    trace_fn(#fn, fn, sizeof((eg_spec[]){{EG_F32, 0, {0}} __VA_OPT__(, ) __VA_ARGS__}) / sizeof(eg_spec) - 1,          \
             (eg_spec[]){{EG_F32, 0, {0}} __VA_OPT__(, ) __VA_ARGS__} + 1)
static inline eg_func *trace_fn(const char *name, eg_fn fn, size_t n, const eg_spec *args)
{
    eg_func *f = eg_trace(eg, name, fn, NULL, (int)n, args);
    ck_assert_msg(f != NULL, "%s: %s", name, eg_message(eg));
    return f;
}

static inline size_t bytes_of(eg_spec s)
{
    size_t n = eg_dtype_size(s.dtype);
    for (int k = 0; k < s.rank; k++) n *= (size_t)s.dim[k];
    return n;
}

/* Runs f on a new state; result k goes to out[k]. */
static inline eg_state *run_on_new(eg_func *f, const void *const *in, void *const *out, bool interpret)
{
    eg_state *s = eg_state_new(eg);
    fine();
    eg_run_options o = {.interpret = interpret};
    eg_status status = eg_call(f, s, in, out, &o);
    ck_assert_msg(status == EG_OK, "%s%s", eg_run_message(s), eg_message(eg));
    return s;
}

static inline void same_variables(eg_state *a, eg_state *b, const char *const *names)
{
    for (; *names; names++) {
        eg_var *v = eg_find_variable(eg, *names);
        ck_assert_msg(v != NULL, "no variable %s", *names);
        ck_assert_msg(!memcmp(eg_data(a, v), eg_data(b, v), bytes_of(eg_variable_spec(v))), "variable %s differs",
                      *names);
    }
}

/* Runs f compiled and interpreted, each on a new state: the same bits in its only result, if it has one, and in the
 * variables; the result is in `out`, the state of the compiled run in `state`. */
static inline void run_both(eg_func *f, const void *const *in, void *out, const char *const *variables)
{
    size_t bytes = eg_num_results(f) ? bytes_of(eg_result_spec(f, 0)) : 0;
    ck_assert_int_le(eg_num_results(f), 1);
    void *other = calloc(1, bytes + 1);
    if (state) eg_state_free(state);
    state = run_on_new(f, in, &out, false);
    eg_state *s = run_on_new(f, in, &other, true);
    ck_assert_msg(bytes == 0 || !memcmp(out, other, bytes), "compiled and interpreted differ");
    same_variables(state, s, variables);
    eg_state_free(s);
    free(other);
}
#define BOTH(f, in, out, ...) run_both(f, in, out, (const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})
#define IN(...) ((const void *const[]){__VA_ARGS__})

static inline float f32_of(const char *name) { return *(float *)eg_data(state, eg_find_variable(eg, name)); }

/* What the library logs, kept. */
static char log_text[1 << 16];
static inline void keep_log(void *user, const char *text)
{
    (void)user;
    size_t n = strlen(log_text);
    snprintf(log_text + n, sizeof log_text - n, "%s", text);
}

static inline int count_of(const char *text, const char *word)
{
    int n = 0;
    for (; (text = strstr(text, word)); text += strlen(word)) n++;
    return n;
}

#endif
