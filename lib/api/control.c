/* Loops, whiles, conds and host calls while tracing. */
#include "api/api.h"
#include "api/ops.h"

/* -- tuples as lists of leaves ----------------------------------------------------------------------------------- */

static bool push(egi_graph *g, egi_ids *list, egi_id id)
{
    if (id && egi_push(&g->eg->allocator, list, id)) return true;
    if (id) egi_no_memory(g->eg);
    return false;
}

static bool flatten(egi_graph *g, egi_id id, egi_ids *out)
{
    if (!id) return false;
    if (egi_at(g, id)->op != EGI_TUPLE) return push(g, out, id);
    for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
        if (!flatten(g, egi_arg(g, id, k), out)) return false;
    }
    return true;
}

/* A value of the same structure as `like` with other leaves. */
static egi_id unflatten(egi_graph *g, egi_id like, const egi_id **leaf)
{
    if (egi_at(g, like)->op != EGI_TUPLE) return *(*leaf)++;
    uint32_t n = egi_at(g, like)->num_args;
    egi_id *part = egi_arena_alloc(&g->arena, (n + 1) * sizeof *part);
    if (!part) {
        egi_no_memory(g->eg);
        return 0;
    }
    for (uint32_t k = 0; k < n; k++) part[k] = unflatten(g, egi_arg(g, like, k), leaf);
    return egi_tuple(g, n, part);
}

/* Any eg_val as an id: nothing is the empty tuple. */
static egi_id any(eg_context *eg, eg_val v, const char *what, const char *file, int line)
{
    if (egi_is_nothing(v)) return egi_tuple(eg->trace->g, 0, NULL);
    if (egi_is_plain(v)) return egi_use_as(eg, v, egi_plain_is_int(v) ? EG_I32 : eg->default_float, what, file, line);
    return egi_use(eg, v, what, true, file, line);
}

static eg_val wrap(eg_context *eg, egi_id id)
{
    const egi_graph *g = eg->trace ? eg->trace->g : NULL;
    if (!id || !g) return eg_nothing();
    if (egi_at(g, id)->op == EGI_TUPLE && egi_at(g, id)->num_args == 0) return eg_nothing();
    return egi_wrap(eg, id);
}

/* -- regions ------------------------------------------------------------------------------------------------------- */

static egi_id param(egi_graph *g, uint16_t region, uint32_t k, eg_spec spec)
{
    egi_shape s = {.rank = spec.rank};
    int64_t r = region;
    memcpy(s.dim, spec.dim, (size_t)spec.rank * sizeof *s.dim);
    egi_id id = egi_node_make(g, &(egi_make){.op = EGI_PARAM,
                                             .dtype = spec.dtype,
                                             .shape = egi_shape_intern(g, &s),
                                             .attr = egi_ints(g, 1, &r),
                                             .imm = k});
    return push(g, &g->regions.at[region].params, id) ? id : 0;
}

static bool enter(egi_trace *t, egi_scope *s, egi_scope_kind kind)
{
    *s = (egi_scope){.outer = t->scope, .kind = kind};
    s->region = egi_region_open(t->g, kind == EGI_SCOPE_ARM);
    if (!s->region) return false;
    t->scope = s;
    return true;
}

static void leave(egi_trace *t, egi_scope *s)
{
    egi_region_close(t->g, s->region);
    t->scope = s->outer;
}

static void scope_free(egi_trace *t, egi_scope *s) { egi_vec_free(&t->g->eg->allocator, &s->vars); }

static egi_id make(egi_graph *g, egi_op op, const egi_ids *args, int n, const int64_t *attr)
{
    return egi_node_make(g, &(egi_make){.op = op,
                                        .dtype = EG_DTYPE_COUNT,
                                        .num_args = (uint32_t)args->n,
                                        .args = args->at,
                                        .attr = egi_ints(g, n, attr)});
}

/* `now` may follow `before` in a loop: the same type and shape; a scalar is spread. */
static egi_id matching(egi_graph *g, egi_id before, egi_id now, const char *what, const char *file, int line)
{
    if (!before || !now) return 0;
    eg_spec a = egi_spec(g, before), b = egi_spec(g, now);
    if (egi_spec_equal(a, b)) return now;
    if (a.dtype == b.dtype && b.rank == 0) return egi_broadcast_to(g, now, a);
    egi_text t = {.allocator = &g->eg->allocator};
    egi_put_spec(&t, a);
    egi_put(&t, " becomes ");
    egi_put_spec(&t, b);
    egi_fail(g->eg, EG_ERR_SHAPE, file, line, "%s: %s; type and shape must stay the same", what, t.s ? t.s : "a value");
    egi_text_free(&t);
    return 0;
}

/* The values that the variables of a finished region get outside. */
static void publish(egi_trace *t, egi_scope *s, egi_id owner, uint32_t first)
{
    uint32_t k = first;
    for (int64_t i = 0; i < s->vars.n; i++) {
        egi_binding *b = &s->vars.at[i];
        eg_var *v = t->g->vars.at[b->slot];
        if (!b->param) continue;
        egi_id item = egi_item(t->g, owner, k++, v->spec);
        if (b->set && item) egi_scope_set(t, v, item);
    }
}

/* -- loop ------------------------------------------------------------------------------------------------------------
 */

typedef struct loop_build {
    eg_context *eg;
    egi_trace *t;
    egi_graph *g;
    egi_id n, init, xs;
    int64_t length; /* n if it is a plain number, else -1 */
    egi_scope scope;
    egi_ids carried, rows, row_params, args, stacked;
    egi_id carry_out, y_out;
    const char *file;
    int line;
} loop_build;

static bool loop_length(loop_build *b, eg_val n)
{
    b->length = -1;
    if (egi_is_plain(n)) {
        b->length = egi_plain_int(n);
        if (!egi_plain_is_int(n) || b->length < 0) {
            egi_fail(b->eg, EG_ERR_ARGUMENT, b->file, b->line, "eg_loop: n must be a whole number >= 0");
            return false;
        }
        return (b->n = egi_const_i(b->g, EG_I64, b->length)) != 0;
    }
    egi_id id = egi_use(b->eg, n, "eg_loop", false, b->file, b->line);
    if (!id) return false;
    if (!egi_is_int(egi_dtype_of(b->g, id)) || egi_at(b->g, id)->shape) {
        egi_fail(b->eg, EG_ERR_TYPE, b->file, b->line, "eg_loop: n must be an integer scalar");
        return false;
    }
    return (b->n = egi_convert(b->g, EG_I64, id)) != 0;
}

static bool loop_rows(loop_build *b)
{
    if (!flatten(b->g, b->xs, &b->rows)) return false;
    for (int64_t k = 0; k < b->rows.n; k++) {
        const egi_shape *s = egi_shape_of(b->g, b->rows.at[k]);
        if (s->rank >= 1 && s->dim[0] == b->length) continue;
        egi_fail(b->eg, EG_ERR_SHAPE, b->file, b->line,
                 b->length < 0 ? "eg_loop: with a traced n there can be no sequences; index the array in the body"
                               : "eg_loop: part %lld of the sequences has %lld rows, the loop %lld steps",
                 (long long)k, (long long)(s->rank ? s->dim[0] : 1), (long long)b->length);
        return false;
    }
    return true;
}

/* Parameters: i, the user's carried values, (variables as they come,) and the rows; the rows' numbers are put right
 * when the number of carried values is known. */
static bool loop_params(loop_build *b, eg_val *x)
{
    egi_ids leaf = {0}, rows = {0};
    bool ok = false;
    egi_id i = param(b->g, b->scope.region, 0, eg_scalar(EG_I64));
    for (int64_t k = 0; k < b->carried.n; k++)
        push(b->g, &leaf, param(b->g, b->scope.region, (uint32_t)k + 1, egi_spec(b->g, b->carried.at[k])));
    b->scope.carried = (uint32_t)b->carried.n + 1;
    for (int64_t k = 0; k < b->rows.n; k++) {
        eg_spec s = egi_spec(b->g, b->rows.at[k]);
        memmove(s.dim, s.dim + 1, (size_t)(--s.rank) * sizeof *s.dim);
        push(b->g, &rows, param(b->g, b->scope.region, 0, s));
    }
    if (!b->eg->status) {
        /* The rows leave the list of parameters for now: variables come before them. */
        b->g->regions.at[b->scope.region].params.n -= rows.n;
        b->row_params = rows;
        const egi_id *l = leaf.at, *r = rows.at;
        egi_id carry = unflatten(b->g, b->init, &l), row = unflatten(b->g, b->xs, &r);
        egi_id part[] = {i, carry, row};
        *x = egi_wrap(b->eg, egi_tuple(b->g, 3, part));
        ok = x->of != NULL;
    }
    egi_vec_free(&b->eg->allocator, &leaf);
    return ok;
}

static bool loop_results(loop_build *b, eg_val out)
{
    egi_graph *g = b->g;
    egi_id id = any(b->eg, out, "eg_loop", b->file, b->line);
    bool none = id && egi_at(g, id)->op == EGI_TUPLE && egi_at(g, id)->num_args == 0;
    if (!id) return false;
    b->carry_out = none ? id : 0;
    b->y_out = none ? id : 0;
    if (!none && egi_at(g, id)->op == EGI_TUPLE && egi_at(g, id)->num_args == 2) {
        b->carry_out = egi_arg(g, id, 0);
        b->y_out = egi_arg(g, id, 1);
    }
    egi_ids now = {0};
    egi_ids *res = &g->regions.at[b->scope.region].results;
    bool ok = b->carry_out && flatten(g, b->carry_out, &now) && now.n == b->carried.n;
    if (!ok)
        egi_fail(b->eg, EG_ERR_TYPE, b->file, b->line,
                 "eg_loop: the body must return the pair (carry, y) with a carry of %lld part(s) as given to the loop",
                 (long long)b->carried.n);
    for (int64_t k = 0; ok && k < now.n; k++) {
        egi_id r = matching(g, b->carried.at[k], now.at[k], "eg_loop: a carried value", b->file, b->line);
        ok = push(g, &g->regions.at[b->scope.region].results, r);
    }
    egi_vec_free(&b->eg->allocator, &now);
    for (int64_t k = 0; ok && k < b->scope.vars.n; k++) {
        res = &g->regions.at[b->scope.region].results;
        ok = push(g, res, b->scope.vars.at[k].value) && push(g, &b->carried, b->scope.vars.at[k].outer);
    }
    ok = ok && flatten(g, b->y_out, &b->stacked);
    if (ok && b->stacked.n && b->length < 0) {
        egi_fail(b->eg, EG_ERR_SHAPE, b->file, b->line, "eg_loop: with a traced n nothing can be stacked; carry it");
        ok = false;
    }
    for (int64_t k = 0; ok && k < b->stacked.n; k++) {
        if (egi_shape_of(g, b->stacked.at[k])->rank == EG_MAX_RANK) {
            egi_fail(b->eg, EG_ERR_SHAPE, b->file, b->line, "eg_loop: a stacked value has rank %d already",
                     EG_MAX_RANK);
            ok = false;
        }
        ok = ok && push(g, &g->regions.at[b->scope.region].results, b->stacked.at[k]);
    }
    return ok;
}

static eg_val loop_finish(loop_build *b)
{
    egi_graph *g = b->g;
    egi_ids done = {0};
    uint32_t nc = (uint32_t)b->carried.n, user = nc - (uint32_t)b->scope.vars.n;
    for (int64_t k = 0; k < b->row_params.n; k++) {
        g->nodes.at[b->row_params.at[k]].imm = 1 + nc + (uint64_t)k;
        push(g, &g->regions.at[b->scope.region].params, b->row_params.at[k]);
    }
    push(g, &b->args, b->n);
    for (uint32_t k = 0; k < nc; k++) push(g, &b->args, b->carried.at[k]);
    for (int64_t k = 0; k < b->rows.n; k++) push(g, &b->args, b->rows.at[k]);
    int64_t attr[] = {b->scope.region, nc, b->rows.n, b->stacked.n};
    egi_id loop = make(g, EGI_LOOP, &b->args, 4, attr);
    if (!loop) return eg_nothing();
    g->regions.at[b->scope.region].owner = loop;
    publish(b->t, &b->scope, loop, user);
    for (uint32_t k = 0; k < user; k++) push(g, &done, egi_item(g, loop, k, egi_spec(g, b->carried.at[k])));
    for (int64_t k = 0; k < b->stacked.n; k++) {
        eg_spec s = egi_spec(g, b->stacked.at[k]);
        memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
        s.dim[0] = b->length;
        push(g, &done, egi_item(g, loop, nc + (uint32_t)k, s));
    }
    eg_val out = eg_nothing();
    if (!b->eg->status) {
        const egi_id *leaf = done.at;
        egi_id part[2];
        part[0] = unflatten(g, b->carry_out, &leaf);
        part[1] = unflatten(g, b->y_out, &leaf);
        out = egi_wrap(b->eg, egi_tuple(g, 2, part));
    }
    egi_vec_free(&b->eg->allocator, &done);
    return out;
}

eg_val(eg_loop)(eg_context *eg, eg_val n, eg_fn body, void *user, eg_val init, eg_val xs, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, "eg_loop", file, line);
    if (!g) return eg_nothing();
    if (!body) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_loop: the body is NULL");
        return eg_nothing();
    }
    egi_here(g, file, line);
    loop_build b = {.eg = eg, .t = eg->trace, .g = g, .file = file, .line = line};
    b.init = any(eg, init, "eg_loop", file, line);
    b.xs = any(eg, xs, "eg_loop", file, line);
    eg_val out = eg_nothing(), x = eg_nothing();
    if (b.init && b.xs && loop_length(&b, n) && flatten(g, b.init, &b.carried) && loop_rows(&b) &&
        enter(b.t, &b.scope, EGI_SCOPE_LOOP)) {
        bool ok = loop_params(&b, &x) && loop_results(&b, body(user, x)) && !eg->status;
        leave(b.t, &b.scope);
        egi_here(g, file, line);
        if (ok) out = loop_finish(&b);
        scope_free(b.t, &b.scope);
    }
    egi_ids *lists[] = {&b.carried, &b.rows, &b.row_params, &b.args, &b.stacked};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&eg->allocator, lists[k]);
    return out;
}

/* -- while -----------------------------------------------------------------------------------------------------------
 */

static eg_val region_value(eg_context *eg, egi_scope *s, egi_id like, const egi_ids *carried)
{
    egi_graph *g = eg->trace->g;
    egi_ids leaf = {0};
    for (int64_t k = 0; k < carried->n; k++)
        push(g, &leaf, param(g, s->region, (uint32_t)k, egi_spec(g, carried->at[k])));
    const egi_id *l = leaf.at;
    eg_val v = eg->status ? eg_nothing() : wrap(eg, unflatten(g, like, &l));
    egi_vec_free(&eg->allocator, &leaf);
    s->carried = (uint32_t)carried->n;
    return v;
}

/* Body and condition read variables: both get the same parameters, the body's first, since only it can set. */
static bool while_condition(eg_context *eg, egi_scope *c, const egi_scope *body, egi_id like, const egi_ids *carried,
                            eg_fn cond, void *user, const char *file, int line)
{
    egi_trace *t = eg->trace;
    egi_graph *g = t->g;
    if (!enter(t, c, EGI_SCOPE_LOOP)) return false;
    eg_val x = region_value(eg, c, like, carried);
    /* All the body's variables in the body's order; ones that only the condition reads come after and never change. */
    for (int64_t k = 0; k < body->vars.n; k++) egi_scope_get(t, c, g->vars.at[body->vars.at[k].slot]);
    c->kind = EGI_SCOPE_COND;
    eg_val p = eg->status ? eg_nothing() : cond(user, x);
    egi_id id = eg->status ? 0 : egi_use_as(eg, p, EG_BOOL, "eg_while", file, line);
    if (id && (egi_dtype_of(g, id) != EG_BOOL || egi_at(g, id)->shape)) {
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_while: the condition must be a bool scalar");
        id = 0;
    }
    bool ok = id && push(g, &g->regions.at[c->region].results, id);
    leave(t, c);
    return ok;
}

static bool while_body(eg_context *eg, egi_scope *s, egi_id like, egi_ids *carried, eg_fn body, void *user,
                       const char *file, int line)
{
    egi_trace *t = eg->trace;
    egi_graph *g = t->g;
    if (!enter(t, s, EGI_SCOPE_LOOP)) return false;
    egi_ids now = {0};
    eg_val x = region_value(eg, s, like, carried);
    egi_id id = eg->status ? 0 : any(eg, body(user, x), "eg_while", file, line);
    bool ok = id && flatten(g, id, &now) && now.n == carried->n;
    if (!ok)
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_while: the body must return a carry of %lld part(s), as given",
                 (long long)carried->n);
    for (int64_t k = 0; ok && k < now.n; k++)
        ok = push(g, &g->regions.at[s->region].results,
                  matching(g, carried->at[k], now.at[k], "eg_while: a carried value", file, line));
    for (int64_t k = 0; ok && k < s->vars.n; k++)
        ok = push(g, &g->regions.at[s->region].results, s->vars.at[k].value) && push(g, carried, s->vars.at[k].outer);
    egi_vec_free(&eg->allocator, &now);
    leave(t, s);
    return ok;
}

eg_val(eg_while)(eg_context *eg, eg_fn cond, eg_fn body, void *user, eg_val init, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, "eg_while", file, line);
    if (!g) return eg_nothing();
    if (!cond || !body) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_while: the %s is NULL", cond ? "body" : "condition");
        return eg_nothing();
    }
    egi_here(g, file, line);
    egi_scope sb = {0}, sc = {0};
    egi_ids carried = {0}, start = {0}, done = {0};
    eg_val out = eg_nothing();
    egi_id like = any(eg, init, "eg_while", file, line);
    if (like && flatten(g, like, &carried) && flatten(g, like, &start) &&
        while_body(eg, &sb, like, &carried, body, user, file, line) &&
        while_condition(eg, &sc, &sb, like, &start, cond, user, file, line)) {
        egi_here(g, file, line);
        int64_t attr[] = {sc.region, sb.region};
        egi_id w = make(g, EGI_WHILE, &carried, 2, attr);
        if (w) g->regions.at[sb.region].owner = g->regions.at[sc.region].owner = w;
        if (w) publish(eg->trace, &sb, w, (uint32_t)start.n);
        for (int64_t k = 0; w && k < start.n; k++)
            push(g, &done, egi_item(g, w, (uint32_t)k, egi_spec(g, start.at[k])));
        const egi_id *leaf = done.at;
        if (w && !eg->status) out = wrap(eg, unflatten(g, like, &leaf));
    }
    scope_free(eg->trace, &sb);
    scope_free(eg->trace, &sc);
    egi_ids *lists[] = {&carried, &start, &done};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&eg->allocator, lists[k]);
    return out;
}

/* -- cond ------------------------------------------------------------------------------------------------------------
 */

static egi_id arm(eg_context *eg, egi_scope *s, eg_fn fn, void *user, eg_val x, const char *file, int line)
{
    if (!enter(eg->trace, s, EGI_SCOPE_ARM)) return 0;
    egi_id id = any(eg, fn ? fn(user, x) : x, "eg_cond", file, line);
    leave(eg->trace, s);
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
                if (!push(g, &g->regions.at[arms[b].region].results, v)) return false;
            }
        }
    }
    return true;
}

static bool arms_results(eg_context *eg, egi_scope arms[2], egi_id yes, egi_id no, const char *file, int line)
{
    egi_graph *g = eg->trace->g;
    egi_ids a = {0}, b = {0};
    bool ok = flatten(g, yes, &a) && flatten(g, no, &b) && a.n == b.n;
    if (!ok)
        egi_fail(eg, EG_ERR_TYPE, file, line, "eg_cond: one branch returns %lld part(s), the other %lld",
                 (long long)a.n, (long long)b.n);
    for (int64_t k = 0; ok && k < a.n; k++) {
        egi_id other = matching(g, a.at[k], b.at[k], "eg_cond: a result of the second branch", file, line);
        ok = push(g, &g->regions.at[arms[0].region].results, a.at[k]) &&
             push(g, &g->regions.at[arms[1].region].results, other);
    }
    egi_vec_free(&eg->allocator, &a);
    egi_vec_free(&eg->allocator, &b);
    return ok;
}

eg_val(eg_cond)(eg_val pred, eg_fn yes, eg_fn no, void *user, eg_val x, const char *file, int line)
{
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
    if (rn && arms_results(eg, arms, ry, rn, file, line) && arms_variables(eg, arms, &slots)) {
        egi_here(g, file, line);
        int64_t attr[] = {arms[0].region, arms[1].region};
        egi_ids arg = {.at = &p, .n = 1};
        egi_id c = make(g, EGI_COND, &arg, 2, attr);
        if (c) g->regions.at[arms[0].region].owner = g->regions.at[arms[1].region].owner = c;
        int64_t user_results = g->regions.at[arms[0].region].results.n - slots.n;
        for (int64_t k = 0; c && k < user_results; k++)
            push(g, &done, egi_item(g, c, (uint32_t)k, egi_spec(g, g->regions.at[arms[0].region].results.at[k])));
        for (int64_t k = 0; c && k < slots.n; k++) {
            eg_var *v = g->vars.at[slots.at[k]];
            egi_scope_set(eg->trace, v, egi_item(g, c, (uint32_t)(user_results + k), v->spec));
        }
        const egi_id *leaf = done.at;
        if (c && !eg->status) out = wrap(eg, unflatten(g, ry, &leaf));
    }
    scope_free(eg->trace, &arms[0]);
    scope_free(eg->trace, &arms[1]);
    egi_vec_free(&eg->allocator, &slots);
    egi_vec_free(&eg->allocator, &done);
    return out;
}

/* -- host calls ------------------------------------------------------------------------------------------------------
 */

eg_val(eg_host)(eg_context *eg, const char *name, eg_host_fn fn, void *user, int num_in, const eg_val *in, int num_out,
                const eg_spec *out, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, "eg_host", file, line);
    if (!g) return eg_nothing();
    if (!name || !fn || num_in < 0 || num_out < 0 || (num_in && !in) || (num_out && !out)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_host: name, function, inputs or outputs are missing");
        return eg_nothing();
    }
    egi_here(g, file, line);
    egi_ids args = {0}, items = {0};
    eg_val result = eg_nothing();
    for (int k = 0; k < num_in; k++) push(g, &args, egi_use_as(eg, in[k], eg->default_float, "eg_host", file, line));
    for (int k = 0; k < num_out; k++) egi_check_spec(eg, out[k], "eg_host", file, line);
    egi_host h = {.name = egi_arena_string(&g->arena, name), .fn = fn, .user = user, .num_out = num_out};
    h.out = egi_arena_alloc(&g->arena, (size_t)(num_out + 1) * sizeof *h.out);
    if (!eg->status && h.name && h.out && egi_push(&eg->allocator, &g->hosts, h)) {
        if (num_out) memcpy(h.out, out, (size_t)num_out * sizeof *out);
        egi_id call = egi_node_make(g, &(egi_make){.op = EGI_HOST,
                                                   .dtype = EG_DTYPE_COUNT,
                                                   .num_args = (uint32_t)args.n,
                                                   .args = args.at,
                                                   .imm = (uint64_t)(g->hosts.n - 1)});
        for (int k = 0; k < num_out; k++) push(g, &items, egi_item(g, call, (uint32_t)k, out[k]));
        if (num_out && !eg->status)
            result = num_out == 1 ? egi_wrap(eg, items.at[0]) : egi_wrap(eg, egi_tuple(g, (uint32_t)num_out, items.at));
    } else {
        egi_no_memory(eg);
    }
    egi_vec_free(&eg->allocator, &args);
    egi_vec_free(&eg->allocator, &items);
    return result;
}
