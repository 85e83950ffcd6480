/* Composite mathematics on values in registers: the expansion that lib/opt/expand*.c defines, node by node.
 *
 * Short ones are written in place.  Long ones, and those of single elements, become one internal function of the module
 * for each type and width ("exp.f32x16"), which every use calls.
 *
 * What only the second operand of a RARE needs is its branch: a function of its own ("sin.f32x16.rare208"), called
 * where any lane wants it.  It is not emitted into the loop around, whose registers its constants would take. */
#include "jit/lower.h"

#include "core/context.h"

#include <stdio.h>

enum {
    LONG = 60, /* nodes: with more, a call costs less than the code */
    MOST_ARGS = 3,
    MOST_INPUTS = 8 /* of a branch: with more, it is not worth a function */
};

/* Branches are named by their RARE; MAIN is what every use runs, UNUSED what the result does not depend on. */
enum { UNUSED = 0, MAIN = INT32_MAX };

typedef struct expansion {
    egi_graph *g;
    egi_id arg[MOST_ARGS], result;
    egi_id *branch;      /* of each node: the innermost branch around all of its uses */
    LLVMValueRef *value; /* of each node, while it is emitted */
    int64_t size;        /* nodes of the main branch that become instructions */
    const char *key;
} expansion;

static void expansion_free(egi_lower *l, expansion *x)
{
    egi_free(l->allocator, x->branch);
    egi_free(l->allocator, x->value);
    egi_graph_free(x->g);
}

static bool is_leaf(const egi_graph *g, egi_id id)
{
    return egi_at(g, id)->op == EGI_CONST || egi_at(g, id)->op == EGI_ARG;
}

/* The innermost branch around both.  A branch has a smaller number than the one around it. */
static egi_id around(const expansion *x, egi_id a, egi_id b)
{
    if (a == UNUSED || b == UNUSED) return a + b;
    while (a != b) {
        if (a < b)
            a = x->branch[a];
        else
            b = x->branch[b];
    }
    return a;
}

static void find_branches(expansion *x)
{
    const egi_graph *g = x->g;
    x->branch[x->result] = MAIN;
    for (int k = 0; k < MOST_ARGS && x->arg[k]; k++) x->branch[x->arg[k]] = MAIN;
    for (egi_id id = (egi_id)g->nodes.n - 1; id > 0; id--) {
        const egi_node *n = egi_at(g, id);
        if (x->branch[id] == UNUSED) continue;
        x->size += x->branch[id] == MAIN && !is_leaf(g, id);
        for (uint32_t k = 0; k < n->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            x->branch[a] = around(x, x->branch[a], n->op == EGI_RARE && k == 1 ? id : x->branch[id]);
        }
    }
}

/* False when out of memory, which the context or the lowering then knows. */
static bool expand(egi_lower *l, expansion *x, egi_op op, eg_dtype t, const char *key)
{
    *x = (expansion){.g = egi_graph_new(l->g->eg), .key = key};
    if (!x->g) return false;
    for (int k = 0; k < egi_ops[op].args; k++) {
        if (!egi_push(&l->g->eg->allocator, &x->g->args, eg_scalar(t))) return false;
        x->arg[k] = egi_node_make(x->g, &(egi_make){.op = EGI_ARG, .dtype = t, .imm = (uint64_t)k});
    }
    x->result = egi_expand(x->g, op, x->arg);
    if (!x->result || x->g->failed) return false;
    size_t n = (size_t)x->g->nodes.n;
    x->branch = egi_alloc(l->allocator, n * sizeof *x->branch, 16);
    x->value = egi_alloc(l->allocator, n * sizeof *x->value, 16);
    if (!x->branch || !x->value) return false;
    find_branches(x);
    return true;
}

static LLVMValueRef emit_rare(egi_lower *l, egi_irb *b, const expansion *x, egi_id rare, unsigned lanes);

static LLVMValueRef emit_node(egi_lower *l, egi_irb *b, const expansion *x, egi_id id, unsigned lanes)
{
    const egi_graph *g = x->g;
    const egi_node *n = egi_at(g, id);
    const egi_op op = (egi_op)n->op;
    LLVMValueRef a[MOST_ARGS];
    if (op == EGI_CONST) return egi_irb_splat(b, egi_lower_bits(b, (eg_dtype)n->dtype, n->imm), lanes);
    if (op == EGI_RARE && x->branch[egi_arg(g, id, 1)] == id) return emit_rare(l, b, x, id, lanes);
    for (uint32_t k = 0; k < n->num_args; k++) a[k] = x->value[egi_arg(g, id, k)];
    if (egi_flags(op) & FX) return egi_lower_math(l, b, op, (eg_dtype)n->dtype, a, lanes);
    eg_dtype from = egi_dtype_of(g, egi_arg(g, id, egi_ops[op].rule == EGI_RULE_SEL ? 1 : 0));
    return egi_lower_op(b, op, from, (eg_dtype)n->dtype, a, lanes);
}

static void emit_branch(egi_lower *l, egi_irb *b, const expansion *x, egi_id branch, unsigned lanes)
{
    const egi_id end = branch == MAIN ? (egi_id)x->g->nodes.n : branch;
    for (egi_id id = 1; id < end; id++) {
        if (x->branch[id] == branch && egi_at(x->g, id)->op != EGI_ARG) x->value[id] = emit_node(l, b, x, id, lanes);
    }
}

static LLVMValueRef emit(egi_lower *l, egi_irb *b, const expansion *x, const LLVMValueRef *a, unsigned lanes)
{
    for (int k = 0; x->arg[k] && k < MOST_ARGS; k++) x->value[x->arg[k]] = a[k];
    emit_branch(l, b, x, MAIN, lanes);
    return x->value[x->result];
}

/* -- branches ------------------------------------------------------------------------------------------------------ */

/* Whether the branch is around the node. */
static bool within(const expansion *x, egi_id id, egi_id branch)
{
    egi_id at = x->branch[id];
    while (at < branch) at = x->branch[at];
    return at == branch;
}

/* What is computed outside and taken by the branch or its RARE, each once; more than MOST_INPUTS are not listed. */
static unsigned find_inputs(const expansion *x, egi_id rare, egi_id *input)
{
    const egi_graph *g = x->g;
    unsigned n = 0;
    for (egi_id id = 1; id <= rare; id++) {
        if (x->branch[id] == UNUSED || (id != rare && !within(x, id, rare))) continue;
        for (uint32_t k = 0; k < egi_at(g, id)->num_args; k++) {
            egi_id a = egi_arg(g, id, k);
            unsigned at = 0;
            if (within(x, a, rare) || egi_at(g, a)->op == EGI_CONST) continue;
            while (at < n && input[at] != a) at++;
            if (at == MOST_INPUTS) return MOST_INPUTS + 1;
            if (at == n) input[n++] = a;
        }
    }
    return n;
}

/* What RARE is, and all that only it needs. */
static LLVMValueRef emit_choice(egi_lower *l, egi_irb *b, const expansion *x, egi_id rare, unsigned lanes)
{
    emit_branch(l, b, x, rare, lanes);
    LLVMValueRef v[3];
    for (uint32_t k = 0; k < 3; k++) v[k] = x->value[egi_arg(x->g, rare, k)];
    return LLVMBuildSelect(b->b, v[0], v[1], v[2], "");
}

static LLVMValueRef any_lane(egi_irb *b, LLVMValueRef cond, unsigned lanes)
{
    if (lanes == 1) return cond;
    LLVMTypeRef bits = LLVMIntTypeInContext(b->ctx, lanes);
    return LLVMBuildICmp(b->b, LLVMIntNE, LLVMBuildBitCast(b->b, cond, bits, ""), LLVMConstInt(bits, 0, 0), "");
}

static LLVMValueRef emit_rare(egi_lower *l, egi_irb *b, const expansion *x, egi_id rare, unsigned lanes)
{
    egi_id input[MOST_INPUTS];
    LLVMValueRef outside[MOST_INPUTS], usual = x->value[egi_arg(x->g, rare, 2)];
    LLVMTypeRef types[MOST_INPUTS];
    const unsigned n = find_inputs(x, rare, input);
    if (n > MOST_INPUTS) return emit_choice(l, b, x, rare, lanes);
    for (unsigned k = 0; k < n; k++) {
        outside[k] = x->value[input[k]];
        types[k] = LLVMTypeOf(outside[k]);
    }
    char key[96];
    snprintf(key, sizeof key, "%s.rare%u", x->key, (unsigned)rare);
    LLVMValueRef fn = egi_lower_find(l, key);
    if (!fn) {
        egi_irb body;
        fn = egi_lower_function(l, key, key, LLVMTypeOf(usual), n, types, &body);
        for (unsigned k = 0; k < n; k++) x->value[input[k]] = LLVMGetParam(fn, k);
        LLVMBuildRet(body.b, emit_choice(l, &body, x, rare, lanes));
        egi_irb_close(&body);
        for (unsigned k = 0; k < n; k++) x->value[input[k]] = outside[k];
    }
    egi_irb_if some;
    egi_irb_if_begin(b, &some, any_lane(b, x->value[egi_arg(x->g, rare, 0)], lanes));
    LLVMValueRef chosen = egi_irb_call(b, fn, outside, n);
    /* Not the function: it would move to a section of its own, which perf maps do not expect. */
    LLVMAttributeRef cold = LLVMCreateEnumAttribute(b->ctx, LLVMGetEnumAttributeKindForName("cold", 4), 0);
    LLVMAddCallSiteAttribute(chosen, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, cold);
    egi_irb_if_end(b, &some);
    return egi_irb_if_merge(b, &some, chosen, usual);
}

/* -- whole composites ---------------------------------------------------------------------------------------------- */

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
        if (!expand(l, &x, op, t, key))
            l->failed = true;
        else if (lanes > 1 && x.size <= LONG)
            result = emit(l, b, &x, args, lanes);
        else
            fn = emit_function(l, &x, key, op, LLVMTypeOf(a[0]), lanes);
        expansion_free(l, &x);
    }
    return fn ? egi_irb_call(b, fn, args, (unsigned)egi_ops[op].args) : result;
}
