/* What the table test asks of views and of operations that move elements. */
#include "ops/cases.h"

static const eg_dtype types[] = {EG_BOOL, EG_I32, EG_U32, EG_I64, EG_F32, EG_F64};

static void case_view(test_case *c, egi_op op, eg_dtype t)
{
    const int64_t n = c->n;
    egi_id x = case_arg(c, SPEC(t, 2, n, 3)), row = case_arg(c, SPEC(t, n)), one = case_arg(c, SPEC(t, 1, n));
    switch ((int)op) {
    case EGI_BROADCAST:
        case_result(c, case_node(c, op, SPEC(t, 4, n), IDS(row), INTS(1), 0));
        case_result(c, case_node(c, op, SPEC(t, n, 4), IDS(row), INTS(0), 0));
        case_result(c, case_node(c, op, SPEC(t, 5, n), IDS(one), INTS(0, 1), 0));
        break;
    case EGI_RESHAPE:
        case_result(c, case_node(c, op, SPEC(t, 3, n, 2), IDS(x), 0, NULL, 0));
        case_result(c, case_node(c, op, SPEC(t, 6 * n), IDS(x), 0, NULL, 0));
        break;
    case EGI_TRANSPOSE:
        case_result(c, case_node(c, op, SPEC(t, n, 2, 3), IDS(x), INTS(1, 0, 2), 0));
        case_result(c, case_node(c, op, SPEC(t, 3, n, 2), IDS(x), INTS(2, 1, 0), 0));
        break;
    case EGI_SLICE:
        case_result(c, case_node(c, op, SPEC(t, 1, (n + 1) / 2, 3), IDS(x), INTS(1, 1, 0, 2, 2, -1), 0));
        case_result(c, case_node(c, op, SPEC(t, n), IDS(row), INTS(n ? n - 1 : 0, -1), 0));
        break;
    case EGI_DSLICE: {
        egi_id i = case_index(c, eg_scalar(EG_I64), 0, n), j = case_index(c, eg_scalar(EG_I64), 0, 2);
        case_result(c, case_node(c, op, SPEC(t, 1, n / 2, 3), IDS(x, j, i, j), 0, NULL, 0));
        case_result(c, case_node(c, op, SPEC(t, n / 3), IDS(row, i), 0, NULL, 0));
        break;
    }
    default: ck_abort_msg("%s is not elementwise and has no maker of cases", egi_ops[op].text);
    }
}

static void case_update(test_case *c, eg_dtype t)
{
    const int64_t n = c->n;
    egi_id i = case_index(c, eg_scalar(EG_I64), 0, n), j = case_index(c, eg_scalar(EG_I64), 0, 3);
    egi_id x = case_arg(c, SPEC(t, n)), part = case_arg(c, SPEC(t, n / 2)), a = case_arg(c, eg_scalar(t)),
           b = case_arg(c, eg_scalar(t));
    egi_id m = case_arg(c, SPEC(t, 5, n, 3)), u = case_arg(c, SPEC(t, 2, n, 3)), v = case_arg(c, SPEC(t, 2, n / 3, 2));
    egi_id w = case_arg(c, SPEC(t, 5, n, 3));
    case_result(c, case_node(c, EGI_UPDATE, SPEC(t, n), IDS(x, part, i), 0, NULL, 0));
    case_result(c, case_node(c, EGI_UPDATE, eg_scalar(t), IDS(a, b), 0, NULL, 0));
    case_result(c, case_node(c, EGI_UPDATE, SPEC(t, 5, n, 3), IDS(m, u, j, i, j), 0, NULL, 0));
    case_result(c, case_node(c, EGI_UPDATE, SPEC(t, 5, n, 3), IDS(m, v, j, i, j), 0, NULL, 0));
    case_result(c, case_node(c, EGI_UPDATE, SPEC(t, 5, n, 3), IDS(m, w, j, i, j), 0, NULL, 0));
    egi_id flat = case_node(c, EGI_RESHAPE, SPEC(t, 1, n), IDS(x), 0, NULL, 0), whole = case_arg(c, SPEC(t, 4, n));
    case_result(c, case_node(c, EGI_UPDATE, SPEC(t, 4, n), IDS(whole, flat, i, j), 0, NULL, 0));
    /* In place of a value that nobody else needs. */
    egi_id base = case_node(c, EGI_SELECT, SPEC(t, n), IDS(case_arg(c, eg_vector(EG_BOOL, n)), x, x), 0, NULL, 0);
    egi_id put = case_node(c, EGI_UPDATE, SPEC(t, n), IDS(base, part, i), 0, NULL, 0);
    case_result(c, case_node(c, EGI_UPDATE, SPEC(t, n), IDS(put, part, j), 0, NULL, 0));
}

static void case_concat(test_case *c, eg_dtype t)
{
    const int64_t n = c->n;
    egi_id x = case_arg(c, SPEC(t, n)), seven = case_arg(c, SPEC(t, 7)), m = case_arg(c, SPEC(t, 2, n, 3));
    egi_id first = case_arg(c, SPEC(t, 1, n, 3)), mid = case_arg(c, SPEC(t, 2, 19, 3)),
           last = case_arg(c, SPEC(t, 2, n, 1));
    case_result(c, case_node(c, EGI_CONCAT, SPEC(t, 2 * n + 7), IDS(x, seven, x), INTS(0), 0));
    case_result(c, case_node(c, EGI_CONCAT, SPEC(t, 3, n, 3), IDS(m, first), INTS(0), 0));
    case_result(c, case_node(c, EGI_CONCAT, SPEC(t, 2, n + 19, 3), IDS(m, mid), INTS(1), 0));
    case_result(c, case_node(c, EGI_CONCAT, SPEC(t, 2, n, 4), IDS(last, m), INTS(2), 0));
    case_result(c, case_node(c, EGI_CONCAT, SPEC(t, n), IDS(x), INTS(0), 0));
}

static void case_pad(test_case *c, eg_dtype t)
{
    const int64_t n = c->n;
    egi_id x = case_arg(c, SPEC(t, n)), m = case_arg(c, SPEC(t, 2, n, 3)), v = case_arg(c, eg_scalar(t));
    case_result(c, case_node(c, EGI_PAD, SPEC(t, n + 25), IDS(x, v), INTS(20), 0));
    case_result(c, case_node(c, EGI_PAD, SPEC(t, n), IDS(x, v), INTS(0), 0));
    case_result(c, case_node(c, EGI_PAD, SPEC(t, 2, n + 1, 3), IDS(m, v), INTS(0, 1, 0), 0));
    case_result(c, case_node(c, EGI_PAD, SPEC(t, 4, n, 6), IDS(m, v), INTS(1, 0, 2), 0));
}

static void case_gather(test_case *c, eg_dtype t)
{
    static const eg_dtype index[] = {EG_I32, EG_U32, EG_I64};
    const int64_t n = c->n;
    egi_id x = case_arg(c, SPEC(t, n)), m = case_arg(c, SPEC(t, n, 5)), w = case_arg(c, SPEC(t, 3, n)),
           o = case_arg(c, SPEC(t, 2, 7, n));
    for (size_t k = 0; k < EGI_LEN(index); k++) {
        egi_id i = case_index(c, SPEC(index[k], 23), 2, n), j = case_index(c, SPEC(index[k], 3, 4), 2, 7);
        egi_id s = case_index(c, eg_scalar(index[k]), 0, n);
        case_result(c, case_node(c, EGI_GATHER, SPEC(t, 2, 3, 4, n), IDS(o, j), INTS(1), 0));
        case_result(c, case_node(c, EGI_GATHER, SPEC(t, 2, n),
                                 IDS(o, case_node(c, EGI_GATHER, eg_scalar(index[k]), IDS(i, s), INTS(0), 0)), INTS(1),
                                 0));
        if (n == 0) continue;
        case_result(c, case_node(c, EGI_GATHER, SPEC(t, 23), IDS(x, i), INTS(0), 0));
        case_result(c, case_node(c, EGI_GATHER, SPEC(t, 23, 5), IDS(m, i), INTS(0), 0));
        case_result(c, case_node(c, EGI_GATHER, SPEC(t, 3, 23), IDS(w, i), INTS(1), 0));
        case_result(c, case_node(c, EGI_GATHER, SPEC(t, 5), IDS(m, s), INTS(0), 0));
        case_result(c, case_node(c, EGI_GATHER, eg_scalar(t), IDS(x, s), INTS(0), 0));
    }
}

static void case_scatter(test_case *c, eg_dtype t)
{
    static const eg_dtype index[] = {EG_I32, EG_U32, EG_I64};
    const int64_t n = c->n;
    egi_id x = case_arg(c, SPEC(t, n)), m = case_arg(c, SPEC(t, n, 5)), few = case_arg(c, SPEC(t, 4, n));
    for (size_t k = 0; k < EGI_LEN(index); k++) {
        egi_id i = case_index(c, SPEC(index[k], 50), 2, n), j = case_index(c, SPEC(index[k], 3, 4), 2, n);
        egi_id s = case_index(c, eg_scalar(index[k]), 2, 4), twelve = case_index(c, SPEC(index[k], 12), 2, 4);
        case_result(c, case_node(c, EGI_SCATTER, SPEC(t, n), IDS(x, i, case_arg(c, SPEC(t, 50))), 0, NULL, 0));
        case_result(c, case_node(c, EGI_SCATTER, SPEC(t, n, 5), IDS(m, j, case_arg(c, SPEC(t, 3, 4, 5))), 0, NULL, 0));
        case_result(
            c, case_node(c, EGI_SCATTER, SPEC(t, 4, n), IDS(few, twelve, case_arg(c, SPEC(t, 12, n))), 0, NULL, 0));
        case_result(c, case_node(c, EGI_SCATTER, SPEC(t, 4, n), IDS(few, s, x), 0, NULL, 0));
        case_result(c, case_node(c, EGI_SCATTER, SPEC(t, n), IDS(x, s, case_arg(c, eg_scalar(t))), 0, NULL, 0));
    }
}

void case_shape(test_case *c, egi_op op)
{
    for (size_t k = 0; k < EGI_LEN(types); k++) {
        c->what = eg_dtype_name(types[k]);
        switch ((int)op) {
        case EGI_UPDATE: case_update(c, types[k]); break;
        case EGI_CONCAT: case_concat(c, types[k]); break;
        case EGI_PAD: case_pad(c, types[k]); break;
        case EGI_GATHER: case_gather(c, types[k]); break;
        case EGI_SCATTER: case_scatter(c, types[k]); break;
        default: case_view(c, op, types[k]); break;
        }
    }
}
