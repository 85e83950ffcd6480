/* Seed to program. */
#include "fuzz.h"

const char *const fz_policy_names[FZ_POLICY_COUNT] = {
#define X(name) #name,
    FZ_POLICIES(X)
#undef X
};

/* How often each kind is drawn, by policy; the last row: bodies of loops, whiles and conds. */
#define ROW(...) {__VA_ARGS__}
static const struct {
    fz_kind kind;
    uint8_t weight[FZ_POLICY_COUNT];
    uint8_t body;
} weights[] = {
    /*                 chain wide reduce shape loop net event tiny mixed  body */
    {FZ_K_unary, ROW(30, 14, 8, 4, 8, 6, 6, 16, 9), 8}, {FZ_K_binary, ROW(40, 28, 16, 12, 14, 14, 12, 24, 14), 20},
    {FZ_K_where, ROW(8, 9, 3, 3, 4, 6, 4, 8, 5), 6},    {FZ_K_fma, ROW(9, 9, 2, 2, 3, 4, 3, 5, 4), 5},
    {FZ_K_convert, ROW(5, 8, 3, 3, 2, 2, 3, 6, 4), 2},  {FZ_K_make, ROW(2, 6, 2, 4, 2, 2, 2, 6, 4), 2},
    {FZ_K_view, ROW(0, 10, 8, 26, 6, 6, 4, 8, 10), 10}, {FZ_K_join, ROW(0, 3, 2, 13, 3, 2, 2, 5, 5), 4},
    {FZ_K_index, ROW(0, 4, 2, 15, 4, 4, 3, 5, 6), 6},   {FZ_K_update, ROW(0, 2, 2, 12, 5, 3, 4, 5, 6), 7},
    {FZ_K_reduce, ROW(0, 4, 30, 5, 4, 3, 3, 8, 6), 5},  {FZ_K_scan, ROW(0, 1, 12, 3, 2, 1, 1, 4, 4), 2},
    {FZ_K_dot, ROW(0, 1, 8, 3, 2, 2, 2, 3, 3), 2},      {FZ_K_random, ROW(1, 2, 1, 1, 3, 2, 2, 3, 3), 4},
    {FZ_K_get, ROW(3, 5, 3, 4, 8, 6, 5, 5, 5), 8},      {FZ_K_set, ROW(4, 8, 3, 5, 10, 6, 6, 6, 7), 10},
    {FZ_K_trap, ROW(2, 3, 1, 3, 8, 3, 3, 4, 5), 8},     {FZ_K_delay, ROW(0, 1, 0, 2, 5, 2, 3, 3, 3), 4},
    {FZ_K_event, ROW(0, 0, 1, 1, 4, 3, 22, 2, 5), 6},   {FZ_K_dense, ROW(0, 0, 0, 0, 1, 0, 8, 1, 2), 1},
    {FZ_K_fired, ROW(0, 2, 4, 6, 8, 2, 8, 4, 6), 6},    {FZ_K_host, ROW(0, 1, 0, 1, 1, 1, 0, 1, 1), 1},
    {FZ_K_cond, ROW(1, 1, 1, 1, 9, 2, 3, 3, 4), 5},     {FZ_K_loop, ROW(1, 1, 1, 1, 24, 0, 8, 3, 6), 5},
    {FZ_K_while, ROW(0, 0, 0, 0, 8, 1, 1, 2, 3), 2},    {FZ_K_burst, ROW(0, 0, 0, 0, 1, 2, 4, 0, 1), 2},
    {FZ_K_spike, ROW(3, 3, 1, 1, 4, 3, 4, 3, 3), 4},
};
#undef ROW

static fz_kind draw_kind(fz_rng *r, fz_policy policy, bool body, int depth)
{
    for (;;) {
        int total = 0, n = (int)EGI_LEN(weights);
        for (int k = 0; k < n; k++) total += body ? weights[k].body : weights[k].weight[policy];
        int x = (int)fz_below(r, total), k = 0;
        for (; k < n - 1; k++) {
            x -= body ? weights[k].body : weights[k].weight[policy];
            if (x < 0) break;
        }
        fz_kind kind = weights[k].kind;
        bool nests = kind == FZ_K_loop || kind == FZ_K_while || kind == FZ_K_cond;
        if (!nests || depth < 3) return kind;
    }
}

static int new_block(fz_program *p) { return p->num_blocks < FZ_MAX_BLOCKS ? p->num_blocks++ : -1; }

static fz_record *add(fz_program *p, int block, fz_kind kind)
{
    fz_block *b = &p->block[block];
    if (b->n == FZ_MAX_RECORDS || p->records == FZ_CUTS) return NULL;
    b->at[b->n] = (fz_record){.number = p->records++, .kind = kind};
    return &b->at[b->n++];
}

static void fill_block(fz_program *p, fz_rng *r, int block, int n, bool body, int depth)
{
    for (int k = 0; k < n; k++) {
        fz_kind kind = draw_kind(r, p->policy, body, depth);
        fz_record *rec = add(p, block, kind);
        if (!rec) return;
        int bodies = kind == FZ_K_cond ? 2 : kind == FZ_K_loop || kind == FZ_K_while;
        for (int j = 0; j < bodies; j++) {
            int b = new_block(p);
            if (b < 0) {
                rec->kind = FZ_K_binary;
                break;
            }
            rec->block[j] = b;
            fill_block(p, r, b, 2 + (int)fz_below(r, kind == FZ_K_cond ? 4 : 8), true, depth + 1);
        }
    }
}

/* -- objects ------------------------------------------------------------------------------------------------------- */

static void draw_sizes(fz_program *p, fz_rng *r)
{
    static const int16_t large[] = {17, 31, 33, 64, 65, 100, 127, 130, 200, 1000}, small[] = {1, 2, 3, 4, 5, 7, 8},
                         edge[] = {0, 1, 15, 16, 17, 63, 64, 65};
    bool tiny = p->policy == FZ_tiny;
    for (int k = 0; k < FZ_SIZES; k++) {
        int which = k == 0 && !tiny ? 0 : k == 1 ? 1 : (int)fz_below(r, tiny ? 2 : 3) + tiny;
        p->size[k] = which == 0   ? large[fz_below(r, EGI_LEN(large))]
                     : which == 1 ? small[fz_below(r, EGI_LEN(small))]
                                  : edge[fz_below(r, EGI_LEN(edge))];
    }
    static const int8_t steps[] = {0, 1, 2, 3, 5, 8, 20};
    p->steps = p->policy == FZ_net && fz_chance(r, 80) ? 3 + fz_below(r, 40) : steps[fz_below(r, EGI_LEN(steps))];
}

static eg_dtype draw_type(fz_rng *r)
{
    static const uint8_t types[] = {EG_F32, EG_F32, EG_F32, EG_F32, EG_F64, EG_F64,
                                    EG_I32, EG_I32, EG_U32, EG_I64, EG_BOOL};
    return (eg_dtype)types[fz_below(r, EGI_LEN(types))];
}

static fz_object draw_object(const fz_program *p, fz_rng *r)
{
    fz_object o = {.dtype = draw_type(r)};
    int x = (int)fz_below(r, 100);
    bool ranks = p->policy == FZ_shape || p->policy == FZ_reduce || p->policy == FZ_mixed;
    o.rank = x < 12 ? 0 : x < (ranks ? 45 : 75) ? 1 : x < (ranks ? 75 : 94) ? 2 : x < 96 ? 3 : (int)fz_below(r, 5) + 2;
    for (int k = 0; k < o.rank; k++) {
        /* The product stays small: one large extent, the last or the first. */
        bool first = fz_chance(r, 70) ? k == o.rank - 1 : k == 0;
        o.dim[k] = first              ? (int)fz_below(r, 10) % FZ_SIZES
                   : o.rank == 2      ? (int)fz_below(r, FZ_SIZES)
                   : fz_chance(r, 60) ? 1
                                      : -1;
    }
    if (o.rank == 1 && fz_chance(r, 60)) o.dim[0] = 0;
    return o;
}

static int add_object(fz_object *list, int *n, int max, fz_object o)
{
    if (*n == max) return *n - 1;
    list[*n] = o;
    return (*n)++;
}

static int add_var(fz_program *p, eg_dtype t, int size)
{
    fz_object o = {.dtype = t, .rank = size >= -1, .dim = {size}};
    return add_object(p->var, &p->num_vars, (int)EGI_LEN(p->var), o);
}

static void draw_objects(fz_program *p, fz_rng *r)
{
    int args = 2 + (int)fz_below(r, 4), vars = (int)fz_below(r, 5), arrays = (int)fz_below(r, 3);
    bool stateful = p->policy == FZ_loop || p->policy == FZ_event || p->policy == FZ_mixed;
    for (int k = 0; k < args; k++) add_object(p->arg, &p->num_args, FZ_OBJECTS, draw_object(p, r));
    fz_object vector = {.dtype = fz_chance(r, 80) ? EG_F32 : EG_F64, .rank = 1};
    add_object(p->arg, &p->num_args, FZ_OBJECTS, vector);
    add_object(p->arg, &p->num_args, FZ_OBJECTS, (fz_object){.dtype = EG_I64, .count = true});
    for (int k = 0; k < vars + 2 * stateful; k++) {
        fz_object o = fz_chance(r, 50) ? vector : draw_object(p, r);
        add_object(p->var, &p->num_vars, FZ_OBJECTS, o);
        if (fz_chance(r, 60)) add_object(p->var, &p->num_vars, FZ_OBJECTS, o);
    }
    for (int k = 0; k < arrays; k++) add_object(p->array, &p->num_arrays, FZ_OBJECTS, draw_object(p, r));
    p->num_csrs = p->policy == FZ_event ? 2 + (int)fz_below(r, 3) : fz_chance(r, 40);
    for (int k = 0; k < p->num_csrs; k++) {
        int post = fz_chance(r, 60) ? 0 : (int)fz_below(r, FZ_SIZES);
        p->csr[k] = (fz_csr){
            .pre = fz_chance(r, 60) ? 0 : (int)fz_below(r, FZ_SIZES), .post = post, .degree = (int)fz_below(r, 20)};
        /* Spikes that fit, as a variable: carried from the step before. */
        if (fz_chance(r, 60)) add_var(p, EG_BOOL, p->csr[k].pre);
        if (fz_chance(r, 60)) add_var(p, vector.dtype, p->csr[k].post);
    }
    p->num_delays = fz_chance(r, 35) + fz_chance(r, 10);
    for (int k = 0; k < p->num_delays; k++) {
        p->delay[k] = fz_chance(r, 70) ? vector : draw_object(p, r);
        if (p->delay[k].rank > 4) p->delay[k].rank = 1;
        p->delay_steps[k] = (int)fz_below(r, 6);
    }
}

/* -- networks ------------------------------------------------------------------------------------------------------ */

static void draw_network(fz_program *p, fz_rng *r)
{
    eg_dtype t = fz_chance(r, 80) ? EG_F32 : EG_F64;
    p->num_populations = 1 + (int)fz_below(r, 3);
    for (int k = 0; k < p->num_populations; k++) {
        int size = fz_chance(r, 50) ? 0 : (int)fz_below(r, FZ_SIZES);
        p->population[k] = (fz_population){.size = size, .V = add_var(p, t, size)};
        for (int j = 0; j < 2; j++) p->population[k].g[j] = add_var(p, t, size);
        p->population[k].refractory = add_var(p, fz_chance(r, 70) ? t : EG_I32, size);
        p->population[k].spike = add_var(p, EG_BOOL, size);
    }
    while (p->num_csrs < (int)EGI_LEN(p->csr)) {
        int pre = p->population[fz_below(r, p->num_populations)].size;
        int post = p->population[fz_below(r, p->num_populations)].size;
        p->csr[p->num_csrs++] = (fz_csr){.pre = pre, .post = post, .degree = (int)fz_below(r, 20)};
    }
    fz_record *loop = add(p, 0, FZ_K_loop);
    int body = loop->block[0] = new_block(p);
    loop->block[1] = -1; /* length: the program's steps */
    int items = 0;
    uint8_t kinds[40];
    bool projects_first = fz_chance(r, 40);
    if (projects_first && fz_chance(r, 60)) kinds[items++] = FZ_K_decay; /* as synapses do: decay, receive, be read */
    for (int phase = 0; phase < 2; phase++) {
        if ((phase == 0) == projects_first) {
            int n = 1 + (int)fz_below(r, 2 * p->num_populations + 1);
            if (fz_chance(r, 15)) kinds[items++] = FZ_K_poke;
            if (fz_chance(r, 15)) kinds[items++] = FZ_K_burst;
            for (int k = 0; k < n && items < 36; k++) kinds[items++] = FZ_K_project;
        } else {
            if (fz_chance(r, 60)) kinds[items++] = FZ_K_decay;
            for (int k = 0; k < p->num_populations; k++) kinds[items++] = FZ_K_neuron;
            if (fz_chance(r, 20)) kinds[items++] = FZ_K_decay;
        }
    }
    if (fz_chance(r, 25)) kinds[items++] = FZ_K_poke;
    int monitors = (int)fz_below(r, 3), extras = fz_chance(r, 50) ? (int)fz_below(r, 5) : 0;
    for (int k = 0; k < monitors; k++) kinds[items++] = FZ_K_monitor;
    for (int k = 0; k < items; k++) {
        if (extras && fz_chance(r, 30)) fill_block(p, r, body, 1, true, 1), extras--;
        add(p, body, (fz_kind)kinds[k]);
    }
    fill_block(p, r, body, extras, true, 1);
}

void fz_program_of(uint64_t seed, int policy, fz_program *p)
{
    memset(p, 0, sizeof *p);
    fz_rng r = fz_rng_of(seed, 1u << 30);
    static const uint8_t drawn[] = {FZ_chain, FZ_wide, FZ_reduce, FZ_shape, FZ_loop,  FZ_loop, FZ_net,
                                    FZ_net,   FZ_net,  FZ_event,  FZ_tiny,  FZ_mixed, FZ_mixed};
    p->seed = seed;
    p->policy = (fz_policy)drawn[fz_below(&r, EGI_LEN(drawn))];
    if (policy >= 0) p->policy = (fz_policy)policy;
    p->specials = fz_chance(&r, 10);
    p->math = fz_chance(&r, 25) ? EG_MATH_STRICT : EG_MATH_CONTRACT;
    p->keep_denormals = fz_chance(&r, 15);
    p->only_result = -1;
    p->num_blocks = 1;
    draw_sizes(p, &r);
    draw_objects(p, &r);
    static const uint8_t lengths[FZ_POLICY_COUNT] = {20, 22, 14, 16, 8, 3, 10, 3, 16};
    int n = lengths[p->policy] / 2 + (int)fz_below(&r, lengths[p->policy]);
    if (p->policy == FZ_net) {
        bool before = fz_chance(&r, 20), after = fz_chance(&r, 30);
        if (before) fill_block(p, &r, 0, 2, false, 0);
        draw_network(p, &r);
        if (after) fill_block(p, &r, 0, n, false, 0);
    } else {
        fill_block(p, &r, 0, n, false, 0);
    }
}

eg_spec fz_spec_of(const fz_program *p, const fz_object *o)
{
    eg_spec s = {.dtype = o->dtype, .rank = o->rank};
    for (int k = 0; k < o->rank; k++) s.dim[k] = o->dim[k] < 0 ? 1 : p->size[o->dim[k]];
    return s;
}
