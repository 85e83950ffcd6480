/* The header of an exported function: its state as a struct, its arguments and results. */
#include "api/export.h"

typedef struct header {
    const egi_solo *s;
    const eg_func *f;
    egi_text *out;
    bool apart;
    egi_text *member; /* names of the variables in the state */
} header;

static const char *c_type(eg_dtype t)
{
    switch (t) {
    case EG_BOOL: return "bool";
    case EG_I32: return "int32_t";
    case EG_U32: return "uint32_t";
    case EG_I64: return "int64_t";
    case EG_F32: return "float";
    case EG_F64: return "double";
    case EG_C64: /* pairs: stored as an axis more */
    case EG_C128:
    case EG_DTYPE_COUNT: break;
    }
    return "void";
}

/* A parameter's name, which must not be that of the function. */
static void put_name(header *h, const char *name, int k)
{
    egi_text t = {.allocator = h->out->allocator};
    egi_put(&t, k < 0 ? "%s" : "%s%d", name, k);
    bool same = t.s && !strcmp(t.s, h->s->name);
    egi_put(h->out, "%s%s", t.s ? t.s : "", same ? "_" : "");
    h->out->failed |= t.failed;
    egi_text_free(&t);
}

/* -- comments ------------------------------------------------------------------------------------------------------ */

static void list(header *h, const char *what, int n, eg_spec (*spec)(const eg_func *, int))
{
    for (int k = 0; k < n; k++) {
        egi_put(h->out, " *   %s[%d]: ", what, k);
        egi_put_spec(h->out, spec(h->f, k));
        egi_put(h->out, "\n");
    }
}

static bool draws(const egi_graph *g)
{
    for (egi_id id = 1; id < g->nodes.n; id++) {
        if (egi_at(g, id)->op == EGI_BITS) return true;
    }
    return false;
}

static bool has_complex(const eg_func *f)
{
    bool any = false;
    for (int k = 0; k < eg_num_args(f); k++) any = any || egi_is_complex(eg_arg_spec(f, k).dtype);
    for (int k = 0; k < eg_num_results(f); k++) any = any || egi_is_complex(eg_result_spec(f, k).dtype);
    for (int k = 0; k < eg_num_used_variables(f); k++)
        any = any || egi_is_complex(eg_variable_spec(eg_used_variable(f, k)).dtype);
    return any;
}

static void introduce(header *h, const char *cpu)
{
    const char *name = h->s->name;
    egi_put(h->out, "/* %s: function '", name);
    egi_put_comment(h->out, h->f->name);
    egi_put(h->out,
            "' as code for %s, made by Engram %d.%d.%d.\n *\n"
            " * Needs libc alone, neither Engram nor LLVM.  All that it changes is in the state: as many states as "
            "wanted run at\n * once, in as many threads; one serves one call at a time.  A state holds no pointers: it "
            "can be copied and saved.\n *\n",
            cpu, EG_VERSION_MAJOR, EG_VERSION_MINOR, EG_VERSION_PATCH);
    if (h->apart)
        egi_put(h->out,
                " * `data` is what the .data file of this export holds (%s_data_size bytes, aligned to %d; mmap() "
                "does), the same for all states.\n *\n",
                name, EGI_ALIGN);
    int in = eg_num_args(h->f), out = eg_num_results(h->f);
    egi_put(h->out, in ? " * Arguments: elements in C order.\n" : " * No arguments: in may be NULL.\n");
    list(h, "in", in, eg_arg_spec);
    egi_put(h->out,
            out ? " * Results: out, or any of its pointers, may be NULL.\n" : " * No results: out may be NULL.\n");
    list(h, "out", out, eg_result_spec);
    egi_put(h->out,
            " *\n%s * Every function returns\n"
            " *   0  all is well\n"
            " *   1  the state is NULL (init: 2), not initialised, or of another export\n"
            " *   2  an argument%s is NULL%s\n"
            " *   3  (init) this CPU lacks the instructions\n */\n",
            has_complex(h->f) ? " * Complex numbers (c64, c128) are pairs of floats, doubles: real part first.\n *\n"
                              : "",
            h->apart ? " or the data" : "", h->apart ? ", or the data are laid out otherwise" : "");
}

/* -- the state ----------------------------------------------------------------------------------------------------- */

/* A name that no other variable has: "E.V" and "E_V" are different variables. */
static bool is_free(const header *h, const char *name, int64_t slot)
{
    for (int64_t k = 0; k < h->s->g->vars.n; k++) {
        if (k != slot && h->member[k].s && !strcmp(h->member[k].s, name)) return false;
    }
    return true;
}

/* Says where it lies. */
static void tell_apart(const header *h, int64_t slot)
{
    egi_put(&h->member[slot], "_at_%lld", (long long)h->s->var_chosen[slot]);
}

/* First what each would be called if it were alone; those that then meet say where they lie. */
static void name_members(header *h)
{
    const int64_t n = h->s->g->vars.n;
    for (int64_t k = 0; k < n; k++) {
        egi_text *t = &h->member[k];
        *t = (egi_text){.allocator = h->out->allocator};
        egi_put_identifier(t, h->s->g->vars.at[k]->name);
        if (t->s && !egi_is_free_name(t->s, h->s->name)) egi_put(t, "_");
    }
    for (int64_t k = 0; k < n; k++) {
        bool meets = false;
        for (int64_t j = k + 1; j < n; j++) {
            if (!h->member[k].s || !h->member[j].s || strcmp(h->member[k].s, h->member[j].s) != 0) continue;
            tell_apart(h, j);
            meets = true;
        }
        if (meets) tell_apart(h, k);
    }
    for (int64_t k = 0; k < n; k++) {
        egi_text *t = &h->member[k];
        while (t->s && !t->failed && !is_free(h, t->s, k)) egi_put(t, "_");
        h->out->failed |= t->failed;
    }
}

static void member(header *h, int64_t slot)
{
    const eg_var *v = h->s->g->vars.at[slot];
    egi_put(h->out, "    /* '");
    egi_put_comment(h->out, v->name);
    egi_put(h->out, "': ");
    egi_put_spec(h->out, v->spec);
    egi_put(h->out, ", at %lld */\n", (long long)h->s->var_chosen[slot]);
    if (!v->bytes) return; /* C has no arrays of no elements */
    const eg_spec spec = egi_stored(v->spec);
    egi_put(h->out, "    %s %s", c_type(spec.dtype), h->member[slot].s ? h->member[slot].s : "");
    for (int k = 0; k < spec.rank; k++) egi_put(h->out, "[%lld]", (long long)spec.dim[k]);
    egi_put(h->out, ";\n");
}

/* The variable that lies next at or behind `at`; -1: none. */
static int64_t next(const egi_solo *s, int64_t at)
{
    int64_t best = -1;
    for (int64_t k = 0; k < s->g->vars.n; k++) {
        if (s->var_chosen[k] >= at && (best < 0 || s->var_chosen[k] < s->var_chosen[best])) best = k;
    }
    return best;
}

static void state(header *h)
{
    const egi_solo *s = h->s;
    egi_text *o = h->out;
    int64_t at = (int64_t)sizeof(egi_block), k, pad = 0;
    egi_put(o,
            "/* Variables, which may be read and written between calls, and behind them what a call needs for itself. "
            "*/\n"
            "typedef struct %s_state {\n"
            "    ENGRAM_ALIGN_%s uint64_t engram_head[%d]; /* [1]: random draws so far, [2]: seed */\n",
            s->name, s->name, (int)(sizeof(egi_block) / sizeof(uint64_t)));
    while ((k = next(s, at)) >= 0) {
        const int64_t from = s->var_chosen[k], bytes = (int64_t)s->g->vars.at[k]->bytes;
        if (from > at)
            egi_put(o, "    unsigned char engram_pad%lld[%lld];\n", (long long)pad++, (long long)(from - at));
        member(h, k);
        /* At least a line follows each variable. */
        at = from + bytes;
        if (!bytes) at = from;
        if (next(s, from + 1) < 0) break;
        if (!bytes) {
            egi_put(o, "    unsigned char engram_pad%lld[%d];\n", (long long)pad++, EGI_ALIGN);
            at = from + EGI_ALIGN;
        }
    }
    egi_put(o, "    unsigned char engram_rest[%lld];\n} %s_state;\n", (long long)(s->size - at), s->name);
    egi_put(o, "ENGRAM_ASSERT_%s(sizeof(%s_state) == %lld, \"the layout that the code was made for\");\n", s->name,
            s->name, (long long)s->size);
}

/* -- functions ----------------------------------------------------------------------------------------------------- */

static void parameters(header *h, const char *middle)
{
    egi_put(h->out, "%s_state *", h->s->name);
    put_name(h, "s", -1);
    if (h->apart) {
        egi_put(h->out, ", const void *");
        put_name(h, "data", -1);
    }
    egi_put(h->out, "%s)", middle);
}

/* The function with the types of its arguments and results. */
static void typed(header *h)
{
    egi_text *o = h->out;
    int in = eg_num_args(h->f), out = eg_num_results(h->f);
    egi_put(o,
            "\n/* The same with typed arguments: single numbers by value, arrays of so many elements by pointer. */\n"
            "static inline int %s_call(%s_state *",
            h->s->name, h->s->name);
    put_name(h, "s", -1);
    if (h->apart) {
        egi_put(o, ", const void *");
        put_name(h, "data", -1);
    }
    for (int k = 0; k < in; k++) {
        const eg_spec spec = egi_stored(eg_arg_spec(h->f, k));
        egi_put(o, spec.rank ? ", const %s *" : ", %s ", c_type(spec.dtype));
        put_name(h, "arg", k);
        if (spec.rank) egi_put(o, " /* %lld */", (long long)egi_spec_count(spec));
    }
    for (int k = 0; k < out; k++) {
        const eg_spec spec = egi_stored(eg_result_spec(h->f, k));
        egi_put(o, ", %s *", c_type(spec.dtype));
        put_name(h, "result", k);
        if (spec.rank) egi_put(o, " /* %lld */", (long long)egi_spec_count(spec));
    }
    egi_put(o, ")\n{\n");
    if (in) {
        egi_put(o, "    const void *engram_in[] = {");
        for (int k = 0; k < in; k++) {
            egi_put(o, k ? ", %s" : "%s", egi_stored(eg_arg_spec(h->f, k)).rank ? "" : "&");
            put_name(h, "arg", k);
        }
        egi_put(o, "};\n");
    }
    if (out) {
        egi_put(o, "    void *engram_out[] = {");
        for (int k = 0; k < out; k++) {
            egi_put(o, k ? ", " : "");
            put_name(h, "result", k);
        }
        egi_put(o, "};\n");
    }
    egi_put(o, "    return %s(", h->s->name);
    put_name(h, "s", -1);
    if (h->apart) {
        egi_put(o, ", ");
        put_name(h, "data", -1);
    }
    egi_put(o, ", %s, %s);\n}\n", in ? "engram_in" : "0", out ? "engram_out" : "0");
}

static void functions(header *h)
{
    const char *name = h->s->name;
    egi_text *o = h->out;
    egi_put(
        o,
        "\n/* Puts the state, uninitialised memory, into its initial state: variables, seed, no random draws%s. */\n"
        "int %s_init(",
        h->s->execution ? " but those made so far" : "", name);
    parameters(h, "");
    egi_put(o,
            ";\n\n/* One call of the function.  Arrays may be any memory of their type's alignment; up to 128 bytes "
            "behind their end are\n * read, never across the end of a page. */\nint %s(",
            name);
    parameters(h, ", const void *const *in, void *const *out");
    egi_put(o, ";\n");
    typed(h);
    if (!draws(h->s->g)) return;
    egi_put(o,
            "\n/* Another seed: states that differ in their random draws. */\n"
            "static inline void %s_seed(%s_state *",
            name, name);
    put_name(h, "s", -1);
    egi_put(o, ", uint64_t ");
    put_name(h, "seed", -1);
    egi_put(o, ") { ");
    put_name(h, "s", -1);
    egi_put(o, "->engram_head[2] = ");
    put_name(h, "seed", -1);
    egi_put(o, "; }\n");
}

static bool name_all(header *h)
{
    const int64_t n = h->s->g->vars.n;
    h->member = egi_alloc(h->out->allocator, (size_t)(n + 1) * sizeof *h->member, 16);
    if (h->member) name_members(h);
    h->out->failed |= !h->member;
    return h->member != NULL;
}

void egi_export_header(const egi_solo *s, const eg_func *f, const char *cpu, egi_text *out)
{
    header h = {s, f, out, s->kind == EGI_SOLO_APART, NULL};
    const char *n = s->name;
    if (!name_all(&h)) return;
    introduce(&h, cpu);
    egi_put(out,
            "#ifndef ENGRAM_EXPORT_%s_H\n#define ENGRAM_EXPORT_%s_H\n\n"
            "#include <stdbool.h>\n#include <stdint.h>\n\n"
            "#ifdef __cplusplus\n#define ENGRAM_ALIGN_%s alignas(%d)\n#define ENGRAM_ASSERT_%s static_assert\n"
            "extern \"C\" {\n"
            "#else\n#define ENGRAM_ALIGN_%s _Alignas(%d)\n#define ENGRAM_ASSERT_%s _Static_assert\n#endif\n\n",
            n, n, n, EGI_ALIGN, n, n, EGI_ALIGN, n);
    if (h.apart) egi_put(out, "#define %s_data_size %lldull\n\n", n, (long long)s->data_bytes);
    state(&h);
    functions(&h);
    egi_put(out, "\n#undef ENGRAM_ALIGN_%s\n#undef ENGRAM_ASSERT_%s\n#ifdef __cplusplus\n}\n#endif\n#endif\n", n, n);
    for (int64_t k = 0; k < s->g->vars.n; k++) egi_text_free(&h.member[k]);
    egi_free(out->allocator, h.member);
}
