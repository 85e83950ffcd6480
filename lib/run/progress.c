/* A bar in the terminal, for those who pass it in. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "engram/run.h"

#define WIDTH 30

/* "12.3 s", "4 min 05 s", "2 h 10 min" */
static void put_time(char *to, size_t size, double s)
{
    if (!(s < 1e9))
        snprintf(to, size, "?");
    else if (s < 0.9995)
        snprintf(to, size, "%.0f ms", s * 1e3);
    else if (s < 99.95)
        snprintf(to, size, "%.1f s", s);
    else if (s < 5999.5)
        snprintf(to, size, "%d min %02d s", (int)(s + 0.5) / 60, (int)(s + 0.5) % 60);
    else
        snprintf(to, size, "%d h %02d min", (int)(s / 3600), (int)(s / 60) % 60);
}

/* Steps a second, with a prefix. */
static void put_rate(char *to, size_t size, double rate)
{
    static const char prefix[] = " kMG";
    int k = 0;
    while (rate >= 999.5 && k < 3) {
        rate /= 1e3;
        k++;
    }
    snprintf(to, size, rate < 9.95 ? "%.2g%s%.*s" : "%.3g%s%.*s", rate, k ? " " : "", k ? 1 : 0, prefix + k);
}

static void draw(const eg_progress_bar *b, const eg_run_progress *p, bool redraw)
{
    double done = p->steps > 0 ? (double)p->step / (double)p->steps : 1;
    double rate = p->run_s > 0 ? (double)p->step / p->run_s : 0;
    char bar[WIDTH + 1], left[40], speed[40], compile[40];
    int full = (int)(done * WIDTH);
    for (int k = 0; k < WIDTH; k++) bar[k] = k < full ? '#' : '.';
    bar[WIDTH] = 0;
    put_rate(speed, sizeof speed, rate);
    put_time(compile, sizeof compile, p->compile_s);
    bool over = p->step >= p->steps;
    put_time(left, sizeof left, over ? p->run_s : rate > 0 ? (double)(p->steps - p->step) / rate : INFINITY);
    fprintf(b->file, "%s%s [%s] %3.0f %%  %lld of %lld steps, %s steps/s, %s %s; compiled in %s%s%s",
            redraw ? "\r" : "", b->label ? b->label : "run", bar, floor(done * 100), (long long)p->step,
            (long long)p->steps, speed, left, over ? "in all" : "left", compile, redraw ? "\033[K" : "",
            over || !redraw ? "\n" : "");
    fflush(b->file);
}

int eg_progress_bar_show(void *bar, const eg_run_progress *p)
{
    eg_progress_bar *b = bar;
    if (!b || !b->file || !p) return 0;
    bool redraw = b->always || isatty(fileno(b->file)), over = p->step >= p->steps;
    if (p->step == 0) b->drawn_s = -1;
    if (!over && (!redraw || (b->drawn_s >= 0 && p->run_s - b->drawn_s < 0.1))) return 0;
    b->drawn_s = p->run_s;
    draw(b, p, redraw);
    return 0;
}
