/* What reviews have found in exported code and blocks: each once wrong, and never again. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit/session.h"
#include "engram/export.h"

enum { N = 100000 };

static eg_var *V;

static eg_val add_to_V(void *user, eg_val x)
{
    (void)user;
    eg_set(V, eg_add(eg_get(V), eg_item(x, 0)));
    return eg_get(V);
}

/* V with these initial values, and a function that adds to it. */
static eg_func *adder(const float *first)
{
    const eg_spec s = eg_vector(EG_F32, N);
    eg = eg_open(&(eg_options){.threads = 1});
    V = eg_variable(eg, "V", s);
    ck_assert_int_eq(eg_init(V, first, N * sizeof *first), EG_OK);
    return eg_trace(eg, "step", add_to_V, NULL, 1, &s);
}

START_TEST(data_laid_out_otherwise_are_refused)
{
    float *same = malloc(N * sizeof *same), *other = malloc(N * sizeof *other);
    for (int k = 0; k < N; k++) same[k] = 1, other[k] = (float)k;
    const eg_export_options o = {.name = "step", .data_apart = true, .shared = true};
    for (int k = 0; k < 2; k++) {
        eg_func *f = adder(k ? other : same);
        ck_assert_msg(!eg_export(f, k ? "found_two" : "found_one", &o), "%s", eg_message(eg));
        eg_close(eg);
    }
    void *lib = dlopen("./found_two.so", RTLD_NOW), *block = aligned_alloc(64, 1 << 23);
    ck_assert_msg(lib != NULL, "%s", dlerror());
    int (*init)(void *, const void *);
    *(void **)(void *)&init = dlsym(lib, "step_init");
    for (int k = 0; k < 2; k++) {
        FILE *in = fopen(k ? "found_two.data" : "found_one.data", "rb");
        ck_assert_ptr_nonnull(in);
        void *data = aligned_alloc(64, 1 << 20);
        ck_assert_uint_gt(fread(data, 1, 1 << 20, in), 0);
        fclose(in);
        ck_assert_int_eq(init(block, data), k ? EG_STEP_OK : EG_STEP_BAD_ARGUMENT);
        free(data);
    }
    dlclose(lib);
    free(block);
    free(same);
    free(other);
}
END_TEST

static eg_val add_array(void *a, eg_val x) { return eg_add(eg_item(x, 0), eg_constant((eg_array *)a)); }

static void *export_often(void *failed)
{
    static const float zero[10];
    const eg_spec s = eg_vector(EG_F32, 10);
    eg_context *mine = eg_open(&(eg_options){.threads = 1});
    eg_array *a = eg_array_new(mine, s, zero);
    eg_func *f = eg_trace(mine, "step", add_array, a, 1, &s);
    for (int k = 0; k < 20 && !eg_error(mine); k++) eg_export(f, "found_race", &(eg_export_options){.name = "step"});
    *(bool *)failed = eg_error(mine) != EG_OK;
    eg_close(mine);
    return NULL;
}

START_TEST(contexts_may_export_to_one_path_at_once)
{
    pthread_t t[2];
    bool failed[2] = {false};
    for (int k = 0; k < 2; k++) ck_assert_int_eq(pthread_create(&t[k], NULL, export_often, &failed[k]), 0);
    for (int k = 0; k < 2; k++) pthread_join(t[k], NULL);
    ck_assert(!failed[0] && !failed[1]);
    ck_assert_int_eq(access("found_race.o", R_OK), 0);
}
END_TEST

static eg_val merge_bits(void *user, eg_val x)
{
    (void)user;
    return eg_or(eg_shl(eg_item(x, 0), 16), eg_shr(eg_item(x, 1), 16));
}

/* A double shift is one instruction of AVX512_VBMI2, which no level has. */
START_TEST(native_files_need_what_their_init_looks_at)
{
    const eg_spec s[2] = {eg_vector(EG_U32, 1000), eg_vector(EG_U32, 1000)};
    eg = eg_open(&(eg_options){.threads = 1});
    eg_func *f = eg_trace(eg, "merge", merge_bits, NULL, 2, s);
    ck_assert_int_eq(eg_export(f, "found_native", &(eg_export_options){.cpu = "native"}), EG_OK);
    FILE *dis = popen("objdump -d found_native.o", "r");
    ck_assert_ptr_nonnull(dis);
    char line[400];
    int lines = 0;
    while (fgets(line, sizeof line, dis)) {
        lines++;
        ck_assert_msg(!strstr(line, "vpshld") && !strstr(line, "vpshrd"), "%s", line);
    }
    pclose(dis);
    ck_assert_int_gt(lines, 20);
    eg_close(eg);
}
END_TEST

static eg_val sorted(void *user, eg_val x) { return (void)user, eg_sort(eg_item(x, 0), 0); }

START_TEST(a_block_says_how_large_it_is_whatever_was_copied_into_it)
{
    const eg_spec s = eg_vector(EG_F32, 1000), one = eg_scalar(EG_F32);
    eg = eg_open(&(eg_options){.threads = 1});
    V = eg_variable(eg, "V", one);
    eg_func *small = eg_trace(eg, "small", add_to_V, NULL, 1, &one),
            *large = eg_trace(eg, "large", sorted, NULL, 1, &s);
    size_t bytes = eg_block_size(small), room = eg_block_size(large);
    ck_assert_uint_gt(room, bytes);
    void *kept = aligned_alloc(EG_BLOCK_ALIGN, bytes), *own = aligned_alloc(EG_BLOCK_ALIGN, room);
    memcpy(kept, eg_block_of(small, NULL), bytes);
    memcpy(eg_block_of(large, NULL), kept, bytes);
    float *x = calloc(1000, sizeof *x), *y = calloc(1000, sizeof *y);
    const void *in[] = {x};
    void *out[] = {y};
    ck_assert_int_eq(eg_func_pointer(large)(eg_block_of(large, NULL), in, out), EG_STEP_OK);
    ck_assert_int_eq(eg_block_init(small, own, room), EG_OK);
    ck_assert_int_eq(eg_func_pointer(large)(own, in, out), EG_STEP_OK);
    free(kept);
    free(own);
    free(x);
    free(y);
    eg_close(eg);
}
END_TEST

static const char *const names[] = {
    "step_ALIGN", "step_ASSERT", "step_data_size",    "INT8_MAX", "UINT64_C",    "a.b", "a_b",
    "a_b_at_384", "a_b_at_448_", "ENGRAM_ALIGN_step", "bool",     "engram_pad0", "step"};
static eg_var *vars[LEN(names)];

static eg_val add_to_all(void *user, eg_val x)
{
    (void)user;
    eg_val sum = eg_item(x, 0);
    for (size_t k = 0; k < LEN(names); k++) eg_set(vars[k], sum = eg_add(eg_get(vars[k]), sum));
    return sum;
}

static eg_func *all_names(void)
{
    const eg_spec s = eg_scalar(EG_F32);
    eg = eg_open(&(eg_options){.threads = 1});
    for (size_t k = 0; k < LEN(names); k++) vars[k] = eg_variable(eg, names[k], s);
    fine();
    return eg_trace(eg, "all", add_to_all, NULL, 1, &s);
}

/* Names that are macros where the header is read, or that it makes for other variables. */
START_TEST(variables_may_have_any_name)
{
    eg_func *f = all_names();
    ck_assert_msg(!eg_export(f, "found_names", &(eg_export_options){.name = "step", .data_apart = true}), "%s",
                  eg_message(eg));
    for (int cxx = 0; cxx < 2; cxx++)
        ck_assert_int_eq(system(cxx ? "c++ -std=c++17 -Wall -Wextra -Werror -fsyntax-only -x c++ found_names.h"
                                    : "cc -std=c11 -Wall -Wextra -Werror -fsyntax-only -x c found_names.h"),
                         0);
    eg_close(eg);
}
END_TEST

/* A host that ignores its children cannot ask how the linker ended. */
START_TEST(a_linker_that_fails_is_noticed_without_its_status)
{
    eg_func *f = all_names();
    char *kept = strdup(getenv("PATH")), all[4096];
    mkdir("found_bin", 0777);
    FILE *c = fopen("found_bin/cc", "w");
    fputs("#!/bin/sh\nfor a; do case $a in *.part) true;; esac; done\nwhile [ $1 != -o ]; do shift; done\n"
          "echo half >$2\nexit 1\n",
          c);
    fclose(c);
    chmod("found_bin/cc", 0755);
    void (*before)(int) = signal(SIGCHLD, SIG_IGN);
    for (int fails = 0; fails < 2; fails++) {
        snprintf(all, sizeof all, "%s%s", fails ? "found_bin:" : "", kept);
        setenv("PATH", all, 1);
        eg_status status = eg_export(f, "found_link", &(eg_export_options){.name = "step", .shared = true});
        ck_assert_int_eq(status, fails ? EG_ERR_IO : EG_OK);
    }
    signal(SIGCHLD, before);
    setenv("PATH", kept, 1);
    free(kept);
    SAYS(EG_ERR_IO, "linker failed");
    eg_close(eg);
    unlink("found_bin/cc");
    rmdir("found_bin");
}
END_TEST

static void remove_files(void)
{
    static const char *const name[] = {"one", "two", "race", "native", "names", "link"}, *const end[] = {"o", "h", "so",
                                                                                                         "data"};
    char path[40];
    for (size_t k = 0; k < LEN(name) * LEN(end); k++) {
        snprintf(path, sizeof path, "found_%s.%s", name[k / LEN(end)], end[k % LEN(end)]);
        unlink(path);
    }
}

int main(void)
{
    Suite *s = suite_create("found");
    TCase *c = tcase_create("found");
    tcase_set_timeout(c, 0);
    tcase_add_test(c, data_laid_out_otherwise_are_refused);
    tcase_add_test(c, contexts_may_export_to_one_path_at_once);
    tcase_add_test(c, native_files_need_what_their_init_looks_at);
    tcase_add_test(c, a_block_says_how_large_it_is_whatever_was_copied_into_it);
    tcase_add_test(c, variables_may_have_any_name);
    tcase_add_test(c, a_linker_that_fails_is_noticed_without_its_status);
    tcase_add_checked_fixture(c, NULL, remove_files);
    suite_add_tcase(s, c);
    return test_run(s);
}
