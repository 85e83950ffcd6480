/* Copies of parameters: what was best so far, while training goes on. */
#include <string.h>

#include "engram/parallel.h"
#include "system.h"

static size_t bytes_of(const member *m)
{
    eg_spec s = eg_variable_spec(m->var);
    return (size_t)eg_num_elements(s) * eg_dtype_size(s.dtype);
}

static bool remember(eg_system *s, eg_state *state)
{
    for (member *m = s->first_member; m; m = m->next) {
        if (!is_shared(m)) continue;
        const void *now = eg_data(state, m->var);
        if (!m->kept) m->kept = eg_keep(s->eg, bytes_of(m) + 1);
        if (!now || !m->kept) return false;
        memcpy(m->kept, now, bytes_of(m));
    }
    for (eg_system *c = s->first; c; c = c->next) {
        if (!remember(c, state)) return false;
    }
    return true;
}

static const member *forgotten(const eg_system *s)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (is_shared(m) && !m->kept) return m;
    }
    for (const eg_system *c = s->first; c; c = c->next) {
        const member *m = forgotten(c);
        if (m) return m;
    }
    return NULL;
}

static bool recall(eg_system *s, eg_state *state)
{
    for (member *m = s->first_member; m; m = m->next) {
        if (!is_shared(m)) continue;
        void *now = eg_data(state, m->var);
        if (!now) return false;
        memcpy(now, m->kept, bytes_of(m));
    }
    for (eg_system *c = s->first; c; c = c->next) {
        if (!recall(c, state)) return false;
    }
    return true;
}

eg_status eg_remember_parameters(eg_system *s, eg_state *state)
{
    if (!s) return EG_ERR_ARGUMENT;
    if (!eg_error(s->eg)) remember(s, state);
    return eg_error(s->eg);
}

eg_status eg_recall_parameters(eg_system *s, eg_state *state)
{
    if (!s) return EG_ERR_ARGUMENT;
    const member *m = eg_error(s->eg) ? NULL : forgotten(s);
    if (m)
        eg_system_fail(s, EG_ERR_STATE, "no copy of '%s' was kept; call eg_remember_parameters first",
                       eg_variable_name(m->var));
    if (!eg_error(s->eg)) recall(s, state);
    return eg_error(s->eg);
}
