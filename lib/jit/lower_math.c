/* Composite mathematics on values in registers: the expansion that lib/opt/expand*.c defines, node by node.
 *
 * Short ones are written in place.  Long ones, and those of single elements, become one internal function of the module
 * for each type and width ("exp.f32x16"), which every use calls. */
#include "jit/lower.h"

#include "core/context.h"

#include <stdio.h>

enum { LONG = 60 /* nodes: with more, a call costs less than the code */, MOST_ARGS = 3 };

typedef struct expansion {
    egi_graph *g;
    egi_id arg[MOST_ARGS], result;
    bool *needed;        /* of each node: the result depends on it */
    LLVMValueRef *value; /* of each node, while it is emitted */
    int64_t size;        /* nodes that become instructions */
} expansion;

static void expansion_free(egi_lower *l, expansion *x)
{
    egi_free(l->allocator, x->needed);
    egi_free(l->allocator, x->value);
    egi_graph_free(x->g);
}

static bool is_leaf(const egi_graph *g, egi_id id)
{
    return egi_at(g, id)->op == EGI_CONST || egi_at(g, id)->op == EGI_ARG;
}

static void find_needed(expansion *x)
{
    const egi_graph *g = x->g;
    x->needed[x->result] = true;
    for (egi_id id = (egi_id)g->nodes.n - 1; id > 0; id--) {
        if (!x->needed[id]) continue;
        x->size += !is_leaf(g, id);
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) x->needed[egi_arg(g, id, k)] = true;
    }
}

/* False when out of memory, which the context or the lowering then knows. */
static bool expand(egi_lower *l, expansion *x, egi_op op, eg_dtype t)
{
    *x = (expansion){.g = egi_graph_new(l->g->eg)};
    if (!x->g) return false;
    for (int k = 0; k < egi_ops[op].args; k++) {
        if (!egi_push(l->allocator, &x->g->args, eg_scalar(t))) return false;
        x->arg[k] = egi_node_make(x->g, &(egi_make){.op = EGI_ARG, .dtype = t, .imm = (uint64_t)k});
    }
    x->result = egi_expand(x->g, op, x->arg);
    if (!x->result || x->g->failed) return false;
    size_t n = (size_t)x->g->nodes.n;
    x->needed = egi_alloc(l->allocator, n * sizeof *x->needed, 16);
    x->value = egi_alloc(l->allocator, n * sizeof *x->value, 16);
    if (!x->needed || !x->value) return false;
    find_needed(x);
    return true;
}

static LLVMValueRef emit_node(egi_lower *l, egi_irb *b, const expansion *x, egi_id id, unsigned lanes)
{
    const egi_graph *g = x->g;
    const egi_node *n = egi_at(g, id);
    const egi_op op = (egi_op)n->op;
    LLVMValueRef a[MOST_ARGS];
    if (op == EGI_CONST) return egi_irb_splat(b, egi_lower_bits(b, (eg_dtype)n->dtype, n->imm), lanes);
    for (uint32_t k = 0; k < n->num_args; k++) a[k] = x->value[egi_arg(g, id, k)];
    if (egi_flags(op) & FX) return egi_lower_math(l, b, op, (eg_dtype)n->dtype, a, lanes);
    eg_dtype from = egi_dtype_of(g, egi_arg(g, id, op == EGI_SELECT ? 1 : 0));
    return egi_lower_op(b, op, from, (eg_dtype)n->dtype, a, lanes);
}

static LLVMValueRef emit(egi_lower *l, egi_irb *b, expansion *x, const LLVMValueRef *a, unsigned lanes)
{
    for (int k = 0; x->arg[k] && k < MOST_ARGS; k++) x->value[x->arg[k]] = a[k];
    for (egi_id id = 1; id < x->g->nodes.n; id++) {
        if (x->needed[id] && egi_at(x->g, id)->op != EGI_ARG) x->value[id] = emit_node(l, b, x, id, lanes);
    }
    return x->value[x->result];
}

/* The expansion as a function of the module. */
static LLVMValueRef emit_function(egi_lower *l, expansion *x, const char *key, egi_op op, LLVMTypeRef type,
                                  unsigned lanes)
{
    egi_irb body;
    LLVMTypeRef params[MOST_ARGS] = {type, type, type};
    LLVMValueRef args[MOST_ARGS] = {0};
    unsigned n = (unsigned)egi_ops[op].args;
    LLVMValueRef fn = egi_lower_function(l, key, key, type, n, params, &body);
    if (!fn) return NULL;
    for (unsigned k = 0; k < n; k++) args[k] = LLVMGetParam(fn, k);
    LLVMBuildRet(body.b, emit(l, &body, x, args, lanes));
    egi_irb_close(&body);
    return fn;
}

LLVMValueRef egi_lower_math(egi_lower *l, egi_irb *b, egi_op op, eg_dtype t, const LLVMValueRef *a, unsigned lanes)
{
    char key[64];
    LLVMValueRef args[MOST_ARGS] = {0}, result = a[0]; /* after a failure: of the right type, never run */
    for (int k = 0; k < egi_ops[op].args; k++) args[k] = a[k];
    snprintf(key, sizeof key, "%s.%sx%u", egi_ops[op].text, eg_dtype_name(t), lanes);
    LLVMValueRef fn = egi_lower_find(l, key);
    if (!fn) {
        expansion x;
        if (!expand(l, &x, op, t))
            l->failed = true;
        else if (lanes > 1 && x.size <= LONG)
            result = emit(l, b, &x, args, lanes);
        else
            fn = emit_function(l, &x, key, op, LLVMTypeOf(a[0]), lanes);
        expansion_free(l, &x);
    }
    return fn ? egi_irb_call(b, fn, args, (unsigned)egi_ops[op].args) : result;
}
