// The neurons of lif.c, defined in C++: the same spikes and the same V.  Then what else is C++'s own: lists,
// conversions, lambdas, and that errors give the line of the call.
#include <engram/engram.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace
{

struct lif {
    double tau, V_th;
    eg_var *V, *spike, *input;
};

void setup(eg_system *self)
{
    auto *n = static_cast<lif *>(eg_self(self));
    n->V = eg_add_variable(self, "V", eg_floats(self), eg_init_constant(0));
    n->spike = eg_add_variable(self, "spike", eg_vector(EG_BOOL, eg_num(self)), eg_init_constant(0));
    n->input = eg_add_input(self, "input", eg_floats(self));
}

eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    auto *n = static_cast<lif *>(eg_self(self));
    eg_val I = eg_add(eg_get(n->input), x), decay = eg_exp(eg_div(eg_neg(s.dt), n->tau));
    eg_val V = eg_add(I, eg_mul(eg_sub(eg_get(n->V), I), decay));
    eg_val spike = eg_ge(V, n->V_th);
    eg_set(n->V, eg_where(spike, 0.0, V));
    eg_set(n->spike, spike);
    return spike;
}

eg_class lif_class()
{
    eg_class c = {};
    c.name = "LIF";
    c.role = EG_GROUP;
    c.size = sizeof(lif);
    c.setup = setup;
    c.update = update;
    return c;
}

// The error of a traced function ends with the place of the call.
bool fails_at(eg_context *eg, eg_fn fn, const char *operation, int line)
{
    eg_spec spec = eg_vector(EG_F32, 6);
    bool traced = eg_trace(eg, "f", fn, nullptr, 1, &spec);
    std::string message = eg_message(eg), place = "lif.cpp:" + std::to_string(line) + ")";
    eg_clear_error(eg);
    if (!traced && message.find(operation) == 0 && message.find(place) != std::string::npos) return true;
    std::printf("%s: %s, not %s\n", operation, message.c_str(), place.c_str());
    return false;
}

// Places of calls, operations that take lists and every type of plain number; 0 if all is right.
int computed(eg_context *eg)
{
    const int here = __LINE__;
    auto add = [](void *, eg_val x) { return eg_add(x, eg_reshape(x, 2, 3)); };
    auto concat = [](void *, eg_val x) { return eg_concat(0, x, eg_reshape(x, 2, 3)); };
    auto sum = [](void *, eg_val x) { return eg_sum(x, 1); };
    if (!fails_at(eg, add, "eg_add", here + 1) || !fails_at(eg, concat, "eg_concat", here + 2)) return 1;
    auto error = [](void *, eg_val x) { return eg_mean_squared_error(x, 0.5, 1); };
    auto size = [](void *, eg_val x) { return eg_mean_square(x, 0, 1); };
    if (!fails_at(eg, sum, "eg_sum", here + 3)) return 2;
    if (!fails_at(eg, error, "eg_mean_squared_error", here + 5)) return 6;
    if (!fails_at(eg, size, "eg_mean_square", here + 6)) return 7;

    auto g = [](void *, eg_val x) -> eg_val {
        int first = 0;
        int64_t shape[] = {3, 2};
        eg_val m = eg_reshape(x, 2, -1), kept = eg_sum_axes(m, 1, &first, true), t = eg_transpose(m, 1, 0);
        eg_val scalars = eg_stack(0, eg_sum(m), eg_mean(m, 0, 1), 1U, 2L, 3.5F, true);
        eg_val rows = eg_add(eg_reshape_to(t, 2, shape), eg_mul(0.5, eg_broadcast(eg_row(kept, 0), 2, 3)));
        (void)rows; // [3, 2] and [2, 3]
        return eg_concat(0, scalars, eg_amax(m, -1));
    };
    if (!fails_at(eg, g, "eg_add", here + 16)) return 3;

    auto h = [](void *, eg_val x) -> eg_val {
        eg_val m = eg_reshape(x, 2, -1), scalars[] = {eg_sum(m), 2.5};
        eg_val more = eg_stack(0, eg_mean(m, 0, 1), 1U, 2L, 3.5F, true);
        eg_val zero = eg_add(eg_mean_absolute_error(m, m, 0, -1), eg_l1_loss(m, m, EG_REDUCTION_DEFAULT));
        return eg_concat(0, eg_stack_n(0, 2, scalars), more, eg_add(eg_amax(m, -1), zero));
    };
    eg_spec spec = eg_vector(EG_F32, 6);
    float in[6] = {0, 1, 2, 3, 4, 5}, out[9] = {};
    const float want[9] = {15, 2.5F, 2.5F, 1, 2, 3.5F, 1, 2, 5};
    const void *const ins[] = {in};
    void *const outs[] = {out};
    if (eg_call(eg_trace(eg, "h", h, nullptr, 1, &spec), nullptr, ins, outs, nullptr)) return 4;
    return std::memcmp(out, want, sizeof want) ? 5 : 0;
}

// A spike with a slope of its own, and the place of a wrong one; 0 if all is right.
int spiked(eg_context *eg)
{
    auto f = [](void *user, eg_val x) {
        eg_surrogate s = {};
        s.slope = [](const eg_surrogate *, eg_val v) { return eg_mul(0.5, eg_le(eg_abs(v), 1)); };
        return eg_spike(static_cast<eg_context *>(user), eg_sub(x, 2), s);
    };
    eg_gradient_options pullback = {};
    pullback.pullback = true;
    eg_spec spec = eg_vector(EG_F32, 6);
    float in[6] = {0, 1, 2, 3, 4, 5}, ones[6] = {1, 1, 1, 1, 1, 1}, spikes[6] = {}, slopes[6] = {};
    const float want[6] = {0, 0.5F, 0.5F, 0.5F, 0, 0};
    const void *const ins[] = {in, ones};
    void *const outs[] = {spikes, slopes};
    if (eg_call(eg_gradient(eg_trace(eg, "f", f, eg, 1, &spec), &pullback), nullptr, ins, outs, nullptr)) return 6;
    if (std::memcmp(slopes, want, sizeof want) || spikes[1] != 0 || spikes[2] != 1) return 7;
    eg_spike(eg, 0.5, eg_surrogate_sigmoid(-1));
    const std::string message = eg_message(eg), place = "lif.cpp:" + std::to_string(__LINE__ - 1) + ")";
    eg_clear_error(eg);
    return message.find("eg_spike: alpha of sigmoid is -1") == 0 && message.find(place) != std::string::npos ? 0 : 8;
}

} // namespace

int main()
{
    eg_options options = {};
    options.threads = 1;
    eg_context *eg = eg_open(&options);
    eg_system *net = eg_network(eg, nullptr, nullptr);
    const eg_class type = lif_class();
    lif parameters = {10, 20, nullptr, nullptr, nullptr};
    eg_system *N = eg_system_new(net, "N", &type, 10, &parameters);
    eg_current(net, nullptr, N, 25);
    eg_system *spikes = eg_spike_counter(net, nullptr, N);
    eg_simulate(net, 1000, nullptr);
    const float *V = static_cast<const float *>(eg_data(nullptr, eg_system_variable(N, "V")));
    std::printf("%d spikes, V %.4f%s\n", static_cast<int>(eg_spike_count(spikes, nullptr)),
                V ? static_cast<double>(V[9]) : 0.0, eg_message(eg));
    bool good = !eg_error(eg);
    int wrong = computed(eg);
    if (!wrong) wrong = spiked(eg);
    if (wrong) std::printf("step %d: %s\n", wrong, eg_message(eg));
    eg_close(eg);
    return good && !wrong ? 0 : 1;
}
