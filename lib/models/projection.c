/* What synapses share: checks, who projects to whom, delivering. */
#include "projection.h"

#include <math.h>
#include <string.h>

/* -- checks -------------------------------------------------------------------------------------------------------- */

static bool grouped(eg_system *self, const projection *p)
{
    if (!p->pre || !p->post) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "%s is NULL; give two groups and connections from one to the other",
                       !p->pre ? "pre" : "post");
        return false;
    }
    if (eg_system_context(p->pre) == eg_system_context(self) && eg_system_context(p->post) == eg_system_context(self))
        return true;
    eg_system_fail(self, EG_ERR_SCOPE, "pre and post must be of its own context");
    return false;
}

static bool connected(eg_system *self, const projection *p)
{
    if (eg_csr_context(p->csr) != eg_system_context(self)) {
        eg_system_fail(self, EG_ERR_SCOPE, "the connections must be of its own context");
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

static bool ruled(eg_system *self, const projection *p)
{
    if (p->rule == EG_RULE_NONE) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "the connections are NULL; give some, or a rule in their place");
        return false;
    }
    if (p->rule < EG_RULE_NONE || p->rule > EG_RULE_ALL_TO_OTHERS) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "rule is %d; use EG_RULE_...", (int)p->rule);
        return false;
    }
    if (p->rule == EG_RULE_ALL_TO_ALL || eg_num(p->pre) == eg_num(p->post)) return true;
    eg_system_fail(self, EG_ERR_SHAPE, "its rule needs groups of one size, but '%s' has %lld elements and '%s' %lld",
                   eg_system_path(p->pre), (long long)eg_num(p->pre), eg_system_path(p->post),
                   (long long)eg_num(p->post));
    return false;
}

/* Number of synapses. */
static int64_t num_synapses(const projection *p)
{
    int64_t pre = eg_num(p->pre), post = eg_num(p->post);
    if (p->csr) return eg_csr_size(p->csr);
    if (p->rule == EG_RULE_ONE_TO_ONE) return pre;
    return pre * (post - (p->rule == EG_RULE_ALL_TO_OTHERS && post > 0));
}

static bool weighted(eg_system *self, const projection *p)
{
    if (!p->weight) return eg_check_param(self, isfinite(p->g_max), "g_max", p->g_max, "use a finite weight");
    if (eg_array_context(p->weight) != eg_system_context(self)) {
        eg_system_fail(self, EG_ERR_SCOPE, "the weights must be of its own context");
        return false;
    }
    eg_spec s = eg_array_spec(p->weight);
    bool floats = s.dtype == eg_float_type(self);
    if (s.rank == 1 && floats && (s.dim[0] == eg_num(p->pre) || s.dim[0] == num_synapses(p))) return true;
    if (s.rank == 2 && floats && s.dim[0] == eg_num(p->pre) && s.dim[1] == eg_num(p->post)) return true;
    eg_system_fail(self, EG_ERR_SHAPE,
                   "the weights are %s, rank %d, %lld long; give a vector of %s, %lld (one a source) "
                   "or %lld (one a synapse) long, or a matrix [pre, post]",
                   eg_dtype_name(s.dtype), s.rank, (long long)(s.rank > 0 ? s.dim[0] : 1),
                   eg_dtype_name(eg_float_type(self)), (long long)eg_num(p->pre), (long long)num_synapses(p));
    return false;
}

enum { MOST_STEPS = 1 << 20 };

/* The longest delay; -1 after an error. */
static int32_t longest(eg_system *self, const projection *p)
{
    const eg_delay_step *d = &p->delay;
    int64_t n = d->each ? d->num : 1, bad = -1;
    int32_t most = 0;
    if (d->each && n != eg_num(p->pre) && n != num_synapses(p)) {
        eg_system_fail(self, EG_ERR_SHAPE,
                       "delay_step has %lld numbers; give one, %lld (one a source) or %lld (one a synapse)",
                       (long long)n, (long long)eg_num(p->pre), (long long)num_synapses(p));
        return -1;
    }
    for (int64_t k = 0; k < n && bad < 0; k++) {
        int32_t steps = d->each ? d->each[k] : d->steps;
        if (steps < 0 || steps > MOST_STEPS) bad = k;
        if (steps > most) most = steps;
    }
    if (bad < 0) return most;
    eg_system_fail(self, EG_ERR_ARGUMENT, "delay_step[%lld] is %d; use 0 to %d steps", (long long)bad,
                   (int)(d->each ? d->each[bad] : d->steps), MOST_STEPS);
    return -1;
}

/* A name is read when it is traced: the caller's may be gone by then. */
static bool keep_name(eg_system *self, const char **name)
{
    const size_t size = strlen(*name) + 1;
    char *kept = eg_keep(eg_system_context(self), size);
    if (!kept) return false;
    memcpy(kept, *name, size);
    *name = kept;
    return true;
}

static bool has_output(eg_system *self, const projection *p, eg_output *output, const char *target)
{
    if (!output->current) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "it has no output; use eg_cuba() or eg_coba(E_rev)");
        return false;
    }
    int line;
    const char *file = eg_system_place(self, &line);
    if (!output->target) output->target = target;
    if (!keep_name(self, &output->target)) return false;
    if (output->potential &&
        !(keep_name(self, &output->potential) && (eg_system_variable)(p->post, output->potential, file, line)))
        return false;
    return (eg_system_variable)(p->post, output->target, file, line) &&
           (eg_system_variable)(p->pre, "spike", file, line);
}

/* -- making -------------------------------------------------------------------------------------------------------- */

static bool weight_by_synapse(const projection *p)
{
    if (!p->weight) return false;
    eg_spec s = eg_array_spec(p->weight);
    return s.rank == 2 || s.dim[0] != eg_num(p->pre);
}

/* As many sources as synapses: each synapse, as eg_event() has it. */
static bool delay_by_synapse(const projection *p) { return p->delay.each && p->delay.num == num_synapses(p); }

/* A rule becomes connections where what it joins differs by synapse. */
static bool spell_out(eg_system *self, projection *p, bool delays)
{
    eg_context *eg = eg_system_context(self);
    bool one = p->rule == EG_RULE_ONE_TO_ONE;
    if (p->csr || !(weight_by_synapse(p) || (delays && !one))) return true;
    p->csr = one ? eg_one_to_one(eg, eg_num(p->pre))
                 : eg_all_to_all(eg, eg_num(p->pre), eg_num(p->post), p->rule == EG_RULE_ALL_TO_ALL);
    return p->csr != NULL;
}

/* One delay for each element of the whole group that pre may be a part of. */
static bool delay_sources(eg_system *self, projection *p)
{
    int64_t from = 0;
    eg_system *whole = eg_whole(p->pre, &from);
    p->each = eg_array_new(eg_system_context(self), eg_vector(EG_I32, eg_num(whole)), NULL);
    int32_t *steps = eg_array_data(p->each);
    if (steps) memcpy(steps + from, p->delay.each, (size_t)p->delay.num * sizeof *steps);
    return steps != NULL;
}

bool projection_setup(eg_system *self, projection *p, eg_output *output, const char *target)
{
    if (eg_error(eg_system_context(self)) || !grouped(self, p)) return false;
    if (p->csr && p->rule != EG_RULE_NONE) {
        eg_system_fail(self, EG_ERR_ARGUMENT, "it has connections and a rule; give one of them");
        return false;
    }
    if (!(p->csr ? connected(self, p) : ruled(self, p)) || !weighted(self, p)) return false;
    int32_t most = longest(self, p);
    if (most < 0 || !has_output(self, p, output, target)) return false;
    bool delays = most > 0 && delay_by_synapse(p);
    if (!spell_out(self, p, delays)) return false;
    if (p->weight && eg_array_spec(p->weight).rank == 2 && !projection_flatten(self, p)) return false;
    if (delays && p->csr && !projection_split(self, p, most)) return false;
    if (most > 0 && p->delay.each && !p->num_lags && !delay_sources(self, p)) return false;
    if (most > 0) p->line = spike_line_of(eg_whole(p->pre, NULL), most);
    p->delay.each = NULL; /* the caller's */
    return !eg_error(eg_system_context(self));
}

/* -- delivering ---------------------------------------------------------------------------------------------------- */

/* Spikes of pre `steps` steps before those of the step before. */
static eg_val spikes_before(const projection *p, int32_t steps)
{
    if (!p->line || (!p->each && steps == 0)) return eg_value(p->pre, "spike");
    int64_t from = 0;
    bool part = eg_whole(p->pre, &from) != p->pre;
    eg_val all = spike_line_read(p->line, p->each ? eg_constant(p->each) : eg_int(steps));
    return part ? eg_slice(all, 0, from, from + eg_num(p->pre), 1) : all;
}

/* Spikes along a rule: weight * spike, or weight * (sum of all, but own). */
static eg_val deliver_by_rule(const projection *p, eg_val base, eg_val spikes)
{
    eg_dtype type = eg_float_type(p->pre);
    if (p->rule != EG_RULE_ONE_TO_ONE && !p->weight) {
        bool whole = eg_spec_of(spikes).dtype == EG_BOOL;
        eg_val sum = eg_convert(eg_sum(whole ? eg_convert(spikes, EG_I32) : spikes), type);
        if (p->rule == EG_RULE_ALL_TO_OTHERS) sum = eg_sub(sum, eg_convert(spikes, type));
        return eg_add(base, eg_mul(sum, p->g_max));
    }
    eg_val weight = p->weight ? eg_constant(p->weight) : eg_real(p->g_max);
    eg_val own = eg_mul(eg_convert(spikes, type), weight);
    if (p->rule == EG_RULE_ONE_TO_ONE) return eg_add(base, own);
    eg_val sum = eg_sum(own);
    return eg_add(base, p->rule == EG_RULE_ALL_TO_OTHERS ? eg_sub(sum, own) : sum);
}

eg_val projection_deliver(const projection *p, eg_val base)
{
    eg_val weight = p->weight ? eg_constant(p->weight) : eg_real(p->g_max);
    if (!p->csr) return deliver_by_rule(p, base, spikes_before(p, p->delay.steps));
    if (!p->num_lags) return eg_event_add(base, p->csr, spikes_before(p, p->delay.steps), weight);
    for (int k = 0; k < p->num_lags; k++) {
        const lag *l = &p->lag[k];
        base = eg_event_add(base, l->csr, spikes_before(p, l->steps), l->weight ? eg_constant(l->weight) : weight);
    }
    return base;
}
