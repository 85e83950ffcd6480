/* Small graphs for tests of the interpreter. */
#include "ops/graphs.h"

static eg_context context;

egi_graph *graph_begin(void)
{
    context = (eg_context){.allocator = egi_malloc_allocator};
    egi_graph *g = egi_graph_new(&context);
    ck_assert_ptr_nonnull(g);
    return g;
}

void graph_end(egi_graph *g)
{
    ck_assert_int_eq(context.status, EG_OK);
    egi_graph_free(g);
}

egi_id graph_node(egi_graph *g, egi_op op, eg_spec spec, uint32_t num_args, const egi_id *args, int num_ints,
                  const int64_t *ints, uint64_t imm)
{
    egi_shape s = {.rank = spec.rank};
    memcpy(s.dim, spec.dim, sizeof s.dim);
    egi_id id = egi_node_make(g, &(egi_make){.op = op,
                                             .dtype = spec.dtype,
                                             .shape = egi_shape_intern(g, &s),
                                             .num_args = num_args,
                                             .args = args,
                                             .attr = egi_ints(g, num_ints, ints),
                                             .imm = imm});
    ck_assert_uint_ne(id, 0);
    return id;
}

egi_id graph_arg(egi_graph *g, eg_spec spec)
{
    ck_assert(egi_push(&context.allocator, &g->args, spec));
    return graph_node(g, EGI_ARG, spec, 0, NULL, 0, NULL, (uint64_t)g->args.n - 1);
}

egi_id graph_var(egi_graph *g, eg_var *v)
{
    ck_assert(egi_push(&context.allocator, &g->vars, v));
    return graph_node(g, EGI_VAR, v->spec, 0, NULL, 0, NULL, (uint64_t)g->vars.n - 1);
}

void graph_result(egi_graph *g, egi_id id) { region_result(g, 0, id); }

void graph_write(egi_graph *g, uint32_t slot, egi_id id)
{
    ck_assert(egi_push(&context.allocator, &g->writes, ((egi_write){slot, id})));
}

uint16_t region_open(egi_graph *g, bool arm)
{
    uint16_t r = egi_region_open(g, arm);
    ck_assert_uint_ne(r, 0);
    return r;
}

egi_id region_param(egi_graph *g, uint16_t region, eg_spec spec)
{
    int64_t r = region;
    egi_id id = graph_node(g, EGI_PARAM, spec, 0, NULL, 1, &r, (uint64_t)g->regions.at[region].params.n);
    ck_assert(egi_push(&context.allocator, &g->regions.at[region].params, id));
    return id;
}

void region_result(egi_graph *g, uint16_t region, egi_id id)
{
    ck_assert_uint_ne(id, 0);
    ck_assert(egi_push(&context.allocator, &g->regions.at[region].results, id));
}

void region_close(egi_graph *g, uint16_t region) { egi_region_close(g, region); }

egi_id region_owner(egi_graph *g, egi_op op, uint32_t num_args, const egi_id *args, int num_ints, const int64_t *ints)
{
    egi_id id = graph_node(g, op, (eg_spec){.dtype = EG_DTYPE_COUNT}, num_args, args, num_ints, ints, 0);
    g->regions.at[ints[0]].owner = id;
    if (op != EGI_LOOP) g->regions.at[ints[1]].owner = id;
    return id;
}

void graph_run(const egi_graph *g, const void *const *args, void *const *results)
{
    egi_run r = {.args = args, .results = results};
    ck_assert_msg(egi_eval(g, &r) == EG_OK, "%s", r.message);
}

void run_op(egi_op op, eg_spec result, uint32_t num_args, const eg_spec *specs, const void *const *args, int num_ints,
            const int64_t *ints, void *out)
{
    egi_id id[8];
    egi_graph *g = graph_begin();
    for (uint32_t k = 0; k < num_args; k++) id[k] = graph_arg(g, specs[k]);
    graph_result(g, graph_node(g, op, result, num_args, id, num_ints, ints, 0));
    graph_run(g, args, &out);
    graph_end(g);
}

egi_graph *graph_halving(void)
{
    const eg_spec F = {.dtype = EG_F32}, I = {.dtype = EG_I64};
    egi_graph *g = graph_begin();
    egi_id x = graph_arg(g, F), zero = egi_const_i(g, EG_I64, 0);
    uint16_t c = region_open(g, false);
    egi_id a = region_param(g, c, F);
    region_param(g, c, I);
    region_result(g, c, egi_op2(g, EGI_GT, a, egi_const_f(g, EG_F32, 1)));
    region_close(g, c);
    uint16_t r = region_open(g, false);
    egi_id p = region_param(g, r, F), n = region_param(g, r, I);
    region_result(g, r, egi_op2(g, EGI_MUL, p, egi_const_f(g, EG_F32, 0.5)));
    region_result(g, r, egi_op2(g, EGI_ADD, n, egi_const_i(g, EG_I64, 1)));
    region_close(g, r);
    egi_id loop = region_owner(g, EGI_WHILE, 2, (egi_id[]){x, zero}, AXES(c, r));
    graph_result(g, egi_item(g, loop, 1, I));
    return g;
}
