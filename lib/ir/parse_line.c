/* Lines of the text form: the header's, and those that make nodes. */
#include "ir/parse.h"

enum { MAX_MADE_UP = 1 << 28 }; /* bytes of arrays and connections that a text may call into being */

/* -- captured objects ----------------------------------------------------------------------------------------- */

static bool parse_variable(parser *p)
{
    eg_spec spec;
    if (!egi_take_spec(p, &spec)) return false;
    const char *name = egi_take_string(p);
    if (!name) return false;
    for (int64_t k = 0; k < p->eg->vars.n; k++) {
        eg_var *v = p->eg->vars.at[k];
        if (strcmp(v->name, name) != 0) continue;
        if (!egi_spec_equal(v->spec, spec))
            return egi_bad_text(p, p->line, "variable '%s' of the context has another type or shape", name);
        return egi_push(&p->eg->allocator, &p->g->vars, v) ? true : egi_parse_lost(p);
    }
    return egi_bad_text(p, p->line, "the context has no variable '%s'; make it with eg_variable first", name);
}

static bool may_make(parser *p, int64_t bytes, const char *what)
{
    if (bytes <= MAX_MADE_UP - p->made_up) {
        p->made_up += bytes;
        return true;
    }
    return egi_bad_text(p, p->line, "%s is too large to be made up; make it in the context first", what);
}

/* The next array of the context, in order of creation, that has the type and shape; else a new one of zeros. */
static bool parse_array(parser *p)
{
    eg_spec spec;
    eg_array *a = NULL;
    if (!egi_take_spec(p, &spec)) return false;
    while (!a && p->arrays < p->eg->arrays.n) {
        eg_array *next = p->eg->arrays.at[p->arrays++];
        if (egi_spec_equal(next->spec, spec)) a = next;
    }
    if (!a) {
        int64_t n = egi_spec_count(spec);
        if (!may_make(p, n > MAX_MADE_UP ? INT64_MAX : n * (egi_is_complex(spec.dtype) ? 16 : 8), "the array"))
            return false;
        a = (eg_array_new)(p->eg, spec, NULL, NULL, 0);
        if (!a) return false;
        p->arrays = p->eg->arrays.n;
    }
    return egi_push(&p->eg->allocator, &p->g->arrays, a) ? true : egi_parse_lost(p);
}

/* Connections of that size with equally long rows and spread targets: enough to run the graph. */
static eg_csr *make_csr(parser *p, int64_t pre, int64_t post, int64_t size)
{
    const eg_allocator *a = &p->eg->allocator;
    int64_t *indptr = egi_alloc(a, (size_t)(pre + 1) * sizeof *indptr, 16);
    int32_t *indices = egi_alloc(a, (size_t)size * sizeof *indices, 16);
    eg_csr *c = NULL;
    if (indptr && indices) {
        for (int64_t i = 0; i < pre; i++) {
            int64_t n = size / pre + (i < size % pre), from = indptr[i];
            indptr[i + 1] = from + n;
            for (int64_t k = 0; k < n; k++) indices[from + k] = (int32_t)((i + k * 7) % post);
        }
        c = (eg_csr_new)(p->eg, pre, post, indptr, indices, NULL, 0);
    } else {
        egi_parse_lost(p);
    }
    egi_free(a, indptr);
    egi_free(a, indices);
    return c;
}

static bool parse_csr(parser *p)
{
    int64_t pre, post, size;
    eg_csr *c = NULL;
    if (!egi_take_int(p, 0, INT32_MAX, &pre, "number of sources") ||
        !egi_take_int(p, 0, INT32_MAX, &post, "number of targets") ||
        !egi_take_int(p, 0, INT64_MAX, &size, "number of synapses"))
        return false;
    while (!c && p->csrs < p->eg->csrs.n) {
        eg_csr *next = p->eg->csrs.at[p->csrs++];
        if (eg_csr_num_pre(next) == pre && eg_csr_num_post(next) == post && eg_csr_size(next) == size) c = next;
    }
    if (!c) {
        if (size && (!pre || !post)) return egi_bad_text(p, p->line, "synapses need sources and targets");
        if (!may_make(p, size > MAX_MADE_UP ? INT64_MAX : (size + pre + post) * 8, "the CSR")) return false;
        c = make_csr(p, pre, post, size);
        if (!c) return false;
        p->csrs = p->eg->csrs.n;
    }
    return egi_push(&p->eg->allocator, &p->g->csrs, c) ? true : egi_parse_lost(p);
}

static bool parse_host(parser *p)
{
    const egi_host *h = NULL;
    const char *name = egi_take_string(p);
    if (!name) return false;
    for (int k = 0; k < p->num_hosts && !h; k++) {
        if (p->hosts[k].name && !strcmp(p->hosts[k].name, name)) h = &p->hosts[k];
    }
    if (!h) return egi_bad_text(p, p->line, "there is no host function '%s': code cannot be read from text", name);
    egi_host own = {.name = name, .fn = h->fn, .user = h->user, .num_out = h->num_out};
    own.out = egi_arena_alloc(&p->g->arena, (size_t)h->num_out * sizeof *own.out);
    if (!own.out) return egi_parse_lost(p);
    for (int k = 0; k < h->num_out; k++) {
        if (!egi_take_spec(p, &own.out[k])) return false;
        if (!egi_spec_equal(own.out[k], h->out[k]))
            return egi_bad_text(p, p->line, "output %d of host function '%s' has another type or shape", k, name);
    }
    return egi_push(&p->eg->allocator, &p->g->hosts, own) ? true : egi_parse_lost(p);
}

bool egi_parse_header(parser *p, bool *was)
{
    eg_spec spec;
    int64_t streams;
    *was = true;
    if (egi_take(p, "arg")) {
        if (!egi_take_spec(p, &spec) || !egi_take_end(p)) return false;
        return egi_push(&p->eg->allocator, &p->g->args, spec) ? true : egi_parse_lost(p);
    }
    if (egi_take(p, "variable")) return parse_variable(p) && egi_take_end(p);
    if (egi_take(p, "array")) return parse_array(p) && egi_take_end(p);
    if (egi_take(p, "csr")) return parse_csr(p) && egi_take_end(p);
    if (egi_take(p, "host")) return parse_host(p) && egi_take_end(p);
    if (egi_take(p, "streams")) {
        if (!egi_take_int(p, 0, INT64_MAX, &streams, "number of streams") || !egi_take_end(p)) return false;
        p->g->streams = (uint64_t)streams;
        return true;
    }
    *was = false;
    return true;
}

/* -- nodes ---------------------------------------------------------------------------------------------------- */

static bool parse_op(parser *p, egi_op *op)
{
    const char *name;
    int n;
    if (!egi_take_name(p, &name, &n)) return egi_bad_text(p, p->line, "an operation is missing");
    for (*op = EGI_NONE + 1; *op < EGI_OP_COUNT; (*op)++) {
        if (strlen(egi_ops[*op].text) == (size_t)n && !strncmp(egi_ops[*op].text, name, (size_t)n)) return true;
    }
    return egi_bad_text(p, p->line, "there is no operation '%.*s'", n, name);
}

/* {1, 2} or {body 1, carried 2, ...} */
static bool parse_attributes(parser *p, egi_op op, uint32_t *attr)
{
    const char *const *words = egi_attr_words(op);
    int64_t v[4 * EG_MAX_RANK] = {0};
    int n = 0, most = words ? (op == EGI_LOOP ? 4 : 2) : (int)EGI_LEN(v);
    *attr = 0;
    if (!egi_take_char(p, '{')) return true;
    do {
        if (n == most) return egi_bad_text(p, p->line, "there are too many attributes");
        if (words && !egi_take(p, words[n])) return egi_bad_text(p, p->line, "attribute '%s' is missing", words[n]);
        if (!egi_take_int(p, INT64_MIN, INT64_MAX, &v[n++], "attribute")) return false;
    } while (egi_take_char(p, ','));
    if (!egi_take_char(p, '}')) return egi_bad_text(p, p->line, "the attributes do not end in }");
    *attr = egi_ints(p->g, n, v);
    p->regions_left = egi_regions_of(op);
    p->cond = op == EGI_COND;
    if (n < p->regions_left) return egi_bad_text(p, p->line, "the regions are not named");
    memcpy(p->region_of, v, sizeof p->region_of);
    return true;
}

static bool parse_number(parser *p, egi_make *m)
{
    int64_t n;
    if (!egi_has_number(m->op)) return true;
    if (m->op == EGI_CONST) {
        while (*p->s == ' ') p->s++;
        if (m->dtype < EG_DTYPE_COUNT && egi_read_literal(&p->s, m->dtype, &m->imm)) return true;
        return egi_bad_text(p, p->line,
                            "it is no number of its type; where digits do not do, write bits like 0x3f800000");
    }
    if (m->op == EGI_VAR) {
        const char *name = egi_take_string(p);
        if (!name) return false;
        for (int64_t k = 0; k < p->g->vars.n; k++) {
            m->imm = (uint64_t)k;
            if (!strcmp(p->g->vars.at[k]->name, name)) return true;
        }
        return egi_bad_text(p, p->line, "variable '%s' is not in the header", name);
    }
    if (!egi_take_char(p, '#')) return egi_bad_text(p, p->line, "its number is missing, like #0");
    if (!egi_take_int(p, 0, INT64_MAX, &n, "number")) return false;
    m->imm = (uint64_t)n;
    return true;
}

/* %12 = fma f32[4000] %3 %4 %5 {attributes} #number ; file:line name */
bool egi_parse_node(parser *p)
{
    record r = {.line = p->line, .region = p->stack[p->depth], .args = p->ids.n};
    egi_shape shape = {0};
    eg_spec spec = {.dtype = EG_DTYPE_COUNT};
    if (!egi_take_id(p, &r.id)) return false;
    if (!egi_take_char(p, '=')) return egi_bad_text(p, p->line, "= is missing");
    if (!parse_op(p, &r.make.op)) return false;
    while (*p->s == ' ') p->s++;
    if (*p->s >= 'a' && *p->s <= 'z' && !egi_take_spec(p, &spec)) return false;
    r.make.dtype = spec.dtype;
    shape.rank = spec.rank;
    memcpy(shape.dim, spec.dim, sizeof shape.dim);
    r.make.shape = egi_shape_intern(p->g, &shape);
    while (*p->s == ' ') p->s++;
    for (egi_id a; *p->s == '%'; r.make.num_args++) {
        if (!egi_take_id(p, &a)) return false;
        if (!egi_push(&p->eg->allocator, &p->ids, a)) return egi_parse_lost(p);
        while (*p->s == ' ') p->s++;
    }
    p->owner = r.id;
    p->regions_left = 0;
    if (!parse_attributes(p, r.make.op, &r.make.attr)) return false;
    if (!parse_number(p, &r.make) || !egi_take_place(p, &r.loc)) return false;
    return egi_push(&p->eg->allocator, &p->records, r) ? true : egi_parse_lost(p);
}
