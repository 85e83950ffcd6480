/* Systems made of a function; other systems move into them. */
#include "engram/loops.h"
#include "engram/parallel.h"
#include "system.h"

typedef struct func_as_dynsys {
    eg_dynsys_fn fn;
    void *user;
    int num; /* children, while it is made */
    eg_system *const *children;
} func_as_dynsys;

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    const func_as_dynsys *f = eg_self(self);
    return f->fn(f->user, self, s, x);
}

static bool check_child(const eg_system *parent, int k, eg_system *const *children, const char *file, int line)
{
    const eg_system *c = children[k];
    const char *why = !c                          ? "is NULL; give the systems that the function updates"
                      : c->root != parent->root   ? "is of another network; make it in the same one"
                      : c->parent != parent       ? "was not made in that parent"
                      : c->type->role == EG_APART ? "runs a system that stays behind"
                      : c->whole                  ? "is a part of a group; give the group"
                                                  : NULL;
    for (int j = 0; j < k && !why; j++) why = children[j] == c ? "is given twice" : NULL;
    if (!why) return true;
    eg_fail(parent->eg, c && c->root != parent->root ? EG_ERR_SCOPE : EG_ERR_ARGUMENT, file, line,
            "eg_to_dynsys: child %d%s%s%s %s", k, c ? ", '" : "", c ? c->path : "", c ? "'," : "", why);
    return false;
}

static bool checked(const eg_system *parent, eg_dynsys_fn fn, int num, eg_system *const *children, const char *file,
                    int line)
{
    if (!fn || num < 1 || !children) {
        eg_fail(parent->eg, EG_ERR_ARGUMENT, file, line, "eg_to_dynsys: %s",
                !fn ? "fn is NULL"
                    : "there are no children; give the systems that fn updates, or make a class of your own");
        return false;
    }
    for (int k = 0; k < num; k++) {
        if (!check_child(parent, k, children, file, line)) return false;
    }
    return true;
}

/* -- moving -------------------------------------------------------------------------------------------------------- */

static int64_t count(const eg_system *s)
{
    int64_t n = 1;
    for (const eg_system *c = s->first; c; c = c->next) n += count(c);
    return n;
}

/* The paths that s and all in it will have below `above`; NULL after an error. */
static const char **make_paths(const eg_system *s, const char *above, const char **to)
{
    const char *path = *to++ = keep_text(s->eg, above, s->name);
    if (!path) return NULL;
    for (const eg_system *c = s->first; c && to; c = c->next) to = make_paths(c, path, to);
    return to;
}

/* Those of their variables are names in the context and stay. */
static const char **give_paths(eg_system *s, const char **from)
{
    s->path = *from++;
    for (eg_system *c = s->first; c; c = c->next) from = give_paths(c, from);
    return from;
}

static void move(eg_system *c, eg_system *into, gone *left)
{
    eg_system *from = c->parent, *before = NULL;
    for (eg_system *s = from->first; s != c; s = s->next) before = s;
    if (before)
        before->next = c->next;
    else
        from->first = c->next;
    if (from->last == c) from->last = before;
    if (into->last)
        into->last->next = c;
    else
        into->first = c;
    into->last = c;
    c->next = NULL;
    c->parent = into;
    *left = (gone){from->gone, c};
    from->gone = left;
}

/* All that can fail comes first: children move together or not at all. */
static void setup(eg_system *self)
{
    const func_as_dynsys *f = eg_self(self);
    int64_t n = 0;
    for (int k = 0; k < f->num; k++) n += count(f->children[k]);
    const char **paths = eg_keep(self->eg, (size_t)n * sizeof *paths), **at = paths;
    for (int k = 0; k < f->num && at; k++) at = make_paths(f->children[k], self->path, at);
    gone *left = eg_keep(self->eg, (size_t)f->num * sizeof *left);
    if (!at || !left) return;
    for (int k = 0; k < f->num; k++) {
        move(f->children[k], self, &left[k]);
        paths = give_paths(f->children[k], paths);
    }
}

static const eg_class func_class = {
    .name = "FuncAsDynSys", .role = EG_OTHER, .size = sizeof(func_as_dynsys), .setup = setup, .update = update};

eg_system *(eg_to_dynsys)(eg_system *parent, const char *name, eg_dynsys_fn fn, void *user, int num_children,
                          eg_system *const *children, const char *file, int line)
{
    if (!parent || eg_error(parent->eg) || !checked(parent, fn, num_children, children, file, line)) return NULL;
    func_as_dynsys f = {fn, user, num_children, children};
    eg_system *s = (eg_system_new)(parent, name, &func_class, 0, &f, file, line);
    if (s) ((func_as_dynsys *)eg_self(s))->children = NULL;
    return s;
}
