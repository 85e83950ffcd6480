/* The backward sweep over the nodes of a region. */
#include <stdio.h>

#include "core/context.h"
#include "opt/grad.h"

void egi_grad_wrong(egi_grad *x, egi_id id, eg_status status, const char *format, ...)
{
    const egi_loc *l = &x->from->locs.at[egi_at(x->from, id)->loc];
    char text[512];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    egi_fail(x->from->eg, status, l->file, l->line, "eg_gradient: %s: %s", egi_ops[egi_at(x->from, id)->op].text, text);
}

egi_id egi_grad_item(const egi_grad *x, egi_id owner, int64_t k)
{
    egi_id id = x->item[owner];
    while (id && (int64_t)egi_at(x->from, id)->imm != k) id = x->item[id];
    return id;
}

/* v summed over all its axes: an elementwise operand of rank 0 was spread. */
static egi_id total(egi_graph *g, egi_id v)
{
    int64_t axes[EG_MAX_RANK];
    int rank = egi_shape_of(g, v)->rank;
    for (int k = 0; k < rank; k++) axes[k] = k;
    return egi_reduce(g, EGI_SUM, v, rank, axes);
}

void egi_contribute(egi_grad *x, egi_id id, egi_id v)
{
    egi_graph *g = x->to;
    if (!v || !egi_on_path(x, id) || egi_grad_failed(x)) return;
    if (egi_shape_of(x->from, id)->rank == 0) v = total(g, v);
    if (egi_shape_of(g, v)->rank == 0) v = egi_broadcast(g, v, egi_shape_of(x->from, id));
    x->adjoint[id] = x->adjoint[id] ? egi_plus(g, x->adjoint[id], v) : v;
    if (!x->adjoint[id]) g->failed = true;
}

bool egi_wants(const egi_grad *x, egi_id id, uint32_t k) { return egi_on_path(x, egi_arg(x->from, id, k)); }

void egi_pass(egi_grad *x, egi_id id, uint32_t k, egi_id v) { egi_contribute(x, egi_arg(x->from, id, k), v); }

/* A gradient has come to results of what has none. */
static void refuse(egi_grad *x, egi_id id)
{
    const egi_graph *g = x->from;
    if (egi_at(g, id)->op == EGI_WHILE) {
        egi_grad_wrong(x, id, EG_ERR_TYPE,
                       "the number of its steps is not known beforehand, so there is no room to store what its "
                       "gradient needs (a gamma draw has such steps in its shape); use eg_loop with a plain number of "
                       "steps and eg_where, eg_stop_gradient, or eg_custom_gradient");
        return;
    }
    egi_grad_wrong(x, id, EG_ERR_TYPE,
                   "the gradient of the host function '%s' is not known; give it one by eg_custom_gradient, or use "
                   "eg_stop_gradient",
                   g->hosts.at[egi_at(g, id)->imm].name);
}

static bool has_adjoint(const egi_grad *x, egi_id owner)
{
    for (egi_id id = x->item[owner]; id; id = x->item[id]) {
        if (x->adjoint[id]) return true;
    }
    return false;
}

void egi_grad_sweep(egi_grad *x, uint16_t r)
{
    const egi_graph *g = x->from;
    uint16_t here = x->to->region;
    for (uint32_t k = x->first[r + 1]; k-- > x->first[r] && !egi_grad_failed(x);) {
        egi_id id = x->order[k];
        egi_op op = (egi_op)egi_at(g, id)->op;
        bool owner = op == EGI_LOOP || op == EGI_COND || op == EGI_WHILE || op == EGI_HOST;
        if (owner ? !has_adjoint(x, id) : !x->adjoint[id]) continue;
        x->to->loc = egi_copy_loc(x->to, g, egi_at(g, id)->loc, x->loc);
        x->to->region = here;
        if (op == EGI_LOOP)
            egi_grad_loop(x, id);
        else if (op == EGI_COND)
            egi_grad_cond(x, id);
        else if (owner)
            refuse(x, id);
        else
            egi_grad_rule(x, id, x->adjoint[id]);
    }
    x->to->region = here;
}
