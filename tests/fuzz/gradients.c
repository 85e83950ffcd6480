/* Gradients of a scalar that depends on all floating results and variables: compiled code against the interpreter, one
 * policy against another, copies of the gradient against single ones, gradients of copies, slopes.  What has no
 * gradient must say so and leave the function as it was. */
#include "fuzz.h"

#include "engram/transform.h"

enum { MOST_COPIES = 3 };

static bool told(char *why, const char *what)
{
    char rest[FZ_WHY];
    memcpy(rest, why, FZ_WHY);
    rest[FZ_WHY - 1] = 0;
    snprintf(why, FZ_WHY, "gradient, %s: %.900s", what, rest);
    return false;
}

static bool is_float(eg_dtype t) { return t == EG_F32 || t == EG_F64; }

/* Some of the floating arguments and variables; false if there are none. */
static bool choose(const fz_program *p, fz_rng *r, fz_wrt *w)
{
    int first = -1;
    *w = (fz_wrt){0};
    for (int k = 0; k < p->num_args; k++) {
        if (!is_float(p->arg[k].dtype)) continue;
        if (first < 0) first = k;
        if (fz_chance(r, 75)) w->args[w->num_args++] = k;
    }
    for (int k = 0; k < p->num_vars && w->num_vars < FZ_OBJECTS; k++) {
        if (is_float(p->var[k].dtype) && fz_chance(r, 60)) w->vars[w->num_vars++] = k;
    }
    if (!w->num_args && !w->num_vars && first >= 0) w->args[w->num_args++] = first;
    return w->num_args + w->num_vars > 0;
}

/* The gradient of the last result of f; vars: what stands for the program's variables. */
static eg_func *gradient_of(eg_func *f, const fz_wrt *w, eg_var *const *of, bool pullback, eg_checkpoint policy,
                            int64_t every)
{
    eg_var *vars[FZ_OBJECTS];
    for (int k = 0; k < w->num_vars; k++) vars[k] = of[w->vars[k]];
    return eg_gradient(f, &(eg_gradient_options){.result = eg_num_results(f) - 1,
                                                 .num_args = w->num_args,
                                                 .args = w->args,
                                                 .num_vars = w->num_vars,
                                                 .vars = vars,
                                                 .pullback = pullback,
                                                 .policy = policy,
                                                 .every = every});
}

/* The session's function becomes its gradient. */
static bool differentiate(fz_session *s, const fz_wrt *w, eg_checkpoint policy, int64_t every, char *why)
{
    eg_func *g = gradient_of(s->f, w, s->trace.var, false, policy, every);
    if (g) s->f = g;
    snprintf(why, FZ_WHY, "%s", eg_message(s->eg));
    return g && !eg_error(s->eg);
}

static bool agrees(fz_session *s, const fz_outcome *ref, const eg_run_options *o, char *why)
{
    fz_outcome got;
    fz_run(s, o, 1, &got);
    bool same = fz_equal(ref, &got, why);
    fz_outcome_free(&got);
    return same;
}

/* An error that names what has no gradient, after which all is as before. */
static bool refused_well(fz_session *s, const fz_outcome *ref, fz_rng *r, char *why)
{
    static const char *const reasons[] = {
        "number of its steps is not known", "number of steps of this loop is known only",
        "gradient of the host function",    "this operation has no gradient",
        "have more elements than any",      "axes",
    };
    const char *said = eg_message(s->eg);
    bool known = !strncmp(said, "eg_gradient: ", 13) || strstr(said, ": eg_gradient: ");
    size_t k = 0;
    while (k < EGI_LEN(reasons) && !strstr(said, reasons[k])) k++;
    snprintf(why, FZ_WHY, "%s", said);
    if (!known || k == EGI_LEN(reasons)) return told(why, "refused without a reason");
    eg_clear_error(s->eg);
    return agrees(s, ref, &(eg_run_options){.threads = 1 + (int)fz_below(r, 3)}, why) || told(why, "after an error");
}

/* What the function itself gives stands in front. */
static bool keeps_results(const fz_outcome *f, const fz_outcome *g, char *why)
{
    fz_outcome part = *f;
    for (int k = 0; k < f->n; k++) {
        int from = k < f->num_results ? k : k + g->num_results - f->num_results;
        part.data[k] = g->data[from];
    }
    part.status = g->status;
    memcpy(part.message, g->message, sizeof part.message);
    return fz_equal(f, &part, why) || told(why, "results of the function");
}

static bool policies_agree(fz_session *s, eg_func *const *g, const fz_outcome *ref, fz_rng *r, char *why)
{
    static const char *const names[] = {"all", "sqrt", "every"};
    for (int k = 0; k < 3; k++) {
        s->f = g[k];
        eg_run_options o = {.threads = 1 + (int)fz_below(r, 4), .interpret = k > 0 && fz_chance(r, 30)};
        if (!agrees(s, ref, &o, why)) return told(why, names[k]);
    }
    s->f = g[0];
    return agrees(s, ref, &(eg_run_options){.threads = 1}, why) || told(why, "1 thread");
}

/* Lanes, chunks, passes. */
static bool options_agree(const fz_session *s, const eg_options *with, const fz_wrt *w, const fz_outcome *ref,
                          fz_rng *r, char *why)
{
    static const int lanes[] = {4, 8, 16};
    eg_options o = *with;
    fz_session t;
    int kind = (int)fz_below(r, 3);
    if (kind == 0) o.no_passes = true;
    if (kind == 1 || fz_chance(r, 30)) o.chunk_ms = 1e-6;
    if (kind == 2) o.lanes = lanes[fz_below(r, EGI_LEN(lanes))];
    o.threads = 1 + (int)fz_below(r, 4);
    bool ok = fz_open_loss(&t, NULL, s->p, &o, s->trace.smooth, why);
    if (ok) {
        ok = differentiate(&t, w, (eg_checkpoint)fz_below(r, 3), 1 + fz_below(r, 5), why) && agrees(&t, ref, NULL, why);
        fz_close(&t);
    }
    return ok || told(why, kind == 0 ? "no passes" : kind == 1 ? "chunks" : "lanes");
}

/* The same in the same context with other sizes and literals. */
static bool sizes_agree(const fz_session *first, const fz_wrt *w, fz_rng *r, char *why)
{
    fz_program *q = malloc(sizeof *q);
    fz_session s;
    fz_outcome ref = {0};
    if (!q) abort();
    fz_resized(first->p, q);
    bool ok = fz_open_loss(&s, first, q, NULL, first->trace.smooth, why);
    if (ok) {
        ok = differentiate(&s, w, (eg_checkpoint)fz_below(r, 2), 1, why);
        if (ok) {
            fz_run(&s, &(eg_run_options){.interpret = true}, 1, &ref);
            ok = agrees(&s, &ref, &(eg_run_options){.threads = 1 + (int)fz_below(r, 4)}, why);
            fz_outcome_free(&ref);
        } else if (strstr(why, "eg_gradient: ")) {
            eg_clear_error(s.eg); /* of these sizes there may be no gradient */
            ok = true;
        }
        fz_close(&s);
    }
    free(q);
    return ok || told(why, "other sizes");
}

/* -- copies -------------------------------------------------------------------------------------------------------- */

static bool one_more_axis(const fz_session *s) { return strstr(eg_message(s->eg), "one more") != NULL; }

/* Side by side the gradient is what it is alone. */
static bool copies_of_gradient(const fz_session *s, const eg_options *o, const fz_wrt *w, fz_rng *r, char *why)
{
    fz_session one = {0}, all = {0};
    const int num = 1 + (int)fz_below(r, MOST_COPIES);
    const eg_checkpoint policy = fz_chance(r, 60) ? EG_CHECKPOINT_ALL : EG_CHECKPOINT_SQRT;
    bool ok = fz_open_loss(&one, NULL, s->p, o, s->trace.smooth, why) && differentiate(&one, w, policy, 1, why);
    if (ok && fz_copies_fit(&one)) {
        ok = fz_open_loss(&all, NULL, s->p, o, s->trace.smooth, why) && differentiate(&all, w, policy, 1, why);
        if (ok) ok = fz_multiply(&all, num, NULL, why) ? fz_copies_agree(&one, &all, num, r, why) : one_more_axis(&all);
        if (all.eg) fz_close(&all);
    }
    if (one.eg) fz_close(&one);
    return ok || told(why, "copies of it");
}

/* A gradient of all copies' losses, which are weighted. */
static bool add_weights(fz_session *s, int num)
{
    if (s->num_in == FZ_OBJECTS) return false;
    fz_memory m = fz_memory_new((size_t)num * sizeof(double));
    for (int k = 0; k < num; k++) ((double *)(void *)m.at)[k] = k == 1 ? -0.75 : 1 + k;
    s->in[s->num_in++] = m;
    return true;
}

static bool gradient_of_copies(const fz_session *s, const eg_options *o, const fz_wrt *w, fz_rng *r, char *why)
{
    fz_session all = {0};
    eg_var *vars[64] = {NULL}, *of[32] = {NULL};
    fz_outcome ref;
    const int num = 1 + (int)fz_below(r, MOST_COPIES);
    bool ok = fz_open_loss(&all, NULL, s->p, o, s->trace.smooth, why);
    if (ok && fz_copies_fit(&all)) {
        ok = fz_multiply(&all, num, vars, why) || one_more_axis(&all);
        for (int k = 0; k < s->p->num_vars; k++) of[k] = vars[all.trace.var[k]->index];
        eg_func *g[2] = {NULL, NULL};
        for (int k = 0; k < 2 && !eg_error(all.eg); k++)
            g[k] = gradient_of(all.f, w, of, true, k ? EG_CHECKPOINT_SQRT : EG_CHECKPOINT_ALL, 1);
        if (g[1] && add_weights(&all, num)) {
            all.f = g[0];
            fz_run(&all, &(eg_run_options){.interpret = true}, 1, &ref);
            ok = agrees(&all, &ref, &(eg_run_options){.threads = 1 + (int)fz_below(r, 3)}, why);
            all.f = g[1];
            ok = ok && agrees(&all, &ref, &(eg_run_options){.threads = 2}, why);
            fz_outcome_free(&ref);
        } else if (ok && !g[1] && !one_more_axis(&all)) {
            /* Loops of as many steps as a copy asks for have no gradient. */
            snprintf(why, FZ_WHY, "%s", eg_message(all.eg));
            ok = strstr(why, "eg_gradient: ") != NULL;
        }
    }
    if (all.eg) fz_close(&all);
    return ok || told(why, "of copies");
}

/* -- all of it ----------------------------------------------------------------------------------------------------- */

static bool check(fz_session *s, const eg_options *o, const fz_wrt *w, fz_rng *r, char *why)
{
    eg_func *f = s->f, *g[3];
    fz_outcome plain, ref;
    const int64_t every = 1 + fz_below(r, 6);
    fz_run(s, &(eg_run_options){.interpret = true}, 1, &plain);
    for (int k = 0; k < 3; k++) {
        g[k] = gradient_of(f, w, s->trace.var, false, (eg_checkpoint)k, every);
        if (g[k]) continue;
        if (getenv("FUZZ_SLOPES")) fprintf(stderr, "refused %s\n", eg_message(s->eg));
        bool well = refused_well(s, &plain, r, why);
        fz_outcome_free(&plain);
        return well;
    }
    s->f = g[0];
    fz_run(s, &(eg_run_options){.interpret = true}, 1, &ref);
    bool ok = keeps_results(&plain, &ref, why) && policies_agree(s, g, &ref, r, why);
    ok = ok && (fz_below(r, 100) >= 50 || options_agree(s, o, w, &ref, r, why));
    ok = ok && (fz_below(r, 100) >= 25 || sizes_agree(s, w, r, why));
    ok = ok && (fz_below(r, 100) >= 40 || copies_of_gradient(s, o, w, r, why));
    ok = ok && (fz_below(r, 100) >= 30 || gradient_of_copies(s, o, w, r, why));
    s->f = f;
    ok = ok && fz_slopes_agree(s, g[0], w, r, why);
    fz_outcome_free(&plain);
    fz_outcome_free(&ref);
    return ok;
}

bool fz_check_gradients(const fz_program *p, const eg_options *o, char *why)
{
    fz_rng r = fz_rng_of(p->seed, 1u << 24);
    fz_wrt w;
    fz_session s;
    if (!choose(p, &r, &w)) return true;
    if (!fz_open_loss(&s, NULL, p, o, !fz_chance(&r, 15), why)) return told(why, "loss");
    bool ok = s.trace.cost > 2e5 || check(&s, o, &w, &r, why);
    fz_close(&s);
    return ok;
}
