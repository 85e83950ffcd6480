/* Products of spikes and connections. */
#include "api/ops.h"
#include "runtime/csr.h"

/* Slot of the connections in the graph; -1 when out of memory. */
static int64_t slot_of(egi_call *c, eg_csr *csr)
{
    egi_graph *g = c->g;
    for (int64_t k = 0; k < g->csrs.n; k++) {
        if (g->csrs.at[k] == csr) return k;
    }
    if (egi_push(&c->eg->allocator, &g->csrs, csr)) return g->csrs.n - 1;
    egi_no_memory(c->eg);
    return -1;
}

/* Type of the result: base, weight and float spikes meet; if none of them is traced, the default float. */
static eg_dtype type_of(egi_call *c, eg_val base, eg_val x, eg_val weight)
{
    eg_val v[] = {base, weight, x};
    bool values = egi_is_float(egi_dtype_of(c->g, x.id));
    bool traced = values || !egi_is_plain(base) || !egi_is_plain(weight);
    return traced ? egi_meet(c, EGI_ALLOW_I | EGI_ALLOW_F, values ? 3 : 2, v) : egi_default_float(c->eg);
}

/* Is it a vector of n elements? */
static bool is_vector(const egi_call *c, egi_id id, int64_t n)
{
    egi_shape s = egi_shape_at(c, id);
    return s.rank == 1 && s.dim[0] == n;
}

/* Users number synapses as they gave them; if the rows had to be sorted, so have the weights. */
static egi_id sorted(egi_call *c, eg_csr *csr, egi_id weight)
{
    if (!csr->order || !is_vector(c, weight, csr->size)) return weight;
    if (!csr->order_array) {
        eg_array *a = (eg_array_new)(c->eg, eg_vector(EG_I64, csr->size), csr->order, c->file, c->line);
        if (!a) return 0;
        csr->order_array = a;
    }
    eg_val order = (eg_constant)(csr->order_array, c->file, c->line);
    return order.of ? egi_gather(c->g, weight, order.id, 0) : 0;
}

static bool check(egi_call *c, eg_csr *csr, eg_val base, eg_val x, eg_val weight, bool forward)
{
    int64_t in = forward ? csr->num_pre : csr->num_post, out = forward ? csr->num_post : csr->num_pre;
    const char *what = forward ? "the spikes" : "the values";
    if (!egi_traced(c, x, what)) return false;
    if (!is_vector(c, x.id, in))
        return egi_wrong(c, EG_ERR_SHAPE, "%s are %s; these connections (%lld to %lld) take [%lld]", what,
                         egi_show(c, x).s, (long long)csr->num_pre, (long long)csr->num_post, (long long)in);
    if (egi_is_int(egi_dtype_of(c->g, x.id)))
        return egi_wrong(c, EG_ERR_TYPE, "%s are %s; give bool or floats: eg_ne(x, 0), or eg_convert", what,
                         egi_show(c, x).s);
    egi_id b = egi_is_plain(base) ? 0 : base.id, w = egi_is_plain(weight) ? 0 : weight.id;
    if (egi_shape_at(c, b).rank && !is_vector(c, b, out))
        return egi_wrong(c, EG_ERR_SHAPE, "the base is %s; give a scalar or [%lld]", egi_show(c, base).s,
                         (long long)out);
    if (egi_shape_at(c, w).rank && !is_vector(c, w, csr->num_pre) && !is_vector(c, w, csr->size))
        return egi_wrong(c, EG_ERR_SHAPE,
                         "the weight is %s; give a scalar, [%lld] (one a source) or [%lld] (one a synapse)",
                         egi_show(c, weight).s, (long long)csr->num_pre, (long long)csr->size);
    return true;
}

static eg_val product(egi_op op, const char *name, eg_val base, eg_csr *csr, eg_val x, eg_val weight, const char *file,
                      int line)
{
    eg_val v[] = {x, weight, base};
    egi_call c = csr ? egi_begin_in(csr->eg, name, file, line, 3, v) : egi_begin(name, file, line, 3, v);
    bool forward = op == EGI_EVENT;
    if (!csr) egi_wrong(&c, EG_ERR_ARGUMENT, "the connections are NULL; make them with eg_csr_new");
    egi_no_complex(&c, 3, v);
    if (!c.g || !check(&c, csr, base, x, weight, forward)) return eg_nothing();
    eg_dtype t = type_of(&c, base, x, weight);
    egi_shape s = {.rank = 1, .dim = {forward ? csr->num_post : csr->num_pre}};
    eg_dtype own = egi_dtype_of(c.g, x.id);
    egi_id a[] = {egi_operand(&c, base, t), egi_operand(&c, x, own == EG_BOOL ? own : t), egi_operand(&c, weight, t)};
    if (c.g) a[0] = egi_fill(&c, a[0], &s);
    if (c.g && a[2]) a[2] = sorted(&c, csr, a[2]);
    int64_t slot = c.g ? slot_of(&c, csr) : -1;
    if (slot < 0) return eg_nothing();
    return egi_end(&c, egi_node_make(c.g, &(egi_make){.op = op,
                                                      .dtype = t,
                                                      .shape = egi_shape_intern(c.g, &s),
                                                      .num_args = 3,
                                                      .args = a,
                                                      .imm = (uint64_t)slot}));
}

eg_val(eg_event)(eg_csr *csr, eg_val spikes, eg_val weight, const char *file, int line)
{
    return product(EGI_EVENT, "eg_event", eg_int(0), csr, spikes, weight, file, line);
}

eg_val(eg_event_add)(eg_val base, eg_csr *csr, eg_val spikes, eg_val weight, const char *file, int line)
{
    return product(EGI_EVENT, "eg_event_add", base, csr, spikes, weight, file, line);
}

eg_val(eg_event_transposed)(eg_csr *csr, eg_val x, eg_val weight, const char *file, int line)
{
    return product(EGI_EVENT_T, "eg_event_transposed", eg_int(0), csr, x, weight, file, line);
}
