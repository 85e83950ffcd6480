/* Spikes of groups: truth values, and in training floats with a surrogate gradient. */
#include "engram/parallel.h"
#include "system.h"

static bool make_floating(eg_system *s, member *m, const char *file, int line)
{
    const char *name = keep_text(s->eg, eg_variable_name(m->var), "float");
    eg_spec spec = eg_variable_spec(m->var);
    spec.dtype = s->root->dtype;
    if (name) m->floating = (eg_variable)(s->eg, name, spec, file, line);
    return m->floating && give_initial(s, m, m->floating);
}

bool make_all_floating(eg_system *s)
{
    for (member *m = s->first_member; m; m = m->next) {
        if (m->fires && !m->floating && !make_floating(s, m, s->file, s->line)) return false;
    }
    for (eg_system *c = s->first; c; c = c->next) {
        if (!make_all_floating(c)) return false;
    }
    return true;
}

eg_var *(eg_add_spike)(eg_system *group, const char *file, int line)
{
    eg_spec spec = eg_vector(EG_BOOL, eg_num(group));
    member *m = add_member(group, "spike", spec, eg_init_constant(0), MEMBER_STATE, file, line);
    if (!m) return NULL;
    m->fires = true;
    if (group->root->mode == EG_TRAINING && !make_floating(group, m, file, line)) return NULL;
    return m->var;
}

static const member *spike_of(eg_system *s, const char *what, const char *file, int line)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (m->fires) return m;
    }
    eg_fail(s->eg, EG_ERR_STATE, file, line, "%s: %s '%s' has no spikes; make them by eg_add_spike in its setup", what,
            s->type->name, s->path);
    return NULL;
}

eg_val(eg_fire)(eg_system *group, eg_val V, eg_val V_th, const eg_surrogate *surrogate, const char *file, int line)
{
    if (!group || eg_error(group->eg)) return eg_nothing();
    const member *m = spike_of(group, "eg_fire", file, line);
    if (!m) return eg_nothing();
    eg_val spike;
    if (group->root->mode == EG_TRAINING)
        spike = (eg_spike)(group->eg, (eg_sub)(V, V_th, file, line), surrogate ? *surrogate : (eg_surrogate){0}, file,
                           line);
    else
        spike = (eg_ge)(V, V_th, file, line);
    (eg_set)(variable_of(group, m), spike, file, line);
    return spike;
}

eg_val(eg_fire_crossing)(eg_system *group, eg_val V, eg_val V_old, eg_val V_th, const eg_surrogate *surrogate,
                         const char *file, int line)
{
    if (!group || eg_error(group->eg)) return eg_nothing();
    const member *m = spike_of(group, "eg_fire_crossing", file, line);
    if (!m) return eg_nothing();
    eg_val spike;
    if (group->root->mode == EG_TRAINING)
        spike = (eg_spike2)(group->eg, (eg_sub)(V, V_th, file, line), (eg_sub)(V_old, V_th, file, line),
                            surrogate ? *surrogate : (eg_surrogate){0}, file, line);
    else
        spike = (eg_and)((eg_ge)(V, V_th, file, line), (eg_lt)(V_old, V_th, file, line), file, line);
    (eg_set)(variable_of(group, m), spike, file, line);
    return spike;
}
