/* Modes, and the run of one sample as that of a batch. */
#include <stdio.h>
#include <string.h>

#include "engram/parallel.h"
#include "engram/transform.h"
#include "system.h"

eg_status eg_set_mode(eg_system *s, eg_mode mode, int64_t batch)
{
    if (!s) return EG_ERR_ARGUMENT;
    if (eg_error(s->eg)) return eg_error(s->eg);
    eg_system *top = s;
    while (top->parent) top = top->parent;
    if (mode != EG_NONBATCHING && mode != EG_BATCHING && mode != EG_TRAINING)
        eg_system_fail(top, EG_ERR_ARGUMENT, "mode %d is unknown; use EG_NONBATCHING, EG_BATCHING or EG_TRAINING",
                       (int)mode);
    else if (batch < 0 || batch > INT32_MAX)
        eg_system_fail(top, EG_ERR_ARGUMENT, "a batch of %lld samples; use 1 to 2147483647, 0 for as many as before",
                       (long long)batch);
    else if (mode != EG_TRAINING || make_all_floating(top)) {
        if (batch) top->root->batch = batch;
        top->root->mode = mode;
        top->root->made++; /* what was traced is out of date */
    }
    return eg_error(s->eg);
}

eg_mode eg_mode_of(const eg_system *s) { return s ? s->root->mode : EG_NONBATCHING; }

int64_t eg_batch_size(const eg_system *s) { return s ? s->root->batch : 1; }

/* -- variables of a batch ------------------------------------------------------------------------------------------ */

/* Each sample begins as the state would if it were reset now: from another variable, or with its initial value. */
static bool begin(eg_system *s, const member *m, eg_var *all)
{
    if (!m->from) return give_initial(s, m, all);
    const size_t bytes = (size_t)eg_num_elements(eg_variable_spec(all)) * eg_dtype_size(eg_variable_spec(all).dtype);
    const size_t num = (size_t)eg_variable_spec(all).dim[0], each = bytes / num;
    const void *now = eg_data(NULL, m->from->var);
    char *copies = now ? eg_alloc(s->eg, (int64_t)bytes, 1) : NULL;
    for (size_t k = 0; copies && k < num; k++) memcpy(copies + k * each, now, each);
    if (copies) eg_init(all, copies, bytes);
    eg_release(s->eg, copies);
    return !eg_error(s->eg);
}

/* The variable for `num` samples of the member: made for the first that asks.  initial: that of initial values, which
 * runs of the batch leave alone. */
static eg_var *all_of(eg_system *s, member *m, int64_t num, bool initial, const char *file, int line)
{
    eg_var *one = variable_of(s, m);
    for (const batch_var *b = m->batches; b; b = b->next) {
        if (b->num == num && b->one == one && b->initial == initial) return b->all;
    }
    eg_spec spec = eg_variable_spec(one);
    if (num < 1 || num > INT32_MAX || spec.rank == EG_MAX_RANK) {
        eg_fail(s->eg, EG_ERR_SHAPE, file, line, "a batch of %lld of '%s': %s", (long long)num, eg_variable_name(one),
                spec.rank == EG_MAX_RANK ? "it has as many axes as there can be" : "use 1 to 2147483647 samples");
        return NULL;
    }
    memmove(spec.dim + 1, spec.dim, (size_t)spec.rank * sizeof *spec.dim);
    spec.dim[0] = num;
    spec.rank++;
    char last[40];
    snprintf(last, sizeof last, "batch%lld%s", (long long)num, initial ? ".initial" : "");
    const char *name = keep_text(s->eg, eg_variable_name(one), last);
    batch_var *b = name ? eg_keep(s->eg, sizeof *b) : NULL;
    eg_var *all = b ? (eg_variable)(s->eg, name, spec, file, line) : NULL;
    if (!all || !begin(s, m, all)) return NULL;
    *b = (batch_var){.next = m->batches, .num = num, .initial = initial, .one = one, .all = all};
    m->batches = b;
    return all;
}

eg_var *(eg_batch_variable)(eg_system *s, const char *path, int64_t batch, const char *file, int line)
{
    eg_system *in;
    member *m = find_member(s, path, &in, file, line);
    if (!m) return NULL;
    return is_shared(m) ? m->var : all_of(in, m, batch, false, file, line);
}

/* -- functions of a batch ------------------------------------------------------------------------------------------ */

member *owner_of(eg_system *s, const eg_var *v, eg_system **in)
{
    *in = s;
    for (member *m = s->first_member; m; m = m->next) {
        if (m->var == v || (m->floating && m->floating == v)) return m;
    }
    for (eg_system *c = s->first; c; c = c->next) {
        member *m = owner_of(c, v, in);
        if (m) return m;
    }
    return NULL;
}

/* What each sample has of its own: its states, and its inputs within a step. */
static int collect(eg_system *top, const eg_func *f, int64_t num, bool fresh, eg_vmap_variable *to, const char *file,
                   int line)
{
    int n = 0;
    for (int k = 0; k < eg_num_used_variables(f) && !eg_error(top->eg); k++) {
        eg_var *v = eg_used_variable(f, k);
        eg_system *in;
        member *m = owner_of(top, v, &in);
        if (!m || is_shared(m) || in->type->role == EG_APART || v == top->root->step) continue;
        bool input = m->kind == MEMBER_INPUT;
        to[n++] = (eg_vmap_variable){
            .one = v, .all = input ? NULL : all_of(in, m, num, fresh, file, line), .keep = input || fresh};
    }
    return n;
}

eg_func *(eg_batched)(eg_system *s, eg_func *f, int64_t batch, const eg_batched_options *options, const char *file,
                      int line)
{
    eg_batched_options o = options ? *options : (eg_batched_options){0};
    if (!s || !f || eg_error(s->eg)) return NULL;
    eg_system *top = s;
    while (top->parent) top = top->parent;
    if (batch < 1 || batch > INT32_MAX) {
        eg_fail(s->eg, EG_ERR_ARGUMENT, file, line, "eg_batched: a batch of %lld samples; use 1 to 2147483647",
                (long long)batch);
        return NULL;
    }
    int64_t most = eg_num_used_variables(f);
    eg_vmap_variable *vars = eg_alloc(s->eg, most + 1, sizeof *vars);
    int num = vars ? collect(top, f, batch, o.fresh, vars, file, line) : 0;
    eg_vmap_options v = {
        .num_shared = o.num_shared, .shared = o.shared, .num_vars = num, .vars = vars, .same_draws = o.same_draws};
    eg_func *all = vars && !eg_error(s->eg) ? (eg_vmap)(f, batch, &v, file, line) : NULL;
    eg_release(s->eg, vars);
    return all;
}

/* -- parameters ---------------------------------------------------------------------------------------------------- */

static eg_var *parameter(const eg_system *s, int *k)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (m->kind == MEMBER_PARAMETER && (*k)-- == 0) return m->var;
    }
    for (const eg_system *c = s->first; c; c = c->next) {
        eg_var *v = parameter(c, k);
        if (v) return v;
    }
    return NULL;
}

eg_var *eg_parameter(const eg_system *s, int k) { return s && k >= 0 ? parameter(s, &k) : NULL; }

int eg_num_parameters(const eg_system *s)
{
    int most = INT32_MAX;
    if (!s) return 0;
    parameter(s, &most);
    return INT32_MAX - most;
}
