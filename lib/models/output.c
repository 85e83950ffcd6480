/* Outputs: from a conductance to what is added to the target. */
#include "engram/models.h"

static eg_val cuba(const eg_output *o, eg_system *post, eg_val g)
{
    (void)o;
    (void)post;
    return g;
}

static eg_val coba(const eg_output *o, eg_system *post, eg_val g)
{
    return eg_mul(g, eg_sub(o->E_rev, eg_value(post, o->potential ? o->potential : "V")));
}

eg_output eg_cuba(void) { return (eg_output){.current = cuba}; }

eg_output eg_coba(double E_rev) { return (eg_output){.current = coba, .E_rev = E_rev}; }
