/* eg_host: calls out of compiled code. */
#include "api/region.h"
#include "ir/complex.h"

eg_val(eg_host)(eg_context *eg, const char *name, eg_host_fn fn, void *user, int num_in, const eg_val *in, int num_out,
                const eg_spec *out, const char *file, int line)
{
    egi_graph *g = egi_tracing(eg, "eg_host", file, line);
    if (!g) return eg_nothing();
    if (!name || !fn || num_in < 0 || num_out < 0 || (num_in && !in) || (num_out && !out)) {
        egi_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_host: name, function, inputs or outputs are missing");
        return eg_nothing();
    }
    egi_here(g, file, line);
    egi_ids args = {0}, items = {0};
    eg_val result = eg_nothing();
    for (int k = 0; k < num_in; k++)
        egi_ids_push(g, &args, egi_to_stored(g, egi_use_as(eg, in[k], eg->default_float, "eg_host", file, line)));
    for (int k = 0; k < num_out; k++) egi_check_spec(eg, out[k], "eg_host", file, line);
    egi_host h = {.name = egi_arena_string(&g->arena, name), .fn = fn, .user = user, .num_out = num_out};
    h.out = egi_arena_alloc(&g->arena, (size_t)(num_out + 1) * sizeof *h.out);
    if (!eg->status && h.name && h.out && egi_push(&eg->allocator, &g->hosts, h)) {
        if (num_out) memcpy(h.out, out, (size_t)num_out * sizeof *out);
        egi_id call = egi_node_make(g, &(egi_make){.op = EGI_HOST,
                                                   .dtype = EG_DTYPE_COUNT,
                                                   .num_args = (uint32_t)args.n,
                                                   .args = args.at,
                                                   .imm = (uint64_t)(g->hosts.n - 1)});
        for (int k = 0; k < num_out; k++)
            egi_ids_push(g, &items, egi_as_seen(g, egi_item(g, call, (uint32_t)k, egi_stored(out[k])), out[k].dtype));
        if (num_out && !eg->status)
            result = num_out == 1 ? egi_wrap(eg, items.at[0]) : egi_wrap(eg, egi_tuple(g, (uint32_t)num_out, items.at));
    } else {
        egi_no_memory(eg);
    }
    egi_vec_free(&eg->allocator, &args);
    egi_vec_free(&eg->allocator, &items);
    return result;
}
