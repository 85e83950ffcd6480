/* Functions as plain C function pointers, and the blocks that they work on. */
#include <stdint.h>

#include "api/api.h"
#include "engram/export.h"
#include "runtime/solo.h"

/* Host functions belong to this process and may fail in the middle of a step. */
bool egi_steps_alone(const eg_func *f, const char *what)
{
    if (f->eg->status) return false;
    if (f->eg->trace)
        egi_fail(f->eg, EG_ERR_STATE, NULL, 0, "%s of '%s' while a function is being traced; call it afterwards", what,
                 f->name);
    else if (f->graph->hosts.n)
        egi_fail(f->eg, EG_ERR_ARGUMENT, NULL, 0,
                 "%s of '%s': it calls the host function '%s'; trace it without, and call that from your own loop",
                 what, f->name, f->graph->hosts.at[0].name);
    return !f->eg->status;
}

/* The function's step, or NULL after an error; the context is locked and stays so. */
static egi_step *locked_step(eg_func *f, const char *what)
{
    pthread_mutex_lock(&f->eg->lock);
    return egi_steps_alone(f, what) ? egi_step_of(f) : NULL;
}

static void unlock(const eg_func *f) { pthread_mutex_unlock(&f->eg->lock); }

eg_step_fn eg_func_pointer(eg_func *f)
{
    if (!f) return NULL;
    egi_step *p = locked_step(f, "eg_func_pointer");
    unlock(f);
    return p ? p->fn : NULL;
}

void *eg_block_of(eg_func *f, eg_state *s)
{
    if (!f) return NULL;
    eg_context *eg = f->eg;
    egi_step *p = locked_step(f, "eg_block_of");
    if (p && s && s->eg != eg) {
        egi_fail(eg, EG_ERR_SCOPE, NULL, 0, "eg_block_of '%s': the state belongs to another context", f->name);
        p = NULL;
    }
    s = p ? egi_state_of(eg, s) : NULL;
    if (s) {
        size_t room = (size_t)(p->solo.size - p->solo.begin);
        eg_state *grown = s;
        const size_t had = s->room;
        if (room > had) s->room = room;
        s = egi_state_of(eg, grown);
        if (!s) grown->room = had;                  /* what does not fit is not asked for again */
        if (s) egi_block_head(s)->bytes = s->bytes; /* a block that was copied into it may have said less */
    }
    unlock(f);
    return s ? s->block : NULL;
}

size_t eg_block_size(eg_func *f)
{
    if (!f) return 0;
    egi_step *p = locked_step(f, "eg_block_size");
    unlock(f);
    return p ? (size_t)p->solo.size : 0;
}

eg_status eg_block_init(eg_func *f, void *block, size_t bytes)
{
    if (!f) return EG_ERR_ARGUMENT;
    eg_context *eg = f->eg;
    egi_step *p = locked_step(f, "eg_block_init");
    if (p && (!block || bytes < (size_t)p->solo.size || (uintptr_t)block % EG_BLOCK_ALIGN))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0,
                 "eg_block_init of '%s': %s; a block has eg_block_size() = %lld bytes, aligned to %d", f->name,
                 !block                         ? "the block is NULL"
                 : bytes < (size_t)p->solo.size ? "the block is too small"
                                                : "the block is not aligned",
                 (long long)p->solo.size, EG_BLOCK_ALIGN);
    if (p && !eg->status) {
        memset(block, 0, bytes);
        *(egi_block *)block = (egi_block){p->solo.magic, 0, eg->options.seed, (uint64_t)bytes, {0}};
        for (int64_t k = 0; k < p->num_vars; k++) egi_state_initial(eg->vars.at[k], (char *)block + p->all_at[k]);
    }
    eg_status status = eg->status;
    unlock(f);
    return status;
}

/* The block is one of the function's layout. */
static bool fits(const eg_func *f, const egi_step *p, const void *block, const char *what)
{
    const egi_block *head = block;
    if (block && head->magic == p->solo.magic && head->bytes >= (uint64_t)p->solo.size) return true;
    egi_fail(f->eg, EG_ERR_ARGUMENT, NULL, 0, "%s of '%s': %s", what, f->name,
             block
                 ? "the block is of another layout; make it by eg_block_of() or eg_block_init() once all variables of "
                   "the context are made"
                 : "the block is NULL");
    return false;
}

void *eg_block_data(eg_func *f, void *block, eg_var *v)
{
    if (!f) return NULL;
    void *at = NULL;
    egi_step *p = locked_step(f, "eg_block_data");
    if (p && fits(f, p, block, "eg_block_data")) {
        if (v && v->eg == f->eg)
            at = (char *)block + p->all_at[v->index];
        else
            egi_fail(f->eg, v ? EG_ERR_SCOPE : EG_ERR_ARGUMENT, NULL, 0, "eg_block_data of '%s': %s", f->name,
                     v ? "the variable belongs to another context" : "the variable is NULL");
    }
    unlock(f);
    return at;
}

eg_status eg_block_seed(eg_func *f, void *block, uint64_t seed)
{
    if (!f) return EG_ERR_ARGUMENT;
    egi_step *p = locked_step(f, "eg_block_seed");
    if (p && fits(f, p, block, "eg_block_seed")) ((egi_block *)block)->seed = seed;
    eg_status status = f->eg->status;
    unlock(f);
    return status;
}
