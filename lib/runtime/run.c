/* Running functions: the interpreter, or compiled code on a team of threads with its time loop in chunks. */
#include <stdio.h>

#include "ir/eval.h"
#include "ir/func.h"
#include "ir/ref.h"
#include "jit/jit.h"
#include "runtime/bind.h"
#include "runtime/copies.h"
#include "runtime/lifted.h"
#include "runtime/run.h"
#include "runtime/team.h"
#include "runtime/watcher.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#include <sanitizer/asan_interface.h>
#define WATCHED
#endif
#endif

typedef struct running {
    egi_frame frame; /* first: compiled code passes it back */
    egi_run *run;
    egi_bound *bound;
    int64_t end;   /* of the chunk being run */
    int64_t chunk; /* steps in a chunk */
    double chunk_start;
    bool cancelled;
    bool undone;          /* the step in which a host function failed */
    egi_watcher *watcher; /* of a checked run, else NULL */
    double looked;        /* when the watcher did last */
    bool looks;           /* the watcher does, at this tick */
    bool in_loop;         /* an outermost one */
    bool fault;           /* the watcher found one: nothing that happens now counts */
    unsigned host_fp;     /* the host's floating-point state: callbacks get it */
    int got;              /* the team's real size */
    bool ran;             /* that is the one the binding was made for */
} running;

/* -- variables kept for host functions that fail ----------------------------------------------------------------- */

static void snapshot(const egi_bound *b, bool step, bool restore)
{
    char *at = b->snapshot[step];
    for (int64_t k = 1; at && k < b->code->buffers.n; k++) {
        if (!egi_is_kept(&b->code->buffers.at[k])) continue;
        if (restore)
            memcpy(b->buffers[k], at, b->bytes[k]);
        else
            memcpy(at, b->buffers[k], b->bytes[k]);
        at += b->bytes[k];
    }
}

/* A chunk of a checked run takes at least so many times the time of looking at it, unless the user wants shorter ones
 * than the default. */
static const double watched = 50, fine_s = 0.02;

/* -- chunks -------------------------------------------------------------------------------------------------------- */

/* How many steps make a chunk of the time wanted, from the last one. */
static void adapt(running *r, int64_t steps)
{
    double now = egi_now(), spent = now - r->chunk_start, chunk_s = r->run->chunk_s;
    if (r->looks) {
        double least = watched * egi_watcher_cost(r->watcher);
        spent -= egi_watcher_judging(r->watcher);
        if (chunk_s >= fine_s && least > chunk_s) chunk_s = least;
    }
    if (r->run->chunk_s > 0 && steps > 0) {
        double wanted = spent > 0 ? (double)steps * chunk_s / spent : 16.0 * (double)r->chunk;
        double most = 16.0 * (double)r->chunk;
        r->chunk = (int64_t)(wanted < 1 ? 1 : wanted < most ? wanted : most);
    }
    r->chunk_start = now;
}

static bool stops(running *r, int64_t step, int64_t steps)
{
    egi_run *run = r->run;
    if (r->frame.stop || r->cancelled || r->fault) return true;
    if (run->cancel && atomic_load_explicit(run->cancel, memory_order_relaxed)) r->cancelled = true;
    if (run->progress && step > 0 && steps < EGI_ENDLESS && !r->cancelled) {
        unsigned fp = _mm_getcsr();
        egi_fp_leave(r->host_fp);
        if (run->progress(run->user, step, steps)) r->cancelled = true;
        egi_fp_leave(fp);
    }
    return r->cancelled;
}

static int64_t next_chunk(running *r, int64_t step, int64_t steps)
{
    const bool hosts = r->bound->snapshot[0] != NULL;
    if (r->fault) return step;
    if (r->frame.stop && step > 0 && !r->undone) {
        /* The step in which the host function failed did not happen; what comes behind the loop does. */
        snapshot(r->bound, true, true);
        r->undone = true;
        r->run->done = step - 1;
    }
    if (r->frame.stop) return step;
    adapt(r, step - (r->end - r->chunk > 0 ? r->end - r->chunk : 0));
    if (!r->cancelled) r->run->done = step;
    if (stops(r, step, steps) || step >= steps) return step;
    if (hosts) snapshot(r->bound, true, false);
    int64_t chunk = hosts ? 1 : r->chunk;
    return step + (steps - step < chunk ? steps - step : chunk);
}

/* All threads, of a checked run, at a tick. */
static void look(running *r, int tid, int64_t step, int64_t steps)
{
    egi_team *team = r->frame.team;
    if (tid == 0) {
        const bool due = !r->bound->snapshot[0] || egi_now() - r->looked > r->run->chunk_s;
        r->looks = !r->frame.stop && egi_watcher_arrive(r->watcher, step, steps, due);
    }
    egi_barrier(team, tid);
    if (!r->looks) return;
    egi_watcher_scan(r->watcher, tid, r->got);
    egi_barrier(team, tid);
    if (tid == 0) {
        r->fault = !egi_watcher_judge(r->watcher);
        r->looked = egi_now();
    }
}

static int64_t tick(egi_frame *f, int tid, int64_t step, int64_t steps)
{
    running *r = (running *)(void *)f;
    egi_team *team = f->team;
    if (steps < 0 && !r->watcher) return step;
    egi_barrier(team, tid);
    if (r->watcher) look(r, tid, step, steps);
    if (tid == 0) {
        r->end = steps < 0 ? step : next_chunk(r, step, steps);
        r->in_loop = r->end > step;
        f->failed = f->stop;
    }
    egi_barrier(team, tid);
    if (r->looks) {
        egi_watcher_save(r->watcher, tid, r->got);
        egi_barrier(team, tid);
    }
    return r->end;
}

static void barrier(void *team, int tid) { egi_barrier(team, tid); }

static void call_host(egi_frame *f, int64_t slot, void *const *in, void *const *out)
{
    running *r = (running *)(void *)f;
    const egi_host *h = &r->bound->func->graph->hosts.at[slot];
    if ((f->stop && !r->undone) || r->fault) return;
    void **all = (void **)(uintptr_t)out; /* made for this call */
    for (int k = 0; k < h->num_out; k++) all[k] = all[k] ? all[k] : r->bound->unwanted;
    unsigned fp = _mm_getcsr();
    egi_fp_leave(r->host_fp);
    int failed = h->fn(h->user, (const void *const *)in, out);
    egi_fp_leave(fp);
    if (!failed && r->watcher) egi_watcher_heard(r->watcher, r->in_loop, (uint32_t)slot, out);
    if (!failed) return;
    f->stop = 1;
    r->undone = false;
    egi_host_failed(r->bound->func->graph, (uint32_t)slot, failed, r->run);
}

static void enter(void *user, int tid, int nt, egi_team *team)
{
    running *r = user;
    if (tid == 0) {
        r->frame.team = team;
        r->got = nt;
        r->ran = nt == r->bound->nt;
    }
    egi_barrier(team, tid);
    if (!r->ran) return;
    r->bound->code->entry(&r->frame, tid, nt);
    if (!r->watcher) return;
    egi_barrier(team, tid);
    if (!r->fault && !r->cancelled && !r->frame.stop) egi_watcher_scan_end(r->watcher, tid, nt);
}

/* -- one run of compiled code -------------------------------------------------------------------------------------- */

static eg_array *array_at(const eg_context *eg, const void *p)
{
    for (int64_t k = 0; p && k < eg->arrays.n; k++) {
        if (eg->arrays.at[k]->data == p) return eg->arrays.at[k];
    }
    return NULL;
}

/* May the result be written where the caller wants it while the function runs?  Only into an array of the context that
 * has its very size, for whole vectors are stored at the end, and that nothing else of this call reads or writes. */
static bool in_place(const egi_bound *b, const egi_run *r, const eg_context *eg, uint32_t slot, size_t bytes)
{
    const void *p = r->results ? r->results[slot] : NULL;
    const egi_graph *g = b->func->graph;
    const eg_array *a = array_at(eg, p);
    if (p && r->in_place) return true;
    if (!a || a->bytes != bytes) return false;
    for (int64_t k = 0; k < g->args.n; k++) {
        if (r->args[k] == p) return false;
    }
    for (int64_t k = 0; k < g->arrays.n; k++) {
        if (g->arrays.at[k]->data == p) return false;
    }
    for (uint32_t k = 0; k < slot; k++) {
        if (r->results[k] == p) return false;
    }
    return true;
}

enum { LARGE_ARGUMENT = 64 * 1024 }; /* bytes that are worth not being copied */

/* Would AddressSanitizer, which watches compiled code, too, take what is read there for an error? */
static bool is_watched(uintptr_t at, size_t bytes)
{
#ifdef WATCHED
    return __asan_region_is_poisoned((void *)at, bytes) != NULL;
#else
    (void)at, (void)bytes;
    return false;
#endif
}

/* A large argument is read where it lies if what code may read behind it is in its last page, no result or variable is
 * written there, and no host function could change it. */
static bool lies_well(const egi_bound *b, const egi_run *r, const void *p, size_t bytes)
{
    const uintptr_t page = 4096, from = (uintptr_t)p, end = from + bytes;
    if (bytes < LARGE_ARGUMENT || b->code->has_host) return false;
    if ((end - 1) / page != (end - 1 + EGI_SLACK) / page || is_watched(end, EGI_SLACK)) return false;
    for (int64_t k = 1; k < b->code->buffers.n; k++) {
        const egi_code_buffer *c = &b->code->buffers.at[k];
        const void *written = NULL;
        if (c->kind == EGI_BUF_RESULT && r->results) written = r->results[c->slot];
        if (c->kind == EGI_BUF_VAR) written = b->buffers[k];
        const uintptr_t to = (uintptr_t)written;
        if (to && to < end && from < to + b->bytes[k]) return false;
    }
    return true;
}

/* The caller's arrays: those of the context are used as they are, others are copied, since code reads and writes whole
 * vectors at their ends.  Denormals of arguments are flushed by the operations that read them. */
static void bind_caller(egi_bound *b, const egi_run *r, const eg_context *eg)
{
    for (int64_t k = 1; k < b->code->buffers.n; k++) {
        const egi_code_buffer *c = &b->code->buffers.at[k];
        if (c->kind == EGI_BUF_ARG) {
            const void *p = r->args[c->slot];
            b->buffers[k] = b->own[k];
            if (r->in_place || array_at(eg, p) || lies_well(b, r, p, b->bytes[k]))
                b->buffers[k] = (void *)(uintptr_t)p;
            else
                memcpy(b->own[k], p, b->bytes[k]);
        } else if (c->kind == EGI_BUF_RESULT) {
            b->buffers[k] = in_place(b, r, eg, c->slot, b->bytes[k]) ? r->results[c->slot] : b->own[k];
        }
    }
}

static void return_results(const egi_bound *b, const egi_run *r)
{
    for (int64_t k = 1; k < b->code->buffers.n; k++) {
        const egi_code_buffer *c = &b->code->buffers.at[k];
        void *p = c->kind == EGI_BUF_RESULT && r->results ? r->results[c->slot] : NULL;
        if (p && p != b->buffers[k]) memcpy(p, b->buffers[k], b->bytes[k]);
    }
}

/* Threads that pay: a barrier costs about 100 ns, a thread does about 16 elements in 4 ns.  What counts is what is
 * computed at a time: not the rows that a loop reads and stacks, of which there is one a step. */
static int useful_threads(const eg_func *f, int asked)
{
    const egi_graph *g = f->graph;
    int64_t most = 0;
    for (egi_id id = 1; id < g->nodes.n; id++) {
        const egi_node *n = egi_at(g, id);
        if (n->op == EGI_ITEM || n->op == EGI_ARG || n->op == EGI_ARRAY || n->dtype == EG_DTYPE_COUNT) continue;
        if (egi_count(g, id) > most) most = egi_count(g, id);
    }
    return most < 2048 ? 1 : asked;
}

int egi_threads_of(const eg_func *f, int threads)
{
    if (!threads) threads = f->eg->options.threads;
    return threads > 0 ? threads : useful_threads(f, egi_team_default());
}

static void prepare(running *k, egi_bound *b, const egi_run *r, const eg_context *eg)
{
    bind_caller(b, r, eg);
    for (int64_t j = 0; j < b->code->streams.n; j++) egi_stream_key(r->seed, b->code->streams.at[j], b->keys + 2 * j);
    k->bound = b;
    k->frame = (egi_frame){.buffers = b->buffers,
                           .sizes = b->canon.sizes.at,
                           .literals = b->canon.literals.at,
                           .deliveries = b->deliveries,
                           .csrs = b->csrs,
                           .barrier = barrier,
                           .tick = tick,
                           .host = call_host,
                           .keys = b->keys,
                           .execution = (int64_t)r->execution,
                           .scratch = b->scratch,
                           .carried = b->carried};
    snapshot(b, false, false);
}

/* The runtime may give fewer threads than are asked for (limits, a host's own region, a forked child): then the binding
 * is made anew for those.  Where they change all the time, one must do. */
static bool run_on_team(running *k, eg_func *f, eg_state *s, egi_run *r, int asked)
{
    for (int tries = 0; tries < 4; tries++) {
        if (tries == 3) k->got = asked = 1;
        egi_bound *b = egi_bind(f, s, asked, k->got);
        k->watcher = b && r->watch ? egi_watcher_of(b) : NULL;
        if (!b || (r->watch && !k->watcher)) {
            snprintf(r->message, sizeof r->message, "'%s': out of memory for its buffers; eg_plan() says which",
                     f->name);
            return false;
        }
        prepare(k, b, r, f->eg);
        if (k->watcher) egi_watcher_begin(k->watcher, s, r, &k->frame);
        egi_team_run_fp(asked, r->keep_denormals ? EGI_FP_EXACT : EGI_FP_FLUSH, enter, k);
        if (k->ran) break;
    }
    return true;
}

static eg_status run_compiled(eg_func *f, eg_state *s, egi_run *r)
{
    int nt = egi_threads_of(f, r->threads);
    running k = {.run = r, .chunk_start = egi_now(), .host_fp = _mm_getcsr()};
    k.chunk = r->chunk_s > 0 && r->chunk_s < fine_s ? 1 : 16; /* whoever wants to look often sees the first steps */
    if (!run_on_team(&k, f, s, r, nt)) return EG_ERR_MEMORY;
    r->threads = k.got;
    if (k.watcher && !k.cancelled && !k.frame.stop) k.fault = !egi_watcher_judge_end(k.watcher);
    if (k.fault) return egi_watcher_finish(k.watcher, s, r);
    if (k.frame.stop && !k.undone) {
        snapshot(k.bound, false, true);
        return EG_ERR_RUN;
    }
    r->execution += (uint64_t)(k.frame.advance > 1 ? k.frame.advance : 1);
    return_results(k.bound, r);
    return k.frame.stop ? EG_ERR_RUN : k.cancelled ? EG_ERR_CANCELLED : EG_OK;
}

eg_status egi_run_alone(eg_func *f, eg_state *s, egi_run *r)
{
    r->threads = 1;
    return run_compiled(f, s, r);
}

/* -- public -------------------------------------------------------------------------------------------------------- */

static eg_status run_interpreted(const eg_func *f, const eg_state *s, egi_run *r)
{
    const egi_graph *g = f->graph;
    void **vars = egi_alloc(&f->eg->allocator, (size_t)(g->vars.n + 1) * sizeof *vars, 16);
    if (!vars) {
        snprintf(r->message, sizeof r->message, "'%s': out of memory for its buffers", f->name);
        return EG_ERR_MEMORY;
    }
    r->threads = 1;
    for (int64_t k = 0; k < g->vars.n; k++) vars[k] = s->slot[g->vars.at[k]->index];
    r->vars = vars;
    eg_status status = egi_eval(g, r);
    egi_free(&f->eg->allocator, vars);
    if (r->watch) egi_watch_free(r->watch, &f->eg->allocator);
    return status;
}

/* Do copies run one by one, on so many threads? */
static bool one_by_one(const eg_func *f, int asked) { return egi_copies_pay(f, egi_crew_size(asked)); }

/* With the context locked; of copies that run one by one, what each does. */
static bool compiled(eg_func *f, bool by_copies, bool checked_run)
{
    eg_context *eg = f->eg;
    if (by_copies)
        f = f->copies->one;
    else if (!checked_run && !eg->options.interpret)
        f = egi_lifted(f);
    if (!eg->status && !f->code && !eg->options.interpret) f->code = egi_compile(f->graph, f->name);
    return !eg->status;
}

eg_status eg_compile(eg_func *f)
{
    if (!f) return EG_ERR_ARGUMENT;
    eg_context *eg = f->eg;
    pthread_mutex_lock(&eg->lock);
    const bool checked_run = eg->options.check > EG_CHECK_OFF;
    compiled(f, !checked_run && one_by_one(f, eg->options.threads), checked_run);
    eg_status status = eg->status;
    pthread_mutex_unlock(&eg->lock);
    return status;
}

/* An array of the context must be large enough for what stands there. */
static void check_array(const eg_func *f, const void *p, eg_spec spec, const char *what, int k)
{
    const eg_array *a = array_at(f->eg, p);
    size_t bytes = (size_t)egi_spec_count(spec) * eg_dtype_size(spec.dtype);
    if (a && a->bytes < bytes)
        egi_fail(f->eg, EG_ERR_SHAPE, NULL, 0, "eg_call of '%s': %s %d has %zu bytes, the array given for it %zu",
                 f->name, what, k, bytes, a->bytes);
}

static bool checked(const eg_func *f, const eg_state *s, const void *const *in, void *const *out,
                    const eg_run_options *o)
{
    eg_context *eg = f->eg;
    if (s && s->eg != eg)
        egi_fail(eg, EG_ERR_SCOPE, NULL, 0, "eg_call of '%s': the state belongs to another context", f->name);
    for (int k = 0; k < eg_num_args(f) && !eg->status; k++) {
        if (!in || !in[k])
            egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_call of '%s': argument %d is NULL; it takes %d", f->name, k,
                     eg_num_args(f));
        else
            check_array(f, in[k], eg_arg_spec(f, k), "argument", k);
    }
    for (int k = 0; k < eg_num_results(f) && out && !eg->status; k++)
        check_array(f, out[k], eg_result_spec(f, k), "result", k);
    if (o && (o->threads < 0 || o->threads > 1024))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_call of '%s': threads is %d; use 0 (default) to 1024", f->name,
                 o->threads);
    if (o && (unsigned)o->check > EG_CHECK_ALL)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_call of '%s': check is %d; use one of EG_CHECK_...", f->name,
                 (int)o->check);
    if (eg->trace)
        egi_fail(eg, EG_ERR_STATE, NULL, 0, "eg_call of '%s' while a function is being traced; call it afterwards",
                 f->name);
    return !eg->status;
}

/* The state (NULL: the context's own) for this run alone; NULL after an error. */
static eg_state *acquire(const eg_func *f, eg_state *s)
{
    eg_context *eg = f->eg;
    if (!s) s = eg->own_state ? eg->own_state : egi_state_of(eg, NULL);
    if (!s) return NULL;
    if (atomic_flag_test_and_set(&s->busy)) {
        egi_fail(eg, EG_ERR_STATE, NULL, 0,
                 "eg_call of '%s': another run is using this state; give each run at one time a state of its own",
                 f->name);
        return NULL;
    }
    if (egi_state_of(eg, s)) return s;
    atomic_flag_clear(&s->busy);
    return NULL;
}

/* Everything that looks at the context, or writes an error into it, while other host threads may do the same: the
 * state to run on, or NULL and the context's status. */
static eg_state *begin_run(eg_func *f, eg_state *s, const void *const *in, void *const *out, const eg_run_options *o,
                           bool interpret, bool by_copies, bool checked_run, eg_status *status)
{
    eg_context *eg = f->eg;
    pthread_mutex_lock(&eg->lock);
    bool ready = !eg->status && checked(f, s, in, out, o) && (interpret || compiled(f, by_copies, checked_run));
    s = ready ? acquire(f, s) : NULL;
    *status = eg->status;
    pthread_mutex_unlock(&eg->lock);
    return s;
}

eg_status eg_call(eg_func *f, eg_state *s, const void *const *in, void *const *out, const eg_run_options *o)
{
    if (!f) return EG_ERR_ARGUMENT;
    eg_context *eg = f->eg;
    const eg_check check = o && o->check ? o->check : eg->options.check;
    const bool own = !s, interpret = eg->options.interpret || (o && o->interpret) || check == EG_CHECK_ALL;
    const int asked = o && o->threads ? o->threads : eg->options.threads;
    const bool by_copies = !interpret && check <= EG_CHECK_OFF && one_by_one(f, asked);
    eg_status status;
    if (!(s = begin_run(f, s, in, out, o, interpret, by_copies, check > EG_CHECK_OFF, &status))) return status;
    egi_watch watch = {.all = check == EG_CHECK_ALL, .name = f->name};
    egi_run r = {.args = in,
                 .results = out,
                 .seed = egi_block_head(s)->seed,
                 .execution = egi_block_head(s)->execution,
                 .keep_denormals = eg->options.keep_denormals,
                 .threads = asked,
                 .cancel = &s->cancel,
                 .progress = o ? o->progress : NULL,
                 .user = o ? o->user : NULL,
                 .in_place = o && o->in_place,
                 .chunk_s = eg->options.chunk_ms * 1e-3,
                 .allocator = &eg->allocator,
                 .watch = check > EG_CHECK_OFF ? &watch : NULL};
    double start = egi_now();
    s->status = interpret   ? run_interpreted(f, s, &r)
                : by_copies ? egi_copies_run(f, s, &r, egi_crew_size(asked))
                            : run_compiled(r.watch ? f : egi_lifted_or_self(f), s, &r);
    status = s->status;
    if (status == EG_ERR_CANCELLED)
        snprintf(r.message, sizeof r.message, "'%s' was cancelled after %lld steps", f->name, (long long)r.done);
    if (status || !o || !o->more) atomic_store(&s->cancel, 0);
    egi_block_head(s)->execution = r.execution;
    memcpy(s->message, r.message, sizeof s->message);
    atomic_flag_clear(&s->busy);
    pthread_mutex_lock(&eg->lock);
    eg->stats.last_run_s = egi_now() - start;
    eg->stats.last_threads = r.threads;
    eg->stats.runs++;
    if (own && status) egi_fail(eg, status, NULL, 0, "%s", r.message);
    pthread_mutex_unlock(&eg->lock);
    return status;
}
