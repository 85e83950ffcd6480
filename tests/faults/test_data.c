/* Arrays, files, states, text and errors while allocations fail. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faulty.h"
#include "support/support.h"

/* -- arrays and files --------------------------------------------------------------------------------------------- */

typedef struct files {
    eg_array *made, *npy, *stored, *deflated;
    eg_npz *archive;
    bool npy_there, stream_there, npz_there;
} files;

/* Unfinished files that are left in the folder. */
static int parts(void)
{
    int n = 0;
    DIR *d = opendir(".");
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));) n += !strncmp(e->d_name, "faults_", 7) && strstr(e->d_name, ".part");
    closedir(d);
    return n;
}

static bool stream(eg_context *eg, const float *x)
{
    eg_npy_stream *s = eg_npy_create(eg, "faults_stream.npy", eg_vector(EG_F32, 8));
    for (int k = 0; s && k < 20; k++) eg_npy_append(s, 5, x);
    return s && eg_npy_finish(s) == EG_OK; /* finishing after an error discards */
}

static bool write_and_read(eg_context *eg, void *made, outcome *o)
{
    files *f = made;
    eg_spec spec = eg_matrix(EG_F32, 50, 8);
    static float x[400];
    for (int k = 0; k < 400; k++) x[k] = (float)(k % 10);
    if (!f->made) f->made = eg_array_new(eg, spec, x);
    if (!f->made) return false;
    if (!f->npy_there) f->npy_there = eg_npy_write(eg, "faults_x.npy", spec, eg_array_data(f->made)) == EG_OK;
    if (!f->stream_there) f->stream_there = stream(eg, x);
    eg_npz_item items[] = {{"x", spec, x}, {"y", eg_vector(EG_F32, 400), x}};
    if (!f->npz_there)
        f->npz_there = eg_npz_write(eg, "faults_x.npz", 2, items, &(eg_npz_options){.level = 6}) == EG_OK;
    if (!f->npy) f->npy = eg_npy_read(eg, "faults_x.npy");
    if (!f->stored) f->stored = eg_npy_read(eg, "faults_stream.npy");
    if (!f->archive) f->archive = eg_npz_open(eg, "faults_x.npz");
    if (!f->deflated) f->deflated = eg_npz_read(f->archive, "y");
    ck_assert_int_eq(parts(), 0);
    if (eg_error(eg)) return false;
    outcome_add(o, eg_array_data(f->npy), sizeof x);
    outcome_add(o, eg_array_data(f->stored), sizeof x);
    outcome_add(o, eg_array_data(f->deflated), sizeof x);
    return true;
}

START_TEST(files_are_written_whole_or_not_at_all)
{
    faulty_check(&(scenario){"files", write_and_read, sizeof(files), .most = 200}, 1);
    remove("faults_x.npy");
    remove("faults_x.npz");
    remove("faults_stream.npy");
}
END_TEST

/* -- states ------------------------------------------------------------------------------------------------------- */

typedef struct states {
    eg_context *eg;
    eg_var *x, *n, *late;
    eg_func *f;
    eg_state *s, *t;
    int runs;
} states;

static eg_val walk(void *user, eg_val x)
{
    states *m = user;
    eg_set(m->x, eg_add(eg_get(m->x), eg_normal(m->eg, eg_vector(EG_F32, 20), 0, 1)));
    eg_set(m->n, eg_add(eg_get(m->n), 1));
    return x;
}

/* One run after the other on two states, a reset, and a variable that comes later: each exactly once. */
static bool runs(eg_context *eg, states *m)
{
    eg_run_options interpret = {.interpret = true};
    for (; m->runs < 4; m->runs++) {
        eg_state *s = m->runs % 2 ? m->t : m->s;
        if (m->runs == 2) {
            if (!m->late) m->late = eg_variable(eg, "late", eg_vector(EG_F64, 30));
            if (!m->late || eg_init_fill(m->late, 7) || eg_reset(eg, m->s)) return false;
        }
        if (!faulty_run(eg, s, eg_call(m->f, s, NULL, NULL, &interpret))) return false;
    }
    return true;
}

static bool continued(eg_context *eg, void *made, outcome *o)
{
    states *m = made;
    m->eg = eg;
    if (!m->x) m->x = eg_variable(eg, "x", eg_vector(EG_F32, 20));
    if (!m->n) m->n = eg_variable(eg, "n", eg_scalar(EG_I64));
    if (eg_init_fill(m->x, 3)) return false;
    if (!m->f) m->f = eg_trace(eg, "walk", walk, m, 0, NULL);
    if (!m->s) m->s = eg_state_new(eg);
    if (!m->t) m->t = eg_state_new(eg);
    if (eg_error(eg) || !runs(eg, m)) return false;
    eg_state *all[] = {m->s, m->t, NULL};
    for (int k = 0; k < 3; k++) {
        const void *x = eg_data(all[k], m->x), *n = eg_data(all[k], m->n), *late = eg_data(all[k], m->late);
        if (!x || !n || !late) return false;
        outcome_add(o, x, 80);
        outcome_add(o, n, 8);
        outcome_add(o, late, 240);
    }
    return true;
}

START_TEST(states_are_as_after_the_last_run_that_worked)
{
    faulty_check(&(scenario){"states", continued, sizeof(states), .most = 320}, 1);
}
END_TEST

/* -- text --------------------------------------------------------------------------------------------------------- */

typedef struct texts {
    eg_context *eg;
    eg_var *x;
    eg_func *f, *back;
} texts;

static eg_val less(void *user, eg_val x)
{
    (void)user;
    return eg_lt(x, 100);
}
static eg_val twice(void *user, eg_val x)
{
    texts *m = user;
    eg_set(m->x, eg_name(eg_add(eg_get(m->x), eg_convert(x, EG_F32)), "x \"new\""));
    return eg_mul(x, 2);
}
static eg_val body(void *user, eg_val x)
{
    texts *m = user;
    return eg_tuple(m->eg, 2, ((eg_val[]){eg_while(m->eg, less, twice, m, x), eg_sum(eg_get(m->x))}));
}

static bool print_and_parse(eg_context *eg, void *made, outcome *o)
{
    texts *m = made;
    const eg_spec arg = eg_scalar(EG_I32);
    m->eg = eg;
    if (!m->x) m->x = eg_variable(eg, "x", eg_vector(EG_F32, 9));
    if (!m->f) m->f = eg_trace(eg, "f", body, m, 1, &arg);
    if (!m->back && *eg_text(m->f)) m->back = eg_parse(eg, eg_text(m->f));
    if (!m->back || !*eg_text(m->back)) return false;
    ck_assert_str_eq(eg_text(m->f), eg_text(m->back));
    outcome_add(o, eg_text(m->back), strlen(eg_text(m->back)));
    return true;
}

START_TEST(text_is_printed_and_parsed)
{
    faulty_check(&(scenario){"text", print_and_parse, sizeof(texts), .most = 300}, 1);
}
END_TEST

/* -- errors ------------------------------------------------------------------------------------------------------- */

static eg_val wrong(void *user, eg_val x) { return eg_add(eg_reshape(x, 3, -1), eg_get(user)); /* f32[3,2] + f32[4] */ }

/* Users' mistakes while memory is short: the error is theirs or the memory's, and both can be cleared. */
static bool mistakes(eg_context *eg, void *made, outcome *o)
{
    eg_var **v = made;
    const eg_spec arg = eg_vector(EG_F32, 6);
    if (!*v) *v = eg_variable(eg, "v", eg_vector(EG_F32, 4));
    if (!*v) return false;
    for (int k = 0; k < 4; k++) {
        static const eg_status expected[] = {EG_ERR_SHAPE, EG_ERR_ARGUMENT, EG_ERR_ARGUMENT, EG_ERR_SHAPE};
        if (k == 0) ck_assert_ptr_null(eg_trace(eg, "wrong", wrong, *v, 1, &arg));
        if (k == 1) ck_assert_ptr_null(eg_parse(eg, "engram 1\nvariable f32[4] \"v\"\n%1 = var f32[5] \"v\"\n"));
        if (k == 2) ck_assert_ptr_null(eg_variable(eg, "v", arg));
        if (k == 3) ck_assert_int_ne(eg_init(*v, *v, 3), EG_OK);
        ck_assert_str_ne(eg_message(eg), "");
        if (eg_error(eg) == EG_ERR_MEMORY) return false;
        ck_assert_int_eq(eg_error(eg), expected[k]);
        ck_assert_ptr_null(eg_state_new(eg)); /* nothing is done while there is an error, and it stays the first */
        ck_assert_ptr_null(eg_array_new(eg, arg, NULL));
        ck_assert_int_eq(eg_error(eg), expected[k]);
        outcome_add(o, eg_message(eg), strlen(eg_message(eg)));
        eg_clear_error(eg);
    }
    return true;
}

START_TEST(mistakes_are_told_while_memory_is_short)
{
    faulty_check(&(scenario){"mistakes", mistakes, sizeof(eg_var *), .most = 100}, 1);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("data");
    TCase *t = tcase_create("data");
    tcase_set_timeout(t, 0);
    tcase_add_test(t, files_are_written_whole_or_not_at_all);
    tcase_add_test(t, states_are_as_after_the_last_run_that_worked);
    tcase_add_test(t, text_is_printed_and_parsed);
    tcase_add_test(t, mistakes_are_told_while_memory_is_short);
    suite_add_tcase(s, t);
    return test_run(s);
}
