/* Gradients against differences.  A program is seldom smooth: it compares, rounds, fires.  So differences count only
 * where those to both sides, and over two distances, agree with each other: a jump or a kink does not look like that.
 */
#include "fuzz.h"

#include <math.h>

enum { MOST_PARTS = 2 * FZ_OBJECTS };

/* What is moved: the elements as they are, and a direction. */
typedef struct moved {
    eg_dtype dtype;
    int64_t n;
    void *at;    /* an argument's elements, or those that a variable begins with */
    eg_var *var; /* NULL: an argument */
    double *x, *v;
} moved;

static double element(eg_dtype t, const void *at, int64_t k)
{
    return t == EG_F32 ? (double)((const float *)at)[k] : ((const double *)at)[k];
}

static void put(const moved *m, double h)
{
    for (int64_t k = 0; k < m->n; k++) {
        double x = h == 0 ? m->x[k] : m->x[k] + h * m->v[k];
        if (m->dtype == EG_F32)
            ((float *)m->at)[k] = (float)x;
        else
            ((double *)m->at)[k] = x;
    }
    if (m->var) eg_init(m->var, m->at, (size_t)m->n * eg_dtype_size(m->dtype));
}

static moved of(eg_spec s, void *at, eg_var *var, fz_rng *r)
{
    moved m = {.dtype = s.dtype, .n = fz_count(s), .at = at, .var = var};
    m.x = malloc((size_t)(m.n + 1) * sizeof *m.x);
    m.v = malloc((size_t)(m.n + 1) * sizeof *m.v);
    if (!m.x || !m.v) abort();
    for (int64_t k = 0; k < m.n; k++) {
        /* Moved a little: equal operands share a gradient, also where what follows does not depend on the choice. */
        m.x[k] = element(m.dtype, at, k) + 0.02 * (fz_unit(r) - 0.5);
        m.v[k] = fz_unit(r) * 2 - 1;
    }
    return m;
}

static void *initial(const eg_var *v)
{
    void *data = calloc(1, v->bytes + 1);
    if (!data) abort();
    if (v->init) memcpy(data, v->init, v->bytes);
    return data;
}

static double loss_at(fz_session *s, const moved *m, int n, double h)
{
    fz_outcome out;
    for (int k = 0; k < n; k++) put(&m[k], h);
    fz_run(s, &(eg_run_options){.threads = 1}, 1, &out);
    double y = out.status ? NAN : *(double *)(void *)out.data[out.num_results - 1];
    fz_outcome_free(&out);
    return y;
}

static bool near(double a, double b, double share) { return fabs(a - b) <= share * fmax(fabs(a), fabs(b)); }

/* The slope along the direction; NaN where there is none to be seen. */
static double slope(fz_session *s, const moved *m, int n, double h)
{
    const double at = loss_at(s, m, n, 0);
    double up[2], down[2];
    for (int k = 0; k < 2; k++) {
        const double d = k ? h / 4 : h;
        up[k] = (loss_at(s, m, n, d) - at) / d;
        down[k] = (at - loss_at(s, m, n, -d)) / d;
    }
    const double q = (up[1] + down[1]) / 2;
    const bool seen = q != 0 && isfinite(q) && near(up[0], q, 0.02) && near(down[0], q, 0.02) && near(up[1], q, 0.01) &&
                      near(down[1], q, 0.01);
    return seen ? q : NAN;
}

static double along(const moved *m, int n, const fz_outcome *g)
{
    double sum = 0;
    for (int k = 0; k < n; k++) {
        const int part = g->num_results - n + k;
        for (int64_t i = 0; i < m[k].n; i++) sum += element(m[k].dtype, g->data[part], i) * m[k].v[i];
    }
    return sum;
}

/* What the gradient says of the direction. */
static double said_by(fz_session *s, eg_func *gradient, const moved *m, int n)
{
    eg_func *f = s->f;
    fz_outcome g;
    for (int k = 0; k < n; k++) put(&m[k], 0);
    s->f = gradient;
    fz_run(s, &(eg_run_options){.threads = 1}, 1, &g);
    double said = g.status ? NAN : along(m, n, &g);
    s->f = f;
    fz_outcome_free(&g);
    return said;
}

bool fz_slopes_agree(fz_session *s, eg_func *gradient, const fz_wrt *w, fz_rng *r, char *why)
{
    if (s->trace.has_own_rule || s->trace.has_host || s->p->specials || s->trace.cost > 5e4) return true;
    moved m[MOST_PARTS];
    int n = 0;
    for (int k = 0; k < w->num_args; k++) m[n++] = of(eg_arg_spec(s->f, w->args[k]), s->in[w->args[k]].at, NULL, r);
    for (int k = 0; k < w->num_vars; k++) {
        eg_var *v = s->trace.var[w->vars[k]];
        m[n++] = of(eg_variable_spec(v), initial(v), v, r);
    }
    const double said = said_by(s, gradient, m, n);
    bool ok = true;
    for (int k = 0; k < 3 && ok && isfinite(said); k++) {
        const double h = 4e-3 / (1 << 3 * k), q = slope(s, m, n, h);
        if (isnan(q)) continue;
        ok = near(q, said, 0.08);
        if (!ok) snprintf(why, FZ_WHY, "slope: the gradient says %.9g, differences over %g %.9g", said, h, q);
        if (getenv("FUZZ_SLOPES")) fprintf(stderr, "slope %.9g %.9g\n", said, q);
        break;
    }
    for (int k = 0; k < n; k++) {
        if (m[k].var) free(m[k].at);
        free(m[k].x);
        free(m[k].v);
    }
    return ok;
}
