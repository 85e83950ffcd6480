/* Operations that move elements: values, or what goes with each element of them. */
#include "ir/interp.h"

/* What is moved: elements of `size` bytes. */
typedef struct moved {
    const void *const *val; /* of each node */
    char *out;
    size_t size;
} moved;

static const char *operand(const egi_interp *ip, const moved *m, egi_id id, uint32_t k)
{
    return m->val[egi_arg(ip->g, id, k)];
}

/* Copies dim[0] x ... elements; strides in elements, of either sign. */
static void copy_strided(const egi_shape *s, size_t size, char *out, const int64_t *out_step, const char *in,
                         const int64_t *in_step)
{
    int64_t at[EG_MAX_RANK] = {0}, count = egi_shape_count(s);
    for (int64_t n = 0; n < count; n++) {
        memcpy(out, in, size);
        for (int k = s->rank - 1; k >= 0; k--) {
            out += out_step[k] * (int64_t)size;
            in += in_step[k] * (int64_t)size;
            if (++at[k] < s->dim[k]) break;
            out -= out_step[k] * at[k] * (int64_t)size;
            in -= in_step[k] * at[k] * (int64_t)size;
            at[k] = 0;
        }
    }
}

/* Steps of a contiguous array. */
static void steps_of(const egi_shape *s, int64_t *step)
{
    int64_t n = 1;
    for (int k = s->rank - 1; k >= 0; k--) {
        step[k] = n;
        n *= s->dim[k];
    }
}

/* Where a part of the whole begins, as an offset: starts are clamped so that it fits. */
static int64_t offset_of(const egi_interp *ip, egi_id id, uint32_t first, const egi_shape *whole, const egi_shape *part)
{
    int64_t step[EG_MAX_RANK], offset = 0;
    steps_of(whole, step);
    for (int k = 0; k < whole->rank; k++) {
        int64_t start = egi_in_i64(ip, id, first + (uint32_t)k), last = whole->dim[k] - part->dim[k];
        offset += egi_max64(0, egi_min64(start, last)) * step[k];
    }
    return offset;
}

static void move_view(const egi_interp *ip, egi_id id, const moved *m)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_shape *s = egi_shape_of(g, id), *a = egi_shape_of(g, egi_arg(g, id, 0));
    const int64_t *ints = n->attr ? egi_ints_of(g, n) : NULL;
    const char *in = operand(ip, m, id, 0);
    int64_t out_step[EG_MAX_RANK], a_step[EG_MAX_RANK], step[EG_MAX_RANK] = {0}, offset = 0;
    if (n->op == EGI_RESHAPE || n->op == EGI_CUSTOM || n->op == EGI_BATCH_MEAN) {
        memcpy(m->out, in, (size_t)egi_count(g, id) * m->size);
        return;
    }
    if (egi_count(g, id) == 0) return;
    steps_of(s, out_step);
    steps_of(a, a_step);
    for (int k = 0; k < a->rank; k++) {
        if (n->op == EGI_BROADCAST) {
            step[ints[k]] = a->dim[k] == 1 ? 0 : a_step[k];
        } else if (n->op == EGI_TRANSPOSE) {
            step[k] = a_step[ints[k]];
        } else if (n->op == EGI_SLICE) {
            offset += ints[2 * k] * a_step[k];
            step[k] = ints[2 * k + 1] * a_step[k];
        } else {
            step[k] = a_step[k];
        }
    }
    if (n->op == EGI_DSLICE) offset = offset_of(ip, id, 1, a, s);
    copy_strided(s, m->size, m->out, out_step, in + offset * (int64_t)m->size, step);
}

static void move_update(const egi_interp *ip, egi_id id, const moved *m)
{
    const egi_graph *g = ip->g;
    const egi_shape *s = egi_shape_of(g, id), *u = egi_shape_of(g, egi_arg(g, id, 1));
    int64_t step[EG_MAX_RANK], u_step[EG_MAX_RANK];
    memcpy(m->out, operand(ip, m, id, 0), (size_t)egi_count(g, id) * m->size);
    steps_of(s, step);
    steps_of(u, u_step);
    copy_strided(u, m->size, m->out + offset_of(ip, id, 2, s, u) * (int64_t)m->size, step, operand(ip, m, id, 1),
                 u_step);
}

static void move_concat(const egi_interp *ip, egi_id id, const moved *m)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const int axis = (int)egi_ints_of(g, n)[0];
    int64_t step[EG_MAX_RANK], a_step[EG_MAX_RANK];
    char *out = m->out;
    steps_of(egi_shape_of(g, id), step);
    for (uint32_t k = 0; k < n->num_args; k++) {
        const egi_shape *a = egi_shape_of(g, egi_arg(g, id, k));
        steps_of(a, a_step);
        copy_strided(a, m->size, out, step, operand(ip, m, id, k), a_step);
        out += a->dim[axis] * step[axis] * (int64_t)m->size;
    }
}

static void move_pad(const egi_interp *ip, egi_id id, const moved *m)
{
    const egi_graph *g = ip->g;
    const egi_shape *s = egi_shape_of(g, id), *a = egi_shape_of(g, egi_arg(g, id, 0));
    const int64_t none[EG_MAX_RANK] = {0};
    int64_t step[EG_MAX_RANK], a_step[EG_MAX_RANK], offset = 0;
    steps_of(s, step);
    steps_of(a, a_step);
    copy_strided(s, m->size, m->out, step, operand(ip, m, id, 1), none);
    for (int k = 0; k < s->rank; k++) offset += egi_ints_of(g, egi_at(g, id))[k] * step[k];
    copy_strided(a, m->size, m->out + offset * (int64_t)m->size, step, operand(ip, m, id, 0), a_step);
}

void egi_run_pack(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_shape *s = egi_shape_of(g, id), *a = egi_shape_of(g, egi_arg(g, id, 0));
    const int64_t n = a->dim[a->rank - 1], words = s->dim[s->rank - 1];
    const uint8_t *in = egi_in(ip, id, 0);
    uint32_t *out = egi_out(ip, id);
    for (int64_t row = words ? egi_count(g, id) / words : 0; row > 0; row--, in += n, out += words) {
        memset(out, 0, (size_t)words * sizeof *out);
        for (int64_t k = 0; k < n; k++) out[k / 32] |= (uint32_t)(in[k] != 0) << (k % 32);
    }
}

void egi_run_unpack(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const egi_shape *s = egi_shape_of(g, id), *a = egi_shape_of(g, egi_arg(g, id, 0));
    const int64_t n = s->dim[s->rank - 1], words = a->dim[a->rank - 1];
    const uint32_t *in = egi_in(ip, id, 0);
    uint8_t *out = egi_out(ip, id);
    for (int64_t row = n ? egi_count(g, id) / n : 0; row > 0; row--, in += words, out += n) {
        for (int64_t k = 0; k < n; k++) out[k] = in[k / 32] >> (k % 32) & 1;
    }
}

/* -- by index ------------------------------------------------------------------------------------------------------ */

int64_t egi_index_at(eg_dtype t, const void *index, int64_t k)
{
    if (t == EG_I32) return ((const int32_t *)index)[k];
    if (t == EG_U32) return ((const uint32_t *)index)[k];
    return ((const int64_t *)index)[k];
}

static void move_gather(const egi_interp *ip, egi_id id, const moved *m)
{
    const egi_graph *g = ip->g;
    const egi_node *n = egi_at(g, id);
    const egi_id index = egi_arg(g, id, 1);
    const egi_shape *a = egi_shape_of(g, egi_arg(g, id, 0));
    const int axis = (int)egi_ints_of(g, n)[0];
    const int64_t num = egi_count(g, index), extent = a->dim[axis];
    size_t row = m->size;
    int64_t outer = 1;
    for (int k = 0; k < axis; k++) outer *= a->dim[k];
    for (int k = axis + 1; k < a->rank; k++) row *= (size_t)a->dim[k];
    char *out = m->out;
    if (extent == 0) return;
    for (int64_t o = 0; o < outer; o++) {
        const char *in = operand(ip, m, id, 0) + (size_t)(o * extent) * row;
        for (int64_t k = 0; k < num; k++, out += row) {
            int64_t i = egi_index_at(egi_dtype_of(g, index), ip->val[index], k);
            memcpy(out, in + (size_t)egi_max64(0, egi_min64(i, extent - 1)) * row, row);
        }
    }
}

void egi_move(const egi_interp *ip, egi_id id, const void *const *val, void *out, size_t size)
{
    const moved m = {val, out, size};
    switch ((int)egi_at(ip->g, id)->op) {
    case EGI_UPDATE: move_update(ip, id, &m); break;
    case EGI_CONCAT: move_concat(ip, id, &m); break;
    case EGI_PAD: move_pad(ip, id, &m); break;
    case EGI_GATHER: move_gather(ip, id, &m); break;
    default: move_view(ip, id, &m); break;
    }
}

/* Adds; of bool: or. */
void egi_run_scatter(egi_interp *ip, egi_id id)
{
    const egi_graph *g = ip->g;
    const eg_dtype t = egi_dtype_of(g, id);
    const egi_id index = egi_arg(g, id, 1);
    const egi_shape *s = egi_shape_of(g, id);
    const int64_t num = egi_count(g, index);
    const egi_kernel add = egi_kernel_of(t == EG_BOOL ? EGI_OR : EGI_ADD, t, t);
    const char *u = egi_in(ip, id, 2);
    char *out = egi_out(ip, id);
    int64_t row = 1;
    for (int k = 1; k < s->rank; k++) row *= s->dim[k];
    memcpy(out, egi_in(ip, id, 0), egi_bytes(g, id));
    for (int64_t k = 0; k < num; k++, u += (size_t)row * eg_dtype_size(t)) {
        int64_t i = egi_index_at(egi_dtype_of(g, index), ip->val[index], k);
        if (i < 0 || i >= s->dim[0]) continue;
        char *to = out + (size_t)(i * row) * eg_dtype_size(t);
        add(to, (const void *[]){to, u}, (int[]){1, 1}, row);
    }
}
