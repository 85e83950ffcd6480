/* Functions with loops, conds, events and random draws, traced, compiled and run while allocations fail. */
#include <string.h>

#include "faulty.h"
#include "support/support.h"

/* Tracing takes about 140 allocations, which its own scenario tries; those that compile begin before its end. */
enum { N = 200, STEPS = 6, TRACED = 120, COPIES = 3 };

typedef struct program {
    eg_context *eg;
    eg_var *V, *count, *all_V, *all_count;
    eg_csr *csr;
    eg_func *f, *copies;
    eg_state *s;
} program;

static eg_val set_count(void *user, eg_val x)
{
    program *p = user;
    eg_set(p->count, eg_add(eg_get(p->count), 1));
    return x;
}
static eg_val above(void *user, eg_val x)
{
    (void)user;
    return eg_gt(x, 4);
}
static eg_val halve(void *user, eg_val x)
{
    (void)user;
    return eg_mul(x, 0.5);
}
static eg_val step(void *user, eg_val x)
{
    program *p = user;
    eg_val v = eg_name(eg_add(eg_mul(eg_get(p->V), 0.9), eg_item(x, 2)), "v");
    eg_val fired = eg_gt(v, 1);
    v = eg_event_add(eg_where(fired, 0, eg_exp(eg_neg(v))), p->csr, fired, 0.5);
    eg_cond(eg_any(fired), set_count, NULL, p, eg_nothing());
    eg_set(p->V, v);
    return eg_tuple(p->eg, 2, ((eg_val[]){eg_add(eg_item(x, 1), eg_sum(v)), v}));
}
static eg_val simulate(void *user, eg_val x)
{
    program *p = user;
    eg_val out = eg_loop(p->eg, STEPS, step, p, eg_full(p->eg, eg_scalar(EG_F32), 0), x);
    eg_val last = eg_while(p->eg, above, halve, p, eg_item(out, 0));
    eg_val noise = eg_uniform(p->eg, eg_vector(EG_F32, 4), 0, 1);
    return eg_tuple(p->eg, 3, ((eg_val[]){last, eg_cumsum(eg_item(out, 1), 0), eg_sort(noise, 0)}));
}

static void connect(program *p)
{
    int64_t indptr[N + 1];
    int32_t indices[5 * N];
    for (int i = 0; i <= N; i++) indptr[i] = 5 * i;
    for (int k = 0; k < 5 * N; k++) indices[k] = k * 37 % N;
    p->csr = eg_csr_new(p->eg, N, N, indptr, indices);
}

static bool traced(eg_context *eg, program *p)
{
    eg_spec arg = eg_matrix(EG_F32, STEPS, N);
    p->eg = eg;
    if (!p->V) p->V = eg_variable(eg, "V", eg_vector(EG_F32, N));
    if (!p->count) p->count = eg_variable(eg, "count", eg_scalar(EG_I64));
    if (!p->csr) connect(p);
    eg_init_fill(p->V, 0.25);
    if (!p->f) p->f = eg_trace(eg, "simulate", simulate, p, 1, &arg);
    return p->f && !eg_error(eg);
}

static bool trace(eg_context *eg, void *made, outcome *o)
{
    program *p = made;
    if (!traced(eg, p) || !*eg_text(p->f)) return false;
    outcome_add(o, eg_text(p->f), strlen(eg_text(p->f)));
    return true;
}

/* threads 0: the interpreter.  Where the run fails the variables must be as they were. */
static bool run(eg_context *eg, program *p, outcome *o, int threads)
{
    static float input[STEPS][N], last, rows[STEPS][N], noise[4];
    for (int i = 0; i < STEPS; i++)
        for (int k = 0; k < N; k++) input[i][k] = (float)(i * k % 17) / 8;
    if (!traced(eg, p) || (!p->s && !(p->s = eg_state_new(eg)))) return false;
    const void *in[] = {input};
    void *out[] = {&last, rows, noise};
    eg_run_options options = {.threads = threads, .interpret = threads == 0};
    const float *V = eg_data(p->s, p->V);
    const int64_t *count = eg_data(p->s, p->count);
    if (!V || !count) return false;
    if (!faulty_run(eg, p->s, eg_call(p->f, p->s, in, out, &options))) {
        ck_assert(V[0] == 0.25F && V[N - 1] == 0.25F && *count == 0);
        return false;
    }
    outcome_add(o, &last, sizeof last);
    outcome_add(o, rows, sizeof rows);
    outcome_add(o, noise, sizeof noise);
    outcome_add(o, V, N * sizeof *V);
    outcome_add(o, count, sizeof *count);
    return true;
}

/* Copies that run one by one, on two threads; where one fails the variables of all must be as they were. */
static bool copies(eg_context *eg, void *made, outcome *o)
{
    static float input[COPIES][STEPS][N], last[COPIES], rows[COPIES][STEPS][N], noise[COPIES][4];
    program *p = made;
    for (int i = 0; i < COPIES * STEPS; i++)
        for (int k = 0; k < N; k++) (&input[0][0])[i][k] = (float)(i * k % 17) / 8;
    if (!traced(eg, p)) return false;
    if (!p->all_V) p->all_V = eg_variable(eg, "all.V", eg_matrix(EG_F32, COPIES, N));
    if (!p->all_count) p->all_count = eg_variable(eg, "all.count", eg_vector(EG_I64, COPIES));
    if (!p->copies) {
        eg_vmap_variable vars[] = {{.one = p->V, .all = p->all_V}, {.one = p->count, .all = p->all_count}};
        p->copies = eg_vmap(p->f, COPIES, &(eg_vmap_options){.num_vars = 2, .vars = vars, .same_draws = true});
    }
    if (!p->copies || (!p->s && !(p->s = eg_state_new(eg)))) return false;
    const float *V = eg_data(p->s, p->all_V);
    const int64_t *count = eg_data(p->s, p->all_count);
    if (!V || !count) return false;
    const void *in[] = {input};
    void *out[] = {last, rows, noise};
    if (!faulty_run(eg, p->s, eg_call(p->copies, p->s, in, out, &(eg_run_options){.threads = 2}))) {
        ck_assert(V[0] == 0 && V[COPIES * N - 1] == 0 && count[0] == 0 && count[COPIES - 1] == 0);
        return false;
    }
    outcome_add(o, last, sizeof last);
    outcome_add(o, rows, sizeof rows);
    outcome_add(o, noise, sizeof noise);
    outcome_add(o, V, COPIES * N * sizeof *V);
    outcome_add(o, count, COPIES * sizeof *count);
    return true;
}

static bool interpreted(eg_context *eg, void *made, outcome *o) { return run(eg, made, o, 0); }
static bool alone(eg_context *eg, void *made, outcome *o) { return run(eg, made, o, 1); }
static bool team(eg_context *eg, void *made, outcome *o) { return run(eg, made, o, 2); }

START_TEST(tracing_survives_every_failed_allocation)
{
    faulty_check(&(scenario){"trace", trace, sizeof(program), .most = 300}, 1);
}
END_TEST
START_TEST(the_interpreter_survives_every_failed_allocation)
{
    faulty_check(&(scenario){"interpret", interpreted, sizeof(program), .most = 300}, 1);
}
END_TEST
START_TEST(compiling_and_running_survive_failed_allocations)
{
    faulty_check(&(scenario){"compile", alone, sizeof(program), .most = 300, .from = TRACED}, test_long() ? 1 : 5);
}
END_TEST
START_TEST(a_team_survives_failed_allocations)
{
    faulty_check(&(scenario){"team", team, sizeof(program), .most = 300, .from = TRACED}, test_long() ? 1 : 9);
}
END_TEST

START_TEST(copies_one_by_one_survive_failed_allocations)
{
    faulty_check(&(scenario){"copies", copies, sizeof(program), .most = 900, .from = TRACED}, test_long() ? 3 : 23);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("alloc");
    TCase *t = tcase_create("alloc");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, tracing_survives_every_failed_allocation);
    tcase_add_test(t, the_interpreter_survives_every_failed_allocation);
    tcase_add_test(t, compiling_and_running_survive_failed_allocations);
    tcase_add_test(t, a_team_survives_failed_allocations);
    tcase_add_test(t, copies_one_by_one_survive_failed_allocations);
    suite_add_tcase(s, t);
    return test_run(s);
}
