/* A line of progress in the terminal, for those who pass it in. */
#include <math.h>
#include <unistd.h>

#include "engram/train.h"

static void put_loss(const eg_fit_bar *b, const char *what, double loss)
{
    if (!isnan(loss)) fprintf(b->file, ", %s %.4g", what, loss);
}

int eg_fit_bar_show(void *bar, const eg_fit_progress *p)
{
    eg_fit_bar *b = bar;
    if (!b || !b->file || !p) return 0;
    bool redraw = b->always || isatty(fileno(b->file)), first = p->epoch == 1 && p->batch == 1;
    bool begun = first || p->epoch != b->epoch;
    if (first) b->drawn_s = -1;
    if (!redraw && !begun && !p->over) return 0;
    if (!begun && !p->over && b->drawn_s >= 0 && p->run_s - b->drawn_s < 0.1) return 0;
    b->epoch = p->epoch;
    b->drawn_s = p->run_s;
    fprintf(b->file, "%s%s epoch %lld of %lld, batch %lld", redraw ? "\r" : "", b->label ? b->label : "fit",
            (long long)p->epoch, (long long)p->epochs, (long long)p->batch);
    put_loss(b, "loss", p->loss);
    put_loss(b, "test", p->test_loss);
    fprintf(b->file, ", %.1f s; compiled in %.0f ms%s", p->run_s, p->compile_s * 1e3,
            !redraw   ? "\n"
            : p->over ? "\033[K\n"
                      : "\033[K");
    fflush(b->file);
    return 0;
}
