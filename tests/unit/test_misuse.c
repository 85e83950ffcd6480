/* Every public function of the core with wrong arguments: an error whose message says what was wrong, and nothing
 * changed.  Operations have their own table in test_ops_errors.c.  A last test reads the headers: no function is left
 * out. */
#define _DEFAULT_SOURCE
#include <dirent.h>

#include "engram/connect.h"
#include "engram/dynsys.h"
#include "engram/inputs.h"
#include "engram/models.h"
#include "engram/parallel.h"
#include "session.h"

static eg_context *other;
static eg_var *v;
static eg_array *array;
static eg_func *f;
static eg_state *s, *their_state;
static float eight[8], big[8];
static eg_val foreign, stale; /* of the other context's trace; of a trace that has ended */

static eg_val identity(void *user, eg_val x)
{
    (void)user;
    return x;
}
static eg_val sets(void *user, eg_val x)
{
    (void)user;
    eg_set(v, eg_add(eg_get(v), x));
    return stale = x;
}
static int host(void *user, const void *const *in, void *const *out)
{
    (void)user;
    (void)in;
    (void)out;
    return 0;
}
static void piece(void *user, int64_t lo, int64_t hi)
{
    (void)user;
    (void)lo;
    (void)hi;
}

static void objects(void)
{
    setup();
    other = eg_open(NULL);
    for (int k = 0; k < 8; k++) eight[k] = (float)k;
    v = eg_variable(eg, "v", eg_vector(EG_F32, 8));
    array = eg_array_new(eg, eg_vector(EG_F32, 8), eight);
    f = TRACE(sets, eg_vector(EG_F32, 8));
    s = eg_state_new(eg);
    eg_write(v, eight, sizeof eight);
    their_state = eg_state_new(other);
    fine();
}
static void close_objects(void)
{
    teardown();
    eg_close(other);
}

#define SPEC(t, r, d) ((eg_spec){.dtype = (t), .rank = (r), .dim = {d, d}})
#define V8 eg_vector(EG_F32, 8)
#define SCALAR eg_scalar(EG_F32)
#define INDPTR(...) ((int64_t[]){__VA_ARGS__})
#define INDICES(...) ((int32_t[]){__VA_ARGS__})
#define CALL(state_, in_, threads_) eg_call(f, state_, in_, NULL, &(eg_run_options){.threads = threads_})

/* X(name, inside a trace of x f32[8], status, words of the message, the call) */
#define ROWS(X)                                                                                                        \
    X(trace_name, 0, ERR_ARGUMENT, "eg_trace|name", eg_trace(eg, NULL, identity, NULL, 0, NULL))                       \
    X(trace_fn, 0, ERR_ARGUMENT, "eg_trace|function", eg_trace(eg, "f", NULL, NULL, 0, NULL))                          \
    X(trace_n, 0, ERR_ARGUMENT, "eg_trace|arguments", eg_trace(eg, "f", identity, NULL, -1, &V8))                      \
    X(trace_args, 0, ERR_ARGUMENT, "eg_trace|arguments", eg_trace(eg, "f", identity, NULL, 1, NULL))                   \
    X(trace_type, 0, ERR_TYPE, "eg_trace|type 77", eg_trace(eg, "f", identity, NULL, 1, &SPEC(77, 1, 3)))              \
    X(trace_rank, 0, ERR_SHAPE, "eg_trace|rank 7", eg_trace(eg, "f", identity, NULL, 1, &SPEC(EG_F32, 7, 1)))          \
    X(trace_low, 0, ERR_SHAPE, "eg_trace|rank -1", eg_trace(eg, "f", identity, NULL, 1, &SPEC(EG_F32, -1, 1)))         \
    X(trace_extent, 0, ERR_SHAPE, "eg_trace|negative", eg_trace(eg, "f", identity, NULL, 1, &SPEC(EG_F32, 1, -3)))     \
    X(trace_huge, 0, ERR_SHAPE, "eg_trace|argument 0|more elements",                                                   \
      eg_trace(eg, "f", identity, NULL, 1, &SPEC(EG_F64, 2, 1LL << 40)))                                               \
    X(parse_null, 0, ERR_ARGUMENT, "eg_parse|NULL", eg_parse(eg, NULL))                                                \
    X(parse_bad, 0, ERR_ARGUMENT, "line 1", eg_parse(eg, "engram 99"))                                                 \
    X(var_null, 0, ERR_ARGUMENT, "eg_variable|'NULL'", eg_variable(eg, NULL, V8))                                      \
    X(var_empty, 0, ERR_ARGUMENT, "eg_variable|no name", eg_variable(eg, "", V8))                                      \
    X(var_space, 0, ERR_ARGUMENT, "eg_variable|'a b'", eg_variable(eg, "a b", V8))                                     \
    X(var_twice, 0, ERR_ARGUMENT, "eg_variable|'v' exists|test_misuse.c:", eg_variable(eg, "v", V8))                   \
    X(var_type, 0, ERR_TYPE, "w|type -1", eg_variable(eg, "w", SPEC((eg_dtype) - 1, 1, 8)))                            \
    X(var_shape, 0, ERR_SHAPE, "w|negative", eg_variable(eg, "w", SPEC(EG_F32, 1, -8)))                                \
    X(get_late, 0, ERR_STATE, "eg_get|nothing is being traced", eg_get(v))                                             \
    X(set_late, 0, ERR_STATE, "eg_set|nothing is being traced", eg_set(v, 1))                                          \
    X(tuple_late, 0, ERR_STATE, "eg_tuple|nothing is being traced", eg_tuple(eg, 0, NULL))                             \
    X(item_late, 0, ERR_STATE, "eg_item|nothing is being traced", eg_item(x, 0))                                       \
    X(loop_late, 0, ERR_STATE, "eg_loop|nothing is", eg_loop(eg, 1, identity, NULL, eg_nothing(), eg_nothing()))       \
    X(while_late, 0, ERR_STATE, "eg_while|nothing is", eg_while(eg, identity, identity, NULL, eg_nothing()))           \
    X(cond_late, 0, ERR_STATE, "eg_cond|nothing is", eg_cond(x, identity, identity, NULL, eg_nothing()))               \
    X(host_late, 0, ERR_STATE, "eg_host|nothing is", eg_host(eg, "h", host, NULL, 0, NULL, 0, NULL))                   \
    X(constant_late, 0, ERR_STATE, "eg_constant|nothing is", eg_constant(array))                                       \
    X(set_shape, 1, ERR_SHAPE, "eg_set|'v'|f32[8]|f32[16]", eg_set(v, eg_concat(0, x, x)))                             \
    X(set_type, 1, ERR_TYPE, "eg_set|'v' is f32|f64", eg_set(v, eg_convert(x, EG_F64)))                                \
    X(set_nothing, 1, ERR_ARGUMENT, "eg_set|nothing", eg_set(v, eg_nothing()))                                         \
    X(set_tuple, 1, ERR_TYPE, "eg_set|tuple", eg_set(v, eg_tuple(eg, 1, &x)))                                          \
    X(set_foreign, 1, ERR_SCOPE, "eg_set|another context", eg_set(v, foreign))                                         \
    X(tuple_n, 1, ERR_ARGUMENT, "eg_tuple|-2 parts", eg_tuple(eg, -2, &x))                                             \
    X(tuple_null, 1, ERR_ARGUMENT, "eg_tuple|2 parts", eg_tuple(eg, 2, NULL))                                          \
    X(tuple_foreign, 1, ERR_SCOPE, "eg_tuple|another context", eg_tuple(eg, 1, &foreign))                              \
    X(item_k, 1, ERR_ARGUMENT, "eg_item|part 1 of a tuple of 1", eg_item(x, 1))                                        \
    X(loop_body, 1, ERR_ARGUMENT, "eg_loop|body is NULL", eg_loop(eg, 1, NULL, NULL, x, eg_nothing()))                 \
    X(loop_n, 1, ERR_ARGUMENT, "eg_loop|n must be", eg_loop(eg, -1, identity, NULL, x, eg_nothing()))                  \
    X(loop_foreign, 1, ERR_SCOPE, "eg_loop|another", eg_loop(eg, 1, identity, NULL, foreign, eg_nothing()))            \
    X(while_body, 1, ERR_ARGUMENT, "eg_while|body is NULL", eg_while(eg, identity, NULL, NULL, x))                     \
    X(while_foreign, 1, ERR_SCOPE, "eg_while|another", eg_while(eg, identity, identity, NULL, foreign))                \
    X(cond_pred, 1, ERR_TYPE, "eg_cond|bool scalar", eg_cond(x, identity, NULL, NULL, x))                              \
    X(cond_yes, 1, ERR_TYPE, "eg_cond|first branch", eg_cond(eg_gt(eg_sum(x), 0), NULL, NULL, NULL, x))                \
    X(host_name, 1, ERR_ARGUMENT, "eg_host|missing", eg_host(eg, NULL, host, NULL, 0, NULL, 0, NULL))                  \
    X(host_fn, 1, ERR_ARGUMENT, "eg_host|missing", eg_host(eg, "h", NULL, NULL, 0, NULL, 0, NULL))                     \
    X(host_in, 1, ERR_ARGUMENT, "eg_host|missing", eg_host(eg, "h", host, NULL, 1, NULL, 0, NULL))                     \
    X(host_out, 1, ERR_ARGUMENT, "eg_host|missing", eg_host(eg, "h", host, NULL, 0, NULL, -1, NULL))                   \
    X(host_spec, 1, ERR_SHAPE, "eg_host|negative", eg_host(eg, "h", host, NULL, 1, &x, 1, &SPEC(EG_F32, 1, -1)))       \
    X(host_foreign, 1, ERR_SCOPE, "eg_host|another", eg_host(eg, "h", host, NULL, 1, &foreign, 0, NULL))               \
    X(call_inside, 1, ERR_STATE, "eg_call|'sets'|being traced", eg_call(f, NULL, IN(eight), NULL, NULL))               \
    X(call_in, 0, ERR_ARGUMENT, "eg_call|'sets'|argument 0 is NULL", CALL(s, NULL, 0))                                 \
    X(call_arg, 0, ERR_ARGUMENT, "eg_call|'sets'|argument 0 is NULL", CALL(s, IN(NULL), 0))                            \
    X(call_state, 0, ERR_SCOPE, "eg_call|'sets'|another context", CALL(their_state, IN(eight), 0))                     \
    X(call_threads, 0, ERR_ARGUMENT, "eg_call|threads is -1", CALL(s, IN(eight), -1))                                  \
    X(call_many, 0, ERR_ARGUMENT, "eg_call|threads is 9999", CALL(NULL, IN(eight), 9999))                              \
    X(plan_null, 0, ERR_ARGUMENT, "eg_plan|'sets'|no place", eg_plan(f, 1, NULL))                                      \
    X(plan_threads, 0, ERR_ARGUMENT, "eg_plan|threads is -1", eg_plan_text(f, -1))                                     \
    X(reset_state, 0, ERR_SCOPE, "eg_reset|another context", eg_reset(eg, their_state))                                \
    X(data_state, 0, ERR_SCOPE, "eg_data|'v'|different contexts", eg_data(their_state, v))                             \
    X(write_null, 0, ERR_ARGUMENT, "eg_write|'v'|NULL", eg_write(v, NULL, sizeof big))                                 \
    X(write_size, 0, ERR_SHAPE, "eg_write|'v' has 32 bytes, 28", eg_write(v, big, 28))                                 \
    X(read_null, 0, ERR_ARGUMENT, "eg_read|'v'|NULL", eg_read(v, NULL, sizeof big))                                    \
    X(read_size, 0, ERR_SHAPE, "eg_read|'v' has 32 bytes, 40", eg_read(v, big, 40))                                    \
    X(init_null, 0, ERR_ARGUMENT, "eg_init|'v'|NULL", eg_init(v, NULL, sizeof big))                                    \
    X(init_size, 0, ERR_SHAPE, "eg_init|'v' has 32 bytes, 0", eg_init(v, big, 0))                                      \
    X(array_type, 0, ERR_TYPE, "eg_array_new|type 8", eg_array_new(eg, SPEC(8, 1, 8), NULL))                           \
    X(array_shape, 0, ERR_SHAPE, "eg_array_new|negative", eg_array_new(eg, SPEC(EG_F32, 1, -8), NULL))                 \
    X(csr_null, 0, ERR_ARGUMENT, "eg_csr_new", eg_csr_new(eg, 2, 2, NULL, NULL))                                       \
    X(csr_size, 0, ERR_ARGUMENT, "eg_csr_new", eg_csr_new(eg, -2, 2, INDPTR(0), INDICES(0)))                           \
    X(csr_order, 0, ERR_ARGUMENT, "eg_csr_new|row", eg_csr_new(eg, 2, 2, INDPTR(0, 2, 1), INDICES(0, 1)))              \
    X(csr_target, 0, ERR_ARGUMENT, "eg_csr_new|row", eg_csr_new(eg, 2, 2, INDPTR(0, 1, 2), INDICES(0, 2)))             \
    X(adopt_null, 0, ERR_ARGUMENT, "eg_csr_adopt", eg_csr_adopt(eg, 2, 2, NULL, NULL))                                 \
    X(prob_null, 0, ERR_ARGUMENT, "eg_fixed_prob", eg_fixed_prob(eg, 2, 2, NULL))                                      \
    X(prob_nan, 0, ERR_ARGUMENT, "eg_fixed_prob|prob", eg_fixed_prob(eg, 2, 2, &(eg_fixed_prob_options){.prob = -1}))  \
    X(alloc_negative, 0, ERR_ARGUMENT, "eg_alloc", eg_alloc(eg, -1, 4))                                                \
    X(parallel_fn, 0, ERR_ARGUMENT, "eg_parallel_for", eg_parallel_for(eg, 4, 1, NULL, NULL))                          \
    X(parallel_n, 0, ERR_ARGUMENT, "eg_parallel_for", eg_parallel_for(eg, -4, 1, piece, NULL))                         \
    X(fail_fails, 0, ERR_RUN, "seven 7|file.c:3", eg_fail(eg, EG_ERR_RUN, "file.c", 3, "seven %d", 7))

#define X(name, traced, status, words, ...)                                                                            \
    static void call_##name(eg_val x)                                                                                  \
    {                                                                                                                  \
        (void)x;                                                                                                       \
        (void)(__VA_ARGS__);                                                                                           \
    }
ROWS(X)
#undef X

typedef struct row {
    const char *name;
    bool traced;
    eg_status status;
    const char *words;
    void (*call)(eg_val x);
} row;
static const row rows[] = {
#define X(name, traced, status, words, ...) {#name, traced, EG_##status, words, call_##name},
    ROWS(X)
#undef X

};

static eg_val call_inside(void *user, eg_val x)
{
    ((const row *)user)->call(x);
    return x;
}

static eg_val keep_foreign(void *user, eg_val x)
{
    const row *r = user;
    foreign = x;
    if (r->traced)
        eg_trace(eg, "f", call_inside, user, 1, &V8);
    else
        r->call(stale);
    return eg_nothing();
}

static void has_words(const char *name, const char *words, const char *message)
{
    char copy[200], *at = copy;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *w; (w = strsep(&at, "|"));) ck_assert_msg(strstr(message, w), "%s: no '%s' in: %s", name, w, message);
}

START_TEST(every_wrong_call_is_an_error_that_says_what_was_wrong_and_changes_nothing)
{
    for (const row *r = rows; r < rows + LEN(rows); r++) {
        eg_stats before = eg_get_stats(eg);
        /* Inside a trace of the other context, so that there is a live foreign value. */
        eg_func *theirs_f = eg_trace(other, "theirs", keep_foreign, (void *)(uintptr_t)r, 1, &V8);
        ck_assert_msg(theirs_f && eg_error(other) == EG_OK, "%s: %s", r->name, eg_message(other));
        ck_assert_msg(eg_error(eg) == r->status, "%s: status '%s', message '%s'", r->name, eg_status_text(eg_error(eg)),
                      eg_message(eg));
        has_words(r->name, r->words, eg_message(eg));
        /* The error sticks: nothing else happens, and the first message stays. */
        ck_assert_ptr_null(eg_variable(eg, "later", V8));
        ck_assert_ptr_null(eg_state_new(eg));
        ck_assert_int_eq(eg_write(v, big, sizeof big), r->status);
        ck_assert_int_eq(eg_call(f, s, IN(eight), NULL, NULL), r->status);
        ck_assert_int_eq(eg_compile(f), r->status);
        has_words(r->name, r->words, eg_message(eg));
        eg_clear_error(eg);
        ck_assert_str_eq(eg_message(eg), "");
        ck_assert_msg(!memcmp(eg_data(NULL, v), eight, sizeof eight), "%s changed a variable", r->name);
        ck_assert_msg(eg_get_stats(eg).runs == before.runs && eg_get_stats(eg).compiles == before.compiles, "%s ran",
                      r->name);
        ck_assert_ptr_null(eg_find_variable(eg, "w"));
    }
    ck_assert_int_eq(eg_call(f, s, IN(eight), NULL, NULL), EG_OK);
    ck_assert_float_eq(((float *)eg_data(s, v))[7], 7);
}
END_TEST

START_TEST(null_is_survived_everywhere)
{
    eg_val none = eg_nothing();
    eg_spec spec = V8;
    ck_assert_int_eq(eg_error(NULL), EG_ERR_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(eg_message(NULL), "NULL"));
    eg_close(NULL), eg_clear_error(NULL), eg_set_log(NULL, NULL, NULL), eg_func_free(NULL), eg_state_free(NULL);
    eg_cancel(NULL), eg_release(NULL, NULL), eg_release(eg, NULL), eg_fail(NULL, EG_ERR_RUN, NULL, 0, "x");
    eg_set((eg_var *)NULL, 1);
    ck_assert_ptr_null(eg_trace(NULL, "f", identity, NULL, 0, NULL));
    ck_assert_ptr_null(eg_parse(NULL, "engram 1"));
    ck_assert_ptr_null(eg_tuple(NULL, 0, NULL).of);
    ck_assert_ptr_null(eg_item(none, 0).of);
    ck_assert_ptr_null(eg_name(none, "n").of);
    ck_assert_ptr_null(eg_get((eg_var *)NULL).of);
    ck_assert_ptr_null(eg_loop(NULL, 1, identity, NULL, none, none).of);
    ck_assert_ptr_null(eg_while(NULL, identity, identity, NULL, none).of);
    ck_assert_ptr_null(eg_cond(none, identity, identity, NULL, none).of);
    ck_assert_ptr_null(eg_host(NULL, "h", host, NULL, 0, NULL, 0, NULL).of);
    ck_assert_ptr_null(eg_constant((eg_array *)NULL).of);
    ck_assert_ptr_null(eg_variable(NULL, "v", spec));
    ck_assert_ptr_null(eg_find_variable(NULL, "v"));
    ck_assert_ptr_null(eg_find_variable(eg, NULL));
    ck_assert_str_eq(eg_variable_name(NULL), "");
    ck_assert_int_eq(eg_variable_spec(NULL).rank, -1);
    ck_assert_int_eq(eg_array_spec(NULL).rank, -1);
    ck_assert_ptr_null(eg_array_context(NULL));
    ck_assert_int_eq(eg_arg_spec(NULL, 0).rank, -1);
    ck_assert_int_eq(eg_result_spec(NULL, 0).rank, -1);
    ck_assert_int_eq(eg_result_spec(f, 1).rank, -1);
    ck_assert_int_eq(eg_arg_spec(f, -1).rank, -1);
    ck_assert_int_eq(eg_num_args(NULL), 0);
    ck_assert_int_eq(eg_num_variables(NULL), 0);
    ck_assert_int_eq(eg_num_used_variables(NULL), 0);
    ck_assert_ptr_null(eg_used_variable(NULL, 0));
    ck_assert_ptr_null(eg_used_variable(f, -1));
    ck_assert_ptr_null(eg_used_variable(f, 1));
    ck_assert(!eg_is_number(none, NULL));
    ck_assert_ptr_null(eg_context_of(none)); /* nothing is being traced */
    ck_assert_int_eq(eg_num_results(NULL), 0);
    ck_assert_str_eq(eg_text(NULL), "");
    ck_assert_int_eq(eg_spec_of(none).rank, -1);
    ck_assert_int_eq(eg_tuple_size(none), 0);
    ck_assert_ptr_null(eg_array_new(NULL, spec, NULL));
    ck_assert_ptr_null(eg_array_data(NULL));
    ck_assert_ptr_null(eg_csr_new(NULL, 1, 1, INDPTR(0, 0), INDICES(0)));
    ck_assert_ptr_null(eg_csr_adopt(NULL, 1, 1, NULL, NULL));
    ck_assert_ptr_null(eg_fixed_prob(NULL, 1, 1, NULL));
    ck_assert_ptr_null(eg_csr_context(NULL));
    ck_assert_int_eq(eg_csr_num_pre(NULL) + eg_csr_num_post(NULL) + eg_csr_size(NULL), 0);
    ck_assert_ptr_null(eg_csr_indptr(NULL));
    ck_assert_ptr_null(eg_csr_indices(NULL));
    ck_assert_ptr_null(eg_csr_order(NULL));
    ck_assert_ptr_null(eg_apply(NULL, 1).of);
    ck_assert_ptr_null(eg_csr_adopt_numbered(NULL, 1, 1, NULL, NULL, NULL));
    ck_assert_ptr_null(eg_array_adopt(NULL, spec, NULL));
    ck_assert(!eg_own(NULL, NULL, NULL) && !eg_own(eg, NULL, NULL));
    eg_disown(NULL, NULL);
    ck_assert_double_eq(eg_leaky_integrator_defaults().tau, 10);
    ck_assert_int_eq(eg_num_made(NULL), 0);
    (void)eg_shared_at(NULL, eg_int(0), eg_real(0.1));
    eg_hold_inputs(NULL), eg_restore_inputs(NULL);
    ck_assert_ptr_null(eg_square_input(NULL, 1, 1, 1, 0, 0, false, NULL));
    (void)eg_connection_seed(NULL);
    (void)eg_check_param(NULL, false, "tau", -1, "use a positive one");
    ck_assert_ptr_null(eg_state_new(NULL));
    ck_assert_ptr_null(eg_own_state(NULL));
    ck_assert_ptr_null(eg_data(s, NULL));
    ck_assert_ptr_null(eg_alloc(NULL, 1, 1));
    ck_assert_double_ge(eg_seconds(), 0);
    ck_assert_double_eq(eg_compile_seconds(NULL), 0);
    ck_assert_int_eq(eg_reset(NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_write(NULL, eight, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_read(NULL, eight, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_fill(NULL, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_init(NULL, eight, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_init_fill(NULL, 1), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_call(NULL, NULL, NULL, NULL, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_compile(NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_plan(NULL, 1, NULL), EG_ERR_ARGUMENT);
    ck_assert_str_eq(eg_plan_text(NULL, 1), "");
    ck_assert_int_eq(eg_run_status(NULL), EG_ERR_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(eg_run_message(NULL), "NULL"));
    ck_assert_int_eq(eg_parallel_for(NULL, 1, 1, piece, NULL), EG_ERR_ARGUMENT);
    ck_assert_int_eq(eg_get_stats(NULL).runs, 0);
    ck_assert_ptr_null(eg_open(&(eg_options){.allocator = &(eg_allocator){0}}));
    ck_assert_int_eq(eg_version(), EG_VERSION);
    ck_assert_str_eq(eg_status_text((eg_status)999), "unknown status");
    ck_assert_str_eq(eg_dtype_name((eg_dtype)999), "?");
    ck_assert_str_eq(eg_memory_kind_text((eg_memory_kind)999), "unknown kind");
    ck_assert_uint_eq(eg_dtype_size((eg_dtype)999), 0);
    ck_assert_ptr_nonnull(eg_real(1).of);
    ck_assert_ptr_nonnull(eg_int(1).of);
    ck_assert_ptr_nonnull(eg_uint(1).of);
    ck_assert_ptr_null(eg_complex_number(1, 2).of); /* nothing is traced */
    fine();
}
END_TEST

/* -- no function is left out --------------------------------------------------------------------------------------- */

static char *text_of_file(const char *dir, const char *name, char *old)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    size_t n = old ? strlen(old) : 0;
    char *text = realloc(old, n + (1 << 20));
    ck_assert_ptr_nonnull(text);
    text[n + fread(text + n, 1, (1 << 20) - 1, file)] = 0;
    fclose(file);
    return text;
}

static char *all_tests(const char *dir, char *old)
{
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        if (n > 2 && !strcmp(e->d_name + n - 2, ".c")) old = text_of_file(dir, e->d_name, old);
    }
    if (d) closedir(d);
    return old;
}

static bool has_name(const char *text, const char *name)
{
    size_t n = strlen(name);
    for (; (text = strstr(text, name)); text += n) {
        char after = text[n];
        if (after != '_' && !(after >= 'a' && after <= 'z') && !(after >= '0' && after <= '9')) return true;
    }
    return false;
}

/* Calls of a header's functions must stand in `tests`; gives how many functions there are. */
static int check_header(const char *header, const char *text, const char *tests)
{
    int n = 0;
    while ((text = strstr(text, "\nEG_API "))) {
        char name[100] = {0};
        text++;
        if (!strncmp(text, "EG_API extern", 13)) continue;
        if (!strncmp(text, "EG_API eg_surrogate ", 20)) continue; /* makes a struct, which eg_spike() checks */
        /* The name stands before the last '(' that something eg_ stands before: "EG_API eg_val (eg_tuple)(". */
        const char *end = text + strcspn(text, ";"), *at = text;
        for (const char *p = text; p < end && !*name; p++) {
            if (strncmp(p, "eg_", 3) || (p[-1] != ' ' && p[-1] != '*' && p[-1] != '(')) continue;
            size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz0123456789_");
            at = p + len;
            if (*at == '(' || (p[-1] == '(' && *at == ')')) snprintf(name, sizeof name, "%.*s", (int)len, p);
            p = at - 1;
        }
        ck_assert_msg(*name, "%s: no name in %.60s", header, text);
        ck_assert_msg(has_name(tests, name), "%s of %s is in no table of wrong calls", name, header);
        n++;
    }
    return n;
}

START_TEST(every_function_of_the_headers_is_called_wrongly_somewhere)
{
    static const char include[] = EG_TEST_DIR "/../include/engram";
    char *here = text_of_file(EG_TEST_DIR "/unit", "test_misuse.c", NULL);
    char *all = all_tests(EG_TEST_DIR "/unit", NULL);
    static const char *const areas[] = {"/models", "/run", "/io",    "/plot", "/export",  "/grad",
                                        "/faults", "/nn",  "/train", "/vmap", "/neurons", "/integrate"};
    for (size_t k = 0; k < LEN(areas); k++) {
        char path[600];
        snprintf(path, sizeof path, "%s%s", EG_TEST_DIR, areas[k]);
        all = all_tests(path, all);
    }
    DIR *d = opendir(include);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));) {
        size_t n = strlen(e->d_name);
        if (n < 2 || strcmp(e->d_name + n - 2, ".h")) continue;
        char *text = text_of_file(include, e->d_name, NULL);
        bool here_only = !strcmp(e->d_name, "core.h");
        int found = check_header(e->d_name, text, here_only ? here : all);
        if (!strcmp(e->d_name, "core.h")) ck_assert_int_ge(found, 60);
        free(text);
    }
    closedir(d);
    free(here);
    free(all);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("misuse");
    TCase *t = tcase_create("misuse");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, objects, close_objects);
    tcase_add_test(t, every_wrong_call_is_an_error_that_says_what_was_wrong_and_changes_nothing);
    tcase_add_test(t, null_is_survived_everywhere);
    tcase_add_test(t, every_function_of_the_headers_is_called_wrongly_somewhere);
    suite_add_tcase(suite, t);
    return test_run(suite);
}
