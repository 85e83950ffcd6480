/* What the table test asks of each operation.  Elementwise operations and reductions are asked by their rows alone; the
 * others by a maker of their class. */
#include "ops/cases.h"

#include <stdlib.h>

static const eg_dtype types[] = {EG_BOOL, EG_I32, EG_U32, EG_I64, EG_F32, EG_F64};

static bool allowed(egi_op op, eg_dtype t)
{
    unsigned kind = t == EG_BOOL ? EGI_ALLOW_B : egi_is_int(t) ? EGI_ALLOW_I : EGI_ALLOW_F;
    return egi_ops[op].allowed & kind;
}

/* -- elementwise --------------------------------------------------------------------------------------------------- */

/* The node with vectors where mask has a bit, numbers of rank 0 elsewhere. */
static void elementwise(test_case *c, egi_op op, eg_dtype from, eg_dtype to, const egi_id *vector, const egi_id *scalar,
                        unsigned mask)
{
    egi_id a[3];
    uint32_t n = (uint32_t)egi_ops[op].args;
    for (uint32_t k = 0; k < n; k++) a[k] = mask >> k & 1 ? vector[k] : scalar[k];
    (void)from;
    case_result(c, case_node(c, op, mask ? eg_vector(to, c->n) : eg_scalar(to), n, a, 0, NULL, 0));
}

static void elementwise_of_type(test_case *c, egi_op op, eg_dtype from, eg_dtype to)
{
    egi_id vector[3], scalar[3];
    const int n = egi_ops[op].args;
    c->what = eg_dtype_name(from);
    for (int k = 0; k < n; k++) {
        eg_dtype t = egi_ops[op].rule == EGI_RULE_SEL && k == 0 ? EG_BOOL : from;
        vector[k] = case_arg(c, eg_vector(t, c->n));
        scalar[k] = case_arg(c, eg_scalar(t));
    }
    unsigned all = (1u << n) - 1;
    elementwise(c, op, from, to, vector, scalar, all);
    elementwise(c, op, from, to, vector, scalar, 0);
    for (int k = 0; n > 1 && k < n; k++) elementwise(c, op, from, to, vector, scalar, all & ~(1u << k));
}

static void case_elementwise(test_case *c, egi_op op)
{
    const egi_rule rule = egi_ops[op].rule;
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        if (!allowed(op, types[k])) continue;
        if (rule != EGI_RULE_OWN) {
            elementwise_of_type(c, op, types[k],
                                rule == EGI_RULE_BOOL    ? EG_BOOL
                                : rule == EGI_RULE_INT32 ? EG_I32
                                                         : types[k]);
            continue;
        }
        for (size_t j = 0; j < EGI_LEN(types); j++) {
            bool fits = op != EGI_BITCAST || eg_dtype_size(types[k]) == eg_dtype_size(types[j]);
            if (fits && (op != EGI_BITCAST || types[j] != EG_BOOL)) elementwise_of_type(c, op, types[k], types[j]);
        }
    }
}

/* -- reductions, scans, sorting ------------------------------------------------------------------------------------ */

static void reduce(test_case *c, egi_op op, egi_id x, int num, const int64_t *axes)
{
    eg_spec s = egi_spec(c->g, x), r = {.dtype = egi_ops[op].rule == EGI_RULE_INT32 ? EG_I32 : s.dtype};
    int next = 0;
    if (num > 1 && egi_ops[op].rule == EGI_RULE_INT32) return; /* one axis */
    for (int k = 0; k < s.rank; k++) {
        if (next < num && axes[next] == k)
            next++;
        else
            r.dim[r.rank++] = s.dim[k];
    }
    case_result(c, case_node(c, op, r, 1, &x, num, axes, 0));
}

static void case_reduction(test_case *c, egi_op op)
{
    const int64_t n = c->n;
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        eg_dtype t = types[k];
        if (!allowed(op, t)) continue;
        c->what = eg_dtype_name(t);
        egi_id row = case_arg(c, eg_vector(t, n)), rows = case_arg(c, eg_matrix(t, 3, n)),
               tall = case_arg(c, eg_matrix(t, n, 35));
        egi_id cube = case_arg(c, SPEC(t, 2, n, 3)), thin = case_arg(c, SPEC(t, 2, 1, n, 1)),
               long_row = case_arg(c, eg_vector(t, 5 * n));
        reduce(c, op, row, INTS(0));
        reduce(c, op, long_row, INTS(0));
        reduce(c, op, rows, INTS(1));
        reduce(c, op, rows, INTS(0));
        reduce(c, op, rows, INTS(0, 1));
        reduce(c, op, tall, INTS(0));
        reduce(c, op, tall, INTS(1));
        reduce(c, op, cube, INTS(0));
        reduce(c, op, cube, INTS(1));
        reduce(c, op, cube, INTS(2));
        reduce(c, op, cube, INTS(0, 2));
        reduce(c, op, cube, INTS(1, 2));
        reduce(c, op, cube, INTS(0, 1));
        reduce(c, op, thin, INTS(0, 2));
        reduce(c, op, thin, INTS(0, 3));
        reduce(c, op, thin, INTS(3));
        /* through views: as they lie, or copied */
        egi_id flat = case_node(c, EGI_RESHAPE, SPEC(t, 6 * n), IDS(cube), 0, NULL, 0);
        egi_id turned = case_node(c, EGI_TRANSPOSE, SPEC(t, n, 3), IDS(rows), INTS(1, 0), 0);
        egi_id more = case_node(c, EGI_RESHAPE, SPEC(t, 3, n), IDS(turned), 0, NULL, 0);
        reduce(c, op, flat, INTS(0));
        reduce(c, op, turned, INTS(0));
        reduce(c, op, more, INTS(1));
    }
}

static void case_cumsum(test_case *c)
{
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        if (!allowed(EGI_CUMSUM, types[k])) continue;
        const eg_spec s[] = {SPEC(types[k], c->n), SPEC(types[k], 3, c->n), SPEC(types[k], c->n, 21),
                             SPEC(types[k], 2, c->n, 3)};
        c->what = eg_dtype_name(types[k]);
        for (size_t j = 0; j < EGI_LEN(s); j++) {
            egi_id x = case_arg(c, s[j]);
            for (int64_t axis = 0; axis < s[j].rank; axis++)
                case_result(c, case_node(c, EGI_CUMSUM, s[j], 1, &x, 1, &axis, 0));
        }
    }
}

static void case_sort(test_case *c, egi_op op)
{
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        const eg_spec s[] = {SPEC(types[k], c->n), SPEC(types[k], 5, c->n), SPEC(types[k], c->n, 3)};
        c->what = eg_dtype_name(types[k]);
        for (size_t j = 0; j < EGI_LEN(s); j++) {
            egi_id x = case_arg(c, s[j]);
            eg_spec r = s[j];
            if (op == EGI_ARGSORT) r.dtype = EG_I32;
            case_result(c, case_node(c, op, r, 1, &x, 0, NULL, 0));
        }
    }
}

/* -- products, events, randomness, leaves -------------------------------------------------------------------------- */

static void product(test_case *c, eg_dtype t, int64_t m, int64_t k, int64_t n)
{
    egi_id a = case_arg(c, SPEC(t, m, k)), b = case_arg(c, SPEC(t, k, n));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, m, n), IDS(a, b), 0, NULL, 0));
    egi_id base = case_arg(c, SPEC(t, m, n)), sum = egi_op2(c->g, EGI_ADD, base, base);
    case_result(c, case_node(c, EGI_DOT, SPEC(t, m, n), IDS(a, b, base), 0, NULL, 0));
    /* in place of the sum */
    case_result(c, case_node(c, EGI_DOT, SPEC(t, m, n), IDS(a, b, sum), 0, NULL, 0));
}

/* Bases of many matrices, that are views, and that are operands as well. */
static void case_based(test_case *c, eg_dtype t)
{
    const int64_t n = c->n;
    egi_id a = case_arg(c, SPEC(t, 2, 3, n)), b = case_arg(c, SPEC(t, 2, n, 4)), s = case_arg(c, SPEC(t, 7, 7));
    egi_id flat = case_arg(c, SPEC(t, 24)), base = case_node(c, EGI_RESHAPE, SPEC(t, 2, 3, 4), IDS(flat), 0, NULL, 0);
    egi_id x = case_arg(c, SPEC(t, n, 6)), y = case_arg(c, SPEC(t, n, 18)), z = case_arg(c, SPEC(t, 18, 6));
    egi_id xt = case_node(c, EGI_TRANSPOSE, SPEC(t, 6, n), IDS(x), INTS(1, 0), 0);
    egi_id zt = case_node(c, EGI_TRANSPOSE, SPEC(t, 6, 18), IDS(z), INTS(1, 0), 0);
    egi_id st = case_node(c, EGI_TRANSPOSE, SPEC(t, 7, 7), IDS(s), INTS(1, 0), 0);
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 2, 3, 4), IDS(a, b, base), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 6, 18), IDS(xt, y, zt), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 7, 7), IDS(s, s, s), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 7, 7), IDS(s, st, st), 0, NULL, 0));
    egi_id none = case_node(c, EGI_RESHAPE, SPEC(t, 7, 0), IDS(case_arg(c, SPEC(t, 0))), 0, NULL, 0);
    egi_id below = case_node(c, EGI_RESHAPE, SPEC(t, 0, 7), IDS(none), 0, NULL, 0);
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 7, 7), IDS(none, below, s), 0, NULL, 0));
}

/* Transposed operands are read as they lie, where that is possible. */
static void case_flipped(test_case *c, eg_dtype t)
{
    const int64_t n = c->n;
    egi_id x = case_arg(c, SPEC(t, n, 6)), y = case_arg(c, SPEC(t, n, 18)), z = case_arg(c, SPEC(t, 2, 5, n));
    egi_id computed = egi_op2(c->g, EGI_ADD, x, x), row = case_arg(c, SPEC(t, n)), w = case_arg(c, SPEC(t, 2, 4, n));
    egi_id xt = case_node(c, EGI_TRANSPOSE, SPEC(t, 6, n), IDS(computed), INTS(1, 0), 0);
    egi_id zt = case_node(c, EGI_TRANSPOSE, SPEC(t, 2, n, 5), IDS(z), INTS(0, 2, 1), 0);
    egi_id zc = case_node(c, EGI_TRANSPOSE, SPEC(t, n, 2, 5), IDS(z), INTS(2, 0, 1), 0);
    egi_id one = case_node(c, EGI_RESHAPE, SPEC(t, 1, n), IDS(row), 0, NULL, 0);
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 6, 18), IDS(xt, y), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 2, 4, 5), IDS(w, zt), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, n, 2, 2), IDS(zc, case_arg(c, SPEC(t, n, 5, 2))), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 1, 6), IDS(one, x), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT, SPEC(t, 6, 6), IDS(xt, x), 0, NULL, 0));
}

static void case_dot(test_case *c)
{
    const int64_t n = c->n;
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        eg_dtype t = types[k];
        if (!allowed(EGI_DOT, t)) continue;
        c->what = eg_dtype_name(t);
        product(c, t, n, 7, 5);
        product(c, t, 3, n, 35);
        product(c, t, 4, 6, n);
        product(c, t, 1, n, 17);
        product(c, t, 33, n, 1);
        product(c, t, 1, n, 1);
        case_flipped(c, t);
        case_based(c, t);
        egi_id a = case_arg(c, SPEC(t, 2, 3, n)), b = case_arg(c, SPEC(t, 2, n, 4));
        case_result(c, case_node(c, EGI_DOT, SPEC(t, 2, 3, 4), IDS(a, b), 0, NULL, 0));
        a = case_arg(c, SPEC(t, n, 2, 3));
        b = case_arg(c, SPEC(t, n, 3, 5));
        case_result(c, case_node(c, EGI_DOT, SPEC(t, n, 2, 5), IDS(a, b), 0, NULL, 0));
    }
}

/* What fires seldom, as numbers of no pattern do not. */
static egi_id seldom(test_case *c, eg_spec s)
{
    eg_spec f = s;
    f.dtype = EG_F32;
    egi_id x = case_arg(c, f), y = case_arg(c, f), b = egi_op2(c->g, EGI_EQ, x, y);
    return s.dtype == EG_BOOL ? b : egi_op3(c->g, EGI_SELECT, b, case_arg(c, s), egi_const_f(c->g, s.dtype, 0));
}

static egi_id zeros_like(test_case *c, eg_spec s)
{
    egi_id zero = egi_const_f(c->g, s.dtype, 0);
    return case_node(c, EGI_BROADCAST, s, 1, &zero, 0, NULL, 0);
}

/* What fires in most places in rows `from` on, before them nowhere. */
static egi_id mostly(test_case *c, eg_spec s, int64_t from)
{
    eg_spec f = s, rows = SPEC(EG_I32, s.dim[0]);
    f.dtype = EG_F32;
    egi_id x = case_arg(c, f), b = egi_op2(c->g, EGI_EQ, x, x); /* but for NaN */
    egi_id row = case_node(c, EGI_IOTA, rows, 0, NULL, INTS(0), 0);
    rows = s;
    rows.dtype = EG_I32;
    egi_id all = case_node(c, EGI_BROADCAST, rows, IDS(row), INTS(0), 0);
    b = egi_op2(c->g, EGI_AND, b, egi_op2(c->g, EGI_GE, all, egi_const_i(c->g, EG_I32, from)));
    return s.dtype == EG_BOOL ? b : egi_op3(c->g, EGI_SELECT, b, case_arg(c, s), egi_const_f(c->g, s.dtype, 0));
}

/* Many fire: tiles, and lists for the rows that have no spikes and those left. */
static void fired_often(test_case *c, eg_dtype t, eg_dtype tx, int64_t m, int64_t k, int64_t n)
{
    const eg_spec to = SPEC(t, m, n);
    egi_id base = case_arg(c, to), w = case_arg(c, SPEC(t, k, n)), zeros = zeros_like(c, to);
    egi_id rows = mostly(c, SPEC(tx, m, k), m / 2), all = mostly(c, SPEC(tx, m, k), 0);
    egi_id flip = case_node(c, EGI_TRANSPOSE, SPEC(tx, m, k), IDS(mostly(c, SPEC(tx, k, m), 0)), INTS(1, 0), 0);
    egi_id late = case_node(c, EGI_TRANSPOSE, SPEC(tx, m, k), IDS(mostly(c, SPEC(tx, k, m), k / 8)), INTS(1, 0), 0);
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(base, rows, w), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(zeros, all, w), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(base, flip, w), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(zeros, late, w), 0, NULL, 0));
}

/* More in the result than a core keeps, and more spikes than are sorted at once; in columns. */
static void fired_large(test_case *c, eg_dtype t, eg_dtype tx)
{
    const int64_t m = 420, k = 90, n = 250;
    const eg_spec to = SPEC(t, m, n), in = SPEC(EG_F32, k, m);
    egi_id x = case_arg(c, in), y = case_arg(c, in), half = egi_op2(c->g, EGI_LT, x, y);
    egi_id values = case_arg(c, SPEC(t, k, m)), zero = egi_const_f(c->g, t, 0), w = case_arg(c, SPEC(t, k, n));
    if (tx != EG_BOOL) half = egi_op3(c->g, EGI_SELECT, half, values, zero);
    egi_id flip = case_node(c, EGI_TRANSPOSE, SPEC(tx, m, k), IDS(half), INTS(1, 0), 0);
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(case_arg(c, to), flip, w), 0, NULL, 0));
}

/* base + x w with x of that type, in rows and in columns; often and seldom fired. */
static void fired(test_case *c, eg_dtype t, eg_dtype tx, int64_t m, int64_t k, int64_t n)
{
    const eg_spec to = SPEC(t, m, n);
    egi_id base = case_arg(c, to), w = case_arg(c, SPEC(t, k, n)), zeros = zeros_like(c, to);
    egi_id x = case_arg(c, SPEC(tx, m, k)), y = seldom(c, SPEC(tx, k, m));
    egi_id turned = case_node(c, EGI_TRANSPOSE, SPEC(tx, m, k), IDS(y), INTS(1, 0), 0);
    egi_id arg = case_node(c, EGI_TRANSPOSE, SPEC(tx, m, k), IDS(case_arg(c, SPEC(tx, k, m))), INTS(1, 0), 0);
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(base, x, w), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(zeros, turned, w), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(base, arg, w), 0, NULL, 0));
    /* put into what was computed, which nobody else reads */
    egi_id sum = egi_op2(c->g, EGI_ADD, base, base);
    egi_id once = case_node(c, EGI_DOT_EVENT, to, IDS(sum, seldom(c, SPEC(tx, m, k)), w), 0, NULL, 0);
    case_result(c, case_node(c, EGI_DOT_EVENT, to, IDS(once, turned, w), 0, NULL, 0));
}

/* Spikes that lie in parts of something else, and one array in two places. */
static void fired_views(test_case *c, eg_dtype t, eg_dtype tx)
{
    const int64_t n = c->n;
    egi_id all = case_arg(c, SPEC(tx, n, 3, 6)), w = case_arg(c, SPEC(t, 6, 9)), wide = case_arg(c, SPEC(t, 3, 9));
    egi_id row = case_node(c, EGI_SLICE, SPEC(tx, n, 1, 6), IDS(all), INTS(0, 1, 1, 1, 0, 1), 0);
    egi_id rows = case_node(c, EGI_RESHAPE, SPEC(tx, n, 6), IDS(row), 0, NULL, 0);
    egi_id turn = case_node(c, EGI_TRANSPOSE, SPEC(tx, 3, n, 6), IDS(all), INTS(1, 0, 2), 0);
    egi_id of = case_node(c, EGI_RESHAPE, SPEC(tx, 3 * n, 6), IDS(turn), 0, NULL, 0);
    case_result(c, case_node(c, EGI_DOT_EVENT, SPEC(t, n, 9), IDS(case_arg(c, SPEC(t, n, 9)), rows, w), 0, NULL, 0));
    case_result(
        c, case_node(c, EGI_DOT_EVENT, SPEC(t, 3 * n, 9), IDS(zeros_like(c, SPEC(t, 3 * n, 9)), of, w), 0, NULL, 0));
    egi_id batch = case_node(c, EGI_TRANSPOSE, SPEC(tx, n, 6, 3), IDS(all), INTS(0, 2, 1), 0);
    egi_id many = case_node(c, EGI_BROADCAST, SPEC(t, n, 3, 9), IDS(wide), INTS(1, 2), 0);
    case_result(
        c, case_node(c, EGI_DOT_EVENT, SPEC(t, n, 6, 9), IDS(case_arg(c, SPEC(t, n, 6, 9)), batch, many), 0, NULL, 0));
    egi_id square = case_arg(c, SPEC(t, 6, 6)),
           back = case_node(c, EGI_TRANSPOSE, SPEC(t, 6, 6), IDS(square), INTS(1, 0), 0);
    case_result(c, case_node(c, EGI_DOT_EVENT, SPEC(t, 6, 6), IDS(back, back, back), 0, NULL, 0));
    case_result(c, case_node(c, EGI_DOT_EVENT, SPEC(t, 6, 6), IDS(square, back, square), 0, NULL, 0));
}

static void case_dot_event(test_case *c)
{
    const int64_t n = c->n;
    static const eg_dtype floats[] = {EG_F32, EG_F64};
    for (size_t k = 0; k < 2 * EGI_LEN(floats); k++) {
        eg_dtype t = floats[k / 2], tx = k % 2 ? t : EG_BOOL;
        c->what = eg_dtype_name(t);
        fired(c, t, tx, n, 7, 5);
        fired(c, t, tx, 3, n, 35);
        fired(c, t, tx, 4, 6, n);
        fired(c, t, tx, 70, 300, 67); /* more than are sorted at once */
        fired(c, t, tx, 1, 3 * n, 1); /* more than a list holds */
        if (n == 17) fired_large(c, t, tx);
        fired_often(c, t, tx, 21, 40, n % 100);
        fired_often(c, t, tx, n % 100, 70, 37);
        fired_views(c, t, tx);
    }
}

enum { POST = 37 };

static uint64_t connections(test_case *c)
{
    const int64_t n = c->n;
    int64_t *ptr = calloc((size_t)n + 1, sizeof *ptr);
    int32_t *target = calloc((size_t)n * 8 + 1, sizeof *target);
    ck_assert(ptr && target);
    for (int64_t i = 0; i < n; i++) {
        ptr[i + 1] = ptr[i];
        for (int64_t j = i % 3; j < POST && ptr[i + 1] - ptr[i] < i % 8; j += 1 + (i + j) % 9)
            target[ptr[i + 1]++] = (int32_t)j;
    }
    eg_csr *csr = eg_csr_new(c->eg, n, POST, ptr, target);
    ck_assert_msg(csr && egi_push(&c->eg->allocator, &c->g->csrs, csr), "%s", eg_message(c->eg));
    free(ptr);
    free(target);
    return (uint64_t)c->g->csrs.n - 1;
}

static void case_event(test_case *c, egi_op op)
{
    const int64_t n = c->n, from = op == EGI_EVENT ? n : POST, to = op == EGI_EVENT ? POST : n;
    uint64_t slot = connections(c);
    int64_t size = eg_csr_size(c->g->csrs.at[slot]);
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        eg_dtype t = types[k];
        if (t == EG_BOOL) continue;
        c->what = eg_dtype_name(t);
        egi_id base = case_arg(c, SPEC(t, to)), fired = case_arg(c, SPEC(EG_BOOL, from)), w = case_arg(c, eg_scalar(t));
        egi_id row = case_arg(c, SPEC(t, n)), synapse = case_arg(c, SPEC(t, size));
        case_result(c, case_node(c, op, SPEC(t, to), IDS(base, fired, w), 0, NULL, slot));
        case_result(c, case_node(c, op, SPEC(t, to), IDS(base, fired, row), 0, NULL, slot));
        case_result(c, case_node(c, op, SPEC(t, to), IDS(base, fired, synapse), 0, NULL, slot));
        if (!egi_is_float(t)) continue;
        egi_id value = case_arg(c, SPEC(t, from));
        case_result(c, case_node(c, op, SPEC(t, to), IDS(base, value, w), 0, NULL, slot));
        case_result(c, case_node(c, op, SPEC(t, to), IDS(base, value, synapse), 0, NULL, slot));
    }
}

static void case_bits(test_case *c)
{
    static const eg_dtype wide[] = {EG_U32, EG_I64};
    for (size_t k = 0; k < EGI_LEN(wide); k++) {
        egi_id lane = case_arg(c, eg_scalar(EG_U32)), zero = egi_const_i(c->g, EG_U32, 0);
        c->what = eg_dtype_name(wide[k]);
        c->g->streams += 4;
        case_result(c, case_node(c, EGI_BITS, SPEC(wide[k], c->n), IDS(lane), 0, NULL, 4 * k));
        case_result(c, case_node(c, EGI_BITS, SPEC(wide[k], 3, c->n), IDS(zero), 0, NULL, 4 * k + 1));
        case_result(c, case_node(c, EGI_BITS, SPEC(wide[k], c->n, 3), IDS(zero), 0, NULL, 4 * k + 2));
        case_result(c, case_node(c, EGI_BITS, eg_scalar(wide[k]), IDS(lane), 0, NULL, 4 * k + 3));
    }
}

static void case_iota(test_case *c)
{
    for (size_t k = 1; k < EGI_LEN(types); k++) {
        c->what = eg_dtype_name(types[k]);
        case_result(c, case_node(c, EGI_IOTA, SPEC(types[k], c->n), 0, NULL, INTS(0), 0));
        case_result(c, case_node(c, EGI_IOTA, SPEC(types[k], c->n, 3), 0, NULL, INTS(0), 0));
        case_result(c, case_node(c, EGI_IOTA, SPEC(types[k], 3, c->n), 0, NULL, INTS(1), 0));
    }
}

static void case_batch_mean(test_case *c)
{
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        if (!allowed(EGI_BATCH_MEAN, types[k])) continue;
        const eg_spec s[] = {eg_scalar(types[k]), SPEC(types[k], c->n), SPEC(types[k], 3, c->n)};
        c->what = eg_dtype_name(types[k]);
        for (size_t j = 0; j < EGI_LEN(s); j++) {
            egi_id x = case_node(c, EGI_NEG, s[j], IDS(case_arg(c, s[j])), 0, NULL, 0);
            egi_id m = case_node(c, EGI_BATCH_MEAN, s[j], 1, &x, 0, NULL, 0);
            case_result(c, m);
            case_result(c, case_node(c, EGI_ADD, s[j], IDS(m, x), 0, NULL, 0));
        }
    }
}

static void case_pack(test_case *c)
{
    const int64_t n = c->n, words = (n + 31) / 32;
    c->what = "bool";
    egi_id x = case_arg(c, SPEC(EG_BOOL, n)), rows = case_arg(c, SPEC(EG_BOOL, 3, n));
    egi_id columns = case_arg(c, SPEC(EG_BOOL, n, 33));
    case_result(c, case_node(c, EGI_PACK, SPEC(EG_U32, words), 1, &x, 0, NULL, 0));
    case_result(c, case_node(c, EGI_PACK, SPEC(EG_U32, 3, words), 1, &rows, 0, NULL, 0));
    case_result(c, case_node(c, EGI_PACK, SPEC(EG_U32, n, 2), 1, &columns, 0, NULL, 0));
    egi_id turned = case_node(c, EGI_TRANSPOSE, SPEC(EG_BOOL, 33, n), 1, &columns, INTS(1, 0), 0);
    case_result(c, case_node(c, EGI_PACK, SPEC(EG_U32, 33, words), 1, &turned, 0, NULL, 0));
    egi_id no = case_node(c, EGI_NOT, SPEC(EG_BOOL, n), 1, &x, 0, NULL, 0);
    case_result(c, case_node(c, EGI_PACK, SPEC(EG_U32, words), 1, &no, 0, NULL, 0));
}

static void case_unpack(test_case *c)
{
    const int64_t n = c->n, words = (n + 31) / 32;
    c->what = "bool";
    egi_id x = case_arg(c, SPEC(EG_U32, words)), rows = case_arg(c, SPEC(EG_U32, 3, words));
    egi_id columns = case_arg(c, SPEC(EG_U32, n, 2)), mask = case_arg(c, SPEC(EG_BOOL, n));
    egi_id bits = case_node(c, EGI_UNPACK, SPEC(EG_BOOL, n), 1, &x, 0, NULL, 0);
    case_result(c, bits);
    case_result(c, case_node(c, EGI_XOR, SPEC(EG_BOOL, n), IDS(bits, mask), 0, NULL, 0));
    case_result(c, case_node(c, EGI_UNPACK, SPEC(EG_BOOL, 3, n), 1, &rows, 0, NULL, 0));
    case_result(c, case_node(c, EGI_UNPACK, SPEC(EG_BOOL, n, 45), 1, &columns, 0, NULL, 0));
    egi_id turned = case_node(c, EGI_TRANSPOSE, SPEC(EG_U32, 2, n), 1, &columns, INTS(1, 0), 0);
    if (n > 0) case_result(c, case_node(c, EGI_UNPACK, SPEC(EG_BOOL, 2, 32 * n - 5), 1, &turned, 0, NULL, 0));
    egi_id one = case_arg(c, eg_scalar(EG_U32));
    egi_id same = case_node(c, EGI_BROADCAST, SPEC(EG_U32, words), 1, &one, 0, NULL, 0);
    case_result(c, case_node(c, EGI_UNPACK, SPEC(EG_BOOL, n), 1, &same, 0, NULL, 0));
    egi_id no = case_node(c, EGI_NOT, SPEC(EG_U32, words), 1, &x, 0, NULL, 0);
    case_result(c, case_node(c, EGI_UNPACK, SPEC(EG_BOOL, n), 1, &no, 0, NULL, 0));
    egi_id i = case_node(c, EGI_IOTA, SPEC(EG_U32, words), 0, NULL, INTS(0), 0);
    case_result(c, case_node(c, EGI_UNPACK, SPEC(EG_BOOL, n), 1, &i, 0, NULL, 0));
}

void case_of_op(test_case *c, egi_op op)
{
    const unsigned flags = egi_ops[op].flags;
    if (flags & FE) {
        case_elementwise(c, op);
    } else if (flags & FR) {
        case_reduction(c, op);
    } else {
        switch ((int)op) {
        case EGI_IOTA: case_iota(c); break;
        case EGI_CUMSUM: case_cumsum(c); break;
        case EGI_SORT:
        case EGI_ARGSORT: case_sort(c, op); break;
        case EGI_DOT: case_dot(c); break;
        case EGI_DOT_EVENT: case_dot_event(c); break;
        case EGI_PACK: case_pack(c); break;
        case EGI_UNPACK: case_unpack(c); break;
        case EGI_BATCH_MEAN: case_batch_mean(c); break;
        case EGI_EVENT:
        case EGI_EVENT_T: case_event(c, op); break;
        case EGI_BITS: case_bits(c); break;
        default: case_shape(c, op); break;
        }
    }
}
