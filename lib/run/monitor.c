/* What is recorded: checked when the runner is made, traced behind the update. */
#include "runner.h"

#include <string.h>

/* -- checking ------------------------------------------------------------------------------------------------------ */

static bool check_indices(runner *r, record *m, eg_spec s)
{
    bool range = true;
    for (int64_t k = 0; k < m->m.num_indices; k++) {
        int64_t i = m->m.indices[k];
        range &= i == m->m.indices[0] + k;
        if (s.rank >= 1 && i >= 0 && i < s.dim[0]) continue;
        if (s.rank == 0)
            eg_system_fail(r->self, EG_ERR_SHAPE, "monitor '%s': the variable is a scalar and has no indices",
                           m->m.key);
        else
            eg_system_fail(r->self, EG_ERR_ARGUMENT,
                           "monitor '%s': index %lld is outside of 0 .. %lld of its first axis", m->m.key, (long long)i,
                           (long long)s.dim[0] - 1);
        return false;
    }
    if (!range) m->index = eg_array_new(r->eg, eg_vector(EG_I64, m->m.num_indices), m->m.indices);
    return range || m->index;
}

eg_var *egr_variable(runner *r, const char *path, eg_spec *spec, int64_t *first)
{
    eg_var *v = (eg_system_variable)(r->target, path, r->file, r->line);
    if (!v) return NULL;
    const char *dot = strrchr(path, '.');
    char owner[400];
    snprintf(owner, sizeof owner, "%.*s", dot ? (int)(dot - path) : 0, path);
    eg_system *in = dot ? eg_find_system(r->target, owner) : r->target;
    int64_t from = 0;
    *spec = eg_variable_spec(v);
    eg_system *whole = in ? eg_whole(in, &from) : NULL;
    if (whole != in) {
        if (spec->rank < 1 || spec->dim[0] != eg_num(whole)) {
            eg_system_fail(r->self, EG_ERR_SHAPE, "'%s' has no part: its first extent is not the group's %lld", path,
                           (long long)eg_num(whole));
            return NULL;
        }
        spec->dim[0] = eg_num(in);
    }
    if (first) *first = from;
    return v;
}

static bool check_one(runner *r, record *m, int k)
{
    eg_monitor *o = &m->m;
    if (!o->variable == !o->fn || !o->key)
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitor %d has %s; give a variable, or a function and a key", k,
                       o->variable && o->fn ? "both a variable and a function"
                       : o->fn              ? "no key"
                                            : "neither variable nor function");
    else if (o->every < 0)
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitor '%s': every is %lld; it cannot be negative", o->key,
                       (long long)o->every);
    else if (o->num_indices < 0 || (o->num_indices && (!o->indices || o->fn)))
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitor '%s': %lld indices, but %s", o->key,
                       (long long)o->num_indices, o->fn ? "it is a function; pick them there" : "none are given");
    else if (o->file && (!*o->file || (r->o.data_first_axis == EG_BATCH_FIRST && !o->events)))
        eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitor '%s': %s", o->key,
                       *o->file ? "files are written time first; leave out the file or EG_BATCH_FIRST"
                                : "the name of its file is empty");
    for (int j = 0; j < k && !eg_error(r->eg); j++) {
        const char *file = r->monitor[j].m.file;
        if (file && o->file && !strcmp(file, o->file))
            eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitors %d and %d both write '%s'; give one another file", j, k,
                           file);
        else if (!strcmp(r->monitor[j].m.key, o->key))
            eg_system_fail(r->self, EG_ERR_ARGUMENT, "monitors %d and %d are both called '%s'; give one another key", j,
                           k, o->key);
    }
    if (o->every == 0) o->every = 1;
    if (eg_error(r->eg) || o->fn) return !eg_error(r->eg);
    eg_spec spec;
    if (!egr_variable(r, o->variable, &spec, NULL) || !check_indices(r, m, spec)) return false;
    if (o->events && (spec.dtype != EG_BOOL || spec.rank == 0))
        eg_system_fail(r->self, EG_ERR_TYPE, "monitor '%s': events are recorded of arrays of bool, '%s' is %s", o->key,
                       o->variable, spec.rank ? eg_dtype_name(spec.dtype) : "a scalar");
    return !eg_error(r->eg);
}

bool egr_check_monitors(runner *r)
{
    for (int k = 0; k < r->o.num_monitors; k++) {
        if (!check_one(r, &r->monitor[k], k)) return false;
    }
    return true;
}

/* -- tracing ------------------------------------------------------------------------------------------------------- */

eg_val egr_monitored(runner *r, record *m, eg_shared s)
{
    if (m->m.fn) {
        eg_val v = m->m.fn(m->m.user, r->target, s);
        if (eg_error(r->eg)) return eg_nothing();
        if (eg_is_number(v, NULL)) v = eg_full(r->eg, eg_scalar(eg_float_type(r->target)), v);
        if (eg_spec_of(v).rank < 0)
            eg_system_fail(r->self, EG_ERR_TYPE,
                           "monitor '%s': its function returns a tuple, or nothing; return one value", m->m.key);
        eg_spec got = eg_spec_of(v);
        if (m->m.events && !eg_error(r->eg) && (got.dtype != EG_BOOL || got.rank == 0))
            eg_system_fail(r->self, EG_ERR_TYPE, "monitor '%s': events are recorded of arrays of bool, this is %s",
                           m->m.key, got.rank ? eg_dtype_name(got.dtype) : "a scalar");
        return eg_error(r->eg) ? eg_nothing() : v;
    }
    eg_val v = eg_value(r->target, m->m.variable);
    if (m->index) return eg_gather(v, eg_constant(m->index), 0);
    if (!m->m.num_indices) return v;
    int64_t first = m->m.indices[0];
    return eg_slice(v, 0, first, first + m->m.num_indices, 1);
}

eg_val egr_recorded(runner *r, record *m, eg_val value)
{
    (void)r;
    return m->m.events ? eg_pack(eg_reshape(value, -1)) : value;
}
