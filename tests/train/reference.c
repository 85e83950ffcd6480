/* Optimisers, one element at a time. */
#include "reference.h"

#include <math.h>
#include <string.h>

#include "train.h"

static double norm(const double *x, int64_t n)
{
    double s = 0;
    for (int64_t i = 0; i < n; i++) s += x[i] * x[i];
    return sqrt(s);
}

/* Index along an axis of element i. */
static int64_t along(eg_spec s, int axis, int64_t i)
{
    for (int k = s.rank - 1; k > axis; k--) i /= s.dim[k];
    return s.rank ? i % s.dim[axis] : 0;
}

static void sm3(reference *r, const double *g, double lr)
{
    const eg_optimizer_params *p = &r->p;
    int axes = r->spec.rank ? r->spec.rank : 1;
    static double next[EG_MAX_RANK][REFERENCE_MOST];
    memset(next, 0, sizeof next);
    for (int64_t i = 0; i < train_count(r->spec); i++) {
        double u = INFINITY;
        for (int a = 0; a < axes; a++) u = fmin(u, r->axis[a][along(r->spec, a, i)]);
        u = (p->beta > 0 ? p->beta * u : u) + (1 - p->beta) * g[i] * g[i];
        for (int a = 0; a < axes; a++) {
            double *to = &next[a][along(r->spec, a, i)];
            *to = fmax(*to, u);
        }
        double s = g[i] / sqrt(u + p->eps);
        if (p->momentum > 0) s = r->m[i] = p->momentum * r->m[i] + (1 - p->momentum) * s;
        r->x[i] = (1 - p->weight_decay) * r->x[i] - lr * s;
    }
    for (int a = 0; a < axes; a++) {
        for (int64_t i = 0; i < REFERENCE_MOST; i++)
            r->axis[a][i] = p->beta > 0 ? fmax(next[a][i], r->axis[a][i]) : next[a][i];
    }
}

static void lars(reference *r, const double *g, double lr)
{
    const eg_optimizer_params *p = &r->p;
    int64_t n = train_count(r->spec);
    double x = norm(r->x, n), y = norm(g, n);
    double trust = x == 0 || y == 0 ? 1 : p->tc * x / (y + p->weight_decay * x + p->eps);
    for (int64_t i = 0; i < n; i++) {
        r->m[i] = p->momentum * r->m[i] + lr * trust * (g[i] + p->weight_decay * r->x[i]);
        r->x[i] -= r->m[i];
    }
}

/* What changes element i; k counts from 1. */
static double changed(reference *r, int64_t i, double g, double lr, double k)
{
    const eg_optimizer_params *p = &r->p;
    double *m = &r->m[i], *v = &r->v[i], *n = &r->n[i], x = r->x[i], plain = (1 - p->weight_decay) * x;
    switch (p->kind) {
    case EG_SGD: return plain - lr * g;
    case EG_MOMENTUM: return plain + (*v = p->momentum * *v - lr * g);
    case EG_MOMENTUM_NESTEROV: *v = p->momentum * *v - lr * g; return plain + p->momentum * *v - lr * g;
    case EG_ADAGRAD: *v += g * g; return plain - lr * g / sqrt(*v + p->eps);
    case EG_RMSPROP: *v = p->rho * *v + (1 - p->rho) * g * g; return plain - lr * g / sqrt(*v + p->eps);
    case EG_ADADELTA: {
        *v = p->rho * *v + (1 - p->rho) * g * g;
        double u = g * sqrt(*n + p->eps) / sqrt(*v + p->eps);
        *n = p->rho * *n + (1 - p->rho) * u * u;
        return plain - u;
    }
    case EG_ADAM:
    case EG_ADAMW: {
        *m = p->beta1 * *m + (1 - p->beta1) * g;
        *v = p->beta2 * *v + (1 - p->beta2) * g * g;
        *n = fmax(*n, *v);
        /* eps is not corrected: that of the paper's section 2, last paragraph. */
        double rate = lr * sqrt(1 - pow(p->beta2, k)) / (1 - pow(p->beta1, k));
        double from = p->kind == EG_ADAM ? plain : x - lr * p->weight_decay * x;
        return from - rate * *m / (sqrt(p->amsgrad ? *n : *v) + p->eps);
    }
    case EG_ADAN: {
        const double *b = p->betas;
        double d = k == 1 ? 0 : g - r->old[i], e = g + (1 - b[1]) * d;
        r->old[i] = g;
        *m += b[0] * (g - *m);
        *v += b[1] * (d - *v);
        *n += b[2] * (e * e - *n);
        double u = *m / (1 - pow(1 - b[0], k)) + (1 - b[1]) * *v / (1 - pow(1 - b[1], k));
        u *= lr / (sqrt(*n / (1 - pow(1 - b[2], k))) + p->eps);
        return p->no_prox ? (1 - p->weight_decay * lr) * x - u : (x - u) / (1 + p->weight_decay * lr);
    }
    default: return NAN;
    }
}

void reference_update(reference *r, const double *g, double lr)
{
    r->k++;
    if (r->p.kind == EG_SM3) {
        sm3(r, g, lr);
    } else if (r->p.kind == EG_LARS) {
        lars(r, g, lr);
    } else {
        for (int64_t i = 0; i < train_count(r->spec); i++) r->x[i] = changed(r, i, g[i], lr, (double)r->k);
    }
}
