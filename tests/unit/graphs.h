/* A graph that holds every operation, for the tests of what must know them all. */
#ifndef ENGRAM_TESTS_GRAPHS_H
#define ENGRAM_TESTS_GRAPHS_H

#include "core/context.h"
#include "ir/check.h"

#define HERE_N(...)                                                                                                    \
    (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]) { __VA_ARGS__ }
/* Lists for node(): operands, attributes. */
#define A_(...)                                                                                                        \
    (uint32_t)(sizeof((egi_id[]){__VA_ARGS__}) / sizeof(egi_id)), (const egi_id[]) { __VA_ARGS__ }
#define NO_ARGS 0, NULL
#define INTS(...) HERE_N(__VA_ARGS__)
#define NO_INTS 0, NULL

static inline uint32_t dims(egi_graph *g, int rank, int64_t a, int64_t b, int64_t c)
{
    egi_shape s = {rank, {a, b, c}};
    return egi_shape_intern(g, &s);
}

static inline egi_id node(egi_graph *g, egi_op op, eg_dtype t, uint32_t shape, uint32_t num_args, const egi_id *args,
                          int num_ints, const int64_t *ints, uint64_t imm)
{
    egi_make m = {op, t, shape, num_args, args, egi_ints(g, num_ints, ints), imm};
    return egi_node_make(g, &m);
}

static int test_host(void *user, const void *const *in, void *const *out)
{
    (void)user, (void)in, (void)out;
    return 0;
}

static inline egi_host test_host_of(void)
{
    static eg_spec out[] = {{.dtype = EG_F32, .rank = 1, .dim = {8}}, {.dtype = EG_BOOL}};
    return (egi_host){.name = "probe", .fn = test_host, .num_out = 2, .out = out};
}

/* Context with what all_operations() captures: variables E.V and E.spike, an array, a CSR of 8 x 5 with 12 synapses. */
static inline eg_context *test_context(void)
{
    static const int64_t indptr[] = {0, 2, 4, 4, 6, 8, 9, 10, 12};
    static const int32_t indices[] = {0, 1, 1, 2, 3, 4, 0, 4, 2, 3, 1, 3};
    eg_context *eg = eg_open(NULL);
    eg_variable(eg, "E.V", eg_vector(EG_F32, 8));
    eg_variable(eg, "E.spike", eg_vector(EG_BOOL, 8));
    eg_array_new(eg, eg_matrix(EG_F32, 3, 4), NULL);
    eg_csr_new(eg, 8, 5, indptr, indices);
    return eg;
}

/* Every elementwise operation in every type that it takes, on operands of shape [8] and of rank 0. */
static inline void all_elementwise(egi_graph *g, const egi_id *full, const egi_id *scalar)
{
    uint32_t v8 = dims(g, 1, 8, 0, 0);
    for (egi_op op = 1; op < EGI_OP_COUNT; op++) {
        const egi_op_info *row = &egi_ops[op];
        if (!(row->flags & FE)) continue;
        for (eg_dtype t = 0; t <= EG_F64; t++) {
            unsigned kind = t == EG_BOOL ? EGI_ALLOW_B : egi_is_int(t) ? EGI_ALLOW_I : EGI_ALLOW_F;
            if (!(row->allowed & kind)) continue;
            eg_dtype to = row->rule == EGI_RULE_BOOL ? EG_BOOL : t;
            if (op == EGI_CONVERT) to = (t + 1) % (EG_F64 + 1);
            if (op == EGI_BITCAST) to = t == EG_F32 ? EG_U32 : t == EG_F64 ? EG_I64 : t == EG_I64 ? EG_F64 : EG_F32;
            egi_id args[3] = {full[t], scalar[t], full[t]};
            if (row->rule == EGI_RULE_SEL) args[0] = full[EG_BOOL], args[1] = scalar[t];
            node(g, op, to, v8, (uint32_t)row->args, args, NO_INTS, 0);
        }
    }
}

static inline void all_shapes(egi_graph *g, egi_id array, egi_id x, egi_id index)
{
    uint32_t s34 = dims(g, 2, 3, 4, 0), s43 = dims(g, 2, 4, 3, 0), s3 = dims(g, 1, 3, 0, 0), s4 = dims(g, 1, 4, 0, 0);
    uint32_t v8 = dims(g, 1, 8, 0, 0), s2 = dims(g, 1, 2, 0, 0), s22 = dims(g, 2, 2, 2, 0), s64 = dims(g, 2, 6, 4, 0);
    egi_id zero = node(g, EGI_CONST, EG_I64, 0, NO_ARGS, NO_INTS, 0);
    egi_id half = node(g, EGI_CONST, EG_F32, 0, NO_ARGS, NO_INTS, 0x3f000000);
    for (egi_op op = EGI_SUM; op <= EGI_RMAX; op++) {
        node(g, op, EG_F32, s4, A_(array), INTS(0), 0);
        node(g, op, EG_F32, 0, A_(array), INTS(0, 1), 0);
    }
    egi_id spikes = node(g, EGI_GT, EG_BOOL, s34, A_(array, half), NO_INTS, 0);
    node(g, EGI_ANY, EG_BOOL, s3, A_(spikes), INTS(1), 0);
    node(g, EGI_ALL, EG_BOOL, s3, A_(spikes), INTS(1), 0);
    node(g, EGI_ARGMIN, EG_I32, s4, A_(array), INTS(0), 0);
    node(g, EGI_ARGMAX, EG_I32, s3, A_(array), INTS(1), 0);
    node(g, EGI_CUMSUM, EG_F32, s34, A_(array), INTS(0), 0);
    node(g, EGI_SORT, EG_F32, s34, A_(array), NO_INTS, 0);
    node(g, EGI_ARGSORT, EG_I32, s34, A_(array), NO_INTS, 0);
    node(g, EGI_IOTA, EG_I32, s34, NO_ARGS, INTS(1), 0);
    node(g, EGI_BROADCAST, EG_F32, dims(g, 3, 3, 2, 4), A_(array), INTS(0, 2), 0);
    node(g, EGI_BROADCAST, EG_F32, s34, A_(half), NO_INTS, 0);
    node(g, EGI_RESHAPE, EG_F32, dims(g, 3, 2, 2, 3), A_(array), NO_INTS, 0);
    egi_id t = node(g, EGI_TRANSPOSE, EG_F32, s43, A_(array), INTS(1, 0), 0);
    node(g, EGI_SLICE, EG_F32, s22, A_(array), INTS(2, -1, 0, 3), 0);
    egi_id part = node(g, EGI_DSLICE, EG_F32, s22, A_(array, zero, zero), NO_INTS, 0);
    node(g, EGI_UPDATE, EG_F32, s34, A_(array, part, zero, zero), NO_INTS, 0);
    node(g, EGI_CONCAT, EG_F32, s64, A_(array, array), INTS(0), 0);
    node(g, EGI_PAD, EG_F32, s64, A_(array, half), INTS(2, 0), 0);
    node(g, EGI_GATHER, EG_F32, dims(g, 2, 3, 8, 0), A_(array, index), INTS(1), 0);
    node(g, EGI_SCATTER, EG_F32, v8, A_(x, index, x), NO_INTS, 0);
    egi_id bits = node(g, EGI_PACK, EG_U32, dims(g, 2, 3, 1, 0), A_(spikes), NO_INTS, 0);
    node(g, EGI_UNPACK, EG_BOOL, dims(g, 2, 3, 7, 0), A_(bits), NO_INTS, 0);
    egi_id product = node(g, EGI_DOT, EG_F32, dims(g, 2, 3, 3, 0), A_(array, t), NO_INTS, 0);
    node(g, EGI_DOT, EG_F32, dims(g, 2, 3, 3, 0), A_(array, t, product), NO_INTS, 0);
    node(g, EGI_DOT_EVENT, EG_F32, dims(g, 2, 3, 3, 0), A_(product, spikes, t), NO_INTS, 0);
    node(g, EGI_DOT_EVENT, EG_F32, dims(g, 2, 3, 3, 0), A_(product, array, t), NO_INTS, 0);
    (void)s2;
}

static inline void all_events(egi_graph *g, egi_id x, egi_id spikes)
{
    uint32_t s5 = dims(g, 1, 5, 0, 0), v8 = dims(g, 1, 8, 0, 0);
    egi_id w = node(g, EGI_CONST, EG_F32, 0, NO_ARGS, NO_INTS, 0x3f8ccccd);
    egi_id base = node(g, EGI_BROADCAST, EG_F32, s5, A_(w), NO_INTS, 0);
    node(g, EGI_EVENT, EG_F32, s5, A_(base, spikes, w), NO_INTS, 0);
    node(g, EGI_EVENT, EG_F32, s5, A_(base, x, x), NO_INTS, 0);
    node(g, EGI_EVENT_T, EG_F32, v8, A_(x, base, w), NO_INTS, 0);
    egi_id lane = node(g, EGI_CONST, EG_U32, 0, NO_ARGS, NO_INTS, 0);
    node(g, EGI_BITS, EG_U32, v8, A_(lane), NO_INTS, g->streams++);
    egi_id host = node(g, EGI_HOST, EG_DTYPE_COUNT, 0, A_(x, w), NO_INTS, 0);
    node(g, EGI_ITEM, EG_F32, v8, A_(host), NO_INTS, 0);
    node(g, EGI_ITEM, EG_BOOL, 0, A_(host), NO_INTS, 1);
    node(g, EGI_CUSTOM, EG_F32, v8, A_(x, w), INTS(0, 1), 0);
    node(g, EGI_BATCH_MEAN, EG_F32, v8, A_(x), NO_INTS, 0);
    egi_id none = node(g, EGI_TUPLE, EG_DTYPE_COUNT, 0, NO_ARGS, NO_INTS, 0);
    egi_id pair = node(g, EGI_TUPLE, EG_DTYPE_COUNT, 0, A_(x, none), NO_INTS, 0);
    node(g, EGI_ITEM, EG_F32, v8, A_(pair), NO_INTS, 0);
}

static inline egi_id param(egi_graph *g, uint16_t r, eg_dtype t, uint32_t shape, uint64_t number)
{
    egi_id id = node(g, EGI_PARAM, t, shape, NO_ARGS, INTS(r), number);
    egi_ids *to = &g->regions.at[r].params;
    while (to->n <= (int64_t)number) egi_push(&g->eg->allocator, to, 0);
    return to->at[number] = id;
}

static inline void give(egi_graph *g, uint16_t r, uint32_t n, const egi_id *ids)
{
    for (uint32_t k = 0; k < n; k++) egi_push(&g->eg->allocator, &g->regions.at[r].results, ids[k]);
}

/* cond (p) { x } { -x }, in the region being built. */
static inline egi_id a_cond(egi_graph *g, egi_id p, egi_id x)
{
    const egi_node *n = egi_at(g, x);
    eg_dtype t = (eg_dtype)n->dtype;
    uint32_t shape = n->shape;
    uint16_t yes = egi_region_open(g, true);
    give(g, yes, A_(x));
    egi_region_close(g, yes);
    uint16_t no = egi_region_open(g, true);
    egi_id y = node(g, EGI_NEG, t, shape, A_(x), NO_INTS, 0);
    give(g, no, A_(y));
    egi_region_close(g, no);
    egi_id cond = node(g, EGI_COND, EG_DTYPE_COUNT, 0, A_(p), INTS(yes, no), 0);
    g->regions.at[yes].owner = g->regions.at[no].owner = cond;
    return node(g, EGI_ITEM, t, shape, A_(cond), NO_INTS, 0);
}

/* A loop of three steps over an array's rows with a cond inside, whose carried parameter comes after the row's. */
static inline egi_id a_loop(egi_graph *g, egi_id x, egi_id array)
{
    uint32_t v8 = dims(g, 1, 8, 0, 0), s4 = dims(g, 1, 4, 0, 0);
    egi_id n = node(g, EGI_CONST, EG_I64, 0, NO_ARGS, NO_INTS, 3);
    uint16_t body = egi_region_open(g, false);
    egi_id i = param(g, body, EG_I64, 0, 0), row = param(g, body, EG_F32, s4, 2), c = param(g, body, EG_F32, v8, 1);
    egi_id p = node(g, EGI_LT, EG_BOOL, 0, A_(i, n), NO_INTS, 0);
    egi_id y = a_cond(g, p, c);
    egi_id z = node(g, EGI_SUM, EG_F32, 0, A_(row), INTS(0), 0);
    give(g, body, A_(y, z));
    egi_region_close(g, body);
    egi_id loop = node(g, EGI_LOOP, EG_DTYPE_COUNT, 0, A_(n, x, array), INTS(body, 1, 1, 1), 0);
    g->regions.at[body].owner = loop;
    node(g, EGI_ITEM, EG_F32, dims(g, 1, 3, 0, 0), A_(loop), NO_INTS, 1);
    return node(g, EGI_ITEM, EG_F32, v8, A_(loop), NO_INTS, 0);
}

static inline egi_id a_while(egi_graph *g, egi_id a)
{
    uint16_t body = egi_region_open(g, false);
    egi_id p = param(g, body, EG_F32, 0, 0);
    egi_id next = node(g, EGI_MUL, EG_F32, 0, A_(p, p), NO_INTS, 0);
    give(g, body, A_(next));
    egi_region_close(g, body);
    uint16_t cond = egi_region_open(g, false);
    p = param(g, cond, EG_F32, 0, 0);
    egi_id go = node(g, EGI_LT, EG_BOOL, 0, A_(p, a), NO_INTS, 0);
    give(g, cond, A_(go));
    egi_region_close(g, cond);
    egi_id loop = node(g, EGI_WHILE, EG_DTYPE_COUNT, 0, A_(a), INTS(cond, body), 0);
    g->regions.at[cond].owner = g->regions.at[body].owner = loop;
    return node(g, EGI_ITEM, EG_F32, 0, A_(loop), NO_INTS, 0);
}

/* Every operation of ops.def at least once, every class of region, results and a write. */
static inline egi_graph *all_operations(eg_context *eg)
{
    egi_graph *g = egi_graph_new(eg);
    const eg_allocator *a = &eg->allocator;
    uint32_t v8 = dims(g, 1, 8, 0, 0);
    egi_id full[EG_DTYPE_COUNT], scalar[EG_DTYPE_COUNT];
    for (eg_dtype t = 0; t <= EG_F64; t++) {
        egi_push(a, &g->args, eg_vector(t, 8));
        egi_push(a, &g->args, eg_scalar(t));
        full[t] = node(g, EGI_ARG, t, v8, NO_ARGS, NO_INTS, 2 * t);
        scalar[t] = node(g, EGI_ARG, t, 0, NO_ARGS, NO_INTS, 2 * t + 1);
    }
    for (int64_t k = 0; k < eg->vars.n; k++) egi_push(a, &g->vars, eg->vars.at[k]);
    egi_push(a, &g->arrays, eg->arrays.at[0]);
    egi_push(a, &g->csrs, eg->csrs.at[0]);
    egi_push(a, &g->hosts, test_host_of());
    g->loc = egi_loc_intern(g, "model.c", 40, "V");
    egi_id x = node(g, EGI_VAR, EG_F32, v8, NO_ARGS, NO_INTS, 0);
    egi_id spikes = node(g, EGI_VAR, EG_BOOL, v8, NO_ARGS, NO_INTS, 1);
    egi_id array = node(g, EGI_ARRAY, EG_F32, dims(g, 2, 3, 4, 0), NO_ARGS, NO_INTS, 0);
    g->loc = egi_loc_intern(g, "model.c", 41, NULL);
    all_elementwise(g, full, scalar);
    all_shapes(g, array, x, full[EG_I32]);
    g->loc = 0;
    all_events(g, x, spikes);
    egi_id y = a_loop(g, x, array), z = a_while(g, scalar[EG_F32]);
    give(g, 0, A_(y, z, spikes));
    egi_push(a, &g->writes, ((egi_write){0, y}));
    egi_push(a, &g->writes, ((egi_write){1, spikes}));
    return g;
}

#endif
