/* Elementwise primitives: each operand has the result's shape or rank 0. */
#include "ir/interp.h"

void egi_run_elementwise(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const void *in[3] = {0};
    int step[3] = {0};
    for (uint32_t k = 0; k < n->num_args && k < 3; k++) {
        in[k] = egi_in(ip, id, k);
        step[k] = egi_at(g, egi_arg(g, id, k))->shape != 0;
    }
    eg_dtype from = egi_dtype_of(g, egi_arg(g, id, egi_ops[n->op].rule == EGI_RULE_SEL ? 1 : 0));
    egi_kernel kernel = egi_kernel_of((egi_op)n->op, from, (eg_dtype)n->dtype);
    kernel(egi_out(ip, id), in, step, egi_now_count(ip, id));
}

void egi_run_iota(egi_interp *ip, egi_id id)
{
    const egi_node *n = egi_at(ip->g, id);
    const egi_shape *s = egi_shape_of(ip->g, id);
    int axis = (int)egi_ints_of(ip->g, n)[0];
    int64_t inner = 1, count = egi_count(ip->g, id);
    size_t size = eg_dtype_size((eg_dtype)n->dtype);
    egi_kernel convert = egi_kernel_of(EGI_CONVERT, EG_I64, (eg_dtype)n->dtype);
    char *out = egi_out(ip, id);
    for (int k = axis + 1; k < s->rank; k++) inner *= s->dim[k];
    for (int64_t i = 0; i < count; i++) {
        int64_t index = i / inner % s->dim[axis];
        convert(out + (size_t)i * size, (const void *[]){&index}, (int[]){0}, 1);
    }
}
