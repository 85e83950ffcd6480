/* What a model gives for a batch. */
#include "trainer.h"

static void *room_for(egt_trainer *t, size_t bytes)
{
    if (t->predicted && t->predicted_room >= bytes) return t->predicted;
    eg_release(t->eg, t->predicted);
    t->predicted = eg_alloc(t->eg, (int64_t)bytes + 1, 1);
    t->predicted_room = t->predicted ? bytes : 0;
    return t->predicted;
}

eg_history(eg_predict)(eg_system *trainer, eg_spec x_spec, const void *x, const eg_fit_options *options,
                       const char *file, int line)
{
    eg_fit_options o = options ? *options : (eg_fit_options){0};
    eg_history h = {.spec = {.rank = -1}};
    egt_trainer *t = egt_of(trainer, "eg_predict", file, line);
    if (t && !x) eg_fail(t->eg, EG_ERR_ARGUMENT, file, line, "eg_predict: x is NULL");
    eg_func *f = t && x ? egt_prediction_of(t, x_spec, file, line) : NULL;
    if (!f) return h;
    eg_spec y = eg_result_spec(f, 0);
    void *to = room_for(t, (size_t)eg_num_elements(y) * eg_dtype_size(y.dtype));
    eg_run_options run = {.threads = o.threads, .interpret = o.interpret};
    if (!to) return h;
    eg_status status = eg_call(f, o.state, (const void *[]){x}, &to, &run);
    if (status && !eg_error(t->eg)) eg_fail(t->eg, status, file, line, "eg_predict: %s", eg_run_message(o.state));
    return eg_error(t->eg) ? h : (eg_history){.spec = y, .data = to};
}
