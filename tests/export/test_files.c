/* Exported functions: programs that know neither Engram nor LLVM get the bits of eg_call. */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/session.h"
#include "traced.h"

static char folder[64], path[128];

static void begin(void)
{
    snprintf(folder, sizeof folder, "export.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/step", folder);
    state = NULL;
    eg = eg_open(NULL);
}

/* A command of the shell whose output is `out`; its status. */
__attribute__((format(printf, 3, 4))) static int shell(char *out, size_t size, const char *format, ...)
{
    char command[1024];
    va_list ap;
    va_start(ap, format);
    vsnprintf(command, sizeof command, format, ap);
    va_end(ap);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(out, 1, size - 1, f);
    out[n] = 0;
    return pclose(f);
}
#define RUNS(...)                                                                                                      \
    do {                                                                                                               \
        char output[4096];                                                                                             \
        int failed = shell(output, sizeof output, __VA_ARGS__);                                                        \
        ck_assert_msg(failed == 0, "status %d: %s", failed, output);                                                   \
    } while (0)

static void end(void)
{
    char said[256];
    teardown();
    if (folder[0]) shell(said, sizeof said, "rm -rf '%s'", folder);
    folder[0] = 0;
}

static int files(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

static eg_func *trace_of(int k)
{
    eg_func *f = traced_functions[k].trace(eg);
    ck_assert_msg(f != NULL, "%s: %s", traced_functions[k].name, eg_message(eg));
    return f;
}

static void export(eg_func *f, eg_export_options o)
{
    o.name = "step";
    ck_assert_msg(eg_export(f, path, &o) == EG_OK, "%s", eg_message(eg));
}

static char *text_of(const char *suffix, size_t *size)
{
    char name[160];
    snprintf(name, sizeof name, "%s%s", path, suffix);
    FILE *f = fopen(name, "rb");
    ck_assert_msg(f != NULL, "%s", name);
    char *text = calloc(1, 1 << 24);
    *size = fread(text, 1, (1 << 24) - 1, f);
    fclose(f);
    return text;
}

/* Where the header says that the variable lies; -1: it does not know it. */
static long place_of(const char *header, const char *name)
{
    char line[160];
    snprintf(line, sizeof line, "/* '%s': ", name);
    const char *at = strstr(header, line);
    if (!at || !(at = strstr(at, ", at "))) return -1;
    return strtol(at + 5, NULL, 10);
}

/* The variables of the state lie in `block` as the header says. */
static int same_variables_in(const char *header, const char *block, eg_state *s)
{
    int found = 0;
    for (const char *const *name = traced_variables; *name; name++) {
        eg_var *v = eg_find_variable(eg, *name);
        long at = place_of(header, *name);
        if (!v || at < 0) continue;
        ck_assert_msg(!memcmp(block + at, eg_data(s, v), bytes_of(eg_variable_spec(v))), "%s differs", *name);
        found++;
    }
    return found;
}

static void put(FILE *f, size_t x) { fwrite(&(int64_t){(int64_t)x}, sizeof(int64_t), 1, f); }

enum { CALLS = 5 };

/* What host/host.c reads. */
static void write_input(const eg_func *f, const char *name)
{
    arguments a;
    FILE *in = fopen(name, "wb");
    ck_assert_ptr_nonnull(in);
    arguments_make(&a, f);
    put(in, CALLS);
    put(in, (size_t)a.num_in);
    put(in, (size_t)a.num_out);
    for (int k = 0; k < a.num_in; k++) put(in, a.in_bytes[k]);
    for (int k = 0; k < a.num_out; k++) put(in, a.out_bytes[k]);
    for (int call = 0; call < CALLS; call++) {
        arguments_fill(&a, f, call);
        for (int k = 0; k < a.num_in; k++) fwrite(a.in[k], 1, a.in_bytes[k], in);
    }
    fclose(in);
    arguments_free(&a);
}

/* What it wrote is what eg_call gives, from the state s on. */
static void check_output(eg_func *f, eg_state *s, int variables)
{
    size_t size, header_size;
    char *got = text_of(".out", &size), *header = text_of(".h", &header_size);
    arguments a;
    arguments_make(&a, f);
    size_t at = 0;
    for (int call = 0; call < CALLS; call++) {
        arguments_fill(&a, f, call);
        ck_assert_int_eq(eg_call(f, s, (const void *const *)a.in, a.out, NULL), EG_OK);
        for (int k = 0; k < a.num_out; k++) {
            ck_assert_msg(!memcmp(got + at, a.out[k], a.out_bytes[k]), "call %d: result %d differs", call, k);
            at += a.out_bytes[k];
        }
    }
    ck_assert_uint_eq((size - at) % 2, 0);
    size_t block = (size - at) / 2;
    for (size_t k = 0; k < 2; k++) ck_assert_int_eq(same_variables_in(header, got + at + k * block, s), variables);
    arguments_free(&a);
    free(got);
    free(header);
}

/* Builds host/host.c with the exported function and runs it. */
static void run_host(eg_func *f, const char *object)
{
    char in[160];
    snprintf(in, sizeof in, "%s.in", path);
    write_input(f, in);
    RUNS("cc -std=c11 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I%s -o %s/host %s/export/host/host.c "
         "%s/%s -Wl,-rpath,$PWD/%s 2>&1",
         folder, folder, EG_TEST_DIR, folder, object, folder);
    RUNS("ldd %s/host | grep -e libengram -e libLLVM -e libgomp; [ $? = 1 ]", folder);
    RUNS("%s/host %s.in %s.out %s.data 2>&1", folder, path, path, path);
}

static bool has_avx512(void) { return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"); }

static const char *const cpus[] = {"x86-64-v3", "x86-64-v4", "native"};

START_TEST(program_without_engram_gets_the_bits_of_call)
{
    const char *cpu = cpus[_i % 3];
    if (!strcmp(cpu, "x86-64-v4") && !has_avx512()) return; /* exported all the same below */
    begin();
    eg_func *f = trace_of(_i / 3);
    export(f, (eg_export_options){.cpu = cpu});
    run_host(f, "step.o");
    check_output(f, eg_state_new(eg), traced_functions[_i / 3].variables);
}
END_TEST

START_TEST(object_needs_libc_alone)
{
    char said[4096], *word, *rest;
    begin();
    export(trace_of(_i), (eg_export_options){.shared = true});
    ck_assert_int_eq(shell(said, sizeof said, "nm -u %s.o", path), 0);
    for (word = strtok_r(said, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
        bool libc = !strcmp(word, "U") || !strcmp(word, "memcpy") || !strcmp(word, "memset") ||
                    !strcmp(word, "memmove") || !strcmp(word, "_GLOBAL_OFFSET_TABLE_");
        ck_assert_msg(libc, "undefined: %s", word);
    }
    /* And gives nothing but its functions. */
    RUNS("nm -g --defined-only %s.o | sed 's/.* //' | sort | tr '\\n' ' ' | grep -qx 'step step_init '", path);
    RUNS("nm -D --defined-only %s.so | sed 's/.* //' | sort | tr '\\n' ' ' | grep -qx 'step step_init '", path);
    RUNS("readelf -lW %s.so | grep -q 'GNU_STACK.*RW '", path);
    RUNS("readelf -dW %s.so | grep TEXTREL; [ $? = 1 ]", path);
}
END_TEST

START_TEST(code_for_other_cpus_is_made_and_refuses_this_one_if_it_must)
{
    begin();
    eg_func *f = trace_of(0);
    export(f, (eg_export_options){.cpu = "x86-64-v4", .shared = true});
    char so[160];
    snprintf(so, sizeof so, "%s.so", path);
    void *lib = dlopen(so, RTLD_NOW), *block = aligned_alloc(64, 1 << 20);
    ck_assert_msg(lib != NULL, "%s", dlerror());
    int (*init)(void *);
    *(void **)(void *)&init = dlsym(lib, "step_init");
    ck_assert_int_eq(init(block), has_avx512() ? EG_STEP_OK : EG_STEP_BAD_CPU);
    ck_assert_int_eq(init(NULL), EG_STEP_BAD_ARGUMENT);
    dlclose(lib);
    free(block);
}
END_TEST

START_TEST(data_can_come_apart)
{
    begin();
    eg_func *f = trace_of(_i);
    export(f, (eg_export_options){.data_apart = true});
    run_host(f, "step.o");
    check_output(f, eg_state_new(eg), traced_functions[_i].variables);
    ck_assert_int_eq(files(), 6); /* .o .h .data .in .out host */
}
END_TEST

START_TEST(data_of_another_export_are_refused)
{
    begin();
    eg_func *f = trace_of(3);
    export(f, (eg_export_options){.data_apart = true, .shared = true});
    char so[160];
    snprintf(so, sizeof so, "%s.so", path);
    void *lib = dlopen(so, RTLD_NOW), *block = aligned_alloc(64, 1 << 22);
    int (*init)(void *, const void *), (*step)(void *, const void *, const void *const *, void *const *);
    *(void **)(void *)&init = dlsym(lib, "step_init");
    *(void **)(void *)&step = dlsym(lib, "step");
    static const uint64_t odd[8] = {7};
    arguments a;
    arguments_make(&a, f);
    size_t size;
    char *data = text_of(".data", &size);
    ck_assert_int_eq(init(block, odd), EG_STEP_BAD_ARGUMENT);
    ck_assert_int_eq(init(block, NULL), EG_STEP_BAD_ARGUMENT);
    ck_assert_int_eq(init(block, data), EG_STEP_OK);
    ck_assert_int_eq(step(block, odd, (const void *const *)a.in, a.out), EG_STEP_BAD_ARGUMENT);
    ck_assert_int_eq(step(block, NULL, (const void *const *)a.in, a.out), EG_STEP_BAD_ARGUMENT);
    ck_assert_int_eq(step(block, data, (const void *const *)a.in, a.out), EG_STEP_OK);
    arguments_free(&a);
    free(data);
    free(block);
    dlclose(lib);
}
END_TEST

START_TEST(state_of_now_can_be_the_initial_one)
{
    begin();
    eg_func *f = trace_of(_i);
    eg_state *s = eg_state_new(eg);
    arguments a;
    arguments_make(&a, f);
    for (int k = 0; k < 3; k++) eg_call(f, s, (const void *const *)a.in, a.out, NULL);
    arguments_free(&a);
    export(f, (eg_export_options){.state = s});
    run_host(f, "step.o");
    check_output(f, s, traced_functions[_i].variables); /* goes on */
}
END_TEST

typedef struct instance {
    int (*init)(void *);
    eg_step_fn step;
    void *block;
} instance;

static const void *network_in[] = {&(int64_t){300}, &(double){0.1}};
static void *run_instance(void *user)
{
    instance *i = user;
    i->init(i->block);
    for (int k = 0; k < 10; k++) i->step(i->block, network_in, NULL);
    return NULL;
}

START_TEST(shared_library_runs_instances_in_many_threads)
{
    enum { THREADS = 4 };
    begin();
    eg_func *f = trace_of(1);
    export(f, (eg_export_options){.shared = true});
    run_host(f, "step.so"); /* linked as well */
    check_output(f, eg_state_new(eg), traced_functions[1].variables);
    char so[160];
    snprintf(so, sizeof so, "%s.so", path);
    void *lib = dlopen(so, RTLD_NOW);
    ck_assert_msg(lib != NULL, "%s", dlerror());
    instance of[THREADS];
    pthread_t t[THREADS];
    for (int k = 0; k < THREADS; k++) {
        *(void **)(void *)&of[k].init = dlsym(lib, "step_init");
        *(void **)(void *)&of[k].step = dlsym(lib, "step");
        of[k].block = aligned_alloc(64, 1 << 20);
        pthread_create(&t[k], NULL, run_instance, &of[k]);
    }
    for (int k = 0; k < THREADS; k++) pthread_join(t[k], NULL);
    eg_state *s = eg_state_new(eg);
    for (int k = 0; k < 10; k++) eg_call(f, s, network_in, NULL, NULL);
    size_t size;
    char *header = text_of(".h", &size);
    for (int k = 0; k < THREADS; k++) {
        ck_assert_int_eq(same_variables_in(header, of[k].block, s), traced_functions[1].variables);
        free(of[k].block);
    }
    free(header);
    dlclose(lib);
}
END_TEST

START_TEST(header_is_c11_and_cpp17)
{
    static const char *const compilers[] = {"cc -x c -std=c11", "cc -x c -std=c17", "c++ -x c++ -std=c++17"};
    begin();
    eg_func *f = trace_of(_i);
    for (int apart = 0; apart < 2; apart++) {
        export(f, (eg_export_options){.data_apart = apart});
        for (size_t k = 0; k < LEN(compilers); k++)
            RUNS("printf '#include \"step.h\"\\n#include \"step.h\"\\nstep_state s;\\nint size = sizeof s > 0;\\n' | "
                 "%s -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -I%s -fsyntax-only - 2>&1",
                 compilers[k], folder);
    }
}
END_TEST

START_TEST(typed_call_and_members_have_the_names_of_variables)
{
    begin();
    eg_func *f = trace_of(0);
    export(f, (eg_export_options){0});
    FILE *c = fopen(strcat(strcpy((char[160]){0}, folder), "/typed.cpp"), "w");
    ck_assert_ptr_nonnull(c);
    fputs("#include \"step.h\"\n"
          "static step_state s;\n"
          "int main()\n{\n"
          "    float I[37], more[37];\n    bool spike[37];\n    int count = 0;\n"
          "    for (int k = 0; k < 37; k++) I[k] = (float)k;\n"
          "    if (step_init(&s) || s.cell_V[36] != -51) return 1;\n"
          "    for (int t = 0; t < 1000; t++) {\n"
          "        if (step_call(&s, I, 0.1, spike, more)) return 2;\n"
          "        for (int k = 0; k < 37; k++) count += spike[k] && s.cell_V[k] == -60 && s.cell_double[k] == 20;\n"
          "    }\n"
          "    return count > 300 ? 0 : 3;\n}\n",
          c);
    fclose(c);
    RUNS("c++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -o %s/typed %s/typed.cpp %s.o 2>&1",
         folder, folder, path);
    RUNS("%s/typed", folder);
}
END_TEST

static eg_var *turning;
static eg_val turn(void *user, eg_val x)
{
    (void)user;
    eg_val z = eg_mul(eg_get(turning), eg_item(x, 1));
    eg_set(turning, eg_convert(z, EG_C64));
    return eg_tuple(eg, 2, ((eg_val[]){eg_add(z, eg_item(x, 0)), eg_sum(z)}));
}

START_TEST(complex_numbers_are_pairs)
{
    begin();
    turning = eg_variable(eg, "z", eg_vector(EG_C64, 3));
    eg_init(turning, ((const float[]){1, 2, 3, 4, 0, 0}), 24);
    export(TRACE(turn, eg_vector(EG_C64, 3), eg_scalar(EG_C128)), (eg_export_options){0});
    FILE *c = fopen(strcat(strcpy((char[160]){0}, folder), "/pairs.c"), "w");
    ck_assert_ptr_nonnull(c);
    fputs("#include \"step.h\"\n"
          "static step_state s;\n"
          "int main(void)\n{\n"
          "    const float x[6] = {10, 20, 0, 0, 0, 0};\n    const double i[2] = {0, 1};\n"
          "    double y[6], sum[2];\n"
          "    if (step_init(&s) || s.z[1][1] != 4) return 1;\n"
          "    if (step_call(&s, x, i, y, sum)) return 2;\n"
          "    if (s.z[0][0] != -2 || s.z[0][1] != 1 || s.z[1][0] != -4) return 3;\n"
          "    return y[0] == 8 && y[1] == 21 && y[2] == -4 && sum[0] == -6 && sum[1] == 4 ? 0 : 4;\n}\n",
          c);
    fclose(c);
    RUNS("cc -Wall -Wextra -Wpedantic -Wconversion -Werror -o %s/pairs %s/pairs.c %s.o 2>&1", folder, folder, path);
    RUNS("%s/pairs", folder);
    size_t size;
    char *header = text_of(".h", &size);
    ck_assert_ptr_nonnull(strstr(header, "float z[3][2];"));
    ck_assert_ptr_nonnull(strstr(header, "in[1]: c128\n"));
    ck_assert_ptr_nonnull(strstr(header, "Complex numbers (c64, c128) are pairs"));
    free(header);
}
END_TEST

START_TEST(names_that_meet_are_kept_apart)
{
    begin();
    export(trace_of(6), (eg_export_options){0});
    size_t size;
    char *header = text_of(".h", &size);
    ck_assert_ptr_nonnull(strstr(header, "int64_t a_n_at_"));
    ck_assert_ptr_nonnull(strstr(header, "uint32_t a_n_at_"));
    free(header);
}
END_TEST

START_TEST(functions_of_one_program_do_not_meet)
{
    begin();
    eg_func *f = trace_of(0), *g = trace_of(2);
    /* Names that the code's inner functions have. */
    char other[160];
    snprintf(other, sizeof other, "%s/body", folder);
    ck_assert_int_eq(eg_export(f, other, NULL), EG_OK);
    snprintf(other, sizeof other, "%s/literals", folder);
    ck_assert_int_eq(eg_export(g, other, NULL), EG_OK);
    fine();
    FILE *c = fopen(strcat(strcpy((char[160]){0}, folder), "/two.c"), "w");
    fputs("#include \"body.h\"\n#include \"literals.h\"\n"
          "static body_state a;\nstatic literals_state b;\n"
          "int main(void)\n{\n    float in[37] = {0};\n    int64_t n;\n"
          "    return body_init(&a) || literals_init(&b) || body_call(&a, in, 0.1, 0, 0) ||\n"
          "           literals_call(&b, 3, &n, 0) ||\n"
          "           literals((literals_state *)(void *)&a, (const void *[]){&n}, 0) != 1;\n}\n",
          c);
    fclose(c);
    RUNS("cc -Wall -Wextra -Werror -o %s/two %s/two.c %s/body.o %s/literals.o 2>&1", folder, folder, folder, folder);
    RUNS("%s/two", folder);
}
END_TEST

/* -- what cannot be ------------------------------------------------------------------------------------------------ */

static void refused(eg_func *f, const char *to, eg_export_options o, eg_status status, const char *const *words)
{
    ck_assert_int_ne(eg_export(f, to, &o), EG_OK);
    says(eg, status, words);
    ck_assert_int_eq(files(), 0);
}
#define REFUSED(f, to, o, status, ...)                                                                                 \
    refused(f, to, (eg_export_options)o, status, (const char *const[]){__VA_ARGS__, NULL})
#define WITH(...) {__VA_ARGS__}

START_TEST(bad_names_are_refused)
{
    static const char *const bad[] = {"", "1st", "a-b", "a b", "int", "class", "_x", "main", "memcpy", "fmodf", "é"};
    begin();
    eg_func *f = trace_of(0);
    for (size_t k = 0; k < LEN(bad); k++)
        REFUSED(f, path, WITH(.name = bad[k]), EG_ERR_ARGUMENT, "eg_export of 'lif'", bad[k], "name of the C function");
    char name[200];
    memset(name, 'x', sizeof name);
    name[150] = 0;
    REFUSED(f, path, WITH(.name = name), EG_ERR_ARGUMENT, "xxx", "at most 100");
    snprintf(name, sizeof name, "%s/", folder);
    REFUSED(f, name, WITH(0), EG_ERR_ARGUMENT, "name of the C function");
    REFUSED(f, NULL, WITH(0), EG_ERR_ARGUMENT, "there is no path");
    REFUSED(f, "", WITH(0), EG_ERR_ARGUMENT, "there is no path");
    REFUSED(f, path, WITH(.cpu = "z80"), EG_ERR_ARGUMENT, "z80", "x86-64-v3");
    ck_assert_int_eq(eg_export(NULL, path, NULL), EG_ERR_ARGUMENT);
    eg_context *other = eg_open(NULL);
    REFUSED(f, path, WITH(.state = eg_state_new(other)), EG_ERR_SCOPE, "another context");
    eg_close(other);
}
END_TEST

START_TEST(folders_that_cannot_be_written_leave_nothing)
{
    begin();
    eg_func *f = trace_of(0);
    REFUSED(f, "/nowhere/at/all/step", WITH(0), EG_ERR_IO, "/nowhere/at/all/step.o", "No such file");
    REFUSED(f, "/proc/step", WITH(0), EG_ERR_IO, "/proc/step.o");
    /* Where a header should go there is a folder: no object either. */
    char header[160], object[160];
    snprintf(header, sizeof header, "%s.h", path);
    snprintf(object, sizeof object, "%s.o", path);
    ck_assert_int_eq(mkdir(header, 0777), 0);
    ck_assert_int_ne(eg_export(f, path, &(eg_export_options){.shared = true}), EG_OK);
    SAYS(EG_ERR_IO, "step.h", "directory");
    ck_assert_int_eq(files(), 1);
    ck_assert_int_eq(rmdir(header), 0);
    export(f, (eg_export_options){0});
    ck_assert_int_eq(files(), 2);
}
END_TEST

START_TEST(old_files_stay_when_a_new_export_fails)
{
    begin();
    eg_func *f = trace_of(0), *g = trace_of(2);
    export(f, (eg_export_options){0});
    size_t before, after;
    char *old = text_of(".o", &before), *now;
    char so[160];
    snprintf(so, sizeof so, "%s.so", path);
    ck_assert_int_eq(mkdir(so, 0777), 0);
    ck_assert_int_ne(eg_export(g, path, &(eg_export_options){.shared = true}), EG_OK);
    eg_clear_error(eg);
    now = text_of(".o", &after);
    ck_assert(before == after && !memcmp(old, now, before));
    ck_assert_int_eq(files(), 3);
    free(old);
    free(now);
}
END_TEST

START_TEST(a_missing_linker_is_an_error_that_says_so)
{
    begin();
    eg_func *f = trace_of(0);
    char *kept = strdup(getenv("PATH"));
    setenv("PATH", "/nowhere", 1);
    eg_status status = eg_export(f, path, &(eg_export_options){.shared = true});
    setenv("PATH", kept, 1);
    free(kept);
    ck_assert_int_eq(status, EG_ERR_IO);
    SAYS(EG_ERR_IO, "linker", "cc");
    ck_assert_int_eq(files(), 0);
}
END_TEST

START_TEST(a_linker_that_fails_is_quoted)
{
    begin();
    eg_func *f = trace_of(0);
    char bin[128], cc[160], all[4096];
    snprintf(bin, sizeof bin, "%s/bin", folder);
    snprintf(cc, sizeof cc, "%s/cc", bin);
    mkdir(bin, 0777);
    FILE *c = fopen(cc, "w");
    fputs("#!/bin/sh\necho this linker is on strike >&2\nexit 3\n", c);
    fclose(c);
    chmod(cc, 0755);
    char *kept = strdup(getenv("PATH"));
    snprintf(all, sizeof all, "%s:%s", bin, kept);
    setenv("PATH", all, 1);
    eg_export(f, path, &(eg_export_options){.shared = true});
    setenv("PATH", kept, 1);
    free(kept);
    SAYS(EG_ERR_IO, "linker failed", "on strike");
    ck_assert_int_eq(files(), 1);
}
END_TEST

static int host(void *user, const void *const *in, void *const *out)
{
    *(float *)out[0] = *(const float *)in[0];
    return user != NULL;
}
static eg_val calls_host(void *user, eg_val x)
{
    return (void)user, eg_host(eg, "my probe", host, NULL, 1, &x, 1, &eg_scalar(EG_F32));
}

START_TEST(host_functions_are_an_error_that_names_them)
{
    begin();
    eg_func *f = TRACE(calls_host, eg_scalar(EG_F32));
    REFUSED(f, path, WITH(0), EG_ERR_ARGUMENT, "eg_export", "calls_host", "my probe");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("export");
    TCase *t = tcase_create("export");
    tcase_set_timeout(t, 0);
    tcase_add_checked_fixture(t, NULL, end);
    tcase_add_loop_test(t, program_without_engram_gets_the_bits_of_call, 0, 3 * NUM_TRACED);
    tcase_add_loop_test(t, object_needs_libc_alone, 0, NUM_TRACED);
    tcase_add_test(t, code_for_other_cpus_is_made_and_refuses_this_one_if_it_must);
    tcase_add_loop_test(t, data_can_come_apart, 0, NUM_TRACED);
    tcase_add_test(t, data_of_another_export_are_refused);
    tcase_add_loop_test(t, state_of_now_can_be_the_initial_one, 0, NUM_TRACED);
    tcase_add_test(t, shared_library_runs_instances_in_many_threads);
    tcase_add_loop_test(t, header_is_c11_and_cpp17, 0, NUM_TRACED);
    tcase_add_test(t, typed_call_and_members_have_the_names_of_variables);
    tcase_add_test(t, complex_numbers_are_pairs);
    tcase_add_test(t, names_that_meet_are_kept_apart);
    tcase_add_test(t, functions_of_one_program_do_not_meet);
    tcase_add_test(t, bad_names_are_refused);
    tcase_add_test(t, folders_that_cannot_be_written_leave_nothing);
    tcase_add_test(t, old_files_stay_when_a_new_export_fails);
    tcase_add_test(t, a_missing_linker_is_an_error_that_says_so);
    tcase_add_test(t, a_linker_that_fails_is_quoted);
    tcase_add_test(t, host_functions_are_an_error_that_names_them);
    suite_add_tcase(s, t);
    return test_run(s);
}
