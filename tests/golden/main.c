/* golden_run [--list FILE] DIR...: runs every case below each folder, compiled and in the interpreter: a line a case,
 * then "N passed, N failed".  What a case does stands in the field `run` of its case.json alone.
 *
 * Without a list, a case that is UNSUPPORTED has failed.  With one (group/case, one a line), the cases in it must be
 * ok, and all others UNSUPPORTED, which then counts as neither: so a case cannot stop working, nor start to, unseen. */
#define _GNU_SOURCE
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "golden.h"

static const struct {
    const char *kind;
    golden_fn run;
} kinds[] = {
    {"neuron", golden_neuron},       {"synapse", golden_synapse},     {"network", golden_network},
    {"input", golden_input},         {"runner", golden_runner},       {"surrogate", golden_surrogate},
    {"optimizer", golden_optimizer}, {"scheduler", golden_scheduler}, {"loss", golden_loss},
    {"layer", golden_layer},         {"bptt", golden_bptt},
};

static void dispatch(golden *g)
{
    const char *kind = golden_name(g, "kind");
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (!strcmp(kind, kinds[k].kind)) {
            kinds[k].run(g);
            return;
        }
    }
    golden_unsupported(g, "kind", kind);
}

/* One case one way; what it found is in *g. */
static void run(golden *g, const char *dir, const json_t *json, bool interpret)
{
    *g = (golden){.dir = dir, .json = json, .run = json_object_get(json, "run")};
    g->checked = json_object();
    g->asked = json_object();
    g->eg = eg_open(&(eg_options){.interpret = interpret});
    if (!json_is_object(g->run)) golden_fail(g, "case.json has no field `run`");
    if (!g->eg) golden_fail(g, "out of memory");
    if (!*g->why) dispatch(g);
    if (!*g->why && g->eg && eg_error(g->eg)) golden_fail(g, "%s", eg_message(g->eg));
    if (!*g->why) golden_complete(g);
    if (!*g->why && g->checks == 0) golden_fail(g, "nothing was checked");
    eg_close(g->eg);
    golden_free_arrays(g);
    json_decref(g->checked);
    json_decref(g->asked);
}

static int passed, failed;

/* -- the list ------------------------------------------------------------------------------------------------------ */

static char *listed; /* the file, as one text; NULL: there is none */

/* Finds the line "name" and crosses it out. */
static bool take_listed(const char *name)
{
    size_t n = strlen(name);
    for (char *at = listed; at; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strncmp(at, name, n) != 0 || (at[n] && at[n] != '\n')) continue;
        *at = '#';
        return true;
    }
    return false;
}

static bool read_list(const char *path)
{
    FILE *f = fopen(path, "r");
    listed = calloc(1, 1 << 16);
    if (f && listed) fread(listed, 1, (1 << 16) - 1, f);
    bool ok = f && listed && !ferror(f);
    if (f) fclose(f);
    if (!ok) fprintf(stderr, "%s cannot be read\n", path);
    return ok;
}

/* What is in the list and was not there. */
static void report_missing(void)
{
    for (char *at = listed ? strtok(listed, "\n") : NULL; at; at = strtok(NULL, "\n")) {
        if (*at == '#') continue;
        printf("%-36s is in the list, but there is no such case\n", at);
        failed++;
    }
}

static void count(const char *name, bool ok, bool unsupported)
{
    bool known = take_listed(name);
    if (ok && listed && !known) printf("%-36s works, but is not in the list\n", name);
    if (ok && (known || !listed))
        passed++;
    else if (!listed || known || !unsupported)
        failed++;
}

/* -- a case -------------------------------------------------------------------------------------------------------- */

static void run_case(const char *dir)
{
    char path[1100];
    json_error_t e;
    snprintf(path, sizeof path, "%s/case.json", dir);
    json_t *json = json_load_file(path, 0, &e);
    golden g[2] = {{0}};
    if (json) {
        for (int k = 0; k < 2; k++) run(&g[k], dir, json, k);
    } else {
        golden_fail(&g[0], "case.json: %s", e.text);
    }
    const golden *worse = *g[0].why || (!*g[1].why && g[0].worst >= g[1].worst) ? &g[0] : &g[1];
    const char *name = dir, *slash = dir + strlen(dir);
    for (int k = 0; slash > dir && k < 2; k++) /* the last two parts */
        for (slash--; slash > dir && slash[-1] != '/';) slash--;
    name = slash;
    bool ok = !*worse->why;
    printf("%-36s error %-11.3g tolerance %-11.3g %s%s%s%s\n", name, worse->error, worse->tolerance,
           ok                   ? "ok"
           : worse->unsupported ? "UNSUPPORTED"
                                : "FAIL",
           ok ? "" : ": ", worse->why, !ok && worse == &g[1] ? " (interpreted)" : "");
    count(name, ok, worse->unsupported);
    json_decref(json);
}

/* -- finding cases ------------------------------------------------------------------------------------------------- */

static char **found;
static size_t num_found;

static int visit(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    if (type != FTW_F || strcmp(path + f->base, "case.json") != 0) return 0;
    char **more = realloc(found, (num_found + 1) * sizeof *found);
    if (!more) return 1;
    found = more;
    found[num_found] = strndup(path, f->base > 1 ? (size_t)f->base - 1 : 1);
    return found[num_found++] == NULL;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(int argc, char **argv)
{
    int first = argc > 2 && !strcmp(argv[1], "--list") ? 3 : 1;
    if (argc <= first) {
        fprintf(stderr, "usage: golden_run [--list FILE] DIR...\n");
        return 2;
    }
    if (first == 3 && !read_list(argv[2])) return 2;
    for (int k = first; k < argc; k++) {
        size_t before = num_found;
        if (nftw(argv[k], visit, 32, FTW_PHYS) || num_found == before) {
            printf("%s: no case below it\n", argv[k]);
            failed++;
        }
    }
    if (num_found) qsort(found, num_found, sizeof *found, by_name);
    for (size_t k = 0; k < num_found; k++) {
        run_case(found[k]);
        free(found[k]);
    }
    free(found);
    report_missing();
    free(listed);
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0;
}
