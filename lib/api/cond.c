/* eg_cond. */
#include "api/region.h"

static egi_id arm(eg_context *eg, egi_scope *s, eg_fn fn, void *user, eg_val x, const char *file, int line)
{
    if (!egi_region_enter(eg->trace, s, EGI_SCOPE_ARM)) return 0;
    egi_id id = egi_any(eg, fn ? fn(user, x) : x, "eg_cond", file, line);
    egi_region_leave(eg->trace, s);
    return eg->status ? 0 : id;
}

static egi_binding *setting(egi_scope *s, uint32_t slot)
{
    for (int64_t k = 0; k < s->vars.n; k++) {
        if (s->vars.at[k].slot == slot && s->vars.at[k].set) return &s->vars.at[k];
    }
    return NULL;
}

typedef EGI_VEC(uint32_t) slot_list;

/* A variable that either arm sets becomes a result of both. */
static bool arms_variables(eg_context *eg, egi_scope arms[2], slot_list *slots)
{
    egi_trace *t = eg->trace;
    egi_graph *g = t->g;
    for (int a = 0; a < 2; a++) {
        for (int64_t k = 0; k < arms[a].vars.n; k++) {
            uint32_t slot = arms[a].vars.at[k].slot;
            bool known = !arms[a].vars.at[k].set;
            for (int64_t j = 0; j < slots->n; j++) known |= slots->at[j] == slot;
            if (known) continue;
            if (!egi_push(&eg->allocator, slots, slot)) {
                egi_no_memory(eg);
                return false;
            }
            for (int b = 0; b < 2; b++) {
                egi_binding *s = setting(&arms[b], slot);
                egi_id v = s ? s->value : egi_scope_get(t, t->scope, g->vars.at[slot]);
                if (!egi_flatten(g, v, &g->regions.at[arms[b].region].results)) return false;
            }
        }
    }
    return true;
}

static bool arms_results(eg_context *eg, egi_scope arms[2], egi_id yes, egi_id no, const char *file, int line)
{
    egi_graph *g = eg->trace->g;
    egi_ids a = {0}, b = {0};
    bool ok = egi_same_parts(g, yes, no, "eg_cond: a result of the second branch", file, line) &&
              egi_flatten(g, yes, &a) && egi_flatten(g, no, &b) && a.n == b.n;
    if (!ok)
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_cond: one branch returns %lld part(s), the other %lld",
                 (long long)a.n, (long long)b.n);
    for (int64_t k = 0; ok && k < a.n; k++) {
        egi_id other = egi_matching(g, a.at[k], b.at[k], "eg_cond: a result of the second branch", file, line);
        ok = egi_ids_push(g, &g->regions.at[arms[0].region].results, a.at[k]) &&
             egi_ids_push(g, &g->regions.at[arms[1].region].results, other);
    }
    egi_vec_free(&eg->allocator, &a);
    egi_vec_free(&eg->allocator, &b);
    return ok;
}

eg_val(eg_cond)(eg_val pred, eg_fn yes, eg_fn no, void *user, eg_val x, const char *file, int line)
{
    /* A plain number is known now: that branch alone is traced. */
    if (egi_is_plain(pred) && yes) return egi_plain_real(pred) != 0 ? yes(user, x) : no ? no(user, x) : x;
    eg_context *eg = egi_context_of(pred);
    if (!eg) return eg_nothing();
    egi_graph *g = egi_tracing(eg, "eg_cond", file, line);
    egi_id p = g ? egi_use(eg, pred, "eg_cond", false, file, line) : 0;
    if (!p) return eg_nothing();
    if (!yes || egi_dtype_of(g, p) != EG_BOOL || egi_at(g, p)->shape) {
        egi_fail(eg, EG_ERR_TYPE, file, line,
                 yes ? "eg_cond: the predicate must be a bool scalar; reduce it with eg_any"
                     : "eg_cond: the first branch is NULL");
        return eg_nothing();
    }
    egi_here(g, file, line);
    egi_scope arms[2] = {{0}, {0}};
    slot_list slots = {0};
    egi_ids done = {0};
    eg_val out = eg_nothing();
    egi_id ry = arm(eg, &arms[0], yes, user, x, file, line), rn = ry ? arm(eg, &arms[1], no, user, x, file, line) : 0;
    bool ok = rn && arms_results(eg, arms, ry, rn, file, line);
    const int64_t user_results = ok ? g->regions.at[arms[0].region].results.n : 0;
    if (ok && arms_variables(eg, arms, &slots)) {
        egi_here(g, file, line);
        int64_t attr[] = {arms[0].region, arms[1].region};
        egi_ids arg = {.at = &p, .n = 1};
        egi_id c = egi_region_node(g, EGI_COND, &arg, 2, attr);
        if (c) g->regions.at[arms[0].region].owner = g->regions.at[arms[1].region].owner = c;
        for (int64_t k = 0; c && k < user_results; k++)
            egi_ids_push(g, &done,
                         egi_item(g, c, (uint32_t)k, egi_spec(g, g->regions.at[arms[0].region].results.at[k])));
        uint32_t item = (uint32_t)user_results;
        for (int64_t k = 0; c && k < slots.n; k++) {
            eg_var *v = g->vars.at[slots.at[k]];
            egi_id now = egi_scope_get(eg->trace, eg->trace->scope, v);
            egi_id after = now ? egi_items_like(g, c, &item, now) : 0;
            if (after) egi_scope_set(eg->trace, v, after);
        }
        const egi_id *leaf = done.at;
        if (c && !eg->status) out = egi_wrap_any(eg, egi_unflatten(g, ry, &leaf));
    }
    egi_scope_free(eg->trace, &arms[0]);
    egi_scope_free(eg->trace, &arms[1]);
    egi_vec_free(&eg->allocator, &slots);
    egi_vec_free(&eg->allocator, &done);
    return out;
}
