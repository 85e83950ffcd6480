/* ./run demo: one second of a network of 3,200 excitatory and 800 inhibitory neurons with conductances (COBA, Brette et
 * al. 2007): rates, times, a raster in the terminal, the spikes in spikes.npy. */
#include <engram/io.h>
#include <engram/models.h>
#include <engram/parallel.h>
#include <stdio.h>
#include <string.h>

enum { NUM_E = 3200, NUM_I = 800, NUM = NUM_E + NUM_I, STEPS = 10000, PIECE = 1000 };

typedef struct spikes {
    int64_t num;
    int32_t (*at)[2]; /* step, neuron */
    int64_t of_E;
} spikes;

/* -- the network
 * ------------------------------------------------------------------------------------------------------- */

static void project(eg_system *net, const char *name, eg_system *pre, eg_system *post,
                    const eg_exp_synapse_params *synapse)
{
    eg_fixed_prob_options p = {.prob = 0.02};
    eg_csr *c = eg_fixed_prob(eg_system_context(net), eg_num(pre), eg_num(post), &p);
    eg_exp_synapse(net, name, pre, post, c, synapse);
}

static eg_system *build(eg_context *eg)
{
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1});
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    eg_system *E = eg_lif(net, "E", NUM_E, &cell), *I = eg_lif(net, "I", NUM_I, &cell);
    eg_current(net, "drive_E", E, 20);
    eg_current(net, "drive_I", I, 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    project(net, "E2E", E, E, &excite);
    project(net, "E2I", E, I, &excite);
    project(net, "I2E", I, E, &inhibit);
    project(net, "I2I", I, I, &inhibit);
    return net;
}

/* -- running with spikes recorded, a tenth of a second at a time
 * --------------------------------------------------------- */

static void collect(spikes *s, const uint8_t *rows, int64_t num, int64_t step, int64_t first_neuron)
{
    for (int64_t k = 0; k < num; k++) {
        if (!rows[k]) continue;
        s->at[s->num][0] = (int32_t)step;
        s->at[s->num++][1] = (int32_t)(first_neuron + k);
    }
}

/* Seconds that the runs took. */
static double run(eg_context *eg, eg_system *net, spikes *s)
{
    eg_var *record[2] = {eg_system_variable(net, "E.spike"), eg_system_variable(net, "I.spike")};
    eg_array *row_E = eg_array_new(eg, eg_matrix(EG_BOOL, PIECE, NUM_E), NULL);
    eg_array *row_I = eg_array_new(eg, eg_matrix(EG_BOOL, PIECE, NUM_I), NULL);
    void *out[2] = {eg_array_data(row_E), eg_array_data(row_I)};
    double seconds = 0;
    for (int64_t step = 0; step < STEPS; step += PIECE) {
        if (eg_simulate(net, PIECE, &(eg_simulate_options){.num_record = 2, .record = record, .out = out})) return 0;
        seconds += eg_get_stats(eg).last_run_s;
        for (int64_t k = 0; k < PIECE; k++) {
            int64_t before = s->num;
            collect(s, (uint8_t *)out[0] + k * NUM_E, NUM_E, step + k, 0);
            s->of_E += s->num - before;
            collect(s, (uint8_t *)out[1] + k * NUM_I, NUM_I, step + k, NUM_E);
        }
    }
    return seconds;
}

/* -- the raster: a braille character is 2 dots of 5 ms by 4 dots of one neuron in 42
 * ---------------------------------------- */

enum { COLUMNS = 100, ROWS = 24, EVERY = NUM / (ROWS * 4) + 1 };

static void draw(const spikes *s)
{
    static const unsigned char bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    unsigned char cell[ROWS][COLUMNS] = {{0}};
    for (int64_t k = 0; k < s->num; k++) {
        int neuron = s->at[k][1], dot = neuron / EVERY, column = (int)((int64_t)s->at[k][0] * COLUMNS * 2 / STEPS);
        if (neuron % EVERY == 0) cell[dot / 4][column / 2] |= bit[dot % 4][column % 2];
    }
    for (int r = ROWS - 1; r >= 0; r--) {
        printf("  %s ", r * 4 * EVERY >= NUM_E ? "I" : "E");
        for (int c = 0; c < COLUMNS; c++) printf("\xE2%c%c", 0xA0 + (cell[r][c] >> 6), 0x80 + (cell[r][c] & 63));
        printf("\n");
    }
    printf("    0%*s\n", COLUMNS - 1, "1 s");
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *net = build(eg);
    spikes s = {.at = eg_alloc(eg, (int64_t)NUM * 1000, sizeof *s.at)}; /* no more than 1 kHz */
    eg_func *stepper = eg_stepper(net);
    if (s.at) eg_compile(stepper);
    eg_stats t = eg_get_stats(eg);
    double seconds = s.at ? run(eg, net, &s) : 0;
    if (s.at && !eg_error(eg)) {
        double rate_E = (double)s.of_E / (double)NUM_E, rate_I = (double)(s.num - s.of_E) / (double)NUM_I;
        printf("COBA, %d E + %d I neurons, %d steps of 0.1 ms\n\n", NUM_E, NUM_I, STEPS);
        draw(&s);
        printf("\nmean rate   E %.1f Hz, I %.1f Hz\n", rate_E, rate_I);
        printf("trace       %.2f ms\npasses      %.2f ms\ncode        %.2f ms\n", t.trace_s * 1e3, t.pass_s * 1e3,
               t.codegen_s * 1e3);
        printf("run         %.1f ms on %d threads, spikes recorded: %.0f times as fast as real time\n", seconds * 1e3,
               eg_get_stats(eg).last_threads, 1 / seconds);
        eg_npy_write(eg, "spikes.npy", eg_matrix(EG_I32, s.num, 2), s.at);
        if (!eg_error(eg)) printf("spikes.npy  int32 [%lld, 2]: step, neuron\n", (long long)s.num);
    }
    if (eg_error(eg)) fprintf(stderr, "%s\n", eg_message(eg));
    eg_release(eg, s.at);
    int failed = eg_error(eg) != EG_OK;
    eg_close(eg);
    return failed;
}
