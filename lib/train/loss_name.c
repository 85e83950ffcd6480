/* Losses by their names. */
#include <stdio.h>
#include <string.h>

#include "loss.h"

/* What takes options, with the defaults. */
static eg_val cross_entropy_loss(eg_val p, eg_val t, const char *file, int line)
{
    return (eg_cross_entropy_loss)(p, t, NULL, file, line);
}
static eg_val l1_loss(eg_val p, eg_val t, const char *file, int line)
{
    return (eg_l1_loss)(p, t, EG_REDUCTION_DEFAULT, file, line);
}
static eg_val huber_loss(eg_val p, eg_val t, const char *file, int line)
{
    return (eg_huber_loss)(p, t, 0, file, line);
}
#define X(name)                                                                                                        \
    static eg_val name(eg_val p, eg_val t, const char *file, int line)                                                 \
    {                                                                                                                  \
        return (eg_##name)(p, t, 0, NULL, file, line);                                                                 \
    }
EG_MEAN_ERRORS(X)
#undef X

static const struct {
    const char *name;
    eg_loss_fn loss;
} losses[] = {{"cross_entropy_loss", cross_entropy_loss},
              {"cross_entropy_sparse", eg_cross_entropy_sparse},
              {"cross_entropy_sigmoid", eg_cross_entropy_sigmoid},
              {"l1_loss", l1_loss},
              {"l1_loos", l1_loss},
              {"l2_loss", eg_l2_loss},
              {"huber_loss", huber_loss},
              {"mean_absolute_error", mean_absolute_error},
              {"mean_squared_error", mean_squared_error},
              {"mean_squared_log_error", mean_squared_log_error},
              {"binary_logistic_loss", eg_binary_logistic_loss},
              {"multiclass_logistic_loss", eg_multiclass_logistic_loss},
              {"sigmoid_binary_cross_entropy", eg_sigmoid_binary_cross_entropy},
              {"softmax_cross_entropy", eg_softmax_cross_entropy},
              {"log_cosh_loss", eg_log_cosh_loss}};
enum { NUM = sizeof losses / sizeof *losses };

eg_loss_fn(eg_loss_by_name)(eg_context *eg, const char *name, const char *file, int line)
{
    char names[600];
    size_t n = 0;
    for (int k = 0; name && k < NUM; k++) {
        if (!strcmp(name, losses[k].name)) return losses[k].loss;
    }
    for (int k = 0; k < NUM && n < sizeof names; k++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", k ? ", " : "", losses[k].name);
    eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_loss_by_name: no loss is called '%s'; there are %s",
            name ? name : "(NULL)", names);
    return NULL;
}
