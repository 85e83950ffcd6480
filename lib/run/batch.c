/* The piece of one sample as that of a batch: eg_batched() of it, time first inside and outside. */
#include "runner.h"

bool egr_batch_first(const runner *r)
{
    if (r->o.data_first_axis) return r->o.data_first_axis == EG_BATCH_FIRST;
    return eg_mode_of(r->target) != EG_NONBATCHING;
}

bool egr_check_batch(runner *r)
{
    for (int k = 0; r->batch && k < r->o.num_monitors; k++) {
        const eg_monitor *m = &r->monitor[k].m;
        if (!m->events && !(m->file && egr_batch_first(r))) continue;
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitor '%s': %s", m->key,
                       m->events ? "events are recorded of one sample; of a batch record rows"
                                 : "files are written time first; make the runner with EG_TIME_FIRST");
        return false;
    }
    return true;
}

bool egr_batch_row(runner *r, record *m)
{
    m->row = m->one;
    if (!r->batch) return true;
    if (m->row.rank == EG_MAX_RANK) {
        eg_system_fail(r->self, EG_ERR_SHAPE, "'%s' has %d axes and none is left for the batch",
                       m->m.key ? m->m.key : "an output", EG_MAX_RANK);
        return false;
    }
    for (int k = m->row.rank++; k > 0; k--) m->row.dim[k] = m->row.dim[k - 1];
    m->row.dim[0] = r->batch;
    return true;
}

typedef struct wrapping {
    runner *r;
    const program *p;
    eg_func *all;
    bool has_x;
} wrapping;

/* [B, rows, ...] as [rows, B, ...]; what loops have stacked on several axes is one of rows. */
static eg_val time_first(const wrapping *w, const record *m, eg_val v)
{
    const runner *r = w->r;
    int64_t n = eg_num_elements(m->one), steps = w->p->blocks * (w->p->levels ? r->stride[w->p->levels - 1] : 1);
    return eg_transpose(eg_reshape(v, r->batch, steps / r->stride[m->level], n), 1, 0, 2);
}

static eg_val wrapped(void *user, eg_val args)
{
    const wrapping *w = user;
    runner *r = w->r;
    int num = eg_num_args(w->all), results = eg_num_results(w->all);
    eg_val in[4], *out = eg_keep(r->eg, (size_t)(results + 1) * sizeof *out);
    for (int k = 0; k < num; k++) in[k] = eg_item(args, k);
    if (w->has_x) in[num - 1] = eg_swap_axes(in[num - 1], 0, 1);
    eg_val y = eg_apply(w->all, (eg_tuple)(r->eg, num, in, __FILE__, __LINE__));
    if (!out || eg_error(r->eg) || !results) return eg_nothing();
    for (int k = 0; k < results; k++)
        out[k] = time_first(w, egr_record(r, w->p->levels, k), results > 1 ? eg_item(y, k) : y);
    return (eg_tuple)(r->eg, results, out, __FILE__, __LINE__);
}

eg_func *egr_batch_of(runner *r, const program *p, eg_func *one, bool has_x)
{
    static const int shared[] = {0, 1, 2};
    int num = one ? eg_num_args(one) : 0;
    eg_batched_options o = {.num_shared = num - has_x, .shared = shared};
    wrapping w = {.r = r, .p = p, .has_x = has_x};
    w.all = one ? eg_batched(r->target, one, r->batch, &o) : NULL;
    eg_func *made = NULL;
    if (w.all) {
        eg_spec args[4];
        for (int k = 0; k < num; k++) args[k] = eg_arg_spec(w.all, k);
        if (has_x) {
            args[num - 1].dim[0] = eg_arg_spec(w.all, num - 1).dim[1];
            args[num - 1].dim[1] = r->batch;
        }
        made = eg_trace(r->eg, "batch", wrapped, &w, num, args);
    }
    eg_func_free(w.all);
    eg_func_free(one);
    return made;
}
