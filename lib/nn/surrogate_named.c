/* Surrogates by name. */
#include <stdio.h>
#include <string.h>

#include "engram/parallel.h"
#include "surrogate.h"

/* BrainPy's other names: of the functions of two inputs, whose slope is what counts here, and those that it has
 * deprecated, some of which call alpha scale. */
static const struct {
    const char *name, *row;
    bool scale_is_alpha;
} aliases[] = {
    {"inv_square_grad2", "inv_square_grad", false},       {"relu_grad2", "relu_grad", false},
    {"spike_with_sigmoid_grad", "inv_square_grad", true}, {"spike2_with_sigmoid_grad", "inv_square_grad", true},
    {"spike_with_linear_grad", "relu_grad", true},        {"spike2_with_linear_grad", "relu_grad", true},
    {"spike_with_gaussian_grad", "gaussian_grad", true},  {"spike_with_mg_grad", "multi_gaussian_grad", false}};

/* A list of names for a message. */
typedef struct list {
    char text[400];
} list;

static void add(list *l, const char *name)
{
    size_t n = strlen(l->text);
    snprintf(l->text + n, sizeof l->text - n, "%s%s", n ? ", " : "", name);
}

/* The row of a name; *scale_is_alpha: is it one of those aliases? */
static const surrogate_row *find(const char *name, bool *scale_is_alpha)
{
    *scale_is_alpha = false;
    for (size_t k = 0; k < sizeof aliases / sizeof *aliases; k++) {
        if (strcmp(name, aliases[k].name) != 0) continue;
        *scale_is_alpha = aliases[k].scale_is_alpha;
        name = aliases[k].row;
        break;
    }
    for (const surrogate_row *r = surrogate_rows; r->name; r++) {
        if (!strcmp(name, r->name)) return r;
    }
    return NULL;
}

/* Number of the parameter; -1 if there is none. */
static int parameter(const surrogate_row *r, const char *name, bool scale_is_alpha)
{
    if (scale_is_alpha && !strcmp(name, "scale")) name = "alpha";
    for (int k = 0; k < EG_SURROGATE_PARAMS && r->param[k].name; k++) {
        if (!strcmp(name, r->param[k].name)) return k;
    }
    return -1;
}

eg_surrogate(eg_surrogate_named)(eg_context *eg, const char *name, int num, const eg_surrogate_param *params,
                                 const char *file, int line)
{
    static const char what[] = "eg_surrogate_named";
    list l = {""};
    bool scale_is_alpha;
    if (!eg || eg_error(eg)) return (eg_surrogate){0};
    const surrogate_row *r = name ? find(name, &scale_is_alpha) : NULL;
    if (!r) {
        for (r = surrogate_rows; r->name; r++) add(&l, r->name);
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: no surrogate '%s'; there are %s", what, name ? name : "(null)",
                l.text);
        return (eg_surrogate){0};
    }
    if (num < 0 || (num && !params)) {
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %d parameters of %s; give 0 or more, and an array of them", what,
                num, name);
        return (eg_surrogate){0};
    }
    eg_surrogate s = surrogate_of(r);
    for (int k = 0; k < num; k++) {
        const char *given = params[k].name ? params[k].name : "(null)";
        int at = parameter(r, given, scale_is_alpha);
        if (at < 0) {
            for (int j = 0; j < EG_SURROGATE_PARAMS && r->param[j].name; j++) add(&l, r->param[j].name);
            eg_fail(eg, EG_ERR_ARGUMENT, file, line, "%s: %s has no parameter '%s'; it has %s", what, name, given,
                    l.text);
            return (eg_surrogate){0};
        }
        s.p[at] = params[k].value;
    }
    return surrogate_check(eg, what, &s, file, line) ? s : (eg_surrogate){0};
}
