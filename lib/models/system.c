/* Systems: making them, their names, their variables. */
#include "system.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engram/connect.h"
#include "engram/environment.h"
#include "engram/parallel.h"

/* -- names --------------------------------------------------------------------------------------------------------- */

bool good_name(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return n > 0 && n <= 60 && s[n] == 0;
}

eg_system *child_named(const eg_system *parent, const char *name, size_t length)
{
    eg_system *c = parent ? parent->first : NULL;
    while (c && (strncmp(c->name, name, length) != 0 || c->name[length])) c = c->next;
    return c;
}

/* Who has that name in parent, or had it before it moved away. */
static const eg_system *named_so(const eg_system *parent, const char *name)
{
    const eg_system *c = child_named(parent, name, strlen(name));
    for (const gone *g = parent->gone; g && !c; g = g->next) {
        if (!strcmp(g->child->name, name)) c = g->child;
    }
    return c;
}

/* <class name><k> for the k-th of the class without a name; numbers that a name has taken are passed over. */
static void next_name(const eg_system *parent, const char *type, char *name, size_t size)
{
    int k = 0;
    do snprintf(name, size, "%.50s%d", type, k++);
    while (named_so(parent, name));
}

const char *keep_text(eg_context *eg, const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 2;
    char *s = eg_keep(eg, size);
    if (s) snprintf(s, size, "%s%s%s", a, *a && *b ? "." : "", b);
    return s;
}

/* -- making -------------------------------------------------------------------------------------------------------- */

static eg_system *make(eg_context *eg, eg_system *parent, const char *name, const eg_class *type, int64_t num,
                       const void *self, const char *file, int line)
{
    eg_system *s = eg_keep(eg, sizeof *s);
    if (!s) return NULL;
    *s = (eg_system){.eg = eg, .type = type, .num = num, .parent = parent, .file = file, .line = line};
    s->name = keep_text(eg, name, "");
    s->path = keep_text(eg, parent ? parent->path : "", name);
    s->self = eg_keep(eg, type->size);
    s->root = parent ? parent->root : eg_keep(eg, sizeof *s->root);
    if (!s->name || !s->path || !s->self || !s->root) return NULL;
    if (self) memcpy(s->self, self, type->size);
    return s;
}

/* What was not made is not there: systems and variables that a setup made before it failed, wherever in the tree, are
 * taken out of it, and after the error is cleared their names are free. */
static void take_back(eg_system *s, int64_t made)
{
    eg_system *last = NULL;
    for (eg_system **c = &s->first; *c;) {
        if ((*c)->made >= made) {
            *c = (*c)->next;
            continue;
        }
        take_back(last = *c, made);
        c = &last->next;
    }
    s->last = last;
    member *tail = NULL;
    for (member **m = &s->first_member; *m;) {
        if ((*m)->made >= made) {
            *m = (*m)->next;
            continue;
        }
        tail = *m;
        m = &tail->next;
    }
    s->last_member = tail;
}

eg_system *(eg_system_new)(eg_system *parent, const char *name, const eg_class *type, int64_t num, const void *self,
                           const char *file, int line)
{
    if (!parent || eg_error(parent->eg)) return NULL;
    eg_context *eg = parent->eg;
    if (!type || !type->name || !good_name(type->name)) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "eg_system_new: the class %s; give one whose name is made of letters, digits and '_'",
                !type ? "is NULL" : "has no proper name");
        return NULL;
    }
    char unnamed[80];
    if (!name) {
        next_name(parent, type->name, unnamed, sizeof unnamed);
        name = unnamed;
    }
    const eg_system *old = named_so(parent, name);
    if (!good_name(name) || num < 0 || num > INT32_MAX) {
        bool size = good_name(name);
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s '%.60s': %s", type->name, name,
                size ? "its number of elements must be 0 to 2147483647"
                     : "this is no name; use letters, digits and '_', at most 60");
        return NULL;
    }
    if (old) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line,
                "%s '%s%s%s': a %s of that name was made at %s:%d; give it another name", type->name, parent->path,
                *parent->path ? "." : "", name, old->type->name, old->file ? old->file : "?", old->line);
        return NULL;
    }
    eg_system *s = make(eg, parent, name, type, num, self, file, line);
    if (!s) return NULL;
    eg_system *before = parent->last;
    if (before)
        before->next = s;
    else
        parent->first = s;
    parent->last = s;
    s->made = ++s->root->made;
    int64_t num_variables = eg_num_variables(eg);
    if (type->setup) type->setup(s);
    if (!eg_error(eg)) return s;
    eg_system *top = parent;
    while (top->parent) top = top->parent;
    take_back(top, s->made);
    eg_drop_variables(eg, num_variables);
    return NULL;
}

eg_system *(eg_network)(eg_context *eg, const char *name, const eg_network_options *options, const char *file, int line)
{
    if (!eg || eg_error(eg)) return NULL;
    eg_network_options o = options ? *options : (eg_network_options){0};
    if (!name) name = "";
    eg_environment e = eg_get_environment(eg);
    if (o.dt == 0) o.dt = e.dt;
    if (o.dtype == EG_BOOL) o.dtype = e.float_;
    if (*name && !good_name(name))
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "Network '%.60s': this is no name; use letters, digits and '_'", name);
    if (o.dtype != EG_F32 && o.dtype != EG_F64)
        eg_fail(eg, EG_ERR_TYPE, file, line, "Network '%s': dtype is %s; use EG_F32 or EG_F64", name,
                eg_dtype_name(o.dtype));
    if (!*name && eg_find_variable(eg, "step"))
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "Network: the context has one without a name; name the second");
    if (eg_error(eg)) return NULL;
    eg_system *s = make(eg, NULL, name, &eg_network_class, 0, NULL, file, line);
    if (!s || !eg_check_param(s, o.dt > 0 && o.dt < 1e12, "dt", o.dt, "use a time in ms above 0")) return NULL;
    s->root->dt = o.dt;
    s->root->dtype = o.dtype;
    s->root->mode = e.mode;
    s->root->batch = e.batch_size;
    s->root->seed = eg_connection_seed(eg);
    s->root->step = (eg_add_variable)(s, "step", eg_scalar(EG_I64), eg_init_constant(0), file, line);
    return s->root->step ? s : NULL;
}

/* -- asking -------------------------------------------------------------------------------------------------------- */

void *eg_self(eg_system *s) { return s ? s->self : NULL; }

const eg_class *eg_class_of(const eg_system *s) { return s ? s->type : NULL; }

eg_context *eg_system_context(const eg_system *s) { return s ? s->eg : NULL; }

eg_system *eg_system_parent(const eg_system *s) { return s ? s->parent : NULL; }

eg_system *eg_system_child(const eg_system *s, int k)
{
    eg_system *c = s && k >= 0 ? s->first : NULL;
    while (c && k-- > 0) c = c->next;
    return c;
}

const char *eg_system_name(const eg_system *s) { return s ? s->name : ""; }

const char *eg_system_path(const eg_system *s) { return s ? s->path : ""; }

int64_t eg_num(const eg_system *s) { return s ? s->num : 0; }

double eg_dt(const eg_system *s) { return s ? s->root->dt : 0; }

eg_status eg_set_dt(eg_system *s, double dt)
{
    if (!s) return EG_ERR_ARGUMENT;
    if (eg_error(s->eg)) return eg_error(s->eg);
    if (eg_check_param(s, dt > 0 && dt < 1e12, "dt", dt, "use a time in ms above 0")) s->root->dt = dt;
    return eg_error(s->eg);
}

int64_t eg_num_made(const eg_system *s) { return s ? s->root->made : 0; }

eg_dtype eg_float_type(const eg_system *s) { return s ? s->root->dtype : EG_F32; }

eg_spec eg_floats(const eg_system *s) { return eg_vector(eg_float_type(s), eg_num(s)); }

eg_array *(eg_floats_of)(eg_system *s, int64_t n, const double *data, const char *file, int line)
{
    if (!s) return NULL;
    eg_array *a = (eg_array_new)(s->eg, eg_vector(s->root->dtype, n), NULL, file, line);
    void *to = eg_array_data(a);
    for (int64_t k = 0; to && data && k < n; k++) {
        if (s->root->dtype == EG_F64)
            ((double *)to)[k] = data[k];
        else
            ((float *)to)[k] = (float)data[k];
    }
    return a;
}

/* -- errors -------------------------------------------------------------------------------------------------------- */

void eg_system_fail(eg_system *s, eg_status status, const char *format, ...)
{
    if (!s || !format) return;
    char text[800];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    eg_fail(s->eg, status, s->file, s->line, "%s '%s': %s", s->type->name, s->path, text);
}

const char *eg_system_place(const eg_system *s, int *line)
{
    if (line) *line = s ? s->line : 0;
    return s ? s->file : NULL;
}

bool eg_check_param(eg_system *s, bool ok, const char *name, double value, const char *remedy)
{
    if (!ok)
        eg_system_fail(s, EG_ERR_ARGUMENT, "%s is %g; %s", name ? name : "a parameter", value, remedy ? remedy : "");
    return ok;
}

/* -- variables ----------------------------------------------------------------------------------------------------- */

bool give_initial(eg_system *s, const member *m, eg_var *v)
{
    if (m->init.kind == EG_INIT_DEFAULT) return true;
    if (m->init.kind == EG_INIT_CONSTANT) return !eg_init_fill(v, m->init.a);
    eg_spec spec = eg_variable_spec(v);
    size_t size = eg_dtype_size(spec.dtype);
    void *drawn = eg_alloc(s->eg, eg_num_elements(spec), size);
    if (drawn) {
        draw_initial(s, m, v, drawn);
        eg_init(v, drawn, (size_t)eg_num_elements(spec) * size);
    }
    eg_release(s->eg, drawn);
    return !eg_error(s->eg);
}

/* What the user gave lasts for the call only. */
static bool keep_data(eg_system *s, eg_initializer *init)
{
    if (init->kind == EG_INIT_FROM) {
        init->from = keep_text(s->eg, "", init->from);
        return init->from != NULL;
    }
    if (init->kind != EG_INIT_ARRAY) return true;
    double *copy = eg_keep(s->eg, (size_t)init->num * sizeof *copy);
    if (copy) memcpy(copy, init->data, (size_t)init->num * sizeof *copy);
    init->data = copy;
    return copy != NULL;
}

static void append(eg_system *s, member *m)
{
    if (s->last_member)
        s->last_member->next = m;
    else
        s->first_member = m;
    s->last_member = m;
}

bool adopt_variable(eg_system *s, eg_var *v)
{
    member *m = v ? eg_keep(s->eg, sizeof *m) : NULL;
    if (!m) return false;
    *m = (member){.var = v, .name = eg_variable_name(v), .init = eg_init_constant(0), .kind = MEMBER_STATE};
    m->made = s->root->made;
    append(s, m);
    return true;
}

member *add_member(eg_system *s, const char *name, eg_spec spec, eg_initializer init, member_kind kind,
                   const char *file, int line)
{
    if (!s || eg_error(s->eg)) return NULL;
    if (!name || !good_name(name)) {
        eg_system_fail(s, EG_ERR_ARGUMENT, "'%.60s' is no name for a variable; use letters, digits and '_'",
                       name ? name : "NULL");
        return NULL;
    }
    const char *path = keep_text(s->eg, s->path, name);
    member *m = path ? eg_keep(s->eg, sizeof *m) : NULL;
    eg_var *v = m ? (eg_variable)(s->eg, path, spec, file, line) : NULL;
    if (!v) return NULL;
    *m = (member){.var = v, .name = path + strlen(path) - strlen(name), .init = init, .kind = kind};
    if (!check_initial(s, m->name, spec, &init) || !keep_data(s, &m->init) || !give_initial(s, m, v)) {
        eg_drop_variables(s->eg, eg_num_variables(s->eg) - 1);
        return NULL;
    }
    append(s, m);
    m->made = ++s->root->made;
    return m;
}

static eg_var *add(eg_system *s, const char *name, eg_spec spec, eg_initializer init, member_kind kind,
                   const char *file, int line)
{
    const member *m = add_member(s, name, spec, init, kind, file, line);
    return m ? m->var : NULL;
}

eg_var *(eg_add_variable)(eg_system *s, const char *name, eg_spec spec, eg_initializer init, const char *file, int line)
{
    return add(s, name, spec, init, MEMBER_STATE, file, line);
}

eg_var *(eg_add_input)(eg_system *s, const char *name, eg_spec spec, const char *file, int line)
{
    return add(s, name, spec, eg_init_constant(0), MEMBER_INPUT, file, line);
}

eg_var *(eg_add_parameter)(eg_system *s, const char *name, eg_spec spec, eg_initializer init, const char *file,
                           int line)
{
    return add(s, name, spec, init, MEMBER_PARAMETER, file, line);
}

eg_var *(eg_add_buffer)(eg_system *s, const char *name, eg_spec spec, eg_initializer init, const char *file, int line)
{
    return add(s, name, spec, init, MEMBER_BUFFER, file, line);
}
