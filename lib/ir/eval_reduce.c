/* Reductions over any axes, scans, sorting. */
#include "ir/interp.h"

egi_axes egi_axes_of(const egi_graph *g, egi_id id)
{
    const egi_node *n = egi_at(g, id);
    const egi_shape *a = egi_shape_of(g, egi_arg(g, id, 0));
    const int64_t *ints = egi_ints_of(g, n);
    int next = egi_num_ints(g, n) - 1;
    int64_t step = 1;
    egi_axes x = {.last = 1};
    bool trailing = true;
    for (int k = a->rank - 1; k >= 0; k--) {
        bool reduced = next >= 0 && ints[next] == k;
        if (reduced) next--;
        trailing = trailing && reduced;
        if (trailing) {
            x.last *= a->dim[k];
            x.has_last = true;
        } else {
            egi_shape *s = reduced ? &x.reduced : &x.kept;
            (reduced ? x.reduced_step : x.kept_step)[s->rank] = step;
            s->dim[s->rank++] = a->dim[k];
        }
        step *= a->dim[k];
    }
    return x; /* kept and reduced from the last axis to the first */
}

int64_t egi_axes_offset(const egi_shape *s, const int64_t *step, int64_t k)
{
    int64_t offset = 0;
    for (int j = 0; j < s->rank; j++) {
        offset += k % s->dim[j] * step[j];
        k /= s->dim[j];
    }
    return offset;
}

void egi_run_reduction(egi_interp *ip, egi_id id)
{
    static const int one[2] = {1, 1};
    const egi_graph *g = ip->g;
    const egi_op op = (egi_op)egi_at(g, id)->op;
    const eg_dtype t = egi_dtype_of(g, id);
    const size_t size = eg_dtype_size(t);
    const egi_axes x = egi_axes_of(g, id);
    const uint64_t identity = egi_ref_identity(op, t);
    const egi_kernel step = egi_ref_step(op, t);
    const int64_t count = egi_count(g, id), runs = egi_shape_count(&x.reduced);
    const char *in = egi_in(ip, id, 0);
    char *acc = egi_out(ip, id);
    for (int64_t k = 0; k < count; k++, acc += size) {
        const char *base = in + (size_t)egi_axes_offset(&x.kept, x.kept_step, k) * size;
        memcpy(acc, &identity, size);
        for (int64_t r = 0; r < runs; r++) {
            const char *row = base + (size_t)egi_axes_offset(&x.reduced, x.reduced_step, r) * size;
            if (x.has_last)
                egi_ref_reduce_row(op, t, acc, row, x.last);
            else
                step(acc, (const void *[]){acc, row}, one, 1);
        }
    }
}

void egi_run_arg(egi_interp *ip, egi_id id)
{
    static const int one[2] = {1, 1};
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_shape *a = egi_shape_of(g, egi_arg(g, id, 0));
    const eg_dtype t = egi_dtype_of(g, egi_arg(g, id, 0));
    const int axis = (int)egi_ints_of(g, n)[0];
    const egi_kernel better = egi_kernel_of(n->op == EGI_ARGMIN ? EGI_LT : EGI_GT, t, EG_BOOL);
    const egi_kernel equal = egi_kernel_of(EGI_EQ, t, EG_BOOL);
    int64_t inner = 1, count = egi_count(g, id);
    for (int k = axis + 1; k < a->rank; k++) inner *= a->dim[k];
    int32_t *out = egi_out(ip, id);
    for (int64_t k = 0; k < count; k++) {
        const char *x = (const char *)egi_in(ip, id, 0);
        const size_t size = eg_dtype_size(t), step = (size_t)inner * size;
        const char *best = NULL;
        x += (size_t)(k / inner * inner * a->dim[axis] + k % inner) * size;
        out[k] = 0;
        for (int64_t i = 0; i < a->dim[axis]; i++, x += step) {
            bool number, wins = true;
            equal(&number, (const void *[]){x, x}, one, 1);
            if (best) better(&wins, (const void *[]){x, best}, one, 1);
            if (!number || !wins) continue;
            best = x;
            out[k] = (int32_t)i;
        }
    }
}

void egi_run_cumsum(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_shape *s = egi_shape_of(g, id);
    const eg_dtype t = egi_dtype_of(g, id);
    const int axis = (int)egi_ints_of(g, egi_at(g, id))[0];
    const egi_kernel add = egi_kernel_of(EGI_ADD, t, t);
    const char *x = egi_in(ip, id, 0);
    char *out = egi_out(ip, id);
    int64_t outer = 1, inner = 1;
    for (int k = 0; k < axis; k++) outer *= s->dim[k];
    for (int k = axis + 1; k < s->rank; k++) inner *= s->dim[k];
    const size_t row = (size_t)inner * eg_dtype_size(t);
    for (int64_t o = 0; o < outer; o++) {
        for (int64_t i = 0; i < s->dim[axis]; i++, x += row, out += row) {
            if (i == 0)
                memcpy(out, x, row);
            else
                add(out, (const void *[]){out - row, x}, (int[]){1, 1}, inner);
        }
    }
}

void egi_run_sort(egi_interp *ip, egi_id id)
{
    const egi_shape *s = egi_shape_of(ip->g, id);
    const int64_t n = s->dim[s->rank - 1];
    if (egi_count(ip->g, id) == 0) return;
    egi_ref_sort(egi_dtype_of(ip->g, egi_arg(ip->g, id, 0)), egi_in(ip, id, 0), egi_out(ip, id),
                 egi_at(ip->g, id)->op == EGI_ARGSORT, egi_count(ip->g, id) / n, n, ip->scratch);
}
