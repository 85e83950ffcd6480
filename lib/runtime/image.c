/* Images: solo code for files, with the data and initial values that go with it. */
#include "core/context.h"
#include "ir/func.h"
#include "runtime/solo.h"

static bool uniform(const char *x, int64_t bytes, size_t size)
{
    return bytes <= (int64_t)size || !memcmp(x, x + size, (size_t)bytes - size);
}

/* What the variable holds at first: nothing to be done for zeros, one element for all, or an array of the data. */
static bool add_variable(egi_solo *s, const eg_var *v, int64_t to, const void *x)
{
    const size_t size =
        v->spec.dtype == EG_C128 ? 8 : eg_dtype_size(v->spec.dtype); /* an element has 8 bytes at most */
    egi_image m = {.to = to, .bytes = (int64_t)v->bytes, .from = -1, .size = (int)size};
    if (!x || !v->bytes) return true;
    if (uniform(x, m.bytes, size)) {
        memcpy(&m.element, x, size);
        if (m.element == 0) return true;
    } else {
        m.from = egi_solo_reserve(s, m.bytes);
    }
    return egi_push(&s->g->eg->allocator, &s->image, m);
}

static const void *first_value(const egi_solo *s, const eg_state *state, int64_t slot)
{
    const eg_var *v = s->g->vars.at[slot];
    return state ? state->slot[v->index] : v->init;
}

static bool add_variables(egi_solo *s, const eg_state *state)
{
    for (int64_t k = 0; k < s->g->vars.n; k++) {
        const eg_var *v = s->g->vars.at[k];
        if (s->var_chosen[k] >= 0 && !add_variable(s, v, s->var_chosen[k], first_value(s, state, k))) return false;
    }
    return true;
}

static void copy_data(const egi_solo *s, egi_delivery *const *plans, const eg_state *state, char *data)
{
    for (int64_t k = 0; k < s->num_data; k++) {
        const void *x = egi_solo_datum(s, plans, k);
        if (x) memcpy(data + s->datum[k].at, x, (size_t)s->datum[k].bytes);
    }
    for (int64_t k = 0; k < s->g->vars.n; k++) {
        for (int64_t j = 0; j < s->image.n; j++) {
            const egi_image *m = &s->image.at[j];
            if (m->from >= 0 && m->to == s->var_chosen[k])
                memcpy(data + m->from, first_value(s, state, k), (size_t)m->bytes);
        }
    }
}

/* Of what the block holds and means: a block of one function is not taken for that of another. */
static uint64_t magic_of(const egi_solo *s)
{
    uint64_t h = egi_hash(s->name, strlen(s->name), EG_VERSION);
    for (int64_t k = 0; k < s->g->vars.n; k++) {
        const eg_var *v = s->g->vars.at[k];
        if (s->var_chosen[k] < 0) continue;
        h = egi_hash(v->name, strlen(v->name), h);
        h = egi_hash(&v->spec.dtype, sizeof v->spec.dtype, h);
        h = egi_hash(v->spec.dim, (size_t)v->spec.rank * sizeof *v->spec.dim, h);
    }
    h = egi_hash(s->datum, (size_t)s->num_data * sizeof *s->datum, h);
    return egi_hash(&s->size, sizeof s->size, h) | 1;
}

/* Of where everything lies in data that come by themselves: those of another export may be shorter. */
static uint64_t data_magic_of(const egi_solo *s)
{
    uint64_t h = egi_hash(&s->data_bytes, sizeof s->data_bytes, s->magic);
    for (int64_t k = 0; k < s->image.n; k++) {
        const int64_t m[] = {s->image.at[k].to, s->image.at[k].from, s->image.at[k].bytes};
        h = egi_hash(m, sizeof m, h);
    }
    return h | 1;
}

bool egi_image_make(egi_solo *s, eg_func *f, const egi_image_options *o, char **data)
{
    eg_context *eg = f->eg;
    egi_delivery **plans = NULL;
    *data = NULL;
    *s = (egi_solo){.g = f->graph,
                    .kind = o->kind,
                    .name = o->name,
                    .begin = sizeof(egi_block),
                    .seed = o->state ? egi_block_head(o->state)->seed : eg->options.seed,
                    .execution = o->state ? egi_block_head(o->state)->execution : 0};
    /* Data that come by themselves begin with the number that blocks begin with. */
    if (o->kind == EGI_SOLO_APART) egi_solo_reserve(s, sizeof s->magic);
    if (!egi_compile_solo(s, o->cpu)) return false;
    s->magic = magic_of(s);
    bool ok = egi_solo_plans(s, &plans) && add_variables(s, o->state);
    s->data_magic = data_magic_of(s);
    if (ok && o->kind == EGI_SOLO_EMBED && s->data_bytes > EGI_MOST_EMBEDDED) {
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0,
                 "eg_export of '%s': arrays, connections and initial values are %lld MB, more than an object takes; "
                 "use data_apart",
                 f->name, (long long)(s->data_bytes >> 20));
        ok = false;
    }
    if (ok && s->data_bytes) *data = egi_alloc(&eg->allocator, (size_t)s->data_bytes, EGI_ALIGN);
    ok = ok && (*data || !s->data_bytes);
    if (ok && *data) copy_data(s, plans, o->state, *data);
    if (ok && o->kind == EGI_SOLO_APART) memcpy(*data, &s->data_magic, sizeof s->data_magic);
    egi_solo_plans_free(s, plans);
    if (!ok) egi_no_memory(eg);
    return ok;
}
