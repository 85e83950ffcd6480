/* ./run demo: one second of a network of 3,200 excitatory and 800 inhibitory neurons with conductances (COBA, Brette et
 * al. 2007): rates, times, a raster in the terminal, the spikes in spikes.npy, a picture in demo.png. */
#include <engram/io.h>
#include <engram/models.h>
#include <engram/plot.h>
#include <stdio.h>
#include <string.h>

enum { NUM_E = 3200, NUM_I = 800, NUM = NUM_E + NUM_I, STEPS = 10000, PIECE = 1000, TRACED = 7 };

typedef struct group {
    int32_t num, first; /* neurons, and the number of the first */
    int64_t spikes, dots;
    int32_t (*dot)[2]; /* spikes of one neuron in ten, for the picture */
} group;

typedef struct record {
    int64_t num;
    int32_t (*at)[2]; /* spikes: step, neuron */
    group group[2];
    float V[STEPS];    /* of one excitatory neuron */
    double fired[200]; /* when it spiked, ms */
    int num_fired;
    double seconds; /* that the runs took */
} record;

static eg_system *build(eg_context *eg)
{
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1});
    eg_lif_params cell = {.V_rest = -60, .V_reset = -60, .V_th = -50, .R = 1, .tau = 20, .tau_ref = 5};
    cell.V_init = eg_init_normal(-55, 5);
    eg_system *pop[] = {eg_lif(net, "E", NUM_E, &cell), eg_lif(net, "I", NUM_I, &cell)};
    eg_current(net, "drive_E", pop[0], 20);
    eg_current(net, "drive_I", pop[1], 20);
    eg_exp_synapse_params excite = {.tau = 5, .g_max = 0.6, .output = eg_coba(0)};
    eg_exp_synapse_params inhibit = {.tau = 10, .g_max = 6.7, .output = eg_coba(-80)};
    const char *names[] = {"E2E", "E2I", "I2E", "I2I"};
    for (int k = 0; k < 4; k++) {
        eg_system *pre = pop[k / 2], *post = pop[k % 2];
        eg_csr *c = eg_fixed_prob(eg, eg_num(pre), eg_num(post), &(eg_fixed_prob_options){.prob = 0.02});
        eg_exp_synapse(net, names[k], pre, post, c, k < 2 ? &excite : &inhibit);
    }
    return net;
}

static void collect(record *r, group *g, const uint8_t *spike, int64_t step)
{
    for (int32_t k = 0; k < g->num; k++) {
        if (!spike[k]) continue;
        int32_t at[] = {(int32_t)step, g->first + k};
        memcpy(r->at[r->num++], at, sizeof at);
        if (k % 10 == TRACED) memcpy(g->dot[g->dots++], at, sizeof at);
        g->spikes++;
    }
}

/* A tenth of a second at a time. */
static void run(eg_context *eg, eg_system *net, record *r)
{
    const char *names[] = {"E.spike", "I.spike", "E.V"};
    eg_var *var[3];
    void *out[3];
    for (int k = 0; k < 3; k++) {
        var[k] = eg_system_variable(net, names[k]);
        eg_spec s = eg_variable_spec(var[k]);
        out[k] = eg_array_data(eg_array_new(eg, eg_matrix(s.dtype, PIECE, s.dim[0]), NULL));
    }
    for (int64_t step = 0; step < STEPS; step += PIECE) {
        if (eg_simulate(net, PIECE, &(eg_simulate_options){.num_record = 3, .record = var, .out = out})) return;
        r->seconds += eg_get_stats(eg).last_run_s;
        for (int64_t k = 0; k < PIECE; k++) {
            const uint8_t *E = (uint8_t *)out[0] + k * NUM_E;
            collect(r, &r->group[0], E, step + k);
            collect(r, &r->group[1], (uint8_t *)out[1] + k * NUM_I, step + k);
            r->V[step + k] = ((float *)out[2])[k * NUM_E + TRACED];
            if (E[TRACED] && r->num_fired < 200) r->fired[r->num_fired++] = 0.1 * (double)(step + k);
        }
    }
}

/* A braille character is 2 dots of 5 ms by 4 dots of one neuron in 42. */
enum { COLUMNS = 100, ROWS = 24, EVERY = NUM / (ROWS * 4) + 1 };

static void print_raster(const record *r)
{
    static const unsigned char bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    unsigned char cell[ROWS][COLUMNS] = {{0}};
    for (int64_t k = 0; k < r->num; k++) {
        int neuron = r->at[k][1], dot = neuron / EVERY, column = r->at[k][0] * COLUMNS * 2 / STEPS;
        if (neuron % EVERY == 0) cell[dot / 4][column / 2] |= bit[dot % 4][column % 2];
    }
    for (int k = ROWS - 1; k >= 0; k--) {
        printf("  %s ", k * 4 * EVERY >= NUM_E ? "I" : "E");
        for (int c = 0; c < COLUMNS; c++) printf("\xE2%c%c", 0xA0 + (cell[k][c] >> 6), 0x80 + (cell[k][c] & 63));
        printf("\n");
    }
    printf("    0%*s\n", COLUMNS - 1, "1 s");
}

static void draw_picture(eg_context *eg, const record *r, const char *path)
{
    eg_plot_series spikes[2],
        trace[2] = {
            {.num = STEPS, .x = eg_column_even(0, 0.1), .y = eg_column_f32(r->V, 1)},
            {.kind = EG_PLOT_SPIKES, .num = r->num_fired, .x = eg_column_f64(r->fired, 1), .low = -50, .high = -30}};
    for (int k = 0; k < 2; k++) {
        const group *g = &r->group[k];
        spikes[k] = (eg_plot_series){.num = g->dots, .kind = EG_PLOT_DOTS, .label = k ? "inhibitory" : "excitatory"};
        spikes[k].x = eg_column_i32(&g->dot[0][0], 2);
        spikes[k].y = eg_column_i32(&g->dot[0][1], 2);
        spikes[k].x.scale = 0.1; /* ms */
    }
    eg_plot_panel panels[] = {{.series = spikes, .num_series = 2, .ylabel = "neuron", .height = 2},
                              {.series = trace, .num_series = 2, .ylabel = "V (mV)"}};
    eg_plot_options o = {.title = "COBA: spikes of one neuron in ten, and V of one", .xlabel = "time (ms)"};
    eg_plot_figure(eg, path, 2, panels, &o);
}

int main(void)
{
    static record r;
    eg_context *eg = eg_open(NULL);
    eg_system *net = build(eg);
    r.group[0] = (group){.num = NUM_E};
    r.group[1] = (group){.num = NUM_I, .first = NUM_E};
    r.at = eg_array_data(eg_array_new(eg, eg_matrix(EG_I32, NUM * 1000, 2), NULL)); /* no more than 1 kHz */
    for (int k = 0; k < 2; k++)
        r.group[k].dot = eg_array_data(eg_array_new(eg, eg_matrix(EG_I32, r.group[k].num * 100, 2), NULL));
    eg_compile(eg_stepper(net));
    eg_stats t = eg_get_stats(eg);
    if (!eg_error(eg)) run(eg, net, &r);
    if (!eg_error(eg)) {
        printf("COBA, %d E + %d I neurons, %d steps of 0.1 ms\n\n", NUM_E, NUM_I, STEPS);
        print_raster(&r);
        double rate_E = (double)r.group[0].spikes / (double)NUM_E, rate_I = (double)r.group[1].spikes / (double)NUM_I;
        printf("\nmean rate   E %.1f Hz, I %.1f Hz\n", rate_E, rate_I);
        printf("trace       %.2f ms\npasses      %.2f ms\ncode        %.2f ms\n", t.trace_s * 1e3, t.pass_s * 1e3,
               t.codegen_s * 1e3);
        printf("run         %.1f ms on %d threads, spikes and V recorded: %.0f times as fast as real time\n",
               r.seconds * 1e3, eg_get_stats(eg).last_threads, 1 / r.seconds);
        eg_npy_write(eg, "spikes.npy", eg_matrix(EG_I32, r.num, 2), r.at);
        draw_picture(eg, &r, "demo.png");
    }
    if (!eg_error(eg)) printf("spikes.npy  int32 [%lld, 2]: step, neuron\ndemo.png    the picture\n", (long long)r.num);
    if (eg_error(eg)) fprintf(stderr, "%s\n", eg_message(eg));
    int failed = eg_error(eg) != EG_OK;
    eg_close(eg);
    return failed;
}
