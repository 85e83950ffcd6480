/* eg_gradient: what is asked for, checked. */
#include "engram/transform.h"

#include <stdio.h>

#include "api/api.h"
#include "opt/grad_graph.h"

typedef EGI_VEC(egi_wrt) wrt_list;

/* Complex numbers have gradients as the pairs of floats that they are. */
static bool has_gradient(eg_dtype t) { return egi_is_float(t) || egi_is_complex(t); }

static bool add(eg_context *eg, wrt_list *list, egi_wrt w)
{
    if (egi_push(&eg->allocator, list, w)) return true;
    egi_no_memory(eg);
    return false;
}

static bool add_argument(eg_func *f, wrt_list *list, int k, const char *file, int line)
{
    if (k < 0 || k >= eg_num_args(f)) {
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_gradient of '%s': there is no argument %d; it takes %d",
                 f->name, k, eg_num_args(f));
        return false;
    }
    if (!has_gradient(f->traced->args.at[k].dtype)) {
        egi_fail(f->eg, EG_ERR_TYPE, file, line,
                 "eg_gradient of '%s': argument %d is %s; only floats have gradients: name those in options.args",
                 f->name, k, eg_dtype_name(f->traced->args.at[k].dtype));
        return false;
    }
    return add(f->eg, list, (egi_wrt){NULL, k});
}

static bool add_variable(eg_func *f, wrt_list *list, eg_var *v, const char *file, int line)
{
    if (!v || v->eg != f->eg) {
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_gradient of '%s': a variable is %s", f->name,
                 v ? "of another context" : "NULL");
        return false;
    }
    if (!has_gradient(v->spec.dtype)) {
        egi_fail(f->eg, EG_ERR_TYPE, file, line, "eg_gradient of '%s': variable '%s' is %s; only floats have gradients",
                 f->name, v->name, eg_dtype_name(v->spec.dtype));
        return false;
    }
    return add(f->eg, list, (egi_wrt){v, -1});
}

/* What is asked for, or all floating arguments. */
static bool list_wrt(eg_func *f, const eg_gradient_options *o, wrt_list *list, const char *file, int line)
{
    if (o->num_args < 0 || o->num_vars < 0 || (o->num_args && !o->args) || (o->num_vars && !o->vars)) {
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_gradient of '%s': the list of %s is missing", f->name,
                 o->num_args < 0 || (o->num_args && !o->args) ? "arguments" : "variables");
        return false;
    }
    for (int k = 0; k < o->num_args; k++) {
        if (!add_argument(f, list, o->args[k], file, line)) return false;
    }
    for (int k = 0; k < o->num_vars; k++) {
        if (!add_variable(f, list, o->vars[k], file, line)) return false;
    }
    for (int k = 0; k < eg_num_args(f) && !o->num_args && !o->num_vars; k++) {
        if (has_gradient(f->traced->args.at[k].dtype) && !add_argument(f, list, k, file, line)) return false;
    }
    if (list->n) return true;
    egi_fail(f->eg, EG_ERR_ARGUMENT, file, line,
             "eg_gradient of '%s': it has no floating argument; name the variables in options.vars", f->name);
    return false;
}

/* The node to differentiate; 0 after an error. */
static egi_id chosen(eg_func *f, const eg_gradient_options *o, const char *file, int line)
{
    const egi_ids *results = &f->traced->regions.at[0].results;
    if (o->result < 0 || o->result >= results->n) {
        egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_gradient of '%s': there is no result %d; it gives %lld",
                 f->name, o->result, (long long)results->n);
        return 0;
    }
    egi_id id = results->at[o->result];
    const eg_spec spec = egi_result_spec(f->traced, o->result);
    if (o->pullback ? has_gradient(spec.dtype) : egi_is_float(spec.dtype) && spec.rank == 0) return id;
    egi_text t = {.allocator = &f->eg->allocator};
    egi_put_spec(&t, spec);
    const char *remedy = egi_is_float(spec.dtype) ? "reduce it by eg_sum or eg_mean, or set options.pullback"
                         : egi_is_complex(spec.dtype)
                             ? "make one of it by eg_re, eg_im or eg_abs, or set options.pullback"
                             : "convert it";
    egi_fail(f->eg, egi_is_float(spec.dtype) ? EG_ERR_SHAPE : EG_ERR_TYPE, file, line,
             "eg_gradient of '%s': result %d is %s, not a floating scalar; %s", f->name, o->result, t.s ? t.s : "",
             remedy);
    egi_text_free(&t);
    return 0;
}

static bool policy_fits(eg_func *f, const eg_gradient_options *o, const char *file, int line)
{
    bool known = (unsigned)o->policy <= EG_CHECKPOINT_EVERY;
    if (known && (o->policy != EG_CHECKPOINT_EVERY || o->every >= 1)) return true;
    egi_fail(f->eg, EG_ERR_ARGUMENT, file, line, "eg_gradient of '%s': %s", f->name,
             known ? "options.every must be at least 1" : "unknown policy");
    return false;
}

eg_func *(eg_gradient)(eg_func *f, const eg_gradient_options *options, const char *file, int line)
{
    static const eg_gradient_options defaults = {0};
    const eg_gradient_options *o = options ? options : &defaults;
    if (!f || !egi_ready(f->eg)) return NULL;
    eg_context *eg = f->eg;
    wrt_list wrt = {0};
    egi_graph *g = NULL;
    eg_func *made = NULL;
    egi_id result = chosen(f, o, file, line);
    if (result && policy_fits(f, o, file, line) && list_wrt(f, o, &wrt, file, line))
        g = egi_gradient(f->traced, result, (int)wrt.n, wrt.at, o);
    if (g) {
        char name[200];
        snprintf(name, sizeof name, "gradient of %s", f->name);
        made = egi_func_of(eg, name, g);
    }
    egi_graph_free(g);
    egi_vec_free(&eg->allocator, &wrt);
    return made;
}
