/* The rules: how a variable follows its gradient.  Formulas and sources stand in engram/optimizers.h. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "optimizer.h"

/* A double-precision scalar (or plain number) in the variable's type. */
static eg_val in_type(const ego_step *at, eg_val scalar) { return eg_convert(scalar, at->type); }

/* Sets slot k to what is given, and returns it. */
static eg_val keep(const ego_step *at, int k, eg_val x)
{
    eg_set(at->slots[k], x);
    return x;
}

/* Slot k becomes rho slot + (1 - rho) x. */
static eg_val average(const ego_step *at, int k, double rho, eg_val x)
{
    return keep(at, k, eg_add(eg_mul(rho, eg_get(at->slots[k])), eg_mul(1 - rho, x)));
}

/* 1 - b^k for update k, f64, log_b being log(b): by expm1, which keeps all digits where b^k is near 1, and makes of any
 * k > 0 one rounding of k log(b); k is exact to 2^53.  The logarithm is the graph's own, the same on all machines. */
static eg_val one_minus_power(const ego_step *at, eg_val log_b) { return eg_neg(eg_expm1(eg_mul(at->k, log_b))); }

/* Largest |x|, f64; 0 of none. */
static eg_val largest_size(const ego_place *at, eg_val x)
{
    eg_val size = eg_abs(eg_convert(x, EG_F64));
    return eg_max(eg_spec_of(x).rank > 0 ? eg_amax(size) : size, 0.0);
}

/* Squares of floats are doubles, neither 0 nor infinite.  Those of doubles may be: then the largest is the unit.  It is
 * 1 where nothing is to be gained, also if something is infinite or NaN. */
static eg_val unit_of(const ego_place *at, int num, const eg_val *x)
{
    eg_val one = eg_full(at->eg, eg_scalar(EG_F64), 1.0), most = one;
    bool wide = false;
    for (int k = 0; k < num; k++) {
        eg_val size = largest_size(at, x[k]);
        most = k ? eg_max(most, size) : size;
        wide = wide || eg_spec_of(x[k]).dtype == EG_F64;
    }
    if (!wide) return one;
    eg_val odd =
        eg_or(eg_and(eg_gt(most, 0.0), eg_lt(most, 1e-140)), eg_and(eg_gt(most, 1e140), eg_not(eg_isinf(most))));
    return eg_where(odd, most, one);
}

ego_norm ego_norm_of(const ego_place *at, int num, const eg_val *x)
{
    eg_val unit = unit_of(at, num, x), sum = eg_full(at->eg, eg_scalar(EG_F64), 0.0);
    for (int k = 0; k < num; k++) {
        eg_val squares = eg_square(eg_div(eg_convert(x[k], EG_F64), unit));
        sum = eg_add(sum, eg_spec_of(x[k]).rank > 0 ? eg_sum(squares) : squares);
    }
    return (ego_norm){unit, eg_sqrt(sum)};
}

/* -- without moments ----------------------------------------------------------------------------------------------- */

static eg_val sgd(const ego_step *at) { return eg_sub(at->x, eg_mul(in_type(at, at->lr), at->g)); }

static eg_val velocity(const ego_step *at)
{
    return keep(at, 0, eg_sub(eg_mul(at->p->momentum, eg_get(at->slots[0])), eg_mul(in_type(at, at->lr), at->g)));
}

static eg_val momentum(const ego_step *at) { return eg_add(at->x, velocity(at)); }

static eg_val nesterov(const ego_step *at)
{
    eg_val v = velocity(at);
    return eg_sub(eg_add(at->x, eg_mul(at->p->momentum, v)), eg_mul(in_type(at, at->lr), at->g));
}

/* -- by the size of past gradients --------------------------------------------------------------------------------- */

static eg_val scaled(const ego_step *at, eg_val c)
{
    eg_val root = eg_sqrt(eg_add(c, at->p->eps));
    return eg_sub(at->x, eg_div(eg_mul(in_type(at, at->lr), at->g), root));
}

static eg_val adagrad(const ego_step *at)
{
    return scaled(at, keep(at, 0, eg_add(eg_get(at->slots[0]), eg_square(at->g))));
}

static eg_val rmsprop(const ego_step *at) { return scaled(at, average(at, 0, at->p->rho, eg_square(at->g))); }

static eg_val adadelta(const ego_step *at)
{
    double eps = at->p->eps;
    eg_val c = average(at, 0, at->p->rho, eg_square(at->g));
    eg_val u = eg_div(eg_mul(at->g, eg_sqrt(eg_add(eg_get(at->slots[1]), eps))), eg_sqrt(eg_add(c, eps)));
    average(at, 1, at->p->rho, eg_square(u));
    return eg_sub(at->x, u);
}

/* -- two moments --------------------------------------------------------------------------------------------------- */

/* Adam and AdamW: they differ in the decay, which x has behind it, and in amsgrad. */
static eg_val adam(const ego_step *at)
{
    const eg_optimizer_params *p = at->p;
    eg_val rate = at->lr;
    if (p->beta1 > 0) rate = eg_div(rate, one_minus_power(at, eg_log(p->beta1)));
    if (p->beta2 > 0) rate = eg_mul(rate, eg_sqrt(one_minus_power(at, eg_log(p->beta2))));
    eg_val m = average(at, 0, p->beta1, at->g), v = average(at, 1, p->beta2, eg_square(at->g));
    if (p->amsgrad) v = keep(at, 2, eg_max(eg_get(at->slots[2]), v));
    return eg_sub(at->x, eg_div(eg_mul(in_type(at, rate), m), eg_add(eg_sqrt(v), p->eps)));
}

static eg_val adan(const ego_step *at)
{
    const eg_optimizer_params *p = at->p;
    const double *b = p->betas;
    eg_val c[3];
    for (int j = 0; j < 3; j++)
        c[j] = b[j] < 1 ? in_type(at, eg_div(1.0, one_minus_power(at, eg_log1p(-b[j])))) : eg_real(1);
    eg_val d = eg_where(eg_eq(at->k, 1.0), 0.0, eg_sub(at->g, eg_get(at->slots[3])));
    eg_val m = average(at, 0, 1 - b[0], at->g), v = average(at, 1, 1 - b[1], d);
    eg_val n = average(at, 2, 1 - b[2], eg_square(eg_add(at->g, eg_mul(1 - b[1], d))));
    keep(at, 3, at->g);
    eg_val size = eg_div(in_type(at, at->lr), eg_add(eg_sqrt(eg_mul(n, c[2])), p->eps));
    eg_val u = eg_mul(size, eg_add(eg_mul(m, c[0]), eg_mul(eg_mul(1 - b[1], v), c[1])));
    eg_val decay = eg_mul(p->weight_decay, at->lr);
    if (p->no_prox) return eg_sub(eg_mul(at->x, in_type(at, eg_sub(1.0, decay))), u);
    return eg_div(eg_sub(at->x, u), in_type(at, eg_add(1.0, decay)));
}

/* -- by the size of variables -------------------------------------------------------------------------------------- */

static eg_val norm(const ego_step *at, eg_val x)
{
    ego_norm n = ego_norm_of(at->place, 1, &x);
    return eg_mul(n.unit, n.root);
}

static eg_val lars(const ego_step *at)
{
    const eg_optimizer_params *p = at->p;
    eg_val x = norm(at, at->x), g = norm(at, at->g);
    eg_val none = eg_or(eg_eq(x, 0.0), eg_eq(g, 0.0));
    /* With eps 0 the divisor may be 0 where the quotient is not taken. */
    eg_val divisor = eg_where(none, 1.0, eg_add(g, eg_add(eg_mul(p->weight_decay, x), p->eps)));
    eg_val trust = eg_where(none, 1.0, eg_div(eg_mul(p->tc, x), divisor));
    eg_val step = eg_mul(in_type(at, eg_mul(at->lr, trust)), eg_add(at->g, eg_mul(p->weight_decay, at->x)));
    return eg_sub(at->x, keep(at, 0, eg_add(eg_mul(p->momentum, eg_get(at->slots[0])), step)));
}

/* The largest over all axes but one, as the slot of that axis is: all other extents 1. */
static eg_val largest(const ego_step *at, eg_val x, int axis)
{
    int others[EG_MAX_RANK], n = 0;
    for (int k = 0; k < at->rank; k++) {
        if (k != axis) others[n++] = k;
    }
    return n ? eg_amax_axes(x, n, others, true) : x;
}

static eg_val sm3(const ego_step *at)
{
    const eg_optimizer_params *p = at->p;
    int axes = at->rank > 0 ? at->rank : 1;
    eg_val u = eg_get(at->slots[0]);
    for (int k = 1; k < axes; k++) u = eg_min(u, eg_get(at->slots[k]));
    if (p->beta > 0) u = eg_mul(p->beta, u);
    u = eg_add(u, eg_mul(1 - p->beta, eg_square(at->g)));
    for (int k = 0; k < axes; k++) {
        eg_val r = largest(at, u, k);
        keep(at, k, p->beta > 0 ? eg_max(eg_get(at->slots[k]), r) : r);
    }
    eg_val step = eg_div(at->g, eg_sqrt(eg_add(u, p->eps)));
    if (p->momentum > 0) step = average(at, axes, p->momentum, step);
    return eg_sub(at->x, eg_mul(in_type(at, at->lr), step));
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

const ego_rule ego_rules[EG_OPTIMIZER_COUNT] = {
    [EG_SGD] = {.next = sgd},
    [EG_MOMENTUM] = {.next = momentum, .slots = {"v"}, .fields = EGO_MOMENTUM, .defaults = {.momentum = 0.9}},
    [EG_MOMENTUM_NESTEROV] = {.next = nesterov, .slots = {"v"}, .fields = EGO_MOMENTUM, .defaults = {.momentum = 0.9}},
    [EG_ADAGRAD] = {.next = adagrad, .slots = {"c"}, .fields = EGO_EPS, .defaults = {.eps = 1e-6}},
    [EG_ADADELTA] = {.next = adadelta,
                     .slots = {"c", "d"},
                     .fields = EGO_EPS | EGO_RHO,
                     .defaults = {.lr = {.lr = 0.01}, .eps = 1e-6, .rho = 0.95}},
    [EG_RMSPROP] = {.next = rmsprop,
                    .slots = {"c"},
                    .fields = EGO_EPS | EGO_RHO,
                    .defaults = {.eps = 1e-6, .rho = 0.9}},
    [EG_ADAM] = {.next = adam,
                 .slots = {"m", "v"},
                 .fields = EGO_BETA1 | EGO_BETA2 | EGO_EPS,
                 .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}},
    [EG_LARS] = {.next = lars,
                 .slots = {"m"},
                 .fields = EGO_MOMENTUM | EGO_TC | EGO_EPS,
                 .decay = EGO_DECAY_IN_RULE,
                 .defaults = {.momentum = 0.9, .weight_decay = 1e-4, .tc = 1e-3, .eps = 1e-5}},
    [EG_ADAN] = {.next = adan,
                 .slots = {"m", "v", "n", "g"},
                 .fields = EGO_BETAS | EGO_EPS | EGO_NO_PROX,
                 .decay = EGO_DECAY_IN_RULE,
                 .defaults = {.lr = {.lr = 1e-3}, .betas = {0.02, 0.08, 0.01}, .eps = 1e-8, .weight_decay = 0.02}},
    [EG_ADAMW] = {.next = adam,
                  .slots = {"m", "v", "v_max"},
                  .fields = EGO_BETA1 | EGO_BETA2 | EGO_EPS | EGO_AMSGRAD,
                  .decay = EGO_DECAY_TIMES_LR,
                  .defaults = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .weight_decay = 0.01}},
    [EG_SM3] = {.next = sm3, .fields = EGO_BETA | EGO_MOMENTUM | EGO_EPS, .defaults = {.eps = 1e-30}},
};

/* One vector an axis, and all of it with momentum. */
static int sm3_slots(const eg_optimizer_params *p, eg_spec spec, ego_slot *slots)
{
    int n = 0;
    do {
        ego_slot *a = &slots[n];
        *a = (ego_slot){.spec = spec};
        snprintf(a->name, sizeof a->name, "axis%d", n);
        for (int k = 0; k < spec.rank; k++) {
            if (k != n) a->spec.dim[k] = 1;
        }
    } while (++n < spec.rank);
    if (p->momentum > 0) slots[n++] = (ego_slot){.name = "momentum", .spec = spec};
    return n;
}

int ego_slots_of(const eg_optimizer_params *p, eg_spec spec, ego_slot *slots)
{
    if (p->kind == EG_SM3) return sm3_slots(p, spec, slots);
    int n = 0;
    for (const char *const *name = ego_rules[p->kind].slots; *name; name++) {
        if (!strcmp(*name, "v_max") && !p->amsgrad) continue;
        slots[n] = (ego_slot){.spec = spec};
        snprintf(slots[n++].name, sizeof slots[0].name, "%s", *name);
    }
    return n;
}
