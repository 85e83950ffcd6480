/* Reading a case: json, arrays, tolerances. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

struct golden_loaded {
    struct golden_loaded *next;
    golden_array array;
    char name[];
};

void golden_fail(golden *g, const char *format, ...)
{
    va_list ap;
    if (*g->why) return;
    va_start(ap, format);
    vsnprintf(g->why, sizeof g->why, format, ap);
    va_end(ap);
}

void golden_unsupported(golden *g, const char *what, const char *name)
{
    if (*g->why) return;
    golden_fail(g, "%s '%s'", what, name);
    g->unsupported = true;
}

/* -- what `run` says ----------------------------------------------------------------------------------------------- */

static const json_t *value(golden *g, const char *key)
{
    const json_t *v = json_object_get(g->run, key);
    if (!v) golden_fail(g, "run has no '%s'", key);
    return v;
}

const char *golden_name(golden *g, const char *key)
{
    const char *s = json_string_value(value(g, key));
    if (!s) golden_fail(g, "'%s' is no name", key);
    return s ? s : "";
}

double golden_number(golden *g, const char *key)
{
    const json_t *v = value(g, key);
    if (!json_is_number(v)) golden_fail(g, "'%s' is no number", key);
    return json_number_value(v);
}

const json_t *golden_entry(golden *g, const char *key, const char *name)
{
    char full[200];
    snprintf(full, sizeof full, "%s.%s", key, name);
    json_object_set_new(g->asked, full, json_true());
    return json_object_get(json_object_get(g->run, key), name);
}

double golden_param(golden *g, const char *key, const char *name, double otherwise)
{
    const json_t *v = golden_entry(g, key, name);
    if (json_is_boolean(v)) return json_is_true(v);
    return json_is_number(v) ? json_number_value(v) : otherwise;
}

int golden_numbers(golden *g, const json_t *list, double *to, int most)
{
    int n = (int)json_array_size(list);
    if (n > most) golden_fail(g, "a list of %d numbers", n);
    for (int k = 0; k < n && k < most; k++) to[k] = json_number_value(json_array_get(list, (size_t)k));
    return n < most ? n : most;
}

void golden_complete(golden *g)
{
    static const char *const maps[] = {"params", "options", "output_params", "g_max", "tau_syn", "E_rev"};
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, "outputs"), name, v)
    {
        if (!json_object_get(g->checked, name)) golden_fail(g, "result '%s' was not compared", name);
    }
    for (size_t k = 0; k < sizeof maps / sizeof *maps; k++) {
        json_object_foreach((json_t *)(uintptr_t)json_object_get(g->run, maps[k]), name, v)
        {
            char full[200];
            snprintf(full, sizeof full, "%s.%s", maps[k], name);
            if (!json_is_null(v) && !json_object_get(g->asked, full)) golden_unsupported(g, "parameter", full);
        }
    }
}

bool golden_has(const golden *g, const char *key, const char *name)
{
    const json_t *v = json_object_get(g->run, key);
    if (name) v = json_object_get(v, name);
    return v && !json_is_null(v);
}

/* -- arrays -------------------------------------------------------------------------------------------------------- */

static bool load(golden *g, const char *name, golden_array *a)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.npy", g->dir, name);
    eg_array *from = eg_npy_read(g->eg, path);
    eg_spec s = eg_array_spec(from);
    if (!from) {
        golden_fail(g, "%s", eg_message(g->eg));
        return false;
    }
    a->dtype = s.dtype;
    a->rank = s.rank;
    a->num = 1;
    for (int k = 0; k < s.rank; k++) a->num *= a->dim[k] = s.dim[k];
    a->data = malloc((size_t)(a->num + 1) * sizeof *a->data);
    const void *data = eg_array_data(from);
    for (int64_t k = 0; a->data && k < a->num; k++) {
        a->data[k] = s.dtype == EG_F64   ? ((const double *)data)[k]
                     : s.dtype == EG_I64 ? (double)((const int64_t *)data)[k]
                                         : ((const uint8_t *)data)[k];
    }
    if (s.dtype == EG_F64 || s.dtype == EG_I64 || s.dtype == EG_BOOL) return a->data != NULL;
    golden_fail(g, "%s is %s; cases hold f64, i64 and bool", name, eg_dtype_name(s.dtype));
    return false;
}

static const golden_array *array_named(golden *g, const char *name)
{
    for (struct golden_loaded *l = g->loaded; l; l = l->next) {
        if (!strcmp(l->name, name)) return &l->array;
    }
    struct golden_loaded *l = calloc(1, sizeof *l + strlen(name) + 1);
    if (!l) return NULL;
    strcpy(l->name, name);
    l->next = g->loaded;
    g->loaded = l;
    return load(g, name, &l->array) ? &l->array : NULL;
}

const golden_array *golden_input_array(golden *g, const char *key, const char *name)
{
    const json_t *v = value(g, key);
    if (name) v = json_object_get(v, name);
    if (!json_is_string(v)) {
        golden_fail(g, "'%s' names no array%s%s", key, name ? " for " : "", name ? name : "");
        return NULL;
    }
    return array_named(g, json_string_value(v));
}

/* -- comparing ----------------------------------------------------------------------------------------------------- */

void golden_check(golden *g, const char *result, const double *got, int64_t num)
{
    const char *name = json_string_value(json_object_get(json_object_get(g->run, "outputs"), result));
    if (!name || *g->why) return;
    const golden_array *want = array_named(g, name);
    const json_t *t = json_object_get(json_object_get(json_object_get(g->json, "arrays"), name), "tolerance");
    if (!want) return;
    if (!got || num != want->num) {
        golden_fail(g, "%s: %lld numbers, stored are %lld", result, got ? (long long)num : 0, (long long)want->num);
        return;
    }
    double rtol = json_number_value(json_object_get(t, "rtol")), atol = json_number_value(json_object_get(t, "atol"));
    g->checks++;
    json_object_set_new(g->checked, result, json_true());
    for (int64_t k = 0; k < num; k++) {
        double error = fabs(got[k] - want->data[k]), most = atol + rtol * fabs(want->data[k]);
        if (got[k] == want->data[k]) continue;
        if (!(error <= most))
            golden_fail(g, "%s: element %lld is %.17g, stored is %.17g", result, (long long)k, got[k], want->data[k]);
        if (most > 0 && error / most > g->worst) {
            g->worst = error / most;
            g->error = error;
            g->tolerance = most;
        }
    }
}

void golden_check_history(golden *g, const char *result, eg_history h)
{
    int64_t n = 1;
    for (int k = 0; k < h.spec.rank; k++) n *= h.spec.dim[k];
    double *x = malloc((size_t)(n + 1) * sizeof *x);
    for (int64_t k = 0; h.data && k < n; k++) {
        x[k] = h.spec.dtype == EG_F64   ? ((const double *)h.data)[k]
               : h.spec.dtype == EG_I64 ? (double)((const int64_t *)h.data)[k]
                                        : ((const uint8_t *)h.data)[k];
    }
    if (eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    if (!*g->why) golden_check(g, result, x, h.data ? n : -1);
    free(x);
}

void golden_free_arrays(golden *g)
{
    for (struct golden_loaded *l = g->loaded, *next; l; l = next) {
        next = l->next;
        free(l->array.data);
        free(l);
    }
    g->loaded = NULL;
}
