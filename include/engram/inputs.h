/* Input currents over time: arrays [steps] or [steps, width] of the context's floats, a row a step, to be fed into
 * models.
 *
 * Durations and times are in ms, frequencies in Hz, and count whole steps: round(duration / dt), exact where a quotient
 * misses a whole number by rounding alone.  Row k is the input of the step from k dt to (k + 1) dt.
 * All return NULL after an error: dt not above 0, durations negative or not finite, arrays NULL. */
#ifndef ENGRAM_INPUTS_H
#define ENGRAM_INPUTS_H

#include "engram/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What all of them need. */
typedef struct eg_input_options {
    double dt;      /* ms; 0 = the environment's (environment.h), at first 0.1 */
    eg_dtype dtype; /* EG_F32 or EG_F64; 0 = the environment's, at first EG_F32 */
} eg_input_options;

/* Round(duration / dt); -1 if that is no number of steps. */
EG_API int64_t eg_num_steps(double duration, double dt);

/* One section after the other: section k has the value values[k] (or, with width > 1, the numbers
 * values[k * width .. (k + 1) * width)) for durations[k].  Result [steps], with width > 0 [steps, width]. */
EG_API eg_array *(eg_section_input)(eg_context *eg, int num, const double *values, int64_t width,
                                    const double *durations, const eg_input_options *options, EG_PLACE);

/* The same of pairs:
 *     eg_constant_input(eg, 3, (eg_input_section[]){{0, 100}, {1, 300}, {0, 100}}, NULL)  */
typedef struct eg_input_section {
    double value, duration; /* duration in ms */
} eg_input_section;
EG_API eg_array *(eg_constant_input)(eg_context *eg, int num, const eg_input_section *sections,
                                     const eg_input_options *options, EG_PLACE);

/* Pulses: sizes[k] from times[k] on for lengths[k], else 0; where pulses overlap the later in the list holds. */
EG_API eg_array *(eg_spike_input)(eg_context *eg, int num, const double *times, const double *lengths,
                                  const double *sizes, double duration, const eg_input_options *options, EG_PLACE);

/* From c_start to c_end in equal steps, both included, between t_start and t_end; 0 outside.  t_end 0: duration. */
EG_API eg_array *(eg_ramp_input)(eg_context *eg, double c_start, double c_end, double duration, double t_start,
                                 double t_end, const eg_input_options *options, EG_PLACE);

/* amplitude sin(2 pi frequency (t - t_start)), or +amplitude in the first and -amplitude in the second half of each
 * period, between t_start and t_end, 0 outside; bias: amplitude is added inside.  t_end 0: duration. */
EG_API eg_array *(eg_sinusoidal_input)(eg_context *eg, double amplitude, double frequency, double duration,
                                       double t_start, double t_end, bool bias, const eg_input_options *options,
                                       EG_PLACE);
EG_API eg_array *(eg_square_input)(eg_context *eg, double amplitude, double frequency, double duration, double t_start,
                                   double t_end, bool bias, const eg_input_options *options, EG_PLACE);

#ifndef __cplusplus
#define eg_section_input(...) (eg_section_input)(__VA_ARGS__, EG_HERE)
#define eg_constant_input(...) (eg_constant_input)(__VA_ARGS__, EG_HERE)
#define eg_spike_input(...) (eg_spike_input)(__VA_ARGS__, EG_HERE)
#define eg_ramp_input(...) (eg_ramp_input)(__VA_ARGS__, EG_HERE)
#define eg_sinusoidal_input(...) (eg_sinusoidal_input)(__VA_ARGS__, EG_HERE)
#define eg_square_input(...) (eg_square_input)(__VA_ARGS__, EG_HERE)
#endif

#ifdef __cplusplus
}
#endif
#endif
