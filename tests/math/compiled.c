/* See compiled.h. */
#include "math/compiled.h"

#include "support/support.h"

static eg_val apply(void *user, eg_val x)
{
    const egi_op op = *(const egi_op *)user;
    switch ((int)op) {
#define X(name, OP)                                                                                                    \
    case EGI_##OP: return (eg_##name)(x, __FILE__, __LINE__);
        EG_UNARY_OPS(X)
#undef X
#define X(name, OP)                                                                                                    \
    case EGI_##OP: return (eg_##name)(eg_item(x, 0), eg_item(x, 1), __FILE__, __LINE__);
        EG_BINARY_OPS(X)
#undef X
    default: break;
    }
    ck_abort_msg("%s is not in math.h", egi_ops[op].text);
    return eg_nothing();
}

compiled compiled_open(egi_op op, eg_dtype t, int64_t n, int lanes)
{
    compiled c = {.eg = eg_open(&(eg_options){.threads = 1, .lanes = lanes})};
    eg_spec args[2] = {eg_vector(t, n), eg_vector(t, n)};
    c.f = eg_trace(c.eg, egi_ops[op].text, apply, &op, egi_ops[op].args, args);
    ck_assert_msg(c.f != NULL, "%s", eg_message(c.eg));
    return c;
}

void compiled_close(compiled *c) { eg_close(c->eg); }

void compiled_run(const compiled *c, const void *x, const void *y, void *out, bool interpret)
{
    eg_status status = eg_call(c->f, NULL, (const void *const[]){x, y}, (void *const[]){out},
                               &(eg_run_options){.interpret = interpret});
    ck_assert_msg(status == EG_OK, "%s", eg_message(c->eg));
}
