/* Memory of variables. */
#include "runtime/state.h"

#include "runtime/bind.h"
#include "runtime/copies.h"

static size_t slot_size(const eg_var *v)
{
    /* Whole vectors are stored at the end of an array: its last cache line belongs to it. */
    return (size_t)egi_round_up((int64_t)v->bytes, EGI_ALIGN) + EGI_ALIGN;
}

void egi_state_initial(const eg_var *v, void *to)
{
    if (v->init)
        memcpy(to, v->init, v->bytes);
    else
        memset(to, 0, v->bytes);
}

static void drop_bound(eg_state *s)
{
    while (s->bound.n) egi_bound_free(s->bound.at[--s->bound.n]);
    egi_crews_free(s, NULL);
}

bool egi_state_layout(const eg_context *eg, int64_t *at, int64_t *end)
{
    size_t n = sizeof(egi_block);
    for (int64_t k = 0; k < eg->vars.n; k++) {
        if (at) at[k] = (int64_t)n;
        if (__builtin_add_overflow(n, slot_size(eg->vars.at[k]), &n) || n > PTRDIFF_MAX / 2) return false;
    }
    *end = (int64_t)n;
    return true;
}

uint64_t egi_state_magic(const eg_context *eg)
{
    uint64_t h = 0x656E6772616D2D30u; /* not 0, which is memory that nobody has written */
    for (int64_t k = 0; k < eg->vars.n; k++) h = egi_hash(&eg->vars.at[k]->bytes, sizeof(size_t), h);
    return h | 1;
}

bool egi_state_need(const eg_context *eg, size_t room, size_t *block, size_t *slots)
{
    int64_t end;
    if (!egi_state_layout(eg, NULL, &end)) return false;
    *block = (size_t)end + room + EGI_SLACK;
    *slots = (size_t)(eg->vars.n + 1) * sizeof(void *);
    return true;
}

bool egi_state_fit(eg_state *s)
{
    eg_context *eg = s->eg;
    const eg_allocator *a = &eg->allocator;
    size_t bytes, slots;
    if (s->num == eg->vars.n && s->block && s->has_room >= s->room) return true;
    if (!egi_state_need(eg, s->room, &bytes, &slots)) return false;
    char *block = egi_alloc(a, bytes, EGI_ALIGN);
    void **slot = egi_alloc(a, slots, 16);
    if (!block || !slot) {
        egi_free(a, block);
        egi_free(a, slot);
        return false;
    }
    egi_block *head = (egi_block *)(void *)block;
    *head = s->block ? *egi_block_head(s) : (egi_block){.seed = eg->options.seed};
    head->magic = egi_state_magic(eg);
    head->bytes = bytes;
    size_t at = sizeof *head;
    for (int64_t k = 0; k < eg->vars.n; k++) {
        const eg_var *v = eg->vars.at[k];
        slot[k] = block + at;
        at += slot_size(v);
        if (k < s->num)
            memcpy(slot[k], s->slot[k], v->bytes);
        else
            egi_state_initial(v, slot[k]);
    }
    drop_bound(s);
    egi_free(a, s->block);
    egi_free(a, s->slot);
    s->block = block;
    s->slot = slot;
    s->bytes = bytes;
    s->has_room = s->room;
    s->num = eg->vars.n;
    return true;
}

/* Names what takes most. */
static void no_room(eg_context *eg)
{
    const eg_var *most = NULL;
    int64_t end = 0;
    egi_state_layout(eg, NULL, &end);
    for (int64_t k = 0; k < eg->vars.n; k++) {
        if (!most || eg->vars.at[k]->bytes > most->bytes) most = eg->vars.at[k];
    }
    if (most)
        egi_fail(eg, EG_ERR_MEMORY, most->file, most->line,
                 "out of memory for a state of %lld bytes: '%s' takes %zu of them; make the model smaller, or free "
                 "states",
                 (long long)end, most->name, most->bytes);
    else
        egi_no_memory(eg);
}

eg_state *eg_state_new(eg_context *eg)
{
    if (!eg || eg->status) return NULL;
    eg_state *s = egi_alloc(&eg->allocator, sizeof *s, 16);
    if (s) s->eg = eg;
    if (!s || !egi_push(&eg->allocator, &eg->states, s)) {
        egi_free(&eg->allocator, s);
        egi_no_memory(eg);
        return NULL;
    }
    if (egi_state_fit(s)) return s;
    eg->states.n--;
    egi_state_destroy(s);
    no_room(eg);
    return NULL;
}

void egi_state_destroy(eg_state *s)
{
    const eg_allocator *a = &s->eg->allocator;
    drop_bound(s);
    egi_vec_free(a, &s->bound);
    egi_free(a, s->block);
    egi_free(a, s->slot);
    egi_free(a, s);
}

void eg_state_free(eg_state *s)
{
    if (!s) return;
    eg_context *eg = s->eg;
    for (int64_t k = 0; k < eg->states.n; k++) {
        if (eg->states.at[k] != s) continue;
        eg->states.at[k] = eg->states.at[--eg->states.n];
        break;
    }
    if (eg->own_state == s) eg->own_state = NULL;
    egi_state_destroy(s);
}

eg_state *egi_state_of(eg_context *eg, eg_state *s)
{
    if (!s && !eg->own_state) eg->own_state = eg_state_new(eg);
    if (!s) s = eg->own_state;
    if (s && !egi_state_fit(s)) {
        no_room(eg);
        return NULL;
    }
    return s;
}

eg_state *eg_own_state(eg_context *eg) { return eg ? egi_state_of(eg, NULL) : NULL; }

eg_status eg_reset(eg_context *eg, eg_state *s)
{
    if (!eg) return EG_ERR_ARGUMENT;
    if (s && s->eg != eg) {
        egi_fail(eg, EG_ERR_SCOPE, NULL, 0, "eg_reset: the state belongs to another context");
        return eg->status;
    }
    if (!(s = egi_state_of(eg, s))) return eg->status;
    for (int64_t k = 0; k < eg->vars.n; k++) egi_state_initial(eg->vars.at[k], s->slot[k]);
    egi_block_head(s)->execution = 0;
    return EG_OK;
}

void *eg_data(eg_state *s, eg_var *v)
{
    if (!v || !v->eg) return NULL;
    if (s && s->eg != v->eg) {
        egi_fail(v->eg, EG_ERR_SCOPE, NULL, 0, "eg_data: the state and variable '%s' belong to different contexts",
                 v->name);
        return NULL;
    }
    s = egi_state_of(v->eg, s);
    return s ? s->slot[v->index] : NULL;
}

static bool sized(eg_var *v, const void *data, size_t bytes, const char *what)
{
    if (v->eg->status) return false;
    if (data && bytes == v->bytes) return true;
    if (!data)
        egi_fail(v->eg, EG_ERR_ARGUMENT, NULL, 0, "%s: the data for '%s' is NULL", what, v->name);
    else
        egi_fail(v->eg, EG_ERR_SHAPE, NULL, 0, "%s: '%s' has %zu bytes, %zu were given; give the whole array", what,
                 v->name, v->bytes, bytes);
    return false;
}

eg_status eg_write(eg_var *v, const void *data, size_t bytes)
{
    if (!v || !v->eg) return EG_ERR_ARGUMENT;
    void *to = sized(v, data, bytes, "eg_write") ? eg_data(NULL, v) : NULL;
    if (to) memcpy(to, data, bytes);
    return v->eg->status;
}

eg_status eg_read(eg_var *v, void *data, size_t bytes)
{
    if (!v || !v->eg) return EG_ERR_ARGUMENT;
    void *from = sized(v, data, bytes, "eg_read") ? eg_data(NULL, v) : NULL;
    if (from) memcpy(data, from, bytes);
    return v->eg->status;
}

/* Of complex numbers the imaginary part becomes 0. */
static void fill(const eg_var *v, void *to, double x)
{
    const size_t step = eg_dtype_size(v->spec.dtype);
    const eg_dtype t = egi_part_type(v->spec.dtype);
    uint64_t bits = egi_bits_of_real(t, x);
    if (egi_is_complex(v->spec.dtype)) memset(to, 0, v->bytes);
    for (size_t k = 0; k < v->bytes; k += step) memcpy((char *)to + k, &bits, eg_dtype_size(t));
}

eg_status eg_fill(eg_var *v, double x)
{
    if (!v || !v->eg) return EG_ERR_ARGUMENT;
    void *to = v->eg->status ? NULL : eg_data(NULL, v);
    if (to) fill(v, to, x);
    return v->eg->status;
}

static void *init_memory(eg_var *v)
{
    if (!v->init) v->init = egi_alloc(&v->eg->allocator, v->bytes, EGI_ALIGN);
    if (!v->init) egi_no_memory(v->eg);
    return v->init;
}

/* States that exist already keep their values until eg_reset; the context's own takes the new one at once: users expect
 * an initial value to be there from the start. */
static void initialise_own(eg_var *v)
{
    eg_state *s = v->eg->own_state;
    if (s && (int64_t)v->index < s->num) memcpy(s->slot[v->index], v->init, v->bytes);
}

eg_status eg_init(eg_var *v, const void *data, size_t bytes)
{
    if (!v || !v->eg) return EG_ERR_ARGUMENT;
    if (!sized(v, data, bytes, "eg_init") || !init_memory(v)) return v->eg->status;
    memcpy(v->init, data, bytes);
    initialise_own(v);
    return EG_OK;
}

eg_status eg_init_fill(eg_var *v, double x)
{
    if (!v || !v->eg) return EG_ERR_ARGUMENT;
    if (v->eg->status || !init_memory(v)) return v->eg->status;
    fill(v, v->init, x);
    initialise_own(v);
    return EG_OK;
}

eg_status eg_run_status(const eg_state *s) { return s ? s->status : EG_ERR_ARGUMENT; }

const char *eg_run_message(const eg_state *s) { return s ? s->message : "the state is NULL"; }

void eg_cancel(eg_state *s)
{
    if (s) atomic_store(&s->cancel, 1);
}
