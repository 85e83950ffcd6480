/* Reductions, scans, sorting. */
#include "api/ops.h"

/* The axes a user chose, ascending. */
typedef struct axes {
    int n;
    int64_t axis[EG_MAX_RANK];
} axes;

static bool read_axes(egi_call *c, int rank, int n, const int *given, axes *out)
{
    bool chosen[EG_MAX_RANK] = {false};
    *out = (axes){0};
    if (n < 0 || (n > 0 && !given))
        return egi_wrong(c, EG_ERR_ARGUMENT, "%d axes; give an array of them, or 0 for all", n);
    for (int k = 0; k < n; k++) {
        int axis = egi_axis(c, given[k], rank);
        if (axis < 0) return false;
        if (chosen[axis]) return egi_wrong(c, EG_ERR_SHAPE, "axis %d is given twice", given[k]);
        chosen[axis] = true;
    }
    for (int k = 0; k < rank; k++) {
        if (n == 0 || chosen[k]) out->axis[out->n++] = k;
    }
    return true;
}

/* The shape before reducing, with extents of 1. */
static egi_shape kept(egi_shape s, const axes *a)
{
    for (int k = 0; k < a->n; k++) s.dim[a->axis[k]] = 1;
    return s;
}

static egi_id number_of(egi_call *c, egi_id x, const axes *a)
{
    egi_shape s = egi_shape_at(c, x);
    int64_t n = 1;
    for (int k = 0; k < a->n; k++) n *= s.dim[a->axis[k]];
    return egi_const_f(c->g, egi_part_type(egi_dtype_of(c->g, x)), (double)n);
}

static egi_id mean(egi_call *c, egi_id x, const axes *a)
{
    return egi_op2(c->g, EGI_DIV, egi_reduce(c->g, EGI_SUM, x, a->n, a->axis), number_of(c, x, a));
}

/* A reduced value spread over x again. */
static egi_id spread(egi_call *c, egi_id reduced, egi_id x, const axes *a)
{
    egi_shape s = egi_shape_at(c, x), k = kept(s, a);
    return egi_broadcast(c->g, egi_reshape(c->g, reduced, &k), &s);
}

/* In two passes: the mean first, so that nothing cancels. */
static egi_id variance(egi_call *c, egi_id x, const axes *a)
{
    egi_id d = egi_op2(c->g, EGI_SUB, x, spread(c, mean(c, x, a), x, a));
    return mean(c, egi_op2(c->g, EGI_MUL, d, d), a);
}

/* m + log(sum(exp(x - m))) with the largest m; an infinite one is left out, lest inf - inf be NaN. */
static egi_id logsumexp(egi_call *c, egi_id x, const axes *a)
{
    egi_graph *g = c->g;
    egi_id m = egi_reduce(g, EGI_RMAX, x, a->n, a->axis);
    m = egi_op3(g, EGI_SELECT, egi_op1(g, EGI_ISINF, m), egi_const_f(g, egi_dtype_of(g, x), 0), m);
    egi_id e = egi_op1(g, EGI_EXP, egi_op2(g, EGI_SUB, x, spread(c, m, x, a)));
    return egi_op2(g, EGI_ADD, egi_op1(g, EGI_LOG, egi_reduce(g, EGI_SUM, e, a->n, a->axis)), m);
}

typedef enum kind { SUM, PROD, AMIN, AMAX, ANY, ALL, MEAN, VARIANCE, LOGSUMEXP } kind;

static egi_id reduced(egi_call *c, kind k, egi_id x, const axes *a)
{
    switch (k) {
    case SUM: return egi_reduce(c->g, EGI_SUM, x, a->n, a->axis);
    case PROD: return egi_reduce(c->g, EGI_PROD, x, a->n, a->axis);
    case AMIN: return egi_reduce(c->g, EGI_RMIN, x, a->n, a->axis);
    case AMAX: return egi_reduce(c->g, EGI_RMAX, x, a->n, a->axis);
    case ANY: return egi_reduce(c->g, EGI_ANY, x, a->n, a->axis);
    case ALL: return egi_reduce(c->g, EGI_ALL, x, a->n, a->axis);
    case MEAN: return mean(c, x, a);
    case VARIANCE: return variance(c, x, a);
    case LOGSUMEXP: return logsumexp(c, x, a);
    }
    return 0;
}

/* A plain number is its own sum, and so on. */
static eg_val of_plain(kind k, eg_val x)
{
    if (k == ANY || k == ALL) return eg_int(egi_plain_real(x) != 0);
    if (k == MEAN) return eg_real(egi_plain_real(x));
    return k == VARIANCE ? eg_real(0) : x;
}

static eg_val reduction(kind k, const char *name, eg_val x, int n, const int *given, bool keep, const char *file,
                        int line)
{
    egi_call c = egi_begin_plain(name, file, line, 1, &x);
    axes a;
    if (c.g && egi_is_number(&c, x))
        return n == 0 && (k == SUM || k == MEAN) ? x : (egi_no_complex(&c, 1, &x), eg_nothing());
    if (c.plain) return n == 0 ? of_plain(k, x) : eg_nothing();
    if (!c.g) return eg_nothing();
    egi_shape s = egi_shape_at(&c, x.id);
    if (!read_axes(&c, s.rank, n, given, &a)) return eg_nothing();
    bool truth = k == ANY || k == ALL;
    unsigned allowed = k >= MEAN ? EGI_ALLOW_F : EGI_ALLOW_I | EGI_ALLOW_F;
    if (k == SUM || k == MEAN) allowed |= EGI_ALLOW_C;
    egi_id id = egi_operand(&c, x, truth ? EG_BOOL : egi_meet(&c, allowed, 1, &x));
    if (id) id = reduced(&c, k, id, &a);
    s = kept(s, &a);
    if (keep && id) id = egi_reshape(c.g, id, &s);
    return egi_end(&c, id);
}

#define REDUCTION(name, kind)                                                                                          \
    eg_val(eg_##name)(eg_val x, int n, const int *given, bool keep, const char *file, int line)                        \
    {                                                                                                                  \
        return reduction(kind, "eg_" #name, x, n, given, keep, file, line);                                            \
    }
REDUCTION(sum, SUM)
REDUCTION(prod, PROD)
REDUCTION(amin, AMIN)
REDUCTION(amax, AMAX)
REDUCTION(any, ANY)
REDUCTION(all, ALL)
REDUCTION(mean, MEAN)
REDUCTION(variance, VARIANCE)
REDUCTION(logsumexp, LOGSUMEXP)

/* -- along one axis ----------------------------------------------------------------------------------------------- */

/* Applies the operation along an axis; SORT and ARGSORT know the last one only. */
static egi_id along(egi_call *c, egi_op op, egi_id x, int axis, bool last)
{
    int rank = egi_shape_at(c, x).rank;
    int64_t perm[EG_MAX_RANK] = {0}, v = axis;
    if (!c->g || !x) return 0;
    if (op == EGI_ARGMIN || op == EGI_ARGMAX) return egi_reduce(c->g, op, x, 1, &v);
    if (!last || axis == rank - 1) return egi_scan(c->g, op, x, axis);
    for (int k = 0; k < rank; k++) perm[k] = k;
    perm[axis] = rank - 1;
    perm[rank - 1] = axis;
    return egi_transpose(c->g, egi_scan(c->g, op, egi_transpose(c->g, x, perm), rank - 1), perm);
}

static eg_val axis_op(egi_op op, const char *name, eg_val x, int axis, const char *file, int line)
{
    egi_call c = egi_begin(name, file, line, 1, &x);
    if (!c.g) return eg_nothing();
    int rank = egi_shape_at(&c, x.id).rank;
    if (rank == 0) {
        egi_wrong(&c, EG_ERR_SHAPE, "%s has no axis; give a vector, matrix, ...", egi_show(&c, x).s);
        return eg_nothing();
    }
    axis = egi_axis(&c, axis, rank);
    egi_id id = egi_operand(&c, x, egi_meet(&c, egi_ops[op].allowed | (op == EGI_CUMSUM ? EGI_ALLOW_C : 0u), 1, &x));
    return egi_end(&c, axis < 0 ? 0 : along(&c, op, id, axis, op == EGI_SORT || op == EGI_ARGSORT));
}

#define AXIS_OP(name, op)                                                                                              \
    eg_val(eg_##name)(eg_val x, int axis, const char *file, int line)                                                  \
    {                                                                                                                  \
        return axis_op(EGI_##op, "eg_" #name, x, axis, file, line);                                                    \
    }
AXIS_OP(argmin, ARGMIN)
AXIS_OP(argmax, ARGMAX)
AXIS_OP(cumsum, CUMSUM)
AXIS_OP(sort, SORT)
AXIS_OP(argsort, ARGSORT)
