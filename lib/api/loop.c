/* eg_loop: tracing a loop's body once. */
#include "api/region.h"

typedef struct loop_build {
    eg_context *eg;
    egi_trace *t;
    egi_graph *g;
    egi_id n, init, xs;
    int64_t length; /* n if it is a plain number, else -1 */
    egi_scope scope;
    egi_ids carried, rows, row_params, args, stacked;
    uint32_t user; /* carried values that are not variables */
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
    if (!egi_flatten(b->g, b->xs, &b->rows)) return false;
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
    egi_id i = egi_region_param(b->g, b->scope.region, 0, eg_scalar(EG_I64));
    for (int64_t k = 0; k < b->carried.n; k++)
        egi_ids_push(b->g, &leaf,
                     egi_region_param(b->g, b->scope.region, (uint32_t)k + 1, egi_spec(b->g, b->carried.at[k])));
    b->user = (uint32_t)b->carried.n;
    b->scope.carried = b->user + 1;
    for (int64_t k = 0; k < b->rows.n; k++) {
        eg_spec s = egi_spec(b->g, b->rows.at[k]);
        memmove(s.dim, s.dim + 1, (size_t)(--s.rank) * sizeof *s.dim);
        egi_ids_push(b->g, &rows, egi_region_param(b->g, b->scope.region, 0, s));
    }
    if (!b->eg->status) {
        /* The rows leave the list of parameters for now: variables come before them. */
        b->g->regions.at[b->scope.region].params.n -= rows.n;
        b->row_params = rows;
        const egi_id *l = leaf.at, *r = rows.at;
        egi_id carry = egi_unflatten(b->g, b->init, &l), row = egi_unflatten(b->g, b->xs, &r);
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
    egi_id id = egi_any(b->eg, out, "eg_loop", b->file, b->line);
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
    bool ok = b->carry_out && egi_same_parts(g, b->init, b->carry_out, "eg_loop: a carried value", b->file, b->line) &&
              egi_flatten(g, b->carry_out, &now) && now.n == b->carried.n;
    if (!ok)
        egi_fail(b->eg, EG_ERR_TYPE, b->file, b->line,
                 "eg_loop: the body must return the pair (carry, y) with a carry of %lld part(s) as given to the loop",
                 (long long)b->carried.n);
    for (int64_t k = 0; ok && k < now.n; k++) {
        egi_id r = egi_matching(g, b->carried.at[k], now.at[k], "eg_loop: a carried value", b->file, b->line);
        ok = egi_ids_push(g, &g->regions.at[b->scope.region].results, r);
    }
    egi_vec_free(&b->eg->allocator, &now);
    for (int64_t k = 0; ok && k < b->scope.vars.n; k++) {
        res = &g->regions.at[b->scope.region].results;
        ok = egi_flatten(g, b->scope.vars.at[k].value, res) && egi_flatten(g, b->scope.vars.at[k].outer, &b->carried);
    }
    ok = ok && egi_flatten(g, b->y_out, &b->stacked);
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
        ok = ok && egi_ids_push(g, &g->regions.at[b->scope.region].results, b->stacked.at[k]);
    }
    return ok;
}

static eg_val loop_finish(loop_build *b)
{
    egi_graph *g = b->g;
    egi_ids done = {0};
    uint32_t nc = (uint32_t)b->carried.n, user = b->user;
    for (int64_t k = 0; k < b->row_params.n; k++) {
        g->nodes.at[b->row_params.at[k]].imm = 1 + nc + (uint64_t)k;
        egi_ids_push(g, &g->regions.at[b->scope.region].params, b->row_params.at[k]);
    }
    egi_ids_push(g, &b->args, b->n);
    for (uint32_t k = 0; k < nc; k++) egi_ids_push(g, &b->args, b->carried.at[k]);
    for (int64_t k = 0; k < b->rows.n; k++) egi_ids_push(g, &b->args, b->rows.at[k]);
    int64_t attr[] = {b->scope.region, nc, b->rows.n, b->stacked.n};
    egi_id loop = egi_region_node(g, EGI_LOOP, &b->args, 4, attr);
    if (!loop) return eg_nothing();
    g->regions.at[b->scope.region].owner = loop;
    egi_publish(b->t, &b->scope, loop, user);
    for (uint32_t k = 0; k < user; k++) egi_ids_push(g, &done, egi_item(g, loop, k, egi_spec(g, b->carried.at[k])));
    for (int64_t k = 0; k < b->stacked.n; k++) {
        eg_spec s = egi_spec(g, b->stacked.at[k]);
        memmove(s.dim + 1, s.dim, (size_t)s.rank++ * sizeof *s.dim);
        s.dim[0] = b->length;
        egi_ids_push(g, &done, egi_item(g, loop, nc + (uint32_t)k, s));
    }
    eg_val out = eg_nothing();
    if (!b->eg->status) {
        const egi_id *leaf = done.at;
        egi_id part[2];
        part[0] = egi_unflatten(g, b->carry_out, &leaf);
        part[1] = egi_unflatten(g, b->y_out, &leaf);
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
    b.init = egi_any(eg, init, "eg_loop", file, line);
    b.xs = egi_any(eg, xs, "eg_loop", file, line);
    eg_val out = eg_nothing(), x = eg_nothing();
    if (b.init && b.xs && loop_length(&b, n) && egi_flatten(g, b.init, &b.carried) && loop_rows(&b) &&
        egi_region_enter(b.t, &b.scope, EGI_SCOPE_LOOP)) {
        bool ok = loop_params(&b, &x) && loop_results(&b, body(user, x)) && !eg->status;
        egi_region_leave(b.t, &b.scope);
        egi_here(g, file, line);
        if (ok) out = loop_finish(&b);
        egi_scope_free(b.t, &b.scope);
    }
    egi_ids *lists[] = {&b.carried, &b.rows, &b.row_params, &b.args, &b.stacked};
    for (size_t k = 0; k < EGI_LEN(lists); k++) egi_vec_free(&eg->allocator, lists[k]);
    return out;
}
