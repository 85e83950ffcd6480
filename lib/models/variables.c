/* Variables of systems by path: finding, reading and adding to them while tracing. */
#include <stdio.h>
#include <string.h>

#include "engram/parallel.h"
#include "system.h"

/* -- finding ------------------------------------------------------------------------------------------------------- */

/* The system that the names before the last dot lead to, and the last name. */
static eg_system *walk(eg_system *s, const char *path, const char **last)
{
    *last = path;
    for (const char *dot; s && (dot = strchr(*last, '.')); *last = dot + 1)
        s = child_named(s, *last, (size_t)(dot - *last));
    return s;
}

eg_system *eg_find_system(eg_system *s, const char *path)
{
    if (!s || !path) return NULL;
    const char *last;
    eg_system *owner = walk(s, path, &last);
    return owner ? child_named(owner, last, strlen(last)) : NULL;
}

/* The paths below a system of all variables in s, as many as fit; before: that of s.  A variable's name in the context
 * does not tell: systems move (eg_to_dynsys). */
static void list_variables(const eg_system *s, const char *before, char *text, size_t size)
{
    for (const member *m = s->first_member; m; m = m->next) {
        if (strchr(m->name, '.')) continue; /* of something inside, which no path leads to */
        size_t used = strlen(text);
        if (used + strlen(before) + strlen(m->name) + 9 < size)
            snprintf(text + used, size - used, "%s%s%s%s", used ? ", " : "", before, *before ? "." : "", m->name);
        else if (used >= 3 && used + 8 < size && strcmp(text + used - 3, "...") != 0)
            snprintf(text + used, size - used, ", ...");
    }
    for (const eg_system *c = s->first; c; c = c->next) {
        char below[400];
        snprintf(below, sizeof below, "%.300s%s%s", before, *before ? "." : "", c->name);
        list_variables(c, below, text, size);
    }
}

member *find_member(eg_system *s, const char *path, eg_system **in, const char *file, int line)
{
    if (!s || eg_error(s->eg)) return NULL;
    const char *last = NULL;
    eg_system *owner = *in = path ? walk(s, path, &last) : NULL;
    if (owner && owner->whole) owner = owner->whole;
    for (member *m = owner ? owner->first_member : NULL; m; m = m->next) {
        if (!strcmp(m->name, last)) return m;
    }
    char known[400] = "";
    const eg_system *all = s->whole ? s->whole : s;
    list_variables(all, "", known, sizeof known);
    eg_fail(s->eg, EG_ERR_ARGUMENT, file, line, "%s '%s' has no variable '%.100s'; there is %s", s->type->name, s->path,
            path ? path : "NULL", *known ? known : "none");
    return NULL;
}

eg_var *(eg_system_variable)(eg_system *s, const char *path, const char *file, int line)
{
    eg_system *in;
    member *m = find_member(s, path, &in, file, line);
    return m ? variable_of(in, m) : NULL;
}

/* Does the variable have an element for each of the whole group? */
static bool divides(eg_system *part, const member *m)
{
    eg_spec spec = eg_variable_spec(m->var);
    if (spec.rank >= 1 && spec.dim[0] == part->whole->num) return true;
    eg_system_fail(part, EG_ERR_SHAPE, "'%s' of '%s' has no part for it: its first extent is not the group's %lld",
                   m->name, part->whole->path, (long long)part->whole->num);
    return false;
}

eg_val(eg_value)(eg_system *s, const char *path, const char *file, int line)
{
    eg_system *in;
    member *m = find_member(s, path, &in, file, line);
    if (!m) return eg_nothing();
    eg_val now = (eg_get)(variable_of(in, m), file, line);
    if (!in->whole) return now;
    return divides(in, m) ? (eg_slice)(now, 0, in->from, in->from + in->num, 1, file, line) : eg_nothing();
}

/* As long as only scalars arrive, their sum is kept as one: the first vector is then added to a number in a register
 * instead of to a vector of equal numbers in memory. */
void(eg_accumulate)(eg_system *s, const char *path, eg_val x, const char *file, int line)
{
    eg_system *in;
    member *m = find_member(s, path, &in, file, line);
    if (!m) return;
    if (in->whole) {
        if (!divides(in, m)) return;
        eg_val all = (eg_get)(m->var, file, line);
        eg_val sum = (eg_add)((eg_slice)(all, 0, in->from, in->from + in->num, 1, file, line), x, file, line);
        (eg_set)(m->var, (eg_update_slice)(all, sum, 0, eg_int(in->from), file, line), file, line);
        return;
    }
    eg_val now = (eg_get)(m->var, file, line);
    bool uniform = m->kind == MEMBER_INPUT && eg_same_value(now, m->filled);
    eg_val sum = (eg_add)(uniform ? m->sum : now, x, file, line);
    (eg_set)(m->var, sum, file, line);
    if (!uniform || eg_spec_of(sum).rank > 0) return;
    m->sum = sum;
    m->filled = (eg_get)(m->var, file, line);
}

void fill_input(member *m)
{
    eg_set(m->var, 0);
    m->sum = eg_no_input();
    m->filled = eg_get(m->var);
}

/* -- parts of groups ----------------------------------------------------------------------------------------------- */

static eg_val part_update(eg_system *self, eg_shared s, eg_val x)
{
    (void)self;
    (void)s;
    (void)x;
    return eg_nothing();
}

static const eg_class part_class = {.name = "Part", .role = EG_OTHER, .update = part_update};

eg_system *(eg_part)(eg_system *group, const char *name, int64_t first, int64_t num, const char *file, int line)
{
    if (!group || eg_error(group->eg)) return NULL;
    if (first < 0 || num < 0 || first > group->num || num > group->num - first) {
        eg_fail(group->eg, EG_ERR_ARGUMENT, file, line,
                "eg_part: %lld elements from %lld on are not in '%s', which has %lld", (long long)num, (long long)first,
                group->path, (long long)group->num);
        return NULL;
    }
    eg_system *whole = group->whole ? group->whole : group;
    eg_system *s = (eg_system_new)(whole, name, &part_class, num, NULL, file, line);
    if (!s) return NULL;
    s->whole = whole;
    s->from = group->from + first;
    return s;
}

eg_system *eg_whole(eg_system *s, int64_t *from)
{
    if (from) *from = s && s->whole ? s->from : 0;
    return s && s->whole ? s->whole : s;
}
