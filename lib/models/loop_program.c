/* Traced functions of loops over time for the host: of one sample, of a batch, of rows without state. */
#include "engram/transform.h"
#include "loop_over_time.h"

enum { MOST_PROGRAMS = 24 };

/* -- one sample ---------------------------------------------------------------------------------------------------- */

typedef struct one {
    loop *l;
    const loop_call *call;
} one;

static eg_val all_steps(void *user, eg_val args)
{
    const one *o = user;
    loop_pass p = {.l = o->l, .t0 = eg_item(args, 0), .dt = eg_item(args, 1), .fit = o->call->fit};
    p.has_x = o->call->x.rank >= 0;
    return loop_steps(&p, o->call->steps, p.has_x ? eg_item(args, 2) : eg_nothing());
}

static eg_val one_row(void *user, eg_val args)
{
    const one *o = user;
    loop_pass p = {.l = o->l, .t0 = eg_item(args, 0), .dt = eg_item(args, 1), .fit = o->call->fit, .has_x = true};
    return loop_once(&p, eg_item(args, 2));
}

/* The spec behind its first `axes` axes. */
static eg_spec behind(eg_spec s, int axes)
{
    eg_spec r = {.dtype = s.dtype, .rank = s.rank - axes};
    for (int k = 0; k < r.rank; k++) r.dim[k] = s.dim[k + axes];
    return r;
}

static eg_func *of_sample(loop *l, const loop_call *c, const char *file, int line)
{
    one o = {l, c};
    eg_spec args[3] = {eg_scalar(EG_F64), eg_scalar(EG_F64), {.rank = -1}};
    int axes = c->batch > 0 ? 2 : 1, num = c->x.rank >= 0 ? 3 : 2;
    if (num == 3) args[2] = behind(c->x, axes);
    if (l->o.no_state) return (eg_trace)(l->eg, "row", one_row, &o, 3, args, file, line);
    for (int k = args[2].rank++; k > 0; k--) args[2].dim[k] = args[2].dim[k - 1];
    args[2].dim[0] = c->steps;
    return (eg_trace)(l->eg, "loop", all_steps, &o, num, args, file, line);
}

/* -- many ---------------------------------------------------------------------------------------------------------- */

static const int shared[] = {0, 1}; /* t0 and dt */

/* Each row begins with the state that the call finds, and what it sets is forgotten. */
static eg_func *of_rows(loop *l, eg_func *f, int64_t rows, const char *file, int line)
{
    eg_system *top = l->self, *in;
    while (top->parent) top = top->parent;
    int num = 0;
    eg_vmap_variable *vars = eg_alloc(l->eg, eg_num_used_variables(f) + 1, sizeof *vars);
    for (int k = 0; vars && k < eg_num_used_variables(f); k++) {
        eg_var *v = eg_used_variable(f, k);
        const member *m = owner_of(top, v, &in);
        if (m && !is_shared(m)) vars[num++] = (eg_vmap_variable){.one = v, .keep = true};
    }
    eg_vmap_options o = {.num_shared = 2, .shared = shared, .num_vars = num, .vars = vars};
    eg_func *all = vars ? (eg_vmap)(f, rows, &o, file, line) : NULL;
    eg_release(l->eg, vars);
    return all;
}

static eg_func *of_batch(loop *l, eg_func *f, int64_t batch, const char *file, int line)
{
    eg_batched_options o = {.num_shared = 2, .shared = shared};
    return (eg_batched)(l->self, f, batch, &o, file, line);
}

/* -- axes ---------------------------------------------------------------------------------------------------------- */

typedef struct wrapping {
    const loop *l;
    const loop_call *call;
    eg_func *all; /* of [B, T, ...]; without state of [rows, ...] */
} wrapping;

/* Rows of data, and back: a batch has two axes of them. */
static eg_val as_rows(eg_val x, int64_t rows)
{
    eg_spec s = behind(eg_spec_of(x), 1);
    s.dim[0] = rows;
    return (eg_reshape)(x, s.rank, s.dim, __FILE__, __LINE__);
}

static eg_val from_rows(const loop_call *c, eg_val y)
{
    eg_spec s = eg_spec_of(y);
    int64_t dim[EG_MAX_RANK + 1] = {c->batch_first ? c->batch : c->steps, c->batch_first ? c->steps : c->batch};
    for (int k = 1; k < s.rank; k++) dim[k + 1] = s.dim[k];
    return (eg_reshape)(y, s.rank + 1, dim, __FILE__, __LINE__);
}

static eg_val wrapped(void *user, eg_val args)
{
    const wrapping *w = user;
    const loop *l = w->l;
    int num = eg_num_args(w->all), results = eg_num_results(w->all);
    bool rows = l->o.no_state;
    eg_val in[3], *out = eg_keep(l->eg, (size_t)results * sizeof *out);
    for (int k = 0; k < num; k++) in[k] = eg_item(args, k);
    if (rows)
        in[2] = as_rows(in[2], w->call->batch * w->call->steps);
    else if (num == 3 && !w->call->batch_first)
        in[2] = eg_swap_axes(in[2], 0, 1);
    eg_val y = eg_apply(w->all, (eg_tuple)(l->eg, num, in, __FILE__, __LINE__));
    if (!out || eg_error(l->eg) || !results) return eg_nothing();
    for (int k = 0; k < results; k++) {
        eg_val part = results > 1 ? eg_item(y, k) : y;
        out[k] = rows ? from_rows(w->call, part) : eg_swap_axes(part, 0, 1);
    }
    return (eg_tuple)(l->eg, results, out, __FILE__, __LINE__);
}

/* Data as the user has them, results time first, but for those without state. */
static eg_func *with_axes(loop *l, const loop_call *c, eg_func *all, const char *file, int line)
{
    wrapping w = {l, c, all};
    eg_spec args[3] = {eg_scalar(EG_F64), eg_scalar(EG_F64), c->x};
    return (eg_trace)(l->eg, "loop", wrapped, &w, c->x.rank >= 0 ? 3 : 2, args, file, line);
}

static eg_func *function_of(loop *l, const loop_call *c, const char *file, int line)
{
    eg_func *f = of_sample(l, c, file, line);
    if (!f || (!c->batch && !l->o.no_state)) return f;
    eg_func *all = l->o.no_state ? of_rows(l, f, c->batch ? c->batch * c->steps : c->steps, file, line)
                                 : of_batch(l, f, c->batch, file, line);
    eg_func_free(f);
    if (!all || !c->batch) return all;
    f = with_axes(l, c, all, file, line);
    eg_func_free(all);
    return f;
}

/* -- the list ------------------------------------------------------------------------------------------------------ */

void loop_forget_programs(loop *l)
{
    for (loop_program *p = l->programs; p; p = p->next) eg_func_free(p->func);
    l->programs = NULL;
    l->num_programs = 0;
}

static bool same_call(const loop_call *a, const loop_call *b)
{
    return a->steps == b->steps && a->batch == b->batch && a->batch_first == b->batch_first && a->fit == b->fit &&
           eg_same_spec(a->x, b->x);
}

loop_program *loop_program_of(loop *l, const loop_call *call, const char *file, int line)
{
    if (l->made != eg_num_made(l->target) || l->num_programs > MOST_PROGRAMS) loop_forget_programs(l);
    for (loop_program *p = l->programs; p; p = p->next) {
        if (same_call(&p->call, call)) return p;
    }
    loop_program *p = eg_keep(l->eg, sizeof *p);
    if (!p) return NULL;
    *p = (loop_program){.call = *call};
    p->func = function_of(l, &p->call, file, line);
    if (!p->func) return NULL;
    l->made = eg_num_made(l->target);
    p->next = l->programs;
    l->programs = p;
    l->num_programs++;
    return p;
}
