/* A program that knows an exported function `step` by its header alone:
 *     host IN OUT [DATA]
 * IN: i64 number of calls, of arguments, of results; bytes of each argument, of each result; for each call the
 * arguments.  OUT: for each call its results; then both states.  Two states take turns. */
#include "step.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 16 };
static step_state first, second;

static long long number(FILE *f)
{
    int64_t x = -1;
    if (fread(&x, sizeof x, 1, f) != 1) exit(10);
    return x;
}

#ifdef step_data_size
static void *data;
static void load(const char *path)
{
    FILE *f = fopen(path, "rb");
    data = aligned_alloc(64, step_data_size);
    if (!f || !data || fread(data, 1, step_data_size, f) != step_data_size) exit(11);
    fclose(f);
}
#define INIT(s) step_init(s, data)
#define STEP(s, in, out) step(s, data, in, out)
#else
#define INIT(s) step_init(s)
#define STEP(s, in, out) step(s, in, out)
#endif

int main(int argc, char **argv)
{
    void *in[MOST] = {0}, *out[MOST] = {0}, *other[MOST] = {0};
    size_t in_bytes[MOST], out_bytes[MOST];
    FILE *from = argc > 2 ? fopen(argv[1], "rb") : NULL, *to = argc > 2 ? fopen(argv[2], "wb") : NULL;
    if (!from || !to) return 12;
#ifdef step_data_size
    load(argv[3]);
#endif
    long long calls = number(from), num_in = number(from), num_out = number(from);
    for (int k = 0; k < num_in; k++) in[k] = malloc(in_bytes[k] = (size_t)number(from));
    for (int k = 0; k < num_out; k++) {
        out[k] = calloc(1, out_bytes[k] = (size_t)number(from));
        other[k] = calloc(1, out_bytes[k]);
    }
    if (STEP(&first, (const void *const *)in, out) != 1) return 13; /* not initialised */
    memset(&first, 0xA5, sizeof first);
    if (INIT(&first) || INIT(&second)) return 14;
    for (long long c = 0; c < calls; c++) {
        for (int k = 0; k < num_in; k++) {
            if (fread(in[k], 1, in_bytes[k], from) != in_bytes[k]) return 15;
        }
        if (STEP(&first, (const void *const *)in, out)) return 16;
        if (STEP(&second, (const void *const *)in, c % 2 ? NULL : other)) return 17;
        for (int k = 0; k < num_out; k++) {
            if (c % 2 == 0 && memcmp(out[k], other[k], out_bytes[k]) != 0) return 18;
            fwrite(out[k], 1, out_bytes[k], to);
        }
    }
    fwrite(&first, sizeof first, 1, to);
    fwrite(&second, sizeof second, 1, to);
    return fclose(to) ? 20 : 0;
}
