/* Which values that are not finite are faults, and which of several faults came first.
 *
 * An element is judged where it became NaN or infinite: it was finite, or infinite and is now NaN, when the step (of
 * results: the run) began.  It is a fault if an operation made it.  What the user gave may be anything, and moves
 * freely; computing with it is a fault if that gives NaN, or infinity of an argument or captured array.  So -inf in a
 * variable or constant, as "long ago" or "no limit", is none until a NaN comes of it. */
#include <stdio.h>

#include "ir/origin.h"

egi_id egi_place_of(const egi_interp *ip, egi_origin o, int64_t *element)
{
    const uint64_t *base = ip->origins->base, place = egi_origin_order(o) - 1;
    egi_id low = 0, high = (egi_id)ip->g->nodes.n;
    while (high - low > 1) {
        egi_id mid = low + (high - low) / 2;
        if (base[mid] <= place)
            low = mid;
        else
            high = mid;
    }
    *element = (int64_t)(place - base[low]);
    return low;
}

static egi_op giver(const egi_interp *ip, egi_origin o)
{
    int64_t element;
    egi_id id = egi_place_of(ip, o, &element);
    egi_op op = (egi_op)egi_at(ip->g, id)->op;
    if (op != EGI_ITEM) return op;
    return egi_at(ip->g, egi_arg(ip->g, id, 0))->op == EGI_HOST ? EGI_HOST : EGI_ITEM;
}

bool egi_is_made(const egi_interp *ip, egi_origin o)
{
    if (o & EGI_MADE) return true;
    switch ((int)giver(ip, o)) {
    case EGI_CONST:
    case EGI_ARG:
    case EGI_VAR:
    case EGI_ARRAY:
    case EGI_PARAM:
    case EGI_ITEM: return false;
    default: return true;
    }
}

static bool wrong(const egi_interp *ip, egi_origin o, egi_class c)
{
    if (egi_is_made(ip, o)) return true;
    if (!(o & EGI_COMPUTED)) return false;
    egi_op op = giver(ip, o);
    return c == EGI_NAN || op == EGI_ARG || op == EGI_ARRAY;
}

/* `was`: what stood in the value's place before, or NULL.  `at`: names the place, as in egi_verdict. */
static void judge(egi_interp *ip, egi_id value, const void *was, egi_id owner, int64_t result)
{
    egi_verdict *v = &ip->origins->verdict;
    const eg_dtype t = egi_dtype_of(ip->g, value);
    const int64_t n = egi_count(ip->g, value);
    const egi_origin *of = egi_is_float(t) ? ip->origins->of[value] : NULL;
    for (int64_t i = of ? egi_next_bad(t, ip->val[value], 0, n) : n; i < n;
         i = egi_next_bad(t, ip->val[value], i + 1, n)) {
        egi_class c = egi_class_at(t, ip->val[value], i);
        if ((was && egi_class_at(t, was, i) == c) || !wrong(ip, of[i], c)) continue;
        if (!v->origin || egi_origin_order(of[i]) < egi_origin_order(v->origin))
            *v = (egi_verdict){of[i], value, owner, i, result, ip->origins->step};
    }
}

/* Runs the step again up to the event. */
static void repeat(egi_interp *ip, egi_origin event, egi_id loop)
{
    egi_origins *o = ip->origins;
    const egi_node *n = egi_at(ip->g, loop);
    const int64_t *ints = egi_ints_of(ip->g, n);
    egi_host_log *log = &o->watch->inside;
    for (int64_t k = 0; k < log->next.n; k++) log->next.at[k] = k < o->next.n ? o->next.at[k] : 0;
    o->wanted = egi_origin_order(event) & ~EGI_MADE;
    o->made = 0;
    bool more = egi_run_region(ip, ints[0]);
    if (more && n->op == EGI_WHILE) more = egi_run_region(ip, ints[1]);
    if (!more || ip->r->status) return;
    ip->r->status = EG_ERR_INTERNAL;
    snprintf(ip->r->message, sizeof ip->r->message,
             "'%s': a value became NaN or infinite in a step that does not do it again", o->watch->name);
}

/* Says what was found; true if that is nothing. */
static bool sentence(egi_interp *ip, egi_id loop)
{
    egi_verdict *v = &ip->origins->verdict;
    int64_t element;
    if (ip->origins->watch->no_memory) return false;
    if (!v->origin) return true;
    if (v->origin & EGI_MADE) {
        repeat(ip, v->origin, loop);
    } else {
        egi_id id = egi_place_of(ip, v->origin, &element);
        egi_origin_tell(ip, id, element, v->origin & EGI_OF_INFINITIES);
    }
    return false;
}

/* Memory of the variable in which the loop's carried value k ends up, or NULL. */
static const void *before_loop(const egi_interp *ip, egi_id loop, int64_t k)
{
    const egi_graph *g = ip->g;
    for (int64_t j = 0; j < g->writes.n; j++) {
        const egi_node *n = egi_at(g, g->writes.at[j].value);
        if (n->op == EGI_ITEM && egi_arg(g, g->writes.at[j].value, 0) == loop && n->imm == (uint64_t)k)
            return ip->r->vars[g->writes.at[j].var];
    }
    return NULL;
}

static int64_t num_carried(const egi_graph *g, egi_id loop)
{
    return egi_at(g, loop)->op == EGI_LOOP ? egi_ints_of(g, egi_at(g, loop))[1] : egi_at(g, loop)->num_args;
}

bool egi_judge_entry(egi_interp *ip, egi_id loop)
{
    const uint32_t first = egi_at(ip->g, loop)->op == EGI_LOOP;
    ip->origins->step = -1;
    if (ip->origins->watch->found) return true;
    for (int64_t k = 0; k < num_carried(ip->g, loop); k++)
        judge(ip, egi_arg(ip->g, loop, first + (uint32_t)k), before_loop(ip, loop, k), loop, k);
    return sentence(ip, loop);
}

void egi_judge_begin_step(egi_interp *ip)
{
    egi_origins *o = ip->origins;
    egi_host_log *log = &o->watch->inside;
    if (o->watch->found) return;
    if (!o->watch->replay) egi_host_log_clear(log);
    o->made = 0;
    o->next.n = 0;
    for (int64_t k = 0; k < log->next.n; k++) {
        if (!egi_push(ip->mem, &o->next, log->next.at[k])) o->watch->no_memory = true;
    }
}

bool egi_judge_step(egi_interp *ip, egi_id loop)
{
    const egi_graph *g = ip->g;
    const bool is_loop = egi_at(g, loop)->op == EGI_LOOP;
    const egi_region *body = &g->regions.at[egi_ints_of(g, egi_at(g, loop))[is_loop ? 0 : 1]];
    const int64_t nc = num_carried(g, loop);
    ip->origins->step = ip->iter[0];
    if (ip->origins->watch->found) return true;
    for (int64_t k = 0; k < body->results.n; k++)
        judge(ip, body->results.at[k], k < nc ? ip->val[body->params.at[k + is_loop]] : NULL, loop, k);
    return sentence(ip, loop);
}

bool egi_judge_end(egi_interp *ip)
{
    const egi_graph *g = ip->g;
    ip->origins->step = -1;
    for (int64_t k = 0; k < g->writes.n; k++)
        judge(ip, g->writes.at[k].value, ip->r->vars[g->writes.at[k].var], 0, -1 - k);
    for (int64_t k = 0; k < g->regions.at[0].results.n; k++) judge(ip, g->regions.at[0].results.at[k], NULL, 0, k);
    return sentence(ip, 0);
}
