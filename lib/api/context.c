/* Opening and closing contexts. */
#define _GNU_SOURCE /* secure_getenv */
#include <stdlib.h>

#include "api/api.h"
#include "jit/jit.h"
#include "runtime/copies.h"
#include "runtime/lifted.h"
#include "runtime/solo.h"

static const char *env(const char *name) { return secure_getenv(name); }

/* A word that is none gives a value that is none, for check() to name. */
static eg_check check_of(const char *word)
{
    if (!strcmp(word, "off")) return EG_CHECK_OFF;
    if (!strcmp(word, "output")) return EG_CHECK_OUTPUT;
    return !strcmp(word, "all") ? EG_CHECK_ALL : (eg_check)(EG_CHECK_ALL + 1);
}

/* Environment variables are defaults only. */
static void defaults(eg_options *o)
{
    if (!o->check && env("EG_CHECK")) o->check = check_of(env("EG_CHECK"));
    if (!o->dump) o->dump = env("EG_DUMP");
    if (!o->cpu) o->cpu = env("EG_CPU");
    if (!o->lanes && env("EG_LANES")) o->lanes = atoi(env("EG_LANES"));
    if (env("EG_PERF_MAP")) o->perf_map = true;
    if (o->chunk_ms == 0) o->chunk_ms = 20;
}

/* Are all words of the list names of stages? */
static bool known_stages(const char *list)
{
    static const char *const stages[] = {"all", "trace", "simplify", "lift", "stage", "llvm", "asm"};
    while (*list) {
        size_t n = strcspn(list, ","), k = 0;
        while (k < EGI_LEN(stages) && (strlen(stages[k]) != n || strncmp(stages[k], list, n) != 0)) k++;
        if (n && k == EGI_LEN(stages)) return false;
        list += n + (list[n] == ',');
    }
    return true;
}

static void check(eg_context *eg, const eg_options *o)
{
    if (o->threads < 0 || o->threads > 1024)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_open: threads is %d; use 0 (default) to 1024", o->threads);
    if (o->lanes != 0 && o->lanes != 4 && o->lanes != 8 && o->lanes != 16)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_open: lanes is %d; use 0 (what the CPU has), 4, 8 or 16", o->lanes);
    if ((unsigned)o->math > EG_MATH_FAST)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_open: math is %d; use one of EG_MATH_...", (int)o->math);
    if ((unsigned)o->check > EG_CHECK_ALL)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0,
                 "eg_open: check is %d; use one of EG_CHECK_..., or off, output or all in EG_CHECK", (int)o->check);
    if (!(o->chunk_ms > 0 && o->chunk_ms < 1e6))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_open: chunk_ms is %g; use some milliseconds, 0 for the default",
                 o->chunk_ms);
    if (o->dump && !known_stages(o->dump))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0,
                 "eg_open: dump (or EG_DUMP) is '%.100s'; use all, or some of trace,simplify,lift,stage,llvm,asm",
                 o->dump);
    if (o->cpu && strcmp(o->cpu, "native") && strcmp(o->cpu, "x86-64-v3") && strcmp(o->cpu, "x86-64-v4"))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_open: cpu is '%s'; use native, x86-64-v3 or x86-64-v4", o->cpu);
}

eg_context *eg_open(const eg_options *options)
{
    eg_options o = options ? *options : (eg_options){0};
    const eg_allocator *a = o.allocator ? o.allocator : &egi_malloc_allocator;
    if (!a->alloc || !a->free) return NULL;
    eg_context *eg = egi_alloc(a, sizeof *eg, 16);
    if (!eg) return NULL;
    eg->header.kind = EGI_KIND_CONTEXT;
    eg->allocator = *a;
    eg->arena.allocator = &eg->allocator;
    eg->default_float = EG_F32;
    eg->default_complex = EG_C64;
    if (pthread_mutex_init(&eg->lock, NULL)) {
        egi_free(a, eg);
        return NULL;
    }
    eg->verify = env("EG_VERIFY") != NULL;
    defaults(&o);
    check(eg, &o);
    o.allocator = &eg->allocator;
    /* Strings may live shorter than the context. */
    const char *dump = o.dump, *cpu = o.cpu;
    if (dump) o.dump = egi_arena_string(&eg->arena, dump);
    if (cpu) o.cpu = egi_arena_string(&eg->arena, cpu);
    eg->options = o;
    if ((!dump || o.dump) && (!cpu || o.cpu)) return eg;
    eg_close(eg);
    return NULL;
}

void eg_close(eg_context *eg)
{
    if (!eg) return;
    eg_allocator a = eg->allocator;
    while (eg->owned.n) {
        struct egi_owned *o = &eg->owned.at[--eg->owned.n];
        o->free(o->object);
    }
    while (eg->states.n) egi_state_destroy(eg->states.at[--eg->states.n]);
    while (eg->funcs.n) {
        eg_func *f = eg->funcs.at[--eg->funcs.n];
        egi_lifted_free(f);
        egi_steps_free(f);
        egi_copies_free(f);
        egi_graph_free(f->graph);
        egi_graph_free(f->traced);
        egi_free(&a, f->text);
        egi_free(&a, f->memory);
        egi_free(&a, f);
    }
    egi_jit_free(eg->jit);
    for (int64_t k = 0; k < eg->vars.n; k++) egi_free(&a, eg->vars.at[k]->init);
    for (int64_t k = 0; k < eg->arrays.n; k++) egi_free(&a, eg->arrays.at[k]->data);
    egi_vec_free(&a, &eg->vars);
    egi_vec_free(&a, &eg->funcs);
    egi_vec_free(&a, &eg->states);
    egi_vec_free(&a, &eg->arrays);
    egi_vec_free(&a, &eg->csrs);
    egi_vec_free(&a, &eg->owned);
    egi_arena_free(&eg->arena);
    pthread_mutex_destroy(&eg->lock);
    eg->header.kind = 0;
    egi_free(&a, eg);
}

eg_stats eg_get_stats(const eg_context *eg) { return eg ? eg->stats : (eg_stats){0}; }
