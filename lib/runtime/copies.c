/* Copies of a function, one by one on a crew of threads. */
#include "runtime/copies.h"

#include <stdio.h>

#include "opt/rebuild.h"
#include "runtime/bind.h"
#include "runtime/team.h"

/* -- does it pay? -------------------------------------------------------------------------------------------------- */

/* Elements that a step must have, so that a stage is as long for one copy as its overhead allows. */
enum { WIDE = 1024 };

/* Over time, and either along connections, which the graph of all copies takes one by one as well, or wide.  Products
 * of matrices are faster for all copies at once. */
static bool pays(const egi_graph *g)
{
    bool loops = false, events = false, wide = false;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        loops |= n->region == 0 && n->op == EGI_LOOP;
        events |= n->region > 0 && (n->op == EGI_EVENT || n->op == EGI_EVENT_T);
        wide |= n->region > 0 && n->dtype < EG_DTYPE_COUNT && egi_count(g, id) >= WIDE;
        if (n->op == EGI_DOT) return false;
    }
    return loops && (events || wide);
}

/* Copies that give something to each other, or draw other numbers than a call of their own. */
static bool alone(const egi_graph *g, const egi_vmap_request *r)
{
    return g->hosts.n == 0 && !r->keep_means && !egi_holds(g, EGI_BATCH_MEAN) &&
           (r->same_draws || !egi_holds(g, EGI_BITS));
}

static bool lists(egi_copies *c, const egi_graph *g, const egi_vmap_request *r)
{
    bool *arg = egi_arena_alloc(&c->arena, (size_t)(g->args.n + 1) * sizeof *arg);
    eg_var **all = egi_arena_alloc(&c->arena, (size_t)(g->vars.n + 1) * sizeof *all);
    bool *keep = egi_arena_alloc(&c->arena, (size_t)(g->vars.n + 1) * sizeof *keep);
    if (!arg || !all || !keep) return false;
    for (int64_t k = 0; k < g->args.n; k++) arg[k] = !r->arg || r->arg[k];
    for (int64_t k = 0; k < g->vars.n; k++) {
        all[k] = r->all ? r->all[k] : NULL;
        keep[k] = r->keep && r->keep[k];
    }
    c->arg = arg;
    c->all = all;
    c->keep = keep;
    return true;
}

bool egi_copies_wanted(const eg_func *of, const egi_vmap_request *r) { return alone(of->traced, r) && pays(of->graph); }

bool egi_copies_give(eg_func *all, eg_func *one, const egi_vmap_request *r)
{
    egi_copies *c = egi_alloc(&all->eg->allocator, sizeof *c, 16);
    if (!c) return false;
    c->num = r->num;
    c->one = one;
    c->arena.allocator = &all->eg->allocator;
    all->copies = c;
    if (lists(c, one->traced, r)) return true;
    egi_copies_free(all);
    return false;
}

void egi_copies_free(eg_func *all)
{
    egi_copies *c = all->copies;
    if (!c) return;
    all->copies = NULL;
    egi_arena_free(&c->arena);
    egi_free(&all->eg->allocator, c);
}

/* -- crews: what threads work in ----------------------------------------------------------------------------------- */

/* Variables of one copy, and the code bound to them. */
typedef struct egi_worker {
    eg_state state;
    char *block;
    const void **args;
    void **results;
    uint64_t execution;
    eg_status status;
    char message[sizeof((egi_run *)0)->message];
} egi_worker;

typedef struct egi_crew {
    const eg_func *func; /* the one of all copies */
    int num;
    egi_worker *worker;
    char *next;   /* what variables become: all of them change together, at the end */
    size_t *at;   /* in `next`, for each write; of a variable of all copies the first one's */
    size_t bytes; /* of `next` */
} egi_crew;

static size_t room(size_t bytes) { return (size_t)egi_round_up((int64_t)bytes, EGI_ALIGN) + EGI_ALIGN; }

static void worker_free(egi_worker *w, const eg_allocator *a)
{
    while (w->state.bound.n) egi_bound_free(w->state.bound.at[--w->state.bound.n]);
    egi_vec_free(a, &w->state.bound);
    egi_free(a, w->state.slot);
    egi_free(a, w->block);
    egi_free(a, w->args);
    egi_free(a, w->results);
}

static void crew_free(egi_crew *c, const eg_allocator *a)
{
    for (int k = 0; c->worker && k < c->num; k++) worker_free(&c->worker[k], a);
    egi_free(a, c->worker);
    egi_free(a, c->next);
    egi_free(a, c->at);
    egi_free(a, c);
}

void egi_crews_free(eg_state *s, const eg_func *func)
{
    for (int64_t k = s->crews.n - 1; k >= 0; k--) {
        if (func && s->crews.at[k]->func != func) continue;
        crew_free(s->crews.at[k], &s->eg->allocator);
        s->crews.at[k] = s->crews.at[--s->crews.n];
    }
    if (!s->crews.n) egi_vec_free(&s->eg->allocator, &s->crews);
}

/* Bytes of what a worker allocates for a copy of `one`. */
typedef struct worker_size {
    size_t slots, block, args, results;
} worker_size;

static worker_size size_of_worker(const eg_func *one)
{
    const egi_graph *g = one->graph;
    worker_size n = {(size_t)(one->eg->vars.n + 1) * sizeof(void *), EGI_SLACK,
                     (size_t)(g->args.n + 1) * sizeof(void *), (size_t)(eg_num_results(one) + 1) * sizeof(void *)};
    for (int64_t k = 0; k < g->vars.n; k++) n.block += room(g->vars.at[k]->bytes);
    return n;
}

static bool worker_open(egi_worker *w, const eg_func *one)
{
    const egi_graph *g = one->graph;
    const eg_allocator *a = &one->eg->allocator;
    const worker_size n = size_of_worker(one);
    w->state.eg = one->eg;
    w->state.slot = egi_alloc(a, n.slots, 16);
    w->block = egi_alloc(a, n.block, EGI_ALIGN);
    w->args = egi_alloc(a, n.args, 16);
    w->results = egi_alloc(a, n.results, 16);
    if (!w->state.slot || !w->block || !w->args || !w->results) return false;
    char *at = w->block;
    for (int64_t k = 0; k < g->vars.n; k++) {
        w->state.slot[g->vars.at[k]->index] = at;
        at += room(g->vars.at[k]->bytes);
    }
    return true;
}

/* Bytes of what all copies write; at[k], if asked for: where that of write k begins. */
static size_t lay_out(const egi_copies *of, size_t *at)
{
    const egi_graph *g = of->one->graph;
    size_t bytes = 0;
    for (int64_t k = 0; k < g->writes.n; k++) {
        const uint32_t var = g->writes.at[k].var;
        if (at) at[k] = bytes;
        if (!of->keep[var]) bytes += room((of->all[var] ? of->all[var] : g->vars.at[var])->bytes);
    }
    return bytes;
}

static bool stage(egi_crew *c, const egi_copies *of, const eg_allocator *a)
{
    c->at = egi_alloc(a, (size_t)(of->one->graph->writes.n + 1) * sizeof *c->at, 16);
    if (c->at) c->bytes = lay_out(of, c->at);
    c->next = c->at ? egi_alloc(a, c->bytes + 1, EGI_ALIGN) : NULL;
    return c->next != NULL;
}

int egi_crew_size(int asked) { return asked > 0 ? asked : egi_team_default(); }

size_t egi_crew_bytes(const eg_func *f, int num)
{
    const egi_copies *of = f->copies;
    const worker_size n = size_of_worker(of->one);
    size_t worker = sizeof(egi_worker) + n.slots + n.block + n.args + n.results;
    size_t writes = (size_t)(of->one->graph->writes.n + 1) * sizeof(size_t) + lay_out(of, NULL) + 1;
    return sizeof(egi_crew) + (size_t)num * worker + writes;
}

/* The crew that the state keeps for the function, or a new one; NULL when out of memory. */
static egi_crew *crew_of(const eg_func *f, eg_state *s, int num)
{
    const eg_allocator *a = &s->eg->allocator;
    for (int64_t k = 0; k < s->crews.n; k++) {
        if (s->crews.at[k]->func == f && s->crews.at[k]->num == num) return s->crews.at[k];
    }
    egi_crews_free(s, f);
    egi_crew *c = egi_alloc(a, sizeof *c, 16);
    if (!c) return NULL;
    c->func = f;
    c->num = num;
    c->worker = egi_alloc(a, (size_t)num * sizeof *c->worker, 16);
    bool ok = c->worker && stage(c, f->copies, a);
    /* Bound here, so that threads of the crew allocate nothing. */
    for (int k = 0; ok && k < num; k++)
        ok = worker_open(&c->worker[k], f->copies->one) && egi_bind(f->copies->one, &c->worker[k].state, 1, 1);
    if (ok && egi_push(a, &s->crews, c)) return c;
    crew_free(c, a);
    return NULL;
}

/* -- a run --------------------------------------------------------------------------------------------------------- */

typedef struct job {
    const egi_copies *copies;
    eg_state *state;
    egi_run *run;
    egi_crew *crew;
    atomic_llong next, finished;
    atomic_int stopped; /* cancelled, or out of memory */
} job;

/* Asked between chunks of the first thread's copies: as if all copies were steps of one loop. */
static int progress(void *user, int64_t step, int64_t steps)
{
    job *j = user;
    int64_t num = j->copies->num, done = atomic_load(&j->finished), all = (done * steps + step) / num;
    int stop = j->run->progress(j->run->user, all < steps ? all : steps, steps);
    if (stop) atomic_store(&j->state->cancel, 1); /* the others are in the middle of their copies */
    return stop;
}

static size_t bytes_of(eg_spec s) { return (size_t)egi_spec_count(s) * eg_dtype_size(s.dtype); }

static void hand_in(const job *j, egi_worker *w, int64_t copy)
{
    const egi_copies *c = j->copies;
    const egi_graph *g = c->one->graph;
    for (int64_t k = 0; k < g->vars.n; k++) {
        const eg_var *v = g->vars.at[k];
        const char *from = j->state->slot[c->all[k] ? c->all[k]->index : v->index];
        memcpy(w->state.slot[v->index], from + (c->all[k] ? (size_t)copy * v->bytes : 0), v->bytes);
    }
    for (int64_t k = 0; k < g->args.n; k++)
        w->args[k] = (const char *)j->run->args[k] + (c->arg[k] ? (size_t)copy * bytes_of(g->args.at[k]) : 0);
    for (int k = 0; k < eg_num_results(c->one); k++) {
        char *to = j->run->results ? j->run->results[k] : NULL;
        w->results[k] = to ? to + (size_t)copy * bytes_of(eg_result_spec(c->one, k)) : NULL;
    }
}

static void hand_out(const job *j, const egi_worker *w, int64_t copy)
{
    const egi_copies *c = j->copies;
    const egi_graph *g = c->one->graph;
    for (int64_t k = 0; k < g->writes.n; k++) {
        const uint32_t var = g->writes.at[k].var;
        const eg_var *v = g->vars.at[var];
        /* What copies share they set to the same. */
        if (c->keep[var] || (!c->all[var] && copy > 0)) continue;
        memcpy(j->crew->next + j->crew->at[k] + (size_t)copy * v->bytes, w->state.slot[v->index], v->bytes);
    }
}

static void run_copy(job *j, egi_worker *w, int tid, int64_t copy)
{
    egi_run r = *j->run;
    hand_in(j, w, copy);
    r.args = w->args;
    r.results = w->results;
    r.in_place = false; /* a row's end is the next one's beginning */
    r.progress = tid == 0 && j->run->progress ? progress : NULL;
    r.user = j;
    w->status = egi_run_alone(j->copies->one, &w->state, &r);
    if (r.execution > w->execution) w->execution = r.execution;
    if (w->status) {
        memcpy(w->message, r.message, sizeof w->message);
        atomic_store(&j->stopped, 1);
        return;
    }
    hand_out(j, w, copy);
    atomic_fetch_add(&j->finished, 1);
}

/* Copies are taken as threads come free. */
static void take_copies(void *user, int tid, int nt, egi_team *team)
{
    job *j = user;
    (void)nt;
    (void)team;
    egi_worker *w = &j->crew->worker[tid];
    w->status = EG_OK;
    w->execution = j->run->execution;
    while (!atomic_load(&j->stopped)) {
        int64_t copy = atomic_fetch_add(&j->next, 1);
        if (copy >= j->copies->num) return;
        run_copy(j, w, tid, copy);
    }
}

static void change_variables(const job *j)
{
    const egi_copies *c = j->copies;
    const egi_graph *g = c->one->graph;
    for (int64_t k = 0; k < g->writes.n; k++) {
        const uint32_t var = g->writes.at[k].var;
        const eg_var *v = c->all[var] ? c->all[var] : g->vars.at[var];
        if (!c->keep[var]) memcpy(j->state->slot[v->index], j->crew->next + j->crew->at[k], v->bytes);
    }
}

static eg_status no_room(const eg_func *f, egi_run *r)
{
    snprintf(r->message, sizeof r->message, "'%s': out of memory for its buffers; eg_plan() says which", f->name);
    return EG_ERR_MEMORY;
}

static bool meet(const void *a, size_t num_a, const void *b, size_t num_b)
{
    const uintptr_t at_a = (uintptr_t)a, at_b = (uintptr_t)b;
    return a && b && at_a < at_b + num_b && at_b < at_a + num_a;
}

/* Does a result lie on an argument, a variable or another result?  Copies write theirs while others still read. */
static bool results_meet(const eg_func *f, const eg_state *s, const egi_run *r)
{
    for (int k = 0; r->results && k < eg_num_results(f); k++) {
        const void *p = r->results[k];
        const size_t n = bytes_of(eg_result_spec(f, k));
        if (meet(p, n, s->block, s->bytes)) return true;
        for (int i = 0; i < eg_num_args(f); i++) {
            if (meet(p, n, r->args[i], bytes_of(eg_arg_spec(f, i)))) return true;
        }
        for (int i = 0; i < k; i++) {
            if (meet(p, n, r->results[i], bytes_of(eg_result_spec(f, i)))) return true;
        }
    }
    return false;
}

static eg_status run_all(eg_func *f, eg_state *s, egi_run *r, int threads)
{
    job j = {.copies = f->copies, .state = s, .run = r, .crew = crew_of(f, s, threads)};
    if (!j.crew) return no_room(f, r);
    r->threads = egi_team_run(threads, take_copies, &j);
    for (int k = 0; k < r->threads; k++) {
        const egi_worker *w = &j.crew->worker[k];
        if (!w->status) continue;
        memcpy(r->message, w->message, sizeof r->message);
        r->done = 0;
        return w->status;
    }
    change_variables(&j);
    for (int k = 0; k < r->threads; k++) {
        if (j.crew->worker[k].execution > r->execution) r->execution = j.crew->worker[k].execution;
    }
    return EG_OK;
}

/* With results of its own, which the caller gets at the end. */
static eg_status run_apart(eg_func *f, eg_state *s, egi_run *r, int threads)
{
    const eg_allocator *a = &f->eg->allocator;
    const int num = eg_num_results(f);
    void *const *to = r->results;
    void **own = egi_alloc(a, (size_t)num * sizeof *own, 16);
    bool ok = own;
    for (int k = 0; ok && k < num; k++) {
        if (to[k]) ok = (own[k] = egi_alloc(a, bytes_of(eg_result_spec(f, k)) + 1, EGI_ALIGN));
    }
    r->results = own;
    eg_status status = ok ? run_all(f, s, r, threads) : no_room(f, r);
    r->results = to;
    for (int k = 0; own && k < num; k++) {
        if (own[k] && !status) memcpy(to[k], own[k], bytes_of(eg_result_spec(f, k)));
        egi_free(a, own[k]);
    }
    egi_free(a, own);
    return status;
}

eg_status egi_copies_run(eg_func *f, eg_state *s, egi_run *r, int threads)
{
    const bool apart = !r->in_place && results_meet(f, s, r);
    return apart ? run_apart(f, s, r, threads) : run_all(f, s, r, threads);
}
