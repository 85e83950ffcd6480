/* The rules of each operation: attributes, types, shapes. */
#include "core/context.h"
#include "ir/check.h"

/* A node under examination. */
typedef struct exam {
    const egi_graph *g;
    egi_fault *f;
    egi_id id;
    const egi_node *n;
    const egi_shape *s; /* of the result */
    int num_ints;
    const int64_t *ints;
} exam;

#define NEED(x, condition, ...)                                                                                        \
    do {                                                                                                               \
        if (!(condition)) return egi_broken((x)->f, (x)->id, __VA_ARGS__);                                             \
    } while (0)

static const egi_shape *shape(const exam *x, uint32_t k) { return egi_shape_of(x->g, egi_arg(x->g, x->id, k)); }

static eg_dtype type(const exam *x, uint32_t k) { return egi_dtype_of(x->g, egi_arg(x->g, x->id, k)); }

static bool is_scalar(const exam *x, uint32_t k, eg_dtype t) { return type(x, k) == t && shape(x, k)->rank == 0; }

static unsigned class_of(eg_dtype t)
{
    return t == EG_BOOL ? EGI_ALLOW_B : egi_is_int(t) ? EGI_ALLOW_I : egi_is_float(t) ? EGI_ALLOW_F : 0;
}

/* -- types by the row of ops.def ------------------------------------------------------------------------------ */

static bool check_types(const exam *x)
{
    const egi_op_info *row = &egi_ops[x->n->op];
    uint32_t first = row->rule == EGI_RULE_SEL ? 1 : 0;
    for (uint32_t k = 0; k < x->n->num_args; k++) {
        NEED(x, type(x, k) < EG_DTYPE_COUNT, "operand %u is a value, not a tuple", k);
        NEED(x, class_of(type(x, k)) & row->allowed, "it takes no operand %u of type %s", k, eg_dtype_name(type(x, k)));
    }
    NEED(x, x->n->dtype < EG_DTYPE_COUNT, "it gives a value");
    if (row->rule == EGI_RULE_OWN) return true;
    for (uint32_t k = first + 1; k < x->n->num_args; k++)
        NEED(x, type(x, k) == type(x, first), "operands have one type");
    NEED(x, first == 0 || type(x, 0) == EG_BOOL, "the condition is bool");
    eg_dtype want = row->rule == EGI_RULE_BOOL ? EG_BOOL : row->rule == EGI_RULE_INT32 ? EG_I32 : type(x, first);
    NEED(x, x->n->dtype == want, "its type is %s", eg_dtype_name(want));
    return true;
}

static bool same_type(const exam *x)
{
    NEED(x, (eg_dtype)x->n->dtype == type(x, 0), "it has its operand's type");
    return true;
}

static bool elementwise(const exam *x)
{
    bool full = false;
    NEED(x, x->num_ints == 0, "it has no attributes");
    for (uint32_t k = 0; k < x->n->num_args; k++) {
        bool same = egi_same_shape(shape(x, k), x->s);
        NEED(x, same || shape(x, k)->rank == 0, "operand %u has the result's shape or rank 0", k);
        full = full || same;
    }
    NEED(x, full, "an operand has the result's shape");
    if (x->n->op == EGI_BITCAST) {
        NEED(x, eg_dtype_size((eg_dtype)x->n->dtype) == eg_dtype_size(type(x, 0)), "its types have one size");
    }
    return true;
}

/* -- reductions, scans ---------------------------------------------------------------------------------------- */

static bool reduction(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    egi_shape want = {0};
    int next = 0;
    bool arg = x->n->op == EGI_ARGMIN || x->n->op == EGI_ARGMAX;
    NEED(x, x->num_ints >= 1 && (!arg || x->num_ints == 1), "it names the reduced axes%s", arg ? ", one" : "");
    for (int k = 0; k < x->num_ints; k++) {
        NEED(x, x->ints[k] >= 0 && x->ints[k] < a->rank && (k == 0 || x->ints[k] > x->ints[k - 1]),
             "its axes are axes of the operand, ascending");
    }
    for (int d = 0; d < a->rank; d++) {
        if (next < x->num_ints && x->ints[next] == d)
            next++;
        else
            want.dim[want.rank++] = a->dim[d];
    }
    NEED(x, egi_same_shape(&want, x->s), "its shape is the operand's without the reduced axes");
    return true;
}

static bool scan(const exam *x)
{
    bool axis = x->n->op == EGI_CUMSUM;
    NEED(x, x->num_ints == axis, axis ? "it names one axis" : "it has no attributes");
    NEED(x, shape(x, 0)->rank > 0, "the operand has an axis");
    NEED(x, !axis || (x->ints[0] >= 0 && x->ints[0] < x->s->rank), "its axis is an axis of the operand");
    NEED(x, egi_same_shape(shape(x, 0), x->s), "it has the operand's shape");
    return true;
}

static bool pack(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    egi_shape want = *a;
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, a->rank > 0, "the operand has an axis");
    want.dim[a->rank - 1] = (a->dim[a->rank - 1] + 31) / 32;
    NEED(x, x->n->dtype == EG_U32, "it gives u32");
    NEED(x, egi_same_shape(&want, x->s), "its last axis has a word for 32 elements");
    return true;
}

static bool unpack(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, egi_dtype_of(x->g, egi_arg(x->g, x->id, 0)) == EG_U32, "it takes u32");
    NEED(x, a->rank > 0 && x->s->rank == a->rank, "it has the operand's axes, at least one");
    egi_shape want = *x->s;
    want.dim[a->rank - 1] = (want.dim[a->rank - 1] + 31) / 32;
    NEED(x, x->n->dtype == EG_BOOL, "it gives bool");
    NEED(x, egi_same_shape(&want, a), "the operand's last axis has a word for 32 elements");
    return true;
}

/* -- leaves --------------------------------------------------------------------------------------------------- */

static bool is_spec(const exam *x, eg_spec s) { return egi_spec_equal(egi_spec(x->g, x->id), s); }

static bool constant(const exam *x)
{
    NEED(x, x->s->rank == 0 && x->num_ints == 0, "it is a scalar");
    NEED(x, x->n->imm == egi_bits_of_int(EG_BOOL, (int64_t)x->n->imm) || x->n->dtype != EG_BOOL, "a bool is 0 or 1");
    NEED(x, eg_dtype_size((eg_dtype)x->n->dtype) == 8 || x->n->imm >> 32 == 0, "its bits fit its type");
    return true;
}

static bool iota(const exam *x)
{
    NEED(x, x->n->dtype != EG_BOOL, "it is of numbers");
    NEED(x, x->num_ints == 1 && x->ints[0] >= 0 && x->ints[0] < x->s->rank, "it names one axis of its own");
    return true;
}

static bool argument(const exam *x)
{
    NEED(x, x->num_ints == 0 && x->n->region == 0, "it lies in region 0 and has no attributes");
    NEED(x, x->n->imm < (uint64_t)x->g->args.n, "the function has that argument");
    NEED(x, is_spec(x, egi_stored(x->g->args.at[x->n->imm])), "it has the argument's type and shape");
    return true;
}

static bool variable(const exam *x)
{
    NEED(x, x->num_ints == 0 && x->n->region == 0, "it lies in region 0 and has no attributes");
    NEED(x, x->n->imm < (uint64_t)x->g->vars.n, "its variable is captured");
    NEED(x, is_spec(x, egi_stored(x->g->vars.at[x->n->imm]->spec)), "it has the variable's type and shape");
    return true;
}

static bool array(const exam *x)
{
    NEED(x, x->num_ints == 0 && x->n->region == 0, "it lies in region 0 and has no attributes");
    NEED(x, x->n->imm < (uint64_t)x->g->arrays.n, "its array is captured");
    NEED(x, is_spec(x, egi_stored(x->g->arrays.at[x->n->imm]->spec)), "it has the array's type and shape");
    return true;
}

/* -- shape ---------------------------------------------------------------------------------------------------- */

static bool broadcast(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    unsigned seen = 0;
    NEED(x, x->num_ints == a->rank, "it names an axis for each axis of the operand");
    for (int k = 0; k < a->rank; k++) {
        int64_t to = x->ints[k];
        NEED(x, to >= 0 && to < x->s->rank && !(seen & 1u << to), "its axes are different axes of the result");
        NEED(x, a->dim[k] == x->s->dim[to] || a->dim[k] == 1, "extents are the result's, or 1");
        seen |= 1u << to;
    }
    return same_type(x);
}

static bool reshape(const exam *x)
{
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, egi_shape_count(shape(x, 0)) == egi_shape_count(x->s), "it has as many elements as its operand");
    return same_type(x);
}

static bool transpose(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    unsigned seen = 0;
    NEED(x, x->num_ints == a->rank && x->s->rank == a->rank, "it names every axis");
    for (int k = 0; k < a->rank; k++) {
        int64_t from = x->ints[k];
        NEED(x, from >= 0 && from < a->rank && !(seen & 1u << from), "its axes are a permutation");
        NEED(x, x->s->dim[k] == a->dim[from], "extent %d is that of the operand's axis %lld", k, (long long)from);
        seen |= 1u << from;
    }
    return same_type(x);
}

static bool slice(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    NEED(x, x->s->rank == a->rank && x->num_ints == 2 * a->rank, "it names start and step of each axis");
    for (int k = 0; k < a->rank; k++) {
        int64_t start = x->ints[2 * k], step = x->ints[2 * k + 1], last = x->s->dim[k] - 1;
        bool far = __builtin_mul_overflow(last, step, &last) || __builtin_add_overflow(last, start, &last);
        NEED(x, step != 0, "no step is 0");
        if (x->s->dim[k] == 0) continue;
        NEED(x, !far && start >= 0 && start < a->dim[k] && last >= 0 && last < a->dim[k],
             "axis %d stays within the operand", k);
    }
    return same_type(x);
}

/* Starts of DSLICE and UPDATE: one i64 scalar an axis, from operand `first`. */
static bool starts(const exam *x, uint32_t first, const egi_shape *whole, const egi_shape *part)
{
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, x->n->num_args == first + (uint32_t)whole->rank, "it has a start for each axis");
    NEED(x, part->rank == whole->rank, "the part has the rank of the whole");
    for (int k = 0; k < whole->rank; k++) {
        NEED(x, is_scalar(x, first + (uint32_t)k, EG_I64), "starts are i64 scalars");
        NEED(x, part->dim[k] <= whole->dim[k], "the part is not larger than the whole in axis %d", k);
    }
    return same_type(x);
}

static bool dslice(const exam *x)
{
    NEED(x, x->n->num_args >= 1, "it has an operand");
    return starts(x, 1, shape(x, 0), x->s);
}

static bool update(const exam *x)
{
    NEED(x, x->n->num_args >= 2, "it has two operands");
    NEED(x, type(x, 1) == type(x, 0), "whole and part have one type");
    NEED(x, egi_same_shape(shape(x, 0), x->s), "it has the shape of the whole");
    return starts(x, 2, shape(x, 0), shape(x, 1));
}

static bool concat(const exam *x)
{
    int64_t extent = 0;
    NEED(x, x->n->num_args >= 1, "it has an operand");
    NEED(x, x->num_ints == 1 && x->ints[0] >= 0 && x->ints[0] < x->s->rank, "it names one axis");
    for (uint32_t k = 0; k < x->n->num_args; k++) {
        const egi_shape *a = shape(x, k);
        NEED(x, type(x, k) == type(x, 0), "operands have one type");
        NEED(x, a->rank == x->s->rank, "operands have the result's rank");
        for (int d = 0; d < a->rank; d++)
            NEED(x, d == x->ints[0] || a->dim[d] == x->s->dim[d], "operand %u has the result's extent in axis %d", k,
                 d);
        NEED(x, !__builtin_add_overflow(extent, a->dim[x->ints[0]], &extent), "its extent is a number");
    }
    NEED(x, extent == x->s->dim[x->ints[0]], "its extent is the sum of the operands'");
    return same_type(x);
}

static bool pad(const exam *x)
{
    const egi_shape *a = shape(x, 0);
    NEED(x, is_scalar(x, 1, type(x, 0)), "the value is a scalar of the operand's type");
    NEED(x, x->num_ints == a->rank && x->s->rank == a->rank, "it names the elements before each axis");
    for (int k = 0; k < a->rank; k++)
        NEED(x, x->ints[k] >= 0 && a->dim[k] <= x->s->dim[k] && x->ints[k] <= x->s->dim[k] - a->dim[k],
             "the operand lies within axis %d", k);
    return same_type(x);
}

/* x's shape with axis `at` replaced by the axes of `with`. */
static bool replaced(const egi_shape *a, int at, const egi_shape *with, egi_shape *out)
{
    *out = (egi_shape){0};
    if (a->rank - 1 + with->rank > EG_MAX_RANK) return false;
    for (int k = 0; k < at; k++) out->dim[out->rank++] = a->dim[k];
    for (int k = 0; k < with->rank; k++) out->dim[out->rank++] = with->dim[k];
    for (int k = at + 1; k < a->rank; k++) out->dim[out->rank++] = a->dim[k];
    return true;
}

static bool gather(const exam *x)
{
    egi_shape want;
    const egi_shape *a = shape(x, 0);
    NEED(x, egi_is_int(type(x, 1)), "the index is of integers");
    NEED(x, x->num_ints == 1 && x->ints[0] >= 0 && x->ints[0] < a->rank, "it names one axis of the operand");
    NEED(x, replaced(a, (int)x->ints[0], shape(x, 1), &want) && egi_same_shape(&want, x->s),
         "its shape is the operand's with the index's in place of the axis");
    NEED(x, a->dim[x->ints[0]] > 0 || egi_shape_count(x->s) == 0, "there is an element to take");
    return same_type(x);
}

static bool scatter(const exam *x)
{
    egi_shape want;
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, egi_is_int(type(x, 1)), "the index is of integers");
    NEED(x, type(x, 2) == type(x, 0), "what is added has the operand's type");
    NEED(x, shape(x, 0)->rank > 0 && egi_same_shape(shape(x, 0), x->s), "it has the operand's shape, of rank > 0");
    NEED(x, replaced(shape(x, 0), 0, shape(x, 1), &want) && egi_same_shape(&want, shape(x, 2)),
         "what is added has a row for each element of the index");
    return same_type(x);
}

/* -- products, events, randomness ----------------------------------------------------------------------------- */

/* Operand k times the next. */
static bool product(const exam *x, uint32_t k)
{
    const egi_shape *a = shape(x, k), *b = shape(x, k + 1), *s = x->s;
    int r = s->rank;
    NEED(x, r >= 2 && a->rank == r && b->rank == r, "operands and result are matrices, or equally many of them");
    for (int j = 0; j < r - 2; j++)
        NEED(x, a->dim[j] == s->dim[j] && b->dim[j] == s->dim[j], "leading extents are equal in axis %d", j);
    NEED(x, a->dim[r - 1] == b->dim[r - 2], "columns of the first are rows of the second");
    NEED(x, s->dim[r - 2] == a->dim[r - 2] && s->dim[r - 1] == b->dim[r - 1], "it is [..., M, N]");
    return same_type(x);
}

static bool dot(const exam *x)
{
    NEED(x, x->n->num_args == 2 || x->n->num_args == 3, "it has two matrices, and a base or none");
    const bool based = x->n->num_args == 3;
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, type(x, 1) == type(x, 0) && (!based || type(x, 2) == type(x, 0)), "operands have one type");
    NEED(x, !based || egi_same_shape(shape(x, 2), x->s), "the base has the result's shape");
    return product(x, 0);
}

static bool dot_event(const exam *x)
{
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, egi_is_float(type(x, 0)) && type(x, 2) == type(x, 0), "base and weights are floats of one type");
    NEED(x, type(x, 1) == EG_BOOL || type(x, 1) == type(x, 0), "spikes are bool, or floats of the base's type");
    NEED(x, egi_same_shape(shape(x, 0), x->s), "it has the base's shape");
    return product(x, 1);
}

static bool event(const exam *x)
{
    const egi_shape *base = shape(x, 0), *spikes = shape(x, 1), *weight = shape(x, 2);
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, x->n->imm < (uint64_t)x->g->csrs.n, "its connections are captured");
    const eg_csr *c = x->g->csrs.at[x->n->imm];
    bool forward = x->n->op == EGI_EVENT;
    int64_t pre = eg_csr_num_pre(c), post = eg_csr_num_post(c);
    NEED(x, type(x, 0) != EG_BOOL && type(x, 2) == type(x, 0), "base and weight are of one type of numbers");
    NEED(x, type(x, 1) == EG_BOOL || (egi_is_float(type(x, 1)) && type(x, 1) == type(x, 0)),
         "spikes are bool, or floats of the base's type");
    NEED(x, base->rank == 1 && base->dim[0] == (forward ? post : pre), "the base has an element for each %s neuron",
         forward ? "post" : "pre");
    NEED(x, spikes->rank == 1 && spikes->dim[0] == (forward ? pre : post), "spikes have an element for each %s neuron",
         forward ? "pre" : "post");
    NEED(x, weight->rank == 0 || (weight->rank == 1 && (weight->dim[0] == pre || weight->dim[0] == eg_csr_size(c))),
         "the weight is one, one for each pre neuron or one for each synapse");
    NEED(x, egi_same_shape(base, x->s), "it has the base's shape");
    return same_type(x);
}

static bool bits(const exam *x)
{
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, is_scalar(x, 0, EG_U32), "the round is a u32 scalar");
    NEED(x, x->n->dtype == EG_U32 || x->n->dtype == EG_I64, "it gives u32 or i64");
    NEED(x, x->n->imm < x->g->streams, "its stream is given out");
    return true;
}

static bool custom(const exam *x)
{
    NEED(x, x->n->num_args >= 1 && egi_same_shape(shape(x, 0), x->s), "it has the shape of its value");
    NEED(x, x->num_ints == 2 && x->ints[0] >= 0 && x->ints[1] >= 0 && 1 + x->ints[0] + x->ints[1] <= x->n->num_args,
         "it names which value it is and how many operands its gradient goes to");
    NEED(x, x->n->imm <= (uint64_t)x->g->customs.n, "its rule is captured");
    return same_type(x);
}

static bool batch_mean(const exam *x)
{
    NEED(x, x->num_ints == 0, "it has no attributes");
    NEED(x, egi_same_shape(shape(x, 0), x->s), "it has the operand's shape");
    return true;
}

bool egi_check_node(const egi_graph *g, egi_id id, egi_fault *f)
{
    static bool (*const rules[EGI_OP_COUNT])(const exam *) = {
        [EGI_CONST] = constant,  [EGI_IOTA] = iota,           [EGI_ARG] = argument,
        [EGI_VAR] = variable,    [EGI_ARRAY] = array,         [EGI_CUMSUM] = scan,
        [EGI_SORT] = scan,       [EGI_ARGSORT] = scan,        [EGI_BROADCAST] = broadcast,
        [EGI_RESHAPE] = reshape, [EGI_TRANSPOSE] = transpose, [EGI_SLICE] = slice,
        [EGI_DSLICE] = dslice,   [EGI_UPDATE] = update,       [EGI_CONCAT] = concat,
        [EGI_PAD] = pad,         [EGI_GATHER] = gather,       [EGI_SCATTER] = scatter,
        [EGI_DOT] = dot,         [EGI_DOT_EVENT] = dot_event, [EGI_EVENT] = event,
        [EGI_EVENT_T] = event,   [EGI_BITS] = bits,           [EGI_PACK] = pack,
        [EGI_UNPACK] = unpack,   [EGI_CUSTOM] = custom,       [EGI_BATCH_MEAN] = batch_mean,
    };
    const egi_node *n = egi_at(g, id);
    exam x = {.g = g, .f = f, .id = id, .n = n, .s = egi_shape_of(g, id), .num_ints = egi_num_ints(g, n)};
    x.ints = x.num_ints ? egi_ints_of(g, n) : NULL;
    unsigned flags = egi_flags((egi_op)n->op);
    if (!rules[n->op] && !(flags & (FE | FR))) return egi_check_region_node(g, id, f);
    if (!check_types(&x)) return false;
    return flags & FE ? elementwise(&x) : flags & FR ? reduction(&x) : rules[n->op](&x);
}
