/* What becomes of a function: the graph that was traced, the stages it is cut into, and the assembly, through the log.
 */
#include <engram/core.h>
#include <engram/math.h>
#include <stdio.h>
#include <string.h>

static eg_var *V;

/* V += 0.01 (I - V) */
static eg_val body(void *user, eg_val x)
{
    eg_val I = *(eg_val *)user, drive = eg_name(eg_sub(I, eg_get(V)), "drive");
    eg_set(V, eg_add(eg_get(V), eg_mul(drive, 0.01)));
    return (void)x, eg_nothing();
}

static eg_val leak(void *user, eg_val x)
{
    eg_val steps = eg_item(x, 0), I = eg_item(x, 1);
    return eg_loop((eg_context *)user, steps, body, &I, eg_nothing(), eg_nothing());
}

/* What the library tells: the title of a dump, "; stage of leak", then its text.  Counts lines that matter. */
typedef struct seen {
    int titles, stores, fma;
} seen;

static void log_line(void *user, const char *text)
{
    seen *s = user;
    s->titles += text[0] == ';';
    s->stores += strstr(text, "-> b") != NULL;
    for (const char *at = text; (at = strstr(at, "vfmadd")); at++) s->fma++;
    fputs(text, stdout);
}

int main(void)
{
    eg_context *eg = eg_open(&(eg_options){.dump = "simplify,stage,asm", .threads = 1}); /* also: trace, llvm */
    seen s = {0};
    eg_set_log(eg, log_line, &s);
    V = eg_variable(eg, "V", eg_vector(EG_F32, 1000));
    eg_func *f = eg_trace(eg, "leak", leak, eg, 2, ((eg_spec[]){eg_scalar(EG_I64), eg_vector(EG_F32, 1000)}));
    eg_compile(f);

    /* The same text at any time; eg_parse() reads it back. */
    const char *text = eg_text(f);
    bool named = strstr(text, "write \"V\"") && strstr(text, "drive") && strstr(text, "06_look_inside.c:");
    eg_stats t = eg_get_stats(eg);
    printf("\n%d dumps, %d fma in the assembly; passes %.2f ms, code %.2f ms%s\n", s.titles, s.fma, t.pass_s * 1e3,
           t.codegen_s * 1e3, eg_message(eg));
    bool good = !eg_error(eg) && named && s.titles == 3 && s.stores > 0 && s.fma > 0;
    eg_close(eg);
    return good ? 0 : 1;
}
