/* Layers one after the other. */
#include "layer.h"

/* Projections see what was before this step, as in a network. */
static void update_projections(eg_system *self, eg_shared s)
{
    eg_system *c;
    for (int k = 0; (c = eg_system_child(self, k)); k++) {
        if (eg_class_of(c)->role == EG_PROJECTION) eg_update(c, s, eg_no_input());
    }
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    eg_system *c;
    update_projections(self, s);
    for (int k = 0; (c = eg_system_child(self, k)); k++) {
        const eg_role role = eg_class_of(c)->role;
        if (role == EG_PROJECTION || role == EG_APART) continue;
        x = eg_update(c, s, x);
        if (eg_error(eg_system_context(self))) return eg_nothing();
        if (eg_tuple_size(x) > 0) continue;
        eg_system_fail(self, EG_ERR_STATE, "%s '%s' in it returns nothing to go on with; make it in the network beside",
                       eg_class_of(c)->name, eg_system_path(c));
        return eg_nothing();
    }
    return x;
}

static const eg_class sequential_class = {.name = "Sequential", .role = EG_LAYER, .update = update};

eg_system *(eg_sequential)(eg_system *parent, const char *name, const char *file, int line)
{
    return (eg_system_new)(parent, name, &sequential_class, 0, NULL, file, line);
}
