/* Kind `loss`: losses and regularisers, of values that are arguments of a function. */
#include <stdlib.h>
#include <string.h>

#include "golden.h"

enum { MOST = 4 };
static const char *const pairs[] = {"predicts", "targets", NULL};
static const char *const singles[] = {"x", NULL};
static const char *const sequences[] = {"logits", "logit_paddings", "labels", "label_paddings", NULL};

static eg_reduction reduction(golden *g)
{
    static const char *const names[] = {[EG_REDUCTION_MEAN] = "mean", "sum", "none"};
    const json_t *v = golden_entry(g, "options", "reduction");
    for (int k = EG_REDUCTION_MEAN; k <= EG_REDUCTION_NONE; k++) {
        if (json_is_string(v) && !strcmp(json_string_value(v), names[k])) return (eg_reduction)k;
    }
    if (v) golden_fail(g, "'reduction' is none");
    return EG_REDUCTION_DEFAULT;
}

/* The option `axis`: how many, 0 or 1. */
static int axes(golden *g, int *axis)
{
    const json_t *v = golden_entry(g, "options", "axis");
    *axis = (int)json_integer_value(v);
    return json_is_integer(v);
}

static eg_val of_pair(golden *g, const char *f, eg_val p, eg_val t)
{
    int axis;
    eg_cross_entropy_options o = {.reduction = EG_REDUCTION_DEFAULT};
#define X(name)                                                                                                        \
    if (!strcmp(f, #name)) return (eg_##name)(p, t, axes(g, &axis), &axis, EG_HERE);
    EG_MEAN_ERRORS(X)
#undef X
    if (!strcmp(f, "l1_loos")) return eg_l1_loss(p, t, reduction(g));
    if (!strcmp(f, "huber_loss")) return eg_huber_loss(p, t, golden_param(g, "options", "delta", 0));
    if (!strcmp(f, "cross_entropy_loss")) {
        o.reduction = reduction(g);
        return eg_cross_entropy_loss(p, t, &o);
    }
    eg_loss_fn loss = eg_loss_by_name(g->eg, f);
    if (loss) return loss(p, t, EG_HERE);
    golden_unsupported(g, "function", f);
    return eg_nothing();
}

static eg_val of_single(golden *g, const char *f, eg_val x)
{
    int axis;
#define X(name)                                                                                                        \
    if (!strcmp(f, #name)) return (eg_##name)(x, axes(g, &axis), &axis, EG_HERE);
    EG_MEAN_SIZES(X)
#undef X
    if (!strcmp(f, "l2_norm")) return eg_l2_norm(x);
    if (!strcmp(f, "log_cosh")) return eg_log_cosh(x);
    if (!strcmp(f, "smooth_labels")) return eg_smooth_labels(x, golden_param(g, "options", "alpha", 0));
    golden_unsupported(g, "function", f);
    return eg_nothing();
}

static eg_val of_sequences(golden *g, const char *f, eg_val x)
{
    eg_ctc_options o = {.blank_id = (int64_t)golden_param(g, "options", "blank_id", 0)};
    if (!strcmp(f, "ctc_loss")) return eg_ctc_loss(eg_item(x, 0), eg_item(x, 1), eg_item(x, 2), eg_item(x, 3), &o);
    golden_unsupported(g, "function", f);
    return eg_nothing();
}

static eg_val traced(void *user, eg_val x)
{
    golden *g = user;
    const char *f = golden_name(g, "function");
    if (golden_has(g, "args", "x")) return of_single(g, f, x);
    return golden_has(g, "args", "predicts") ? of_pair(g, f, eg_item(x, 0), eg_item(x, 1)) : of_sequences(g, f, x);
}

/* The array's elements in the type of its file. */
static void *elements(const golden_array *a)
{
    void *data = malloc((size_t)(a->num + 1) * sizeof(double));
    for (int64_t k = 0; data && k < a->num; k++) {
        if (a->dtype == EG_I64)
            ((int64_t *)data)[k] = (int64_t)a->data[k];
        else
            ((double *)data)[k] = a->data[k];
    }
    return data;
}

static eg_spec spec_of(golden *g, const golden_array *a)
{
    eg_spec s = {.dtype = a->dtype, .rank = a->rank};
    for (int k = 0; k < a->rank && k < EG_MAX_RANK; k++) s.dim[k] = a->dim[k];
    if (a->dtype != EG_F64 && a->dtype != EG_I64) golden_fail(g, "an argument is %s", eg_dtype_name(a->dtype));
    return s;
}

static void run(golden *g, eg_func *f, const void *const *in)
{
    if (!f) return;
    eg_spec s = eg_result_spec(f, 0);
    int64_t num = 1;
    for (int k = 0; k < s.rank; k++) num *= s.dim[k];
    double *out = malloc((size_t)(num + 1) * sizeof *out);
    if (s.dtype != EG_F64)
        golden_fail(g, "the loss is %s", eg_dtype_name(s.dtype));
    else if (out && eg_call(f, NULL, in, (void *[]){out}, NULL) == EG_OK)
        golden_check(g, "loss", out, num);
    free(out);
}

void golden_loss(golden *g)
{
    const char *const *names = golden_has(g, "args", "x")          ? singles
                               : golden_has(g, "args", "predicts") ? pairs
                                                                   : sequences;
    eg_spec specs[MOST];
    void *data[MOST] = {NULL};
    int n = 0;
    for (; names[n] && !*g->why; n++) {
        const golden_array *a = golden_input_array(g, "args", names[n]);
        if (!a) break;
        specs[n] = spec_of(g, a);
        data[n] = elements(a);
    }
    if (!*g->why) run(g, eg_trace(g->eg, "loss", traced, g, n, specs), (const void *const *)data);
    for (int k = 0; k < MOST; k++) free(data[k]);
}
