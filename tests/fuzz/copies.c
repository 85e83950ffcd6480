/* Copies side by side (eg_vmap) against single runs: each copy has data and variables of its own.  Where copies are
 * averaged (eg_batch_mean) the interpreter against compiled code. */
#include "fuzz.h"

#include "engram/transform.h"

enum { MOST = 3, ROOM = 40 };

/* Type and shape of num copies. */
static eg_spec many(eg_spec s, int64_t num)
{
    for (int k = s.rank; k > 0; k--) s.dim[k] = s.dim[k - 1];
    s.dim[0] = num;
    s.rank++;
    return s;
}

static size_t bytes_of(eg_spec s) { return (size_t)fz_count(s) * eg_dtype_size(s.dtype); }

/* Host functions count their calls. */
bool fz_copies_fit(const fz_session *s)
{
    if (s->trace.has_host || s->trace.cost > 3e5 || s->eg->vars.n > ROOM || eg_num_results(s->f) > ROOM) return false;
    for (int64_t k = 0; k < s->eg->vars.n; k++) {
        if (s->eg->vars.at[k]->spec.rank == EG_MAX_RANK) return false;
    }
    for (int k = 0; k < eg_num_args(s->f); k++) {
        if (eg_arg_spec(s->f, k).rank == EG_MAX_RANK) return false;
    }
    return true;
}

/* Initial value of variable v in a copy; copy 0 has the program's.  Places in delay lines stay in them. */
static void initial(const fz_program *p, const eg_var *v, int copy, void *to)
{
    const char *end = strrchr(v->name, '.');
    if ((end && !strcmp(end, ".head")) || copy == 0) {
        memset(to, 0, v->bytes);
        if (v->init) memcpy(to, v->init, v->bytes);
        return;
    }
    fz_fill(v->spec, fz_mix(p->seed * 64 + 7000 * (uint64_t)copy + v->index), p->specials, false, to);
}

static void argument(const fz_session *s, int k, int copy, void *to)
{
    const fz_program *p = s->p;
    eg_spec spec = fz_spec_of(p, &p->arg[k]);
    if (copy == 0)
        memcpy(to, s->in[k].at, bytes_of(spec));
    else
        fz_fill(spec, fz_mix(p->seed * 64 + 9000 * (uint64_t)copy + (uint64_t)k), p->specials, p->arg[k].count, to);
}

bool fz_multiply(fz_session *s, int num, eg_var **all, char *why)
{
    eg_vmap_variable vars[ROOM];
    const int64_t n = s->eg->vars.n;
    char name[16];
    for (int64_t k = 0; k < n; k++) {
        eg_var *one = s->eg->vars.at[k];
        snprintf(name, sizeof name, "all%lld", (long long)k);
        vars[k] = (eg_vmap_variable){.one = one, .all = eg_variable(s->eg, name, many(one->spec, num))};
        if (!vars[k].all) break;
        if (all) all[k] = vars[k].all;
        char *rows = malloc(vars[k].all->bytes + 1);
        if (!rows) abort();
        for (int c = 0; c < num; c++) initial(s->p, one, c, rows + (size_t)c * one->bytes);
        eg_init(vars[k].all, rows, vars[k].all->bytes);
        free(rows);
    }
    for (int k = 0; k < s->num_in; k++) {
        eg_spec spec = eg_arg_spec(s->f, k);
        fz_memory m = fz_memory_new(bytes_of(many(spec, num)));
        for (int c = 0; c < num; c++) argument(s, k, c, m.at + (size_t)c * bytes_of(spec));
        fz_memory_free(&s->in[k]);
        s->in[k] = m;
    }
    if (!eg_error(s->eg))
        s->f = eg_vmap(s->f, num, &(eg_vmap_options){.num_vars = (int)n, .vars = vars, .same_draws = true});
    snprintf(why, FZ_WHY, "copies: %s", eg_message(s->eg));
    return !eg_error(s->eg);
}

/* Copy c of what all gave as an outcome of one: results, and the variables that hold all. */
static bool copy_agrees(const fz_outcome *all, const fz_outcome *one, int c, int num, char *why)
{
    fz_outcome part = *one;
    const int vars = one->n - one->num_results;
    for (int k = 0; k < one->n; k++) {
        int from = k < one->num_results ? k : k + vars;
        if (from >= all->n || fz_count(all->spec[from]) != num * fz_count(one->spec[k])) {
            snprintf(why, FZ_WHY, "copies: value %d has another size", k);
            return false;
        }
        part.data[k] = all->data[from] + (size_t)c * bytes_of(one->spec[k]);
    }
    part.status = all->status;
    memcpy(part.message, all->message, sizeof part.message);
    if (fz_equal(one, &part, why)) return true;
    size_t n = strlen(why);
    snprintf(why + n, FZ_WHY - n, " (copy %d of %d)", c, num);
    return false;
}

/* Copies that average are no single runs: interpreter and compiled code agree on them. */
static bool averages_agree(fz_session *all, fz_rng *r, char *why)
{
    fz_outcome ref, got;
    fz_run(all, &(eg_run_options){.interpret = true}, 1, &ref);
    fz_run(all, &(eg_run_options){.threads = 1 + (int)fz_below(r, 3)}, 1, &got);
    bool same = fz_equal(&ref, &got, why);
    fz_outcome_free(&ref);
    fz_outcome_free(&got);
    return same;
}

bool fz_copies_agree(fz_session *one, fz_session *all, int num, fz_rng *r, char *why)
{
    fz_outcome whole = {0};
    bool ok = true;
    if (one->trace.has_mean) return averages_agree(all, r, why);
    fz_run(all, &(eg_run_options){.interpret = fz_chance(r, 30), .threads = 1 + (int)fz_below(r, 3)}, 1, &whole);
    for (int c = 0; ok && c < num; c++) {
        fz_outcome single;
        for (int64_t k = 0; k < one->eg->vars.n; k++) {
            eg_var *v = one->eg->vars.at[k];
            char *data = malloc(v->bytes + 1);
            if (!data) abort();
            initial(one->p, v, c, data);
            if (c > 0) eg_init(v, data, v->bytes);
            free(data);
        }
        for (int k = 0; k < one->num_in && c > 0; k++) argument(one, k, c, one->in[k].at);
        fz_run(one, &(eg_run_options){.interpret = true}, 1, &single);
        ok = copy_agrees(&whole, &single, c, num, why);
        fz_outcome_free(&single);
    }
    fz_outcome_free(&whole);
    return ok;
}

bool fz_check_copies(const fz_program *p, const eg_options *o, fz_rng *r, char *why)
{
    fz_session one, all;
    const int num = 1 + (int)fz_below(r, MOST);
    bool ok = fz_open(&one, p, o, NULL, why);
    if (!ok || !fz_copies_fit(&one)) {
        if (ok) fz_close(&one);
        return ok;
    }
    ok = fz_open(&all, p, o, NULL, why);
    if (ok && fz_multiply(&all, num, NULL, why))
        ok = fz_copies_agree(&one, &all, num, r, why);
    else if (ok)
        ok = strstr(eg_message(all.eg), "one more") != NULL; /* axis than there can be */
    if (all.eg) fz_close(&all);
    fz_close(&one);
    return ok;
}
