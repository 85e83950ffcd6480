/* What the cases are made of. */
#include "planted.h"

const char *bad_file;
int bad_line;
eg_context *eg;
eg_var *V, *W, *g, *s, *D, *m, *t_last;
eg_delay *lag;
eg_array *holed, *synapses, *large, *index_of;
eg_csr *csr;

void planted_objects(bool marked)
{
    static float by_index[N], far[N], hole[N], at_synapse[2 * N], huge[N];
    static double bad[N];
    static int32_t turned[N], target[2 * N];
    static int64_t ptr[N + 1];
    for (int i = 0; i < N; i++) {
        by_index[i] = (float)i;
        far[i] = -INFINITY;
        hole[i] = i == 9 ? NAN : 1;
        huge[i] = 1e38f;
        bad[i] = i == 8 || marked ? NAN : 0;
        turned[i] = N - 1 - i;
        at_synapse[2 * i] = i == 10 ? INFINITY : 1;
        at_synapse[2 * i + 1] = 1;
        target[2 * i] = i + 1 < N ? i : 0;
        target[2 * i + 1] = i + 1 < N ? i + 1 : i;
        ptr[i + 1] = 2 * (i + 1);
    }
    eg_spec f = eg_vector(EG_F32, N);
    eg_init(V = eg_variable(eg, "V", f), by_index, sizeof by_index);
    eg_init(W = eg_variable(eg, "W", f), by_index, sizeof by_index);
    g = eg_variable(eg, "g", f);
    s = eg_variable(eg, "s", eg_scalar(EG_F32));
    eg_init(D = eg_variable(eg, "D", eg_vector(EG_F64, N)), bad, sizeof bad);
    m = eg_variable(eg, "m", eg_matrix(EG_F32, 3, N));
    eg_init(t_last = eg_variable(eg, "t_last", f), far, sizeof far);
    lag = eg_delay_new(eg, "lag", f, 5);
    holed = eg_array_new(eg, f, hole);
    large = eg_array_new(eg, f, huge);
    synapses = eg_array_new(eg, eg_vector(EG_F32, 2 * N), at_synapse);
    index_of = eg_array_new(eg, eg_vector(EG_I32, N), turned);
    csr = eg_csr_new(eg, N, N, ptr, target);
}
