/* Origins of what a node has computed: for each element that is not finite, the operand's element it comes from, or
 * that it was made here.
 *
 * NaN comes from the first NaN operand.  Without one it comes from an infinity that an operation made; of infinities
 * that the user gave, such as t_last = -inf, it is made here: inf - inf and 0 * inf are faults, inf + 1 is none.  An
 * infinity comes from the first infinite operand. */
#include "ir/origin.h"

/* The operands' elements that were looked at for one element of a result: the first of each kind. */
typedef struct blame {
    egi_origin nan, inf, made_inf;
} blame;

static void look(const egi_interp *ip, blame *b, egi_id operand, int64_t i)
{
    const egi_origin *of = ip->origins->of[operand];
    if (!of || !of[i]) return;
    if (egi_class_at(egi_dtype_of(ip->g, operand), ip->val[operand], i) == EGI_NAN) {
        if (!b->nan) b->nan = of[i];
        return;
    }
    if (!b->inf) b->inf = of[i];
    if (!b->made_inf && egi_is_made(ip, of[i])) b->made_inf = of[i];
}

/* Made by the node; 0 when the run ends here. */
static egi_origin made(egi_interp *ip, egi_id id, int64_t i, bool of_infinities)
{
    egi_origins *o = ip->origins;
    egi_origin here = 1 + o->base[id] + (uint64_t)i;
    if (ip->depth) here = EGI_MADE | ++o->made;
    if (o->watch->all || (o->wanted && here == (EGI_MADE | o->wanted))) {
        egi_origin_tell(ip, id, i, of_infinities);
        return 0;
    }
    return of_infinities ? here | EGI_OF_INFINITIES : here;
}

/* Origin of element i of the node; `moves`: it is one of the operands' elements. */
static egi_origin settle(egi_interp *ip, const blame *b, egi_id id, int64_t i, bool moves)
{
    bool nan = egi_class_at(egi_dtype_of(ip->g, id), ip->val[id], i) == EGI_NAN;
    egi_origin o = nan ? b->nan : b->made_inf ? b->made_inf : b->inf;
    if (!o) o = nan ? b->made_inf : b->nan;
    if (!o) return made(ip, id, i, b->inf != 0);
    return moves ? o : o | EGI_COMPUTED;
}

/* For each bad element i of the node, whose origin is to[i]. */
#define EACH_BAD(ip, id, i)                                                                                            \
    for (int64_t i = egi_next_bad(egi_dtype_of((ip)->g, (id)), (ip)->val[id], 0, egi_count((ip)->g, (id)));            \
         i < egi_count((ip)->g, (id));                                                                                 \
         i = egi_next_bad(egi_dtype_of((ip)->g, (id)), (ip)->val[id], i + 1, egi_count((ip)->g, (id))))

static bool of_all_made(egi_interp *ip, egi_id id, egi_origin *to)
{
    EACH_BAD(ip, id, i)
    {
        if (!(to[i] = made(ip, id, i, false))) return false;
    }
    return true;
}

static bool of_elementwise(egi_interp *ip, egi_id id, egi_origin *to)
{
    const egi_node *n = egi_at(ip->g, id);
    const bool moves = n->op == EGI_MIN || n->op == EGI_MAX || n->op == EGI_CONVERT;
    EACH_BAD(ip, id, i)
    {
        blame b = {0};
        bool chooses = n->op == EGI_SELECT || n->op == EGI_RARE;
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(ip->g, id, k);
            if (chooses) {
                egi_id c = egi_arg(ip->g, id, 0);
                bool yes = ((const uint8_t *)ip->val[c])[egi_at(ip->g, c)->shape ? i : 0];
                if (k != (yes ? 1u : 2u)) continue;
            }
            look(ip, &b, a, egi_at(ip->g, a)->shape ? i : 0);
        }
        if (!(to[i] = settle(ip, &b, id, i, moves || chooses))) return false;
    }
    return true;
}

static bool of_moved(egi_interp *ip, egi_id id, egi_origin *to)
{
    egi_origins *o = ip->origins;
    const egi_node *n = egi_at(ip->g, id);
    int64_t most = 1;
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(ip->g, id, k);
        if (egi_is_float(egi_dtype_of(ip->g, a)) && !o->of[a]) most = egi_max64(most, egi_count(ip->g, a));
    }
    if (!egi_marks_room(ip, &o->zeros, most, false)) return false;
    for (uint32_t k = 0; k < n->num_args; k++) {
        egi_id a = egi_arg(ip->g, id, k);
        o->moved[a] = o->of[a] ? o->of[a] : o->zeros.at; /* indices and starts are not read there */
    }
    egi_move(ip, id, o->moved, to, sizeof *to);
    return true;
}

static bool of_reduction(egi_interp *ip, egi_id id, egi_origin *to)
{
    const egi_axes x = egi_axes_of(ip->g, id);
    const egi_op op = (egi_op)egi_at(ip->g, id)->op;
    const int64_t runs = egi_shape_count(&x.reduced);
    EACH_BAD(ip, id, i)
    {
        blame b = {0};
        int64_t base = egi_axes_offset(&x.kept, x.kept_step, i);
        for (int64_t r = 0; r < runs; r++) {
            int64_t row = base + egi_axes_offset(&x.reduced, x.reduced_step, r);
            for (int64_t k = 0; k < x.last; k++) look(ip, &b, egi_arg(ip->g, id, 0), row + k);
        }
        if (!(to[i] = settle(ip, &b, id, i, op == EGI_RMIN || op == EGI_RMAX))) return false;
    }
    return true;
}

static bool of_cumsum(egi_interp *ip, egi_id id, egi_origin *to)
{
    const egi_shape *s = egi_shape_of(ip->g, id);
    const int axis = (int)egi_ints_of(ip->g, egi_at(ip->g, id))[0];
    int64_t inner = 1;
    for (int k = axis + 1; k < s->rank; k++) inner *= s->dim[k];
    EACH_BAD(ip, id, i)
    {
        blame b = {0};
        const bool first = i / inner % s->dim[axis] == 0;
        if (!first && to[i - inner]) {
            ip->origins->of[id] = to; /* the sum so far is an operand */
            look(ip, &b, id, i - inner);
        }
        look(ip, &b, egi_arg(ip->g, id, 0), i);
        if (!(to[i] = settle(ip, &b, id, i, first))) return false;
    }
    return true;
}

static bool of_sort(egi_interp *ip, egi_id id, egi_origin *to)
{
    const egi_shape *s = egi_shape_of(ip->g, id);
    const int64_t count = egi_count(ip->g, id), n = s->dim[s->rank - 1];
    const egi_id a = egi_arg(ip->g, id, 0);
    const egi_origin *of = ip->origins->of[a];
    int32_t *index = egi_alloc(ip->mem, (size_t)count * sizeof *index, 16);
    if (!index) {
        ip->origins->watch->no_memory = true;
        return false;
    }
    egi_ref_sort(egi_dtype_of(ip->g, a), ip->val[a], index, true, count / n, n, ip->scratch);
    for (int64_t i = 0; of && i < count; i++) to[i] = of[i / n * n + index[i]];
    egi_free(ip->mem, index);
    return true;
}

static bool of_dot(egi_interp *ip, egi_id id, egi_origin *to)
{
    const egi_id a = egi_arg(ip->g, id, 0), b = egi_arg(ip->g, id, 1);
    const egi_shape *sa = egi_shape_of(ip->g, a), *sc = egi_shape_of(ip->g, id);
    const int64_t K = sa->dim[sa->rank - 1], M = sc->dim[sc->rank - 2], N = sc->dim[sc->rank - 1];
    EACH_BAD(ip, id, i)
    {
        blame w = {0};
        if (egi_at(ip->g, id)->num_args > 2) look(ip, &w, egi_arg(ip->g, id, 2), i);
        for (int64_t k = 0; k < K; k++) {
            look(ip, &w, a, i / N * K + k);
            look(ip, &w, b, i / (M * N) * (K * N) + k * N + i % N);
        }
        if (!(to[i] = settle(ip, &w, id, i, false))) return false;
    }
    return true;
}

/* Does element i add something: spikes that fired; all values of `event_t`. */
static bool adds(eg_dtype t, const void *x, int64_t i, bool all)
{
    if (t == EG_BOOL) return ((const uint8_t *)x)[i];
    return all || (t == EG_F32 ? ((const float *)x)[i] != 0 : ((const double *)x)[i] != 0);
}

/* Of the base, and of what the rows that fired gave. */
static bool of_dot_event(egi_interp *ip, egi_id id, egi_origin *to)
{
    const egi_id x = egi_arg(ip->g, id, 1), w = egi_arg(ip->g, id, 2);
    const egi_shape *sx = egi_shape_of(ip->g, x), *sc = egi_shape_of(ip->g, id);
    const int64_t K = sx->dim[sx->rank - 1], M = sc->dim[sc->rank - 2], N = sc->dim[sc->rank - 1];
    EACH_BAD(ip, id, i)
    {
        blame b = {0};
        look(ip, &b, egi_arg(ip->g, id, 0), i);
        for (int64_t k = 0; k < K; k++) {
            if (!adds(egi_dtype_of(ip->g, x), ip->val[x], i / N * K + k, false)) continue;
            look(ip, &b, x, i / N * K + k);
            look(ip, &b, w, i / (M * N) * (K * N) + k * N + i % N);
        }
        if (!(to[i] = settle(ip, &b, id, i, false))) return false;
    }
    return true;
}

/* -- sums over lists: one pass over all that is added -------------------------------------------------------------- */

static void look_at_events(const egi_interp *ip, egi_id id, blame *b)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_id x = egi_arg(g, id, 1), w = egi_arg(g, id, 2);
    const eg_csr *c = g->csrs.at[n->imm];
    const egi_shape *s = egi_shape_of(g, w);
    const egi_weight weight = egi_weight_of(NULL, s->rank, s->dim[0], c);
    const int64_t *row = eg_csr_indptr(c);
    const int32_t *post = eg_csr_indices(c);
    for (int64_t i = 0; i < eg_csr_num_pre(c); i++) {
        for (int64_t e = row[i]; e < row[i + 1]; e++) {
            int64_t target = n->op == EGI_EVENT ? post[e] : i, source = n->op == EGI_EVENT ? i : post[e];
            if (egi_class_at((eg_dtype)n->dtype, ip->val[id], target) == EGI_FINITE) continue;
            if (!adds(egi_dtype_of(g, x), ip->val[x], source, n->op == EGI_EVENT_T)) continue;
            look(ip, &b[target], x, source);
            look(ip, &b[target], w, e * weight.per_synapse + i * weight.per_row);
        }
    }
}

static void look_at_rows(const egi_interp *ip, egi_id id, blame *b)
{
    const egi_graph *g = ip->g;
    const egi_id index = egi_arg(g, id, 1), u = egi_arg(g, id, 2);
    const egi_shape *s = egi_shape_of(g, id);
    int64_t row = 1;
    for (int k = 1; k < s->rank; k++) row *= s->dim[k];
    for (int64_t k = 0; k < egi_count(g, index); k++) {
        int64_t i = egi_index_at(egi_dtype_of(g, index), ip->val[index], k);
        if (i < 0 || i >= s->dim[0]) continue;
        for (int64_t j = 0; j < row; j++) look(ip, &b[i * row + j], u, k * row + j);
    }
}

static bool of_list(egi_interp *ip, egi_id id, egi_origin *to)
{
    blame *b = egi_alloc(ip->mem, (size_t)egi_count(ip->g, id) * sizeof *b, 16);
    bool good = b != NULL;
    if (!b) {
        ip->origins->watch->no_memory = true;
        return false;
    }
    EACH_BAD(ip, id, i) { look(ip, &b[i], egi_arg(ip->g, id, 0), i); }
    if (egi_at(ip->g, id)->op == EGI_SCATTER)
        look_at_rows(ip, id, b);
    else
        look_at_events(ip, id, b);
    EACH_BAD(ip, id, i)
    {
        if (good && !(to[i] = settle(ip, &b[i], id, i, false))) good = false;
    }
    egi_free(ip->mem, b);
    return good;
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

typedef bool (*origins_fn)(egi_interp *ip, egi_id id, egi_origin *to);

static origins_fn how(egi_op op)
{
    if (egi_flags(op) & FE) return of_elementwise;
    if (egi_flags(op) & FV) return of_moved;
    switch ((int)op) {
    case EGI_UPDATE:
    case EGI_CONCAT:
    case EGI_PAD:
    case EGI_GATHER: return of_moved;
    case EGI_SUM:
    case EGI_PROD:
    case EGI_RMIN:
    case EGI_RMAX: return of_reduction;
    case EGI_CUMSUM: return of_cumsum;
    case EGI_SORT: return of_sort;
    case EGI_DOT: return of_dot;
    case EGI_DOT_EVENT: return of_dot_event;
    case EGI_SCATTER:
    case EGI_EVENT:
    case EGI_EVENT_T: return of_list;
    case EGI_ITEM: return of_all_made; /* of a host call */
    default: return NULL;              /* leaves, parameters, regions: not computed; iota: finite */
    }
}

bool egi_origin_computed(egi_interp *ip, egi_id id)
{
    const int64_t n = egi_count(ip->g, id);
    const origins_fn by = how((egi_op)egi_at(ip->g, id)->op);
    if (!by || egi_next_bad(egi_dtype_of(ip->g, id), ip->val[id], 0, n) == n) return true;
    egi_origin *to = egi_marks_room(ip, &ip->origins->node[id], n, true);
    if (!to || !by(ip, id, to)) return false;
    ip->origins->of[id] = to;
    return true;
}
