/* Networks: the order of updates in a step, inputs, resetting. */
#include <stdint.h>
#include <string.h>

#include "system.h"

eg_val(eg_update)(eg_system *s, eg_shared shared, eg_val x, const char *file, int line)
{
    if (!s || eg_error(s->eg)) return eg_nothing();
    if (s->type->update) return s->type->update(s, shared, x);
    (void)file;
    (void)line;
    eg_system_fail(s, EG_ERR_STATE, "its class has no update; give it one, or leave the system out of the network");
    return eg_nothing();
}

static eg_val network_update(eg_system *self, eg_shared shared, eg_val x)
{
    static const eg_role order[] = {EG_PROJECTION, EG_GROUP, EG_OTHER};
    (void)x;
    for (size_t k = 0; k < sizeof order / sizeof *order; k++) {
        for (eg_system *c = self->first; c; c = c->next) {
            if (c->type->role == order[k]) eg_update(c, shared, eg_no_input());
        }
    }
    return eg_nothing();
}

const eg_class eg_network_class = {.name = "Network", .role = EG_OTHER, .update = network_update};

void eg_begin(eg_system *s)
{
    if (!s || eg_error(s->eg)) return;
    for (eg_system *c = s->first; c; c = c->next) eg_begin(c);
    if (s->type->begin) s->type->begin(s);
}

void eg_clear_input(eg_system *s)
{
    if (!s || eg_error(s->eg)) return;
    for (member *m = s->first_member; m; m = m->next) {
        if (m->kind == MEMBER_INPUT) fill_input(m);
    }
    for (eg_system *c = s->first; c; c = c->next) eg_clear_input(c);
    if (s->type->clear_input) s->type->clear_input(s);
}

static void redraw(eg_system *s, const member *m, eg_var *v, eg_state *state)
{
    void *to = v && !eg_error(s->eg) ? eg_data(state, v) : NULL;
    if (to) draw_initial(s, m, v, to);
}

static void reset_members(eg_system *s, bool states, eg_state *state)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (states == is_shared(m)) continue;
        redraw(s, m, m->var, state);
        redraw(s, m, m->floating, state);
        for (const batch_var *b = m->batches; b; b = b->next) redraw(s, m, b->all, state);
    }
}

eg_status eg_reset_state(eg_system *s, eg_state *state)
{
    if (!s) return EG_ERR_ARGUMENT;
    reset_members(s, true, state);
    for (eg_system *c = s->first; c; c = c->next) eg_reset_state(c, state);
    if (s->type->reset_state && !eg_error(s->eg)) s->type->reset_state(s, state);
    return eg_error(s->eg);
}

/* As many copies as fit into the variable. */
static void repeat(eg_state *state, eg_var *to, const void *from, size_t bytes)
{
    char *at = to ? eg_data(state, to) : NULL;
    if (!at) return;
    eg_spec s = eg_variable_spec(to);
    size_t all = (size_t)eg_num_elements(s) * eg_dtype_size(s.dtype);
    for (size_t k = 0; k < all; k += bytes) memcpy(at + k, from, bytes);
}

eg_status eg_reset_from(eg_system *s, eg_state *state, const char *to, const char *from)
{
    if (!s) return EG_ERR_ARGUMENT;
    eg_system *in;
    member *m = find_member(s, to, &in, s->file, s->line), *f = find_member(s, from, &in, s->file, s->line);
    if (!m || !f) return eg_error(s->eg);
    eg_spec a = eg_variable_spec(m->var), b = eg_variable_spec(f->var);
    if (a.dtype != b.dtype || a.rank != b.rank || memcmp(a.dim, b.dim, (size_t)a.rank * sizeof *a.dim) != 0) {
        eg_system_fail(s, EG_ERR_SHAPE, "'%s' cannot be reset from '%s', which has another type or shape", to, from);
        return eg_error(s->eg);
    }
    m->from = f;
    const void *value = eg_data(state, f->var);
    size_t bytes = (size_t)eg_num_elements(b) * eg_dtype_size(b.dtype);
    if (!value || !bytes) return eg_error(s->eg);
    repeat(state, m->var, value, bytes);
    for (const batch_var *k = m->batches; k; k = k->next) repeat(state, k->all, value, bytes);
    return eg_error(s->eg);
}

eg_status eg_reset_parameters(eg_system *s, eg_state *state)
{
    if (!s) return EG_ERR_ARGUMENT;
    reset_members(s, false, state);
    for (eg_system *c = s->first; c; c = c->next) eg_reset_parameters(c, state);
    return eg_error(s->eg);
}
