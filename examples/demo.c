/* ./run demo: one second of a network of 3,200 excitatory and 800 inhibitory neurons with conductances (COBA, Brette et
 * al. 2007): rates, times, a raster in the terminal, the spikes in spikes.npz, a picture in demo.png. */
#include <engram/io.h>
#include <engram/models.h>
#include <engram/plot.h>
#include <engram/run.h>
#include <stdio.h>

enum { NUM_E = 3200, NUM_I = 800, NUM = NUM_E + NUM_I, STEPS = 10000, EACH = 10, TRACED = 7 };

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

/* Spikes of both groups, those of one neuron in ten for the picture, and one excitatory neuron: V and its spikes. */
static eg_system *watch(eg_system *net)
{
    static int64_t tenth[NUM_E / EACH], traced = TRACED;
    for (int k = 0; k < NUM_E / EACH; k++) tenth[k] = EACH * k + TRACED;
    eg_monitor see[] = {
        {.variable = "E.spike", .events = true},
        {.variable = "I.spike", .events = true},
        {.key = "E dots", .variable = "E.spike", .events = true, .indices = tenth, .num_indices = NUM_E / EACH},
        {.key = "I dots", .variable = "I.spike", .events = true, .indices = tenth, .num_indices = NUM_I / EACH},
        {.key = "one", .variable = "E.spike", .events = true, .indices = &traced, .num_indices = 1},
        {.variable = "E.V", .indices = &traced, .num_indices = 1}};
    return eg_dsrunner(net, NULL, &(eg_dsrunner_options){.num_monitors = 6, .monitors = see});
}

/* A braille character is 2 dots of 5 ms by 4 dots of one neuron in 42. */
enum { COLUMNS = 100, ROWS = 24, EVERY = NUM / (ROWS * 4) + 1 };

static void print_raster(const eg_history spikes[2])
{
    static const unsigned char bit[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    unsigned char cell[ROWS][COLUMNS] = {{0}};
    for (int g = 0; g < 2; g++) {
        const int64_t *pair = spikes[g].data;
        for (int64_t k = 0; k < spikes[g].spec.dim[0]; k++) {
            int64_t neuron = pair[2 * k + 1] + g * NUM_E, dot = neuron / EVERY,
                    column = pair[2 * k] * COLUMNS * 2 / STEPS;
            if (neuron % EVERY == 0) cell[dot / 4][column / 2] |= bit[dot % 4][column % 2];
        }
    }
    for (int k = ROWS - 1; k >= 0; k--) {
        printf("  %s ", k * 4 * EVERY >= NUM_E ? "I" : "E");
        for (int c = 0; c < COLUMNS; c++) printf("\xE2%c%c", 0xA0 + (cell[k][c] >> 6), 0x80 + (cell[k][c] & 63));
        printf("\n");
    }
    printf("    0%*s\n", COLUMNS - 1, "1 s");
}

/* Times (ms) of events, and their neurons from `first` on. */
static eg_plot_series events(eg_history h, eg_plot_kind kind, double first)
{
    const int64_t *pair = h.data;
    eg_plot_series s = {.kind = kind, .num = h.spec.dim[0], .x = eg_column_of(pair, EG_I64, 2)};
    s.x.scale = s.x.offset = 0.1; /* at the ends of steps, as V */
    s.y = eg_column_of(pair ? pair + 1 : pair, EG_I64, 2);
    s.y.offset = first;
    return s;
}

static void draw(eg_context *eg, eg_system *run, const char *path)
{
    eg_history V = eg_history_of(run, "E.V");
    eg_plot_series dots[] = {events(eg_history_of(run, "E dots"), EG_PLOT_DOTS, 0),
                             events(eg_history_of(run, "I dots"), EG_PLOT_DOTS, NUM_E)};
    dots[0].label = "excitatory", dots[1].label = "inhibitory";
    eg_plot_series trace[] = {{.num = STEPS, .x = eg_column_even(0.1, 0.1), .y = eg_column_of(V.data, V.spec.dtype, 1)},
                              events(eg_history_of(run, "one"), EG_PLOT_SPIKES, 0)};
    trace[1].low = -50, trace[1].high = -30;
    eg_plot_panel panels[] = {{.series = dots, .num_series = 2, .ylabel = "neuron", .height = 2},
                              {.series = trace, .num_series = 2, .ylabel = "V (mV)"}};
    eg_plot_options o = {.title = "COBA: spikes of one neuron in ten, and V of one", .xlabel = "time (ms)"};
    eg_plot_figure(eg, path, 2, panels, &o);
}

static int note(void *last, const eg_run_progress *p)
{
    *(eg_run_progress *)last = *p;
    return 0;
}

int main(void)
{
    eg_context *eg = eg_open(NULL);
    eg_system *run = watch(build(eg));
    eg_run_progress done = {0};
    eg_run(run, (double)STEPS * 0.1, &(eg_dsrun_options){.progress = note, .user = &done});
    eg_stats t = eg_get_stats(eg);
    eg_history spikes[] = {eg_history_of(run, "E.spike"), eg_history_of(run, "I.spike")};
    if (!eg_error(eg)) {
        printf("COBA, %d E + %d I neurons, %d steps of 0.1 ms\n\n", NUM_E, NUM_I, STEPS);
        print_raster(spikes);
        printf("\nmean rate   E %.1f Hz, I %.1f Hz\n", (double)spikes[0].spec.dim[0] / (double)NUM_E,
               (double)spikes[1].spec.dim[0] / (double)NUM_I);
        printf("trace       %.2f ms\npasses      %.2f ms\ncode        %.2f ms\n", t.trace_s * 1e3, t.pass_s * 1e3,
               t.codegen_s * 1e3);
        printf("run         %.1f ms on %d threads, spikes and V recorded: %.0f times as fast as real time\n",
               done.run_s * 1e3, t.last_threads, 1 / done.run_s);
        eg_npz_item items[] = {{"E", spikes[0].spec, spikes[0].data}, {"I", spikes[1].spec, spikes[1].data}};
        eg_npz_write(eg, "spikes.npz", 2, items, NULL);
        draw(eg, run, "demo.png");
    }
    if (eg_error(eg))
        fprintf(stderr, "%s\n", eg_message(eg));
    else
        printf("spikes.npz  E and I, int64 [number, 2]: step, neuron\ndemo.png    the picture\n");
    int failed = eg_error(eg) != EG_OK;
    eg_close(eg);
    return failed;
}
