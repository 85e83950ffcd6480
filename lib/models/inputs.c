/* Input currents over time. */
#include "engram/inputs.h"

#include <math.h>

#include "engram/environment.h"
#include "engram/parallel.h"

/* Sums of two still fit. */
static const int64_t MOST_STEPS = INT64_C(1) << 53;

/* What is being filled: rows of `width` numbers. */
typedef struct series {
    eg_context *eg;
    const char *what, *file;
    int line;
    double dt;
    eg_dtype dtype;
    int64_t steps, width;
    eg_array *out;
} series;

static bool failed(series *s, const char *what, double value, const char *remedy)
{
    eg_fail(s->eg, EG_ERR_ARGUMENT, s->file, s->line, "%s: %s is %g; %s", s->what, what, value, remedy);
    return false;
}

int64_t eg_num_steps(double duration, double dt)
{
    double steps = duration / dt;
    return dt > 0 && isfinite(steps) && steps >= -0.5 && steps < 0x1p53 ? (int64_t)floor(fmax(steps, 0) + 0.5) : -1;
}

static bool begin(series *s, eg_context *eg, const char *what, const eg_input_options *o, const char *file, int line)
{
    eg_environment e = eg_get_environment(eg);
    *s = (series){.eg = eg, .what = what, .file = file, .line = line, .dt = o && o->dt != 0 ? o->dt : e.dt};
    s->dtype = o && o->dtype != EG_BOOL ? o->dtype : e.float_;
    if (!eg || eg_error(eg)) return false;
    if (!(s->dt > 0 && isfinite(s->dt))) return failed(s, "dt", s->dt, "use a time in ms above 0");
    if (s->dtype == EG_F32 || s->dtype == EG_F64) return true;
    return failed(s, "dtype", s->dtype, "use EG_F32 or EG_F64");
}

/* Steps in a time that must be one; -1 after an error. */
static int64_t steps_in(series *s, const char *name, double t)
{
    int64_t n = t >= 0 ? eg_num_steps(t, s->dt) : -1;
    if (n < 0) failed(s, name, t, "use a time in ms of at least 0");
    return n;
}

static bool make(series *s, int64_t steps, int64_t width)
{
    s->steps = steps;
    s->width = width > 0 ? width : 1;
    eg_spec spec = width > 0 ? eg_matrix(s->dtype, steps, width) : eg_vector(s->dtype, steps);
    s->out = steps < 0 ? NULL : (eg_array_new)(s->eg, spec, NULL, s->file, s->line);
    return s->out != NULL;
}

static void put(series *s, int64_t step, int64_t column, double x)
{
    int64_t k = step * s->width + column;
    if (step < 0 || step >= s->steps) return;
    if (s->dtype == EG_F64)
        ((double *)eg_array_data(s->out))[k] = x;
    else
        ((float *)eg_array_data(s->out))[k] = (float)x;
}

eg_array *(eg_section_input)(eg_context *eg, int num, const double *values, int64_t width, const double *durations,
                             const eg_input_options *options, const char *file, int line)
{
    series s;
    if (!begin(&s, eg, "eg_section_input", options, file, line)) return NULL;
    if (num < 0 || width < 0 || (num && (!values || !durations))) {
        failed(&s, "the number of sections", num, "give as many values and durations");
        return NULL;
    }
    int64_t total = 0, at = 0;
    for (int k = 0; k < num; k++) {
        int64_t n = steps_in(&s, "a duration", durations[k]);
        if (n < 0) return NULL;
        total += n;
        if (total > MOST_STEPS) {
            failed(&s, "the sum of the durations", (double)total * s.dt, "no memory holds that many steps");
            return NULL;
        }
    }
    if (!make(&s, total, width)) return NULL;
    for (int k = 0; k < num; k++) {
        int64_t end = at + eg_num_steps(durations[k], s.dt);
        for (; at < end; at++) {
            for (int64_t j = 0; j < s.width; j++) put(&s, at, j, values[k * s.width + j]);
        }
    }
    return s.out;
}

eg_array *(eg_constant_input)(eg_context *eg, int num, const eg_input_section *sections,
                              const eg_input_options *options, const char *file, int line)
{
    if (!eg || eg_error(eg)) return NULL;
    int n = num > 0 && sections ? num : 0;
    double *values = eg_alloc(eg, n, sizeof *values), *durations = eg_alloc(eg, n, sizeof *durations);
    for (int k = 0; values && durations && k < n; k++) {
        values[k] = sections[k].value;
        durations[k] = sections[k].duration;
    }
    eg_array *a = NULL;
    if (num < 0 || (num && !sections))
        eg_fail(eg, EG_ERR_ARGUMENT, file, line, "eg_constant_input: %s",
                num < 0 ? "the number of sections is negative" : "the sections are NULL");
    else if (values && durations)
        a = (eg_section_input)(eg, num, values, 0, durations, options, file, line);
    eg_release(eg, values);
    eg_release(eg, durations);
    return a;
}

eg_array *(eg_spike_input)(eg_context *eg, int num, const double *times, const double *lengths, const double *sizes,
                           double duration, const eg_input_options *options, const char *file, int line)
{
    series s;
    if (!begin(&s, eg, "eg_spike_input", options, file, line)) return NULL;
    if (num < 0 || (num && (!times || !lengths || !sizes))) {
        failed(&s, "the number of pulses", num, "give as many times, lengths and sizes");
        return NULL;
    }
    if (!make(&s, steps_in(&s, "the duration", duration), 0)) return NULL;
    for (int k = 0; k < num; k++) {
        int64_t from = steps_in(&s, "a pulse's time", times[k]), n = steps_in(&s, "a pulse's length", lengths[k]);
        if (from < 0 || n < 0) return NULL;
        for (int64_t at = from; at < from + n && at < s.steps; at++) put(&s, at, 0, sizes[k]);
    }
    return s.out;
}

/* A series of that duration, and the steps from t_start to t_end in it. */
static bool window(series *s, double duration, double t_start, double t_end, int64_t *from, int64_t *to)
{
    int64_t steps = steps_in(s, "the duration", duration);
    *from = steps < 0 ? -1 : steps_in(s, "t_start", t_start);
    *to = *from < 0 ? -1 : steps_in(s, "t_end", t_end == 0 ? duration : t_end);
    if (*to < 0) return false;
    if (*to < *from) return failed(s, "t_end", t_end, "it must not be before t_start");
    if (*to > steps) return failed(s, "t_end", t_end, "it must not be after the duration");
    return make(s, steps, 0);
}

eg_array *(eg_ramp_input)(eg_context *eg, double c_start, double c_end, double duration, double t_start, double t_end,
                          const eg_input_options *options, const char *file, int line)
{
    series s;
    int64_t from, to;
    if (!begin(&s, eg, "eg_ramp_input", options, file, line) || !window(&s, duration, t_start, t_end, &from, &to))
        return NULL;
    int64_t last = to - from - 1;
    for (int64_t k = 0; k <= last; k++) {
        double share = last > 0 ? (double)k / (double)last : 0;
        put(&s, from + k, 0, k > 0 && k == last ? c_end : c_start + share * (c_end - c_start));
    }
    return s.out;
}

/* Both waves: `wave` of the number of periods since t_start. */
static eg_array *periodic(series *s, double wave(double periods), double amplitude, double frequency, double duration,
                          double t_start, double t_end, bool bias)
{
    int64_t from, to;
    if (!(frequency >= 0 && isfinite(frequency))) {
        failed(s, "the frequency", frequency, "use a number in Hz of at least 0");
        return NULL;
    }
    if (!window(s, duration, t_start, t_end, &from, &to)) return NULL;
    for (int64_t k = 0; k < to - from; k++) {
        double periods = (double)k * s->dt * frequency / 1000;
        put(s, from + k, 0, amplitude * wave(periods) + (bias ? amplitude : 0));
    }
    return s->out;
}

static double sine(double periods) { return sin(2 * acos(-1) * periods); }

/* What misses the end of a half by rounding alone is behind it. */
static double square(double periods)
{
    double x = round(periods * 1e12) / 1e12;
    return x - floor(x) < 0.5 ? 1 : -1;
}

eg_array *(eg_sinusoidal_input)(eg_context *eg, double amplitude, double frequency, double duration, double t_start,
                                double t_end, bool bias, const eg_input_options *options, const char *file, int line)
{
    series s;
    if (!begin(&s, eg, "eg_sinusoidal_input", options, file, line)) return NULL;
    return periodic(&s, sine, amplitude, frequency, duration, t_start, t_end, bias);
}

eg_array *(eg_square_input)(eg_context *eg, double amplitude, double frequency, double duration, double t_start,
                            double t_end, bool bias, const eg_input_options *options, const char *file, int line)
{
    series s;
    if (!begin(&s, eg, "eg_square_input", options, file, line)) return NULL;
    return periodic(&s, square, amplitude, frequency, duration, t_start, t_end, bias);
}
