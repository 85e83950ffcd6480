/* A function's twin with products taken out of its loops.  Checked runs do not take it: they name the step of the first
 * NaN, and a product of all steps has none. */
#include "runtime/lifted.h"

#include "core/context.h"
#include "opt/lift.h"
#include "runtime/bind.h"

static void dump(const egi_graph *g, const char *name)
{
    egi_text t = {.allocator = &g->eg->allocator};
    if (!egi_wants_dump(g->eg, "lift")) return;
    egi_print(g, &t);
    egi_dump_title(g->eg, "lift", name);
    if (t.s) egi_log(g->eg, t.s);
    egi_text_free(&t);
}

static bool verified(egi_graph *g)
{
#ifdef NDEBUG
    if (!g->eg->verify) return true;
#endif
    return egi_verify(g, "lift");
}

eg_func *egi_lifted(eg_func *f)
{
    eg_context *eg = f->eg;
    if (f->lift_asked || eg->options.no_passes || eg->status) return egi_lifted_or_self(f);
    f->lift_asked = true;
    egi_graph *g = egi_lift_graph(f->graph);
    if (!g) return f;
    dump(g, f->name);
    if (verified(g) && (f->lifted = egi_alloc(&eg->allocator, sizeof *f->lifted, 16))) {
        *f->lifted = (eg_func){.eg = eg, .name = f->name, .graph = g};
        return f->lifted;
    }
    egi_graph_free(g);
    egi_no_memory(eg); /* unless the verifier found something */
    return f;
}

void egi_lifted_free(eg_func *f)
{
    if (!f->lifted) return;
    egi_unbind(f->lifted);
    egi_graph_free(f->lifted->graph);
    egi_free(&f->eg->allocator, f->lifted);
    f->lifted = NULL;
}
