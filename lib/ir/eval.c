/* The interpreter: the plain definition of every operation, node by node over whole arrays. */
#include "ir/origin.h"

/* -- nodes without a file of their own ----------------------------------------------------------------------------- */

uint32_t egi_item_buffer(const egi_interp *ip, egi_id id)
{
    egi_id of = egi_arg(ip->g, id, 0);
    const egi_node *o = egi_at(ip->g, of);
    uint32_t k = (uint32_t)egi_at(ip->g, id)->imm, at = ip->first[of];
    if (o->op != EGI_LOOP) return at + (o->op == EGI_WHILE ? 2 * k : k);
    uint32_t nc = (uint32_t)egi_ints_of(ip->g, o)[1];
    return at + 1 + (k < nc ? 2 * k : nc + k);
}

static void run_item(egi_interp *ip, egi_id id)
{
    egi_id of = egi_arg(ip->g, id, 0);
    if (egi_at(ip->g, of)->op == EGI_TUPLE)
        ip->val[id] = ip->val[egi_arg(ip->g, of, (uint32_t)egi_at(ip->g, id)->imm)];
    else
        ip->val[id] = ip->buf[egi_item_buffer(ip, id)];
}

static void run_dot(egi_interp *ip, egi_id id)
{
    const egi_shape *a = egi_shape_of(ip->g, egi_arg(ip->g, id, 0)), *c = egi_shape_of(ip->g, id);
    int64_t batch = 1;
    for (int k = 0; k < c->rank - 2; k++) batch *= c->dim[k];
    const void *base = egi_at(ip->g, id)->num_args > 2 ? egi_in(ip, id, 2) : NULL;
    egi_ref_dot(egi_dtype_of(ip->g, id), egi_in(ip, id, 0), egi_in(ip, id, 1), base, egi_out(ip, id), batch,
                c->dim[c->rank - 2], c->dim[c->rank - 1], a->dim[a->rank - 1]);
}

static void run_dot_event(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_shape *x = egi_shape_of(g, egi_arg(g, id, 1)), *c = egi_shape_of(g, id);
    int64_t batch = 1;
    for (int k = 0; k < c->rank - 2; k++) batch *= c->dim[k];
    egi_ref_dot_event(egi_dtype_of(g, id), egi_dtype_of(g, egi_arg(g, id, 1)), egi_in(ip, id, 0), egi_in(ip, id, 1),
                      egi_in(ip, id, 2), egi_out(ip, id), batch, c->dim[c->rank - 2], c->dim[c->rank - 1],
                      x->dim[x->rank - 1]);
}

static void run_event(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_shape *w = egi_shape_of(g, egi_arg(g, id, 2));
    const eg_csr *c = g->csrs.at[n->imm];
    egi_weight weight = egi_weight_of(egi_in(ip, id, 2), w->rank, w->dim[0], c);
    (n->op == EGI_EVENT ? egi_ref_event : egi_ref_event_t)((eg_dtype)n->dtype, egi_dtype_of(g, egi_arg(g, id, 1)), c,
                                                           egi_in(ip, id, 0), egi_in(ip, id, 1), weight,
                                                           egi_out(ip, id));
}

static void run_bits(egi_interp *ip, egi_id id)
{
    const egi_node *n = egi_at(ip->g, id);
    uint32_t key[2], inner = 0;
    uint64_t T = ip->r->execution + (ip->depth ? (uint64_t)ip->iter[0] : 0);
    for (int k = 1; k < ip->depth; k++) inner = inner * 0x9E3779B1u + (uint32_t)ip->iter[k] + 1;
    egi_stream_key(ip->r->seed, n->imm, key);
    egi_ref_bits((eg_dtype)n->dtype, key, T, inner, *(const uint32_t *)egi_in(ip, id, 0), egi_out(ip, id),
                 egi_count(ip->g, id));
}

/* -- the table ----------------------------------------------------------------------------------------------------- */

static bool run_node(egi_interp *ip, egi_id id)
{
    switch ((egi_op)egi_at(ip->g, id)->op) {
    case EGI_NONE:
    case EGI_CONST:
    case EGI_ARG:
    case EGI_VAR:
    case EGI_ARRAY:
    case EGI_PARAM:
    case EGI_TUPLE:
    case EGI_COMPLEX:
    case EGI_OP_COUNT: return true;
    case EGI_ITEM: run_item(ip, id); return true;
    case EGI_LOOP: return egi_run_loop(ip, id);
    case EGI_WHILE: return egi_run_while(ip, id);
    case EGI_COND: return egi_run_cond(ip, id);
    case EGI_HOST: return egi_run_host(ip, id);
    case EGI_IOTA: egi_run_iota(ip, id); break;
    case EGI_SUM:
    case EGI_PROD:
    case EGI_RMIN:
    case EGI_RMAX:
    case EGI_ANY:
    case EGI_ALL: egi_run_reduction(ip, id); break;
    case EGI_ARGMIN:
    case EGI_ARGMAX: egi_run_arg(ip, id); break;
    case EGI_CUMSUM: egi_run_cumsum(ip, id); break;
    case EGI_SORT:
    case EGI_ARGSORT: egi_run_sort(ip, id); break;
    case EGI_BROADCAST:
    case EGI_RESHAPE:
    case EGI_CUSTOM:
    case EGI_BATCH_MEAN:
    case EGI_TRANSPOSE:
    case EGI_SLICE:
    case EGI_DSLICE:
    case EGI_UPDATE:
    case EGI_CONCAT:
    case EGI_PAD:
    case EGI_GATHER: egi_move(ip, id, ip->val, egi_out(ip, id), eg_dtype_size(egi_dtype_of(ip->g, id))); break;
    case EGI_SCATTER: egi_run_scatter(ip, id); break;
    case EGI_PACK: egi_run_pack(ip, id); break;
    case EGI_UNPACK: egi_run_unpack(ip, id); break;
    case EGI_DOT: run_dot(ip, id); break;
    case EGI_DOT_EVENT: run_dot_event(ip, id); break;
    case EGI_EVENT:
    case EGI_EVENT_T: run_event(ip, id); break;
    case EGI_BITS:
        run_bits(ip, id);
        break;
        /* clang-format off */
    case EGI_ADD: case EGI_SUB: case EGI_MUL: case EGI_DIV: case EGI_FMOD: case EGI_MOD: case EGI_FMA: case EGI_NEG:
    case EGI_ABS: case EGI_SIGN: case EGI_MIN: case EGI_MAX: case EGI_FLOOR: case EGI_CEIL: case EGI_TRUNC:
    case EGI_ROUND: case EGI_SQRT: case EGI_AND: case EGI_OR: case EGI_XOR: case EGI_NOT: case EGI_SHL: case EGI_SHR:
    case EGI_EQ: case EGI_NE: case EGI_LT: case EGI_LE: case EGI_GT: case EGI_GE: case EGI_ISNAN: case EGI_ISINF:
    case EGI_SELECT: case EGI_RARE: case EGI_CONVERT: case EGI_BITCAST: egi_run_elementwise(ip, id); break;
    case EGI_EXP: case EGI_EXP2: case EGI_EXPM1: case EGI_LOG: case EGI_LOG2: case EGI_LOG10: case EGI_LOG1P:
    case EGI_SIN: case EGI_COS: case EGI_TAN: case EGI_ASIN: case EGI_ACOS: case EGI_ATAN: case EGI_ATAN2:
    case EGI_SINH: case EGI_COSH: case EGI_TANH: case EGI_ASINH: case EGI_ACOSH: case EGI_ATANH: case EGI_RSQRT:
    case EGI_CBRT: case EGI_POW: case EGI_HYPOT: case EGI_ERF: case EGI_ERFC: case EGI_ERFINV: case EGI_SIGMOID:
    case EGI_SOFTPLUS: case EGI_EXPREL: egi_run_composite(ip, id); break;
        /* clang-format on */
    }
    ip->val[id] = egi_out(ip, id);
    return true;
}

bool egi_run_region(egi_interp *ip, int64_t region)
{
    for (uint32_t k = ip->start[region]; k < ip->start[region + 1]; k++) {
        if (!run_node(ip, ip->list[k])) return false;
        if (ip->origins && !egi_origin_node(ip, ip->list[k])) return false;
    }
    return true;
}

/* -- a run --------------------------------------------------------------------------------------------------------- */

/* Results before variables: a result may be what a variable held at the start. */
static void store(egi_interp *ip)
{
    const egi_graph *g = ip->g;
    for (int64_t k = 0; k < g->regions.at[0].results.n; k++) {
        egi_id v = g->regions.at[0].results.at[k];
        if (ip->r->results && ip->r->results[k]) memmove(ip->r->results[k], ip->val[v], egi_bytes(g, v));
    }
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_id v = g->writes.at[k].value;
        if (ip->stage[k]) memcpy(ip->buf[ip->stage[k]], ip->val[v], egi_bytes(g, v));
    }
    for (int64_t k = 0; k < g->writes.n; k++) {
        egi_write w = g->writes.at[k];
        const void *from = ip->stage[k] ? ip->buf[ip->stage[k]] : ip->val[w.value];
        memmove(ip->r->vars[w.var], from, egi_bytes(g, w.value));
    }
}

eg_status egi_eval(const egi_graph *g, egi_run *r)
{
    static const char no_memory[] = "out of memory in the interpreter: make the model smaller, and try again";
    r->status = EG_OK;
    r->message[0] = 0;
    r->done = 0;
    egi_interp *ip = egi_interp_new(g, r, NULL);
    if (!ip) {
        memcpy(r->message, no_memory, sizeof no_memory);
        return r->status = EG_ERR_MEMORY;
    }
    ip->told_s = egi_now();
    ip->fp = egi_fp_enter(r->keep_denormals);
    if (ip->origins) egi_origin_leaves(ip);
    bool good = egi_run_region(ip, 0) && (!ip->origins || r->status || egi_judge_end(ip));
    if (r->watch && r->watch->no_memory) {
        memcpy(r->message, no_memory, sizeof no_memory);
        r->status = EG_ERR_MEMORY;
        good = false;
    }
    egi_fp_leave(ip->fp);
    if (good) {
        store(ip);
        r->execution += (uint64_t)egi_max64(1, ip->longest);
    }
    egi_interp_free(ip);
    return r->status;
}
