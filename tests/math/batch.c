/* See batch.h. */
#include "math/batch.h"

#include <stdlib.h>

#include "support/support.h"

static egi_id argument(batch *b, eg_dtype t, int64_t n)
{
    egi_shape s = {.rank = n > 0, .dim = {n}};
    eg_spec spec = n ? eg_vector(t, n) : eg_scalar(t);
    ck_assert(egi_push(&b->eg.allocator, &b->g->args, spec));
    return egi_node_make(
        b->g,
        &(egi_make){.op = EGI_ARG, .dtype = t, .shape = egi_shape_intern(b->g, &s), .imm = (uint64_t)b->g->args.n - 1});
}

static int count_nodes(batch *b, egi_op op, eg_dtype t)
{
    egi_id arg[2] = {argument(b, t, 0), argument(b, t, 0)};
    egi_id result = egi_expand(b->g, op, arg);
    ck_assert_msg(result != 0, "%s does not expand", egi_ops[op].text);
    bool *used = calloc((size_t)b->g->nodes.n, sizeof *used);
    ck_assert_ptr_nonnull(used);
    int n = 0;
    used[result] = true;
    for (egi_id id = result; id > 0; id--) {
        const egi_node *node = egi_at(b->g, id);
        if (!used[id] || node->op == EGI_CONST || node->op == EGI_ARG) continue;
        n++;
        for (uint32_t k = 0; k < node->num_args; k++) used[egi_arg(b->g, id, k)] = true;
    }
    free(used);
    return n;
}

static void open_graph(batch *b)
{
    b->g = egi_graph_new(&b->eg);
    ck_assert_ptr_nonnull(b->g);
}

void batch_open(batch *b, egi_op op, eg_dtype t)
{
    *b = (batch){.eg = {.allocator = egi_malloc_allocator}, .args = egi_ops[op].args};
    open_graph(b);
    b->nodes = count_nodes(b, op, t);
    egi_graph_free(b->g);
    open_graph(b);
    egi_id arg[2] = {0, 0};
    for (int k = 0; k < b->args; k++) arg[k] = argument(b, t, BATCH);
    egi_id y = b->args == 2 ? egi_op2(b->g, op, arg[0], arg[1]) : egi_op1(b->g, op, arg[0]);
    ck_assert(y && egi_push(&b->eg.allocator, &b->g->regions.at[0].results, y));
}

void batch_close(batch *b)
{
    ck_assert_int_eq(b->eg.status, EG_OK);
    egi_graph_free(b->g);
}

void batch_run(batch *b, const void *x, const void *y, void *out)
{
    egi_run r = {.args = (const void *[]){x, y}, .results = &out};
    ck_assert_msg(egi_eval(b->g, &r) == EG_OK, "%s", r.message);
}
