/* The sentence about a fault: what made it, of which operands, where it shows, and what to do. */
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "ir/origin.h"

static void put(egi_interp *ip, const char *format, ...) EG_PRINTF(2, 3);
static void put(egi_interp *ip, const char *format, ...)
{
    char *m = ip->r->message;
    size_t n = strlen(m), room = sizeof ip->r->message;
    va_list ap;
    va_start(ap, format);
    vsnprintf(m + n, room - n, format, ap);
    va_end(ap);
}

static void put_real(egi_interp *ip, double x)
{
    char s[40];
    if (isnan(x)) {
        put(ip, "nan");
        return;
    }
    snprintf(s, sizeof s, "%.9g", x);
    for (char *c = s; *c; c++) *c = *c == ',' ? '.' : *c; /* whatever the host's locale */
    put(ip, "%s", s);
}

static double real_at(eg_dtype t, const void *x, int64_t i)
{
    return t == EG_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static double real_of(const egi_interp *ip, egi_id id, int64_t i)
{
    return real_at(egi_dtype_of(ip->g, id), ip->val[id], i);
}

static void put_element(egi_interp *ip, egi_id id, int64_t i)
{
    const void *x = ip->val[id];
    switch (egi_dtype_of(ip->g, id)) {
    case EG_BOOL: put(ip, "%s", ((const uint8_t *)x)[i] ? "true" : "false"); break;
    case EG_I32: put(ip, "%" PRId32, ((const int32_t *)x)[i]); break;
    case EG_U32: put(ip, "%" PRIu32, ((const uint32_t *)x)[i]); break;
    case EG_I64: put(ip, "%" PRId64, ((const int64_t *)x)[i]); break;
    case EG_F32:
    case EG_F64: put_real(ip, real_of(ip, id, i)); break;
    case EG_C64: /* no node has them */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
}

/* " [3, 4]"; nothing for rank 0. */
static void put_index(egi_interp *ip, const egi_shape *s, int64_t i)
{
    int64_t at[EG_MAX_RANK];
    for (int k = s->rank - 1; k >= 0; k--) {
        at[k] = i % s->dim[k];
        i /= s->dim[k];
    }
    for (int k = 0; k < s->rank; k++) put(ip, "%s%" PRId64, k ? ", " : " [", at[k]);
    if (s->rank) put(ip, "]");
}

/* " at model.c:12 ('V_new')" */
static void put_place(egi_interp *ip, egi_id id)
{
    const egi_loc *l = &ip->g->locs.at[egi_at(ip->g, id)->loc];
    if (l->file) put(ip, " at %s:%d", l->file, l->line);
    if (l->name) put(ip, " ('%s')", l->name);
}

/* -- operands ------------------------------------------------------------------------------------------------------ */

static void put_largest(egi_interp *ip, int64_t n, const char *what, double largest)
{
    put(ip, "%" PRId64 " %s%s", n, what, n == 1 ? "" : "s");
    if (n) put(ip, ", the largest ");
    if (n) put_real(ip, largest);
}

static bool larger(double x, double than) { return fabs(x) > fabs(than); }

static void put_reduced(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_axes x = egi_axes_of(ip->g, id);
    const egi_id a = egi_arg(ip->g, id, 0);
    const int64_t runs = egi_shape_count(&x.reduced), base = egi_axes_offset(&x.kept, x.kept_step, i);
    const int64_t n = runs * x.last;
    int64_t at = base;
    for (int64_t r = 0; r < runs; r++) {
        int64_t row = base + egi_axes_offset(&x.reduced, x.reduced_step, r);
        for (int64_t k = 0; k < x.last; k++) {
            if (larger(real_of(ip, a, row + k), real_of(ip, a, at))) at = row + k;
        }
    }
    put_largest(ip, n, "element", n ? real_of(ip, a, at) : 0);
    if (n) put_index(ip, egi_shape_of(ip->g, a), at);
}

static void put_product(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_id a = egi_arg(ip->g, id, 0), b = egi_arg(ip->g, id, 1);
    const egi_shape *sa = egi_shape_of(ip->g, a), *sc = egi_shape_of(ip->g, id);
    const int64_t K = sa->dim[sa->rank - 1], M = sc->dim[sc->rank - 2], N = sc->dim[sc->rank - 1];
    double most = 0;
    if (egi_at(ip->g, id)->num_args > 2) {
        put_element(ip, egi_arg(ip->g, id, 2), i);
        put(ip, ", ");
    }
    for (int64_t k = 0; k < K; k++) {
        double p = real_of(ip, a, i / N * K + k) * real_of(ip, b, i / (M * N) * (K * N) + k * N + i % N);
        if (larger(p, most) || isnan(p)) most = p;
    }
    put_largest(ip, K, "product", most);
}

/* What an event adds along one synapse. */
static double contribution(const egi_interp *ip, egi_id id, int64_t source, int64_t synapse)
{
    const egi_id x = egi_arg(ip->g, id, 1), w = egi_arg(ip->g, id, 2);
    double weight = real_of(ip, w, synapse);
    if (egi_dtype_of(ip->g, x) == EG_BOOL) return ((const uint8_t *)ip->val[x])[source] ? weight : 0;
    return real_of(ip, x, source) * weight;
}

static void put_fired(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_id x = egi_arg(ip->g, id, 1), w = egi_arg(ip->g, id, 2);
    const egi_shape *sx = egi_shape_of(ip->g, x), *sc = egi_shape_of(ip->g, id);
    const int64_t K = sx->dim[sx->rank - 1], M = sc->dim[sc->rank - 2], N = sc->dim[sc->rank - 1];
    const bool spikes = egi_dtype_of(ip->g, x) == EG_BOOL;
    double most = 0;
    int64_t num = 0;
    for (int64_t k = 0; k < K; k++) {
        int64_t at = i / N * K + k;
        double weight = real_of(ip, w, i / (M * N) * (K * N) + k * N + i % N);
        double value = spikes ? ((const uint8_t *)ip->val[x])[at] != 0 : real_of(ip, x, at);
        if (value == 0) continue;
        if (!spikes) weight *= value;
        num++;
        if (larger(weight, most) || isnan(weight)) most = weight;
    }
    put_element(ip, egi_arg(ip->g, id, 0), i);
    put(ip, ", ");
    put_largest(ip, num, "contribution", most);
}

static void put_events(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const eg_csr *c = g->csrs.at[n->imm];
    const egi_shape *s = egi_shape_of(g, egi_arg(g, id, 2));
    const egi_weight weight = egi_weight_of(NULL, s->rank, s->dim[0], c);
    const int64_t *row = eg_csr_indptr(c);
    const int32_t *post = eg_csr_indices(c);
    const bool down = n->op == EGI_EVENT;
    double most = 0;
    int64_t num = 0;
    for (int64_t k = down ? 0 : i; k < (down ? eg_csr_num_pre(c) : i + 1); k++) {
        for (int64_t e = row[k]; e < row[k + 1]; e++) {
            if (down && post[e] != i) continue;
            double x = contribution(ip, id, down ? k : post[e], e * weight.per_synapse + k * weight.per_row);
            num += x != 0;
            if (larger(x, most) || isnan(x)) most = x;
        }
    }
    put_element(ip, egi_arg(g, id, 0), i);
    put(ip, ", ");
    put_largest(ip, num, "contribution", most);
}

static void put_scattered(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_graph *g = ip->g;
    const egi_id index = egi_arg(g, id, 1), u = egi_arg(g, id, 2);
    const egi_shape *s = egi_shape_of(g, id);
    int64_t row = 1, num = 0;
    double most = 0;
    for (int k = 1; k < s->rank; k++) row *= s->dim[k];
    for (int64_t k = 0; k < egi_count(g, index); k++) {
        if (egi_index_at(egi_dtype_of(g, index), ip->val[index], k) != i / row) continue;
        double x = real_of(ip, u, k * row + i % row);
        num++;
        if (larger(x, most) || isnan(x)) most = x;
    }
    put_element(ip, egi_arg(g, id, 0), i);
    put(ip, ", ");
    put_largest(ip, num, "contribution", most);
}

static void put_scanned(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_shape *s = egi_shape_of(ip->g, id);
    int64_t inner = 1;
    for (int k = (int)egi_ints_of(ip->g, egi_at(ip->g, id))[0] + 1; k < s->rank; k++) inner *= s->dim[k];
    put_element(ip, id, i - inner);
    put(ip, ", ");
    put_element(ip, egi_arg(ip->g, id, 0), i);
}

static void put_operands(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_node *n = egi_at(ip->g, id);
    put(ip, "%s(", egi_ops[n->op].text);
    if (egi_flags((egi_op)n->op) & FR) {
        put_reduced(ip, id, i);
    } else if (egi_flags((egi_op)n->op) & FE) {
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(ip->g, id, k);
            put(ip, "%s", k ? ", " : "");
            put_element(ip, a, egi_at(ip->g, a)->shape ? i : 0);
        }
    } else if (n->op == EGI_DOT) {
        put_product(ip, id, i);
    } else if (n->op == EGI_DOT_EVENT) {
        put_fired(ip, id, i);
    } else if (n->op == EGI_EVENT || n->op == EGI_EVENT_T) {
        put_events(ip, id, i);
    } else if (n->op == EGI_SCATTER) {
        put_scattered(ip, id, i);
    } else if (n->op == EGI_CUMSUM) {
        put_scanned(ip, id, i);
    }
    put(ip, ")");
}

/* -- where it shows ------------------------------------------------------------------------------------------------ */

/* What becomes of item k of a node: a variable, through conds; or NULL. */
static const eg_var *variable_of(const egi_graph *g, egi_id owner, int64_t k)
{
    egi_id item = 0;
    for (egi_id id = owner + 1; id < g->nodes.n && !item; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op == EGI_ITEM && n->imm == (uint64_t)k && egi_arg(g, id, 0) == owner) item = id;
    }
    for (int64_t j = 0; item && j < g->writes.n; j++) {
        if (g->writes.at[j].value == item) return g->vars.at[g->writes.at[j].var];
    }
    const egi_region *r = &g->regions.at[egi_at(g, owner)->region];
    for (int64_t j = 0; item && r->owner && egi_at(g, r->owner)->op == EGI_COND && j < r->results.n; j++) {
        if (r->results.at[j] == item) return variable_of(g, r->owner, j);
    }
    return NULL;
}

static bool is_result(const egi_graph *g, egi_id loop, int64_t k, int64_t *result)
{
    for (*result = 0; *result < g->regions.at[0].results.n; ++*result) {
        egi_id v = g->regions.at[0].results.at[*result];
        if (egi_at(g, v)->op == EGI_ITEM && egi_arg(g, v, 0) == loop && egi_at(g, v)->imm == (uint64_t)k) return true;
    }
    return false;
}

/* "variable 'V'", "carried value 2 of the loop", "result 0"; true for what is stacked, a row each step */
static bool put_holder(egi_interp *ip, egi_id owner, int64_t k)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, owner);
    int64_t nc = n->op == EGI_LOOP ? egi_ints_of(g, n)[1] : n->num_args, result;
    const eg_var *v = owner ? variable_of(g, owner, k) : k < 0 ? g->vars.at[g->writes.at[-1 - k].var] : NULL;
    if (v)
        put(ip, "variable '%s'", v->name);
    else if (!owner)
        put(ip, "result %" PRId64, k);
    else if (is_result(g, owner, k, &result))
        put(ip, "result %" PRId64, result);
    else
        put(ip, "%s value %" PRId64 " of the loop", k < nc ? "carried" : "stacked", k < nc ? k : k - nc);
    return owner && k >= nc;
}

static void put_seen(egi_interp *ip)
{
    const egi_verdict *v = &ip->origins->verdict;
    egi_shape s = *egi_shape_of(ip->g, v->value);
    int64_t element = v->element;
    put(ip, "; seen in ");
    if (put_holder(ip, v->owner, v->result)) {
        element += v->step * egi_shape_count(&s);
        memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
        s.dim[0] = v->step + 1;
    }
    put_index(ip, &s, element);
}

/* -- what is given ------------------------------------------------------------------------------------------------- */

static void put_giver(egi_interp *ip, egi_id id, int64_t i)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    egi_id owner = n->op == EGI_ITEM ? egi_arg(g, id, 0) : 0;
    int64_t k = (int64_t)n->imm;
    bool loop = n->op == EGI_PARAM;
    switch ((int)n->op) {
    case EGI_ARG: put(ip, "argument %" PRId64, k); break;
    case EGI_VAR: put(ip, "variable '%s'", g->vars.at[k]->name); break;
    case EGI_ARRAY: put(ip, "the captured array"); break;
    case EGI_CONST: put(ip, "the constant"); break;
    case EGI_PARAM:
        owner = g->regions.at[egi_ints_of(g, n)[0]].owner;
        k -= egi_at(g, owner)->op == EGI_LOOP;
        put_holder(ip, owner, k);
        break;
    default:
        if (egi_at(g, owner)->op == EGI_HOST)
            put(ip, "output %" PRId64 " of host function '%s'", k, g->hosts.at[egi_at(g, owner)->imm].name);
        else
            put_holder(ip, owner, k);
    }
    put_index(ip, egi_shape_of(g, id), i);
    if (n->op == EGI_ARG || n->op == EGI_ARRAY || n->op == EGI_CONST) put_place(ip, id);
    if (owner && egi_at(g, owner)->op == EGI_HOST) put_place(ip, owner);
    put(ip, " is ");
    put_element(ip, id, i);
    put(ip, "%s", n->op == EGI_VAR ? " when the run begins" : loop ? " when the step begins" : "");
}

/* -- what to do ---------------------------------------------------------------------------------------------------- */

static const char *domain(egi_op op)
{
    switch ((int)op) {
    case EGI_LOG:
    case EGI_LOG2:
    case EGI_LOG10: return "its argument must be above 0: bound it with eg_max";
    case EGI_LOG1P: return "its argument must be above -1: bound it with eg_max";
    case EGI_SQRT: return "its argument must not be negative: bound it with eg_max";
    case EGI_RSQRT: return "its argument must be above 0: bound it with eg_max";
    case EGI_ASIN:
    case EGI_ACOS: return "its argument must lie in [-1, 1]: bound it with eg_clip";
    case EGI_ATANH:
    case EGI_ERFINV: return "its argument must lie inside (-1, 1): bound it with eg_clip";
    case EGI_ACOSH: return "its argument must be at least 1: bound it with eg_max";
    case EGI_EXP:
    case EGI_EXP2:
    case EGI_EXPM1:
    case EGI_SINH:
    case EGI_COSH:
    case EGI_EXPREL: return "its argument is too large: bound it with eg_min";
    case EGI_POW:
        return "the base must be above 0 where the exponent is negative or no whole number, and not too large";
    case EGI_FMOD:
    case EGI_MOD: return "the divisor must not be 0";
    case EGI_CONVERT: return "the number is beyond the range of f32: keep it in f64, or scale it";
    case EGI_RMIN:
    case EGI_RMAX: return "there are no elements to choose from";
    default: return "the numbers outgrow their type: use a smaller dt, a bound (eg_clip) or f64";
    }
}

static const char *advice(const egi_interp *ip, egi_id id, int64_t i, bool infinities)
{
    const egi_node *n = egi_at(ip->g, id);
    if (n->op == EGI_CONST) return "give a finite number; a random draw whose parameter is out of its range is nan too";
    if (n->op == EGI_ITEM && egi_at(ip->g, egi_arg(ip->g, id, 0))->op == EGI_HOST) return "let it give finite numbers";
    if (egi_ops[n->op].args == 0 || n->op == EGI_ITEM)
        return "give finite numbers, or choose with eg_where where it is meant";
    if (infinities) return "choose with eg_where where an infinity is meant, before computing with it";
    if (n->op != EGI_DIV) return domain((egi_op)n->op);
    egi_id a = egi_arg(ip->g, id, 0), b = egi_arg(ip->g, id, 1);
    if (real_of(ip, b, egi_at(ip->g, b)->shape ? i : 0) != 0) return domain(EGI_DIV);
    if (real_of(ip, a, egi_at(ip->g, a)->shape ? i : 0) != 0)
        return "keep the divisor away from 0, with eg_max or eg_where";
    return "0 / 0 has no value; a rate such as x / (exp(x) - 1) has a limit at 0: use eg_exprel, or eg_where";
}

/* -- the sentence -------------------------------------------------------------------------------------------------- */

/* When it was made; of what was given: when it did harm. */
static void put_when(egi_interp *ip, egi_id id, bool made)
{
    const egi_verdict *v = &ip->origins->verdict;
    const bool inside = !egi_runs_once(ip->g, egi_at(ip->g, id)->region);
    put(ip, "'%s', ", ip->origins->watch->name);
    if (!inside && (made || !v->origin || v->step < 0)) {
        put(ip, "outside of its loops: ");
        return;
    }
    put(ip, "step %" PRId64, made ? ip->iter[0] : v->step);
    for (int k = 1; made && k < ip->depth; k++)
        put(ip, "%s%" PRId64, k == 1 ? ", inner iteration " : ", ", ip->iter[k]);
    put(ip, ": ");
}

static void put_made(egi_interp *ip, egi_id id, int64_t i, bool infinities)
{
    put(ip, "%s made ", egi_ops[egi_at(ip->g, id)->op].text);
    put_element(ip, id, i);
    put(ip, " of %s", infinities ? "infinities" : "finite numbers");
    put_place(ip, id);
    put(ip, ":");
    put_index(ip, egi_shape_of(ip->g, id), i);
    put(ip, " ");
    put_operands(ip, id, i);
}

void egi_origin_tell(egi_interp *ip, egi_id id, int64_t i, bool of_infinities)
{
    const egi_op op = (egi_op)egi_at(ip->g, id)->op;
    const bool made = egi_ops[op].args != 0 && op != EGI_ITEM;
    ip->r->status = EG_ERR_RUN;
    ip->r->message[0] = 0;
    ip->origins->watch->found = true;
    put_when(ip, id, made || op == EGI_ITEM);
    if (made)
        put_made(ip, id, i, of_infinities);
    else
        put_giver(ip, id, i);
    if (ip->origins->verdict.origin) put_seen(ip);
    put(ip, "; %s", advice(ip, id, i, of_infinities));
}
