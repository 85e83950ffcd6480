/* Programs that failed once, as text: read back, run on made-up data, interpreter against compiled code. */
#include "fuzz.h"

static char *load(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f) return NULL;
    size_t n = 0, cap = 1 << 16;
    char *text = malloc(cap);
    while (text) {
        n += fread(text + n, 1, cap - n - 1, f);
        if (n < cap - 1) break;
        text = realloc(text, cap *= 2);
    }
    fclose(f);
    if (text) text[n] = 0;
    return text;
}

/* f32[8,3] */
static const char *read_spec(const char *s, eg_spec *spec)
{
    *spec = (eg_spec){.rank = 0};
    for (int t = 0; t < EG_DTYPE_COUNT; t++) {
        size_t n = strlen(eg_dtype_name((eg_dtype)t));
        if (!strncmp(s, eg_dtype_name((eg_dtype)t), n)) {
            spec->dtype = (eg_dtype)t;
            s += n;
            break;
        }
    }
    if (*s != '[') return s;
    do spec->dim[spec->rank++] = strtoll(s + 1, (char **)(uintptr_t)&s, 10);
    while (*s == ',' && spec->rank < EG_MAX_RANK);
    return s + 1;
}

static void *filled(eg_spec spec, uint64_t key, bool specials, size_t *bytes)
{
    *bytes = (size_t)fz_count(spec) * eg_dtype_size(spec.dtype);
    void *data = malloc(*bytes + 1);
    if (!data) abort();
    fz_fill(spec, key, specials, false, data);
    return data;
}

/* The variables and arrays that the text names; connections are made up by eg_parse. */
static void objects(eg_context *eg, const char *text, uint64_t key, bool specials)
{
    uint64_t count = 0;
    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        bool variable = !strncmp(line, "variable ", 9), array = !strncmp(line, "array ", 6);
        if (!variable && !array) continue;
        eg_spec spec;
        const char *rest = read_spec(line + (variable ? 9 : 6), &spec);
        size_t bytes;
        void *data = filled(spec, fz_mix(key + ++count), specials, &bytes);
        if (array) {
            eg_array_new(eg, spec, data);
        } else {
            char name[100];
            if (sscanf(rest, " \"%99[^\"]\"", name) == 1) {
                eg_var *v = eg_variable(eg, name, spec);
                if (v) eg_init(v, data, bytes);
            }
        }
        free(data);
    }
}

static bool compare(const char *text, const eg_options *o, uint64_t key, bool specials, char *why)
{
    fz_program *p = calloc(1, sizeof *p);
    fz_session s = {.eg = fz_context(o), .p = p};
    fz_outcome ref = {0}, got = {0};
    if (!p) abort();
    objects(s.eg, text, key, specials);
    s.f = eg_parse(s.eg, text);
    bool ok = s.f && !eg_error(s.eg);
    if (!ok) snprintf(why, FZ_WHY, "%s", eg_message(s.eg));
    for (int k = 0; ok && k < eg_num_args(s.f) && k < FZ_OBJECTS; k++) {
        eg_spec spec = eg_arg_spec(s.f, k);
        s.in[s.num_in] = fz_memory_new((size_t)fz_count(spec) * eg_dtype_size(spec.dtype));
        fz_fill(spec, fz_mix(key + 100 + (uint64_t)k), specials, spec.rank == 0 && spec.dtype == EG_I64,
                s.in[s.num_in++].at);
    }
    if (ok) fz_run(&s, &(eg_run_options){.interpret = true}, 1, &ref);
    for (int threads = 1; ok && threads <= 4; threads++) {
        fz_run(&s, &(eg_run_options){.threads = threads}, 1, &got);
        ok = fz_equal(&ref, &got, why);
        fz_outcome_free(&got);
    }
    fz_outcome_free(&ref);
    fz_close(&s);
    free(p);
    return ok;
}

bool fz_regress(const char *path, char *why)
{
    static const eg_options options[] = {
        {.threads = 1},
        {.threads = 1, .chunk_ms = 1e-6},
        {.threads = 1, .no_passes = true},
        {.threads = 1, .lanes = 4, .cpu = "x86-64-v3"},
        {.threads = 1, .keep_denormals = true},
    };
    char *text = load(path);
    why[0] = 0;
    if (!text) {
        snprintf(why, FZ_WHY, "%s cannot be read", path);
        return false;
    }
    /* "; data KEY SPECIALS" says which numbers it failed on. */
    unsigned long long key = 1;
    int specials = 0;
    const char *data = strstr(text, "; data ");
    if (data && sscanf(data, "; data %llu %d", &key, &specials) < 1) key = 1;
    bool ok = true;
    for (size_t k = 0; k < EGI_LEN(options) && ok; k++) ok = compare(text, &options[k], key, specials != 0, why);
    free(text);
    return ok;
}
