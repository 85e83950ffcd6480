/* A bar for terminals, to be passed to runs. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "engram/run.h"

enum { WIDTH = 30 };

static double now(void)
{
    struct timespec t;
    timespec_get(&t, TIME_UTC);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void draw(const eg_progress_bar *b, const eg_run_progress *p, bool last, bool terminal)
{
    char bar[WIDTH + 1];
    double share = p->steps > 0 ? (double)p->step / (double)p->steps : 1;
    double rate = p->run_s > 0 ? (double)p->step / p->run_s : 0;
    for (int k = 0; k < WIDTH; k++) bar[k] = k < share * (double)WIDTH ? '=' : ' ';
    bar[WIDTH] = 0;
    fprintf(b->file, "%s%s [%s] %3.0f%%  %lld of %lld steps  %.3g steps/s", terminal ? "\r" : "",
            b->label ? b->label : "run", bar, 100 * share, (long long)p->step, (long long)p->steps, rate);
    if (last)
        fprintf(b->file, "  run %.3g s", p->run_s);
    else if (rate > 0)
        fprintf(b->file, "  %.3g s left", (double)(p->steps - p->step) / rate);
    fprintf(b->file, "  compiled in %.3g s%s", p->compile_s, last || !terminal ? "\n" : "   ");
    fflush(b->file);
}

int eg_progress_bar_show(void *user, const eg_run_progress *p)
{
    eg_progress_bar *b = user;
    if (!b || !b->file || !p) return 0;
    bool last = p->step >= p->steps, terminal = b->always || isatty(fileno(b->file));
    double t = now();
    if (!last && (!terminal || t - b->drawn_s < 0.1)) return 0;
    if (last && b->finished) return 0;
    b->finished = last;
    b->drawn_s = t;
    draw(b, p, last, terminal);
    return 0;
}
