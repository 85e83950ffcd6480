/* What synapses share: checks, weights, delays. */
#include "projection.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engram/parallel.h"

/* The connections of one delay. */
typedef struct lag {
    int32_t steps;
    eg_csr *csr;
    eg_array *weight; /* of each synapse; NULL: the projection's */
} lag;

/* -- checks ---------------------------------------------------------------------------------------------------------
 */

static bool connected(eg_system *self, const projection *p)
{
    if (!p->pre || !p->post || !p->csr) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "%s; give two groups and connections from one to the other",
                       !p->pre    ? "pre is NULL"
                       : !p->post ? "post is NULL"
                                  : "the connections are NULL");
        return false;
    }
    if (eg_system_context(p->pre) != eg_system_context(self) || eg_system_context(p->post) != eg_system_context(self)) {
        eg_system_fail(self, EG_ERR_SCOPE, "pre and post must be of its own context");
        return false;
    }
    if (eg_csr_num_pre(p->csr) == eg_num(p->pre) && eg_csr_num_post(p->csr) == eg_num(p->post)) return true;
    eg_system_fail(self, EG_ERR_SHAPE,
                   "the connections go from %lld to %lld, but '%s' has %lld elements and '%s' %lld; make them for "
                   "these sizes",
                   (long long)eg_csr_num_pre(p->csr), (long long)eg_csr_num_post(p->csr), eg_system_path(p->pre),
                   (long long)eg_num(p->pre), eg_system_path(p->post), (long long)eg_num(p->post));
    return false;
}

static bool weighted(eg_system *self, const projection *p)
{
    if (!p->weight) return eg_check_param(self, isfinite(p->g_max), "g_max", p->g_max, "use a finite weight");
    eg_spec s = eg_array_spec(p->weight);
    bool floats = s.dtype == eg_float_type(self);
    if (s.rank == 1 && floats && (s.dim[0] == eg_num(p->pre) || s.dim[0] == eg_csr_size(p->csr))) return true;
    if (s.rank == 2 && floats && s.dim[0] == eg_num(p->pre) && s.dim[1] == eg_num(p->post)) return true;
    eg_system_fail(self, EG_ERR_SHAPE,
                   "the weights are %s, rank %d, %lld long; give a vector of %s, %lld (one a source) "
                   "or %lld (one a synapse) long, or a matrix [pre, post]",
                   eg_dtype_name(s.dtype), s.rank, (long long)(s.rank > 0 ? s.dim[0] : 1),
                   eg_dtype_name(eg_float_type(self)), (long long)eg_num(p->pre), (long long)eg_csr_size(p->csr));
    return false;
}

bool projection_output(eg_system *self, eg_system *post, eg_output *output, const char *target)
{
    if (!output->current) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "it has no output; use eg_cuba() or eg_coba(E_rev)");
        return false;
    }
    if (!output->target) output->target = target;
    return eg_system_variable(post, output->target) != NULL;
}

/* -- delays ---------------------------------------------------------------------------------------------------------
 */

enum { MOST_STEPS = 1 << 20 };

/* The longest delay; -1 after an error. */
static int32_t longest(eg_system *self, const projection *p)
{
    const eg_delay_step *d = &p->delay;
    int64_t n = d->each ? d->num : 1, bad = -1;
    int32_t most = 0;
    for (int64_t k = 0; k < n && bad < 0; k++) {
        int32_t steps = d->each ? d->each[k] : d->steps;
        if (steps < 0 || steps > MOST_STEPS) bad = k;
        if (steps > most) most = steps;
    }
    if (bad >= 0) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "delay_step[%lld] is %d; use 0 to %d steps", (long long)bad,
                       (int)(d->each ? d->each[bad] : d->steps), MOST_STEPS);
        return -1;
    }
    if (!d->each || n == eg_num(p->pre) || n == eg_csr_size(p->csr)) return most;
    eg_system_fail(self, EG_ERR_SHAPE,
                   "delay_step has %lld numbers; give one, %lld (one a source) or %lld (one a synapse)", (long long)n,
                   (long long)eg_num(p->pre), (long long)eg_csr_size(p->csr));
    return -1;
}

/* The spikes of pre of earlier steps, remembered once for all projections that need no more of them. */
typedef struct spike_line {
    eg_system *pre;
    int64_t most;
    eg_delay *line;
} spike_line;

static void line_setup(eg_system *self)
{
    spike_line *l = eg_self(self);
    char name[400];
    snprintf(name, sizeof name, "%s.line", eg_system_path(self));
    l->line = eg_delay_new(eg_system_context(self), name, eg_vector(EG_BOOL, eg_num(l->pre)), l->most);
}

/* At the end of a step, after the groups: in the next step the last entry is the spikes of the step before. */
static eg_val line_update(eg_system *self, eg_shared s, eg_val x)
{
    spike_line *l = eg_self(self);
    (void)s;
    (void)x;
    eg_delay_push(l->line, eg_value(l->pre, "spike"));
    return eg_nothing();
}

static void line_reset(eg_system *self, eg_state *state)
{
    const spike_line *l = eg_self(self);
    bool *ring = eg_data(state, eg_delay_ring(l->line));
    int32_t *head = eg_data(state, eg_delay_head(l->line));
    if (!ring || !head) return;
    memset(ring, 0, (size_t)(eg_num(l->pre) * (l->most + 1)));
    *head = 0;
}

static const eg_class line_class = {.name = "SpikeLine",
                                    .role = EG_OTHER,
                                    .size = sizeof(spike_line),
                                    .setup = line_setup,
                                    .update = line_update,
                                    .reset_state = line_reset};

/* Made beside the group, so that it is updated after it. */
static eg_delay *line_of(eg_system *pre, int64_t most)
{
    eg_system *parent = eg_system_parent(pre), *c;
    for (int k = 0; (c = eg_system_child(parent, k)); k++) {
        const spike_line *l = eg_self(c);
        if (eg_class_of(c) == &line_class && l->pre == pre && l->most >= most) return l->line;
    }
    c = eg_system_new(parent, NULL, &line_class, 0, &(spike_line){.pre = pre, .most = most});
    return c ? ((spike_line *)eg_self(c))->line : NULL;
}

/* -- connections by their delay ---------------------------------------------------------------------------------------
 */

static double weight_at(const eg_array *weight, int64_t k)
{
    const void *data = eg_array_data((eg_array *)(uintptr_t)weight);
    return eg_array_spec(weight).dtype == EG_F64 ? ((const double *)data)[k] : (double)((const float *)data)[k];
}

/* Weight of connection e of source i, which was number k as the user gave it.  Equal numbers of sources and synapses
 * are taken as one a synapse, as by eg_event(). */
static double weight_of(const projection *p, int64_t i, int64_t e, int64_t k)
{
    eg_spec s = eg_array_spec(p->weight);
    if (s.rank == 2) return weight_at(p->weight, i * s.dim[1] + eg_csr_indices(p->csr)[e]);
    return weight_at(p->weight, s.dim[0] == eg_csr_size(p->csr) ? k : i);
}

static bool by_synapse(const projection *p) { return p->delay.each && p->delay.num == eg_csr_size(p->csr); }

static bool belongs(const projection *p, int64_t k, int32_t steps)
{
    return !by_synapse(p) || p->delay.each[k] == steps;
}

/* The connections whose delay is `steps` (all, if delays are not by synapse), with their weights. */
static bool make_lag(eg_system *self, const projection *p, int32_t steps, lag *l)
{
    eg_context *eg = eg_system_context(self);
    const int64_t *row = eg_csr_indptr(p->csr), *order = eg_csr_order(p->csr);
    int64_t num_pre = eg_num(p->pre), n = 0;
    int64_t *indptr = eg_alloc(eg, num_pre + 1, sizeof *indptr);
    int32_t *indices = eg_alloc(eg, eg_csr_size(p->csr) + 1, sizeof *indices);
    double *weight = eg_alloc(eg, eg_csr_size(p->csr) + 1, sizeof *weight);
    bool ok = indptr && indices && weight;
    for (int64_t i = 0; ok && i < num_pre; i++) {
        indptr[i] = n;
        for (int64_t e = row[i]; e < row[i + 1]; e++) {
            int64_t k = order ? order[e] : e;
            if (!belongs(p, k, steps)) continue;
            if (p->weight) weight[n] = weight_of(p, i, e, k);
            indices[n++] = eg_csr_indices(p->csr)[e];
        }
    }
    if (ok) indptr[num_pre] = n;
    *l = (lag){.steps = steps, .csr = eg_csr_adopt(eg, num_pre, eg_num(p->post), indptr, indices)};
    if (ok && p->weight) l->weight = eg_floats_of(self, n, weight);
    eg_release(eg, weight);
    return !eg_error(eg);
}

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* The different delays in ascending order; their number, -1 after an error. */
static int64_t different(eg_context *eg, const projection *p, int32_t **steps)
{
    int64_t n = p->delay.num, m = 0;
    int32_t *s = *steps = eg_keep(eg, (size_t)(n + 1) * sizeof *s);
    if (!s) return -1;
    memcpy(s, p->delay.each, (size_t)n * sizeof *s);
    qsort(s, (size_t)n, sizeof *s, ascending);
    for (int64_t k = 0; k < n; k++) {
        if (k == 0 || s[k] != s[m - 1]) s[m++] = s[k];
    }
    return m;
}

static bool split(eg_system *self, projection *p)
{
    eg_context *eg = eg_system_context(self);
    int32_t one = p->delay.steps, *steps = &one;
    int64_t n = by_synapse(p) ? different(eg, p, &steps) : 1;
    p->lag = n >= 0 ? eg_keep(eg, (size_t)(n + 1) * sizeof *p->lag) : NULL;
    for (int64_t k = 0; p->lag && k < n; k++) {
        if (!make_lag(self, p, steps[k], &p->lag[k])) return false;
    }
    p->num_lags = (int)n;
    return p->lag != NULL;
}

/* One delay for each element of the whole group that pre may be a part of. */
static eg_array *for_whole(eg_system *self, const projection *p)
{
    int64_t from = 0;
    eg_system *whole = eg_whole(p->pre, &from);
    eg_array *a = eg_array_new(eg_system_context(self), eg_vector(EG_I32, eg_num(whole)), NULL);
    int32_t *steps = eg_array_data(a);
    if (steps) memcpy(steps + from, p->delay.each, (size_t)p->delay.num * sizeof *steps);
    return a;
}

bool projection_setup(eg_system *self, projection *p)
{
    if (!connected(self, p) || !weighted(self, p)) return false;
    int32_t most = longest(self, p);
    if (most < 0) return false;
    eg_system_variable(p->pre, "spike");
    if (most > 0) p->line = line_of(eg_whole(p->pre, NULL), most);
    if (most > 0 && p->delay.each && !by_synapse(p)) p->each = for_whole(self, p);
    bool matrix = p->weight && eg_array_spec(p->weight).rank == 2;
    if ((most > 0 && by_synapse(p)) || matrix) split(self, p);
    p->delay.each = NULL; /* the caller's */
    return !eg_error(eg_system_context(self));
}

/* -- delivering -------------------------------------------------------------------------------------------------------
 */

/* Spikes of pre `steps` steps before those of the step before. */
static eg_val spikes_before(const projection *p, int32_t steps)
{
    if (!p->line || (!p->each && steps == 0)) return eg_value(p->pre, "spike");
    int64_t from = 0;
    bool part = eg_whole(p->pre, &from) != p->pre;
    eg_val all = p->each ? eg_delay_read(p->line, eg_constant(p->each)) : eg_delay_read(p->line, steps);
    return part ? eg_slice(all, 0, from, from + eg_num(p->pre), 1) : all;
}

eg_val projection_deliver(eg_system *self, const projection *p, eg_val base)
{
    (void)self;
    eg_val weight = p->weight ? eg_constant(p->weight) : eg_real(p->g_max);
    if (!p->num_lags) return eg_event_add(base, p->csr, spikes_before(p, p->delay.steps), weight);
    for (int k = 0; k < p->num_lags; k++) {
        const lag *l = &p->lag[k];
        base = eg_event_add(base, l->csr, spikes_before(p, l->steps), l->weight ? eg_constant(l->weight) : weight);
    }
    return base;
}
