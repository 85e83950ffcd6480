/* What updates share: time, and numbers with names. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engram/parallel.h"
#include "system.h"

eg_shared eg_shared_at(eg_system *s, eg_val i, eg_val dt)
{
    eg_dtype type = eg_float_type(s);
    eg_val t = eg_fma(eg_convert(i, EG_F64), dt, -0.0); /* one product, rounded once whatever it is added to */
    return (eg_shared){
        .t = eg_convert(t, type), .t64 = t, .dt = eg_convert(dt, type), .i = i, .dt64 = eg_convert(dt, EG_F64)};
}

static extra *find(const eg_system *s, const char *name)
{
    extra *x = s->root->extras;
    /* One made by a setup that failed afterwards has lost its variable. */
    while (x && (strcmp(x->name, name) != 0 || eg_variable_spec(x->var).rank < 0)) x = x->next;
    return x;
}

static eg_system *root_of(eg_system *s)
{
    while (s->parent) s = s->parent;
    return s;
}

eg_status eg_set_shared(eg_system *s, const char *name, double value)
{
    if (!s) return EG_ERR_ARGUMENT;
    if (eg_error(s->eg)) return eg_error(s->eg);
    extra *x = name ? find(s, name) : NULL;
    if (!x) {
        x = eg_keep(s->eg, sizeof *x);
        eg_var *v = x ? eg_add_variable(root_of(s), name, eg_scalar(EG_F64), eg_init_constant(0)) : NULL;
        if (!v) return eg_error(s->eg);
        *x = (extra){.next = s->root->extras, .name = strrchr(eg_variable_name(v), '.'), .var = v};
        x->name = x->name ? x->name + 1 : eg_variable_name(v);
        s->root->extras = x;
    }
    for (member *m = root_of(s)->first_member; m; m = m->next) {
        if (m->var == x->var) m->init = eg_init_constant(value); /* also at a reset */
    }
    return eg_init_fill(x->var, value);
}

static void list(const eg_system *s, char *text, size_t size)
{
    for (const extra *x = s->root->extras; x; x = x->next) {
        size_t used = strlen(text);
        if (used + strlen(x->name) + 3 < size) snprintf(text + used, size - used, "%s%s", used ? ", " : "", x->name);
    }
}

eg_val(eg_shared_value)(eg_system *s, const char *name, double otherwise, const char *file, int line)
{
    if (!s || eg_error(s->eg)) return eg_nothing();
    extra *x = name ? find(s, name) : NULL;
    if (x) return eg_convert((eg_get)(x->var, file, line), eg_float_type(s));
    if (name && !isnan(otherwise)) return eg_real(otherwise);
    char known[300] = "";
    list(s, known, sizeof known);
    eg_fail(s->eg, EG_ERR_ARGUMENT, file, line,
            "%s '%s' needs the shared argument '%.60s'; give it by eg_set_shared() (there is %s)", s->type->name,
            s->path, name ? name : "NULL", *known ? known : "none");
    return eg_nothing();
}
