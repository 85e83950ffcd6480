/* Optimisers of all parameters of a system. */
#include "engram/parallel.h"
#include "engram/train.h"

eg_optimizer *(eg_optimizer_of)(eg_system *s, const char *name, const eg_optimizer_params *params, const char *file,
                                int line)
{
    eg_context *eg = eg_system_context(s);
    if (!s || eg_error(eg)) return NULL;
    int num = eg_num_parameters(s);
    if (!num) {
        eg_fail(eg, EG_ERR_STATE, file, line,
                "eg_optimizer_of: '%s' has no parameters to train; make them by eg_add_parameter, or by layers",
                eg_system_path(s));
        return NULL;
    }
    eg_var **vars = eg_keep(eg, (size_t)num * sizeof *vars);
    for (int k = 0; vars && k < num; k++) vars[k] = eg_parameter(s, k);
    return vars ? (eg_optimizer_new)(eg, name, params, num, vars, file, line) : NULL;
}
