/* Graphs as text: what is printed parses back to the same graph, and no text breaks the parser. */
#include <stdlib.h>

#include "support/support.h"
#include "unit/graphs.h"

static eg_context *eg;

static void setup(void)
{
    eg = test_context();
    ck_assert_msg(eg && !eg_error(eg), "%s", eg_message(eg));
}

static void teardown(void) { eg_close(eg); }

static egi_text text_of(const egi_graph *g)
{
    egi_text t = {.allocator = &eg->allocator};
    egi_print(g, &t);
    ck_assert(!t.failed);
    return t;
}

static egi_graph *parse(const char *text)
{
    egi_host host = test_host_of();
    return egi_graph_parse_with(eg, text, 1, &host);
}

static void check_round_trip(const egi_graph *g)
{
    egi_text first = text_of(g);
    egi_graph *back = parse(first.s);
    ck_assert_msg(back != NULL, "%s\n%s", eg_message(eg), first.s);
    egi_text second = text_of(back);
    ck_assert_str_eq(second.s, first.s);
    egi_graph_free(back);
    egi_text_free(&first);
    egi_text_free(&second);
}

START_TEST(every_operation_prints_and_parses_back)
{
    egi_graph *g = all_operations(eg);
    bool seen[EGI_OP_COUNT] = {false};
    for (int64_t k = 0; k < g->nodes.n; k++) seen[g->nodes.at[k].op] = true;
    seen[EGI_COMPLEX] = true; /* while tracing only */
    for (egi_op op = 0; op < EGI_OP_COUNT; op++) ck_assert_msg(seen[op], "%s is not in the graph", egi_ops[op].text);
    ck_assert_msg(egi_verify(g, "test"), "%s", eg_message(eg));
    check_round_trip(g);
    egi_graph_free(g);
}
END_TEST

START_TEST(a_parsed_graph_goes_on_sharing_nodes)
{
    egi_graph *g = parse("engram 1\narg f32\n%1 = arg f32 #0\n%2 = neg f32 %1\nresult %2\n");
    ck_assert_msg(g != NULL, "%s", eg_message(eg));
    ck_assert_uint_eq(node(g, EGI_NEG, EG_F32, 0, A_(1), NO_INTS, 0), 2);
    ck_assert_uint_eq(node(g, EGI_ABS, EG_F32, 0, A_(1), NO_INTS, 0), 3);
    egi_graph_free(g);
}
END_TEST

static const char readable[] = "engram 1\n"
                               "arg f32[8]\n"
                               "arg i64\n"
                               "variable f32[8] \"E.V\"\n"
                               "%1 = arg f32[8] #0 ; model.c:7\n"
                               "%2 = arg i64 #1\n"
                               "%3 = var f32[8] \"E.V\" ; model.c:8 V\n"
                               "%4 = const f32 0.95\n"
                               "%7 = add f32[8] %1 %4 ; model.c:9\n"
                               "%9 = loop %2 %3 {body 1, carried 1, sequences 0, stacked 0} ; model.c:12\n"
                               "  region 1 {\n"
                               "    %5 = param i64 {1} #0\n"
                               "    %6 = param f32[8] {1} #1\n"
                               "    %8 = fma f32[8] %6 %4 %7 ; model.c:9 V_new\n"
                               "    result %8\n"
                               "  }\n"
                               "%10 = item f32[8] %9 #0\n"
                               "result\n"
                               "write \"E.V\" %10\n";

START_TEST(text_is_what_the_documentation_shows)
{
    egi_graph *g = parse(readable);
    ck_assert_msg(g != NULL, "%s", eg_message(eg));
    egi_text t = text_of(g);
    ck_assert_str_eq(t.s, readable);
    egi_text_free(&t);
    egi_graph_free(g);
}
END_TEST

START_TEST(odd_names_and_places_survive)
{
    egi_graph *g = egi_graph_new(eg);
    g->loc = egi_loc_intern(g, "a b/c:d\\e.c", 3, "x: \"y\"\n\\z ");
    node(g, EGI_CONST, EG_F32, 0, NO_ARGS, NO_INTS, 1);
    g->loc = egi_loc_intern(g, NULL, 0, "only a name");
    node(g, EGI_CONST, EG_F32, 0, NO_ARGS, NO_INTS, 2);
    check_round_trip(g);
    egi_graph_free(g);
}
END_TEST

/* -- captured objects ----------------------------------------------------------------------------------------- */

START_TEST(arrays_and_connections_are_the_contexts_in_order_of_creation)
{
    eg_array *second = eg_array_new(eg, eg_matrix(EG_F32, 3, 4), NULL);
    egi_graph *g = parse("engram 1\narray f32[3,4]\narray f32[3,4]\ncsr 8 5 12\nresult\n");
    ck_assert_msg(g != NULL, "%s", eg_message(eg));
    ck_assert_ptr_eq(g->arrays.at[0], eg->arrays.at[0]);
    ck_assert_ptr_eq(g->arrays.at[1], second);
    ck_assert_ptr_eq(g->csrs.at[0], eg->csrs.at[0]);
    egi_graph_free(g);
}
END_TEST

START_TEST(arrays_and_connections_that_are_missing_are_made_up)
{
    egi_graph *g = parse("engram 1\narray i64[7]\ncsr 4 3 10\nresult\n");
    ck_assert_msg(g != NULL, "%s", eg_message(eg));
    const int64_t *data = eg_array_data(g->arrays.at[0]);
    for (int k = 0; k < 7; k++) ck_assert_int_eq(data[k], 0);
    ck_assert_int_eq(eg_csr_num_pre(g->csrs.at[0]), 4);
    ck_assert_int_eq(eg_csr_num_post(g->csrs.at[0]), 3);
    ck_assert_int_eq(eg_csr_size(g->csrs.at[0]), 10);
    egi_graph_free(g);
}
END_TEST

/* -- bad text ------------------------------------------------------------------------------------------------- */

static const struct {
    const char *text, *message;
} bad[] = {
    {"", "line 1: it does not begin with 'engram 1'"},
    {"engram 2\nresult\n", "line 1: it does not begin with 'engram 1'"},
    {"engram 1\n", "line 2: the function has no result line"},
    {"engram 1\nresult\nresult\n", "line 3: nothing may follow the result"},
    {"engram 1\narg f31\nresult\n", "line 2: there is no type 'f31'"},
    {"engram 1\narg f32[1,2,3,4,5,6,7]\nresult\n", "line 2: a shape has at most 6 axes"},
    {"engram 1\narg f32[-1]\nresult\n", "line 2: extent: -1 is not within"},
    {"engram 1\narg f32[99999999999999999999]\nresult\n", "line 2: extent: a number is missing or too large"},
    {"engram 1\narg f32[4294967296,4294967296]\nresult\n", "line 2: the shape has too many elements"},
    {"engram 1\narg f32[3\nresult\n", "line 2: the shape does not end in ]"},
    {"engram 1\nvariable f32[8] \"E.W\"\nresult\n", "line 2: the context has no variable 'E.W'"},
    {"engram 1\nvariable f32[9] \"E.V\"\nresult\n", "line 2: variable 'E.V' of the context has another type or shape"},
    {"engram 1\nvariable f32[8] \"E.V\nresult\n", "line 2: the name does not end in \""},
    {"engram 1\nvariable f32[8] \"E.\\q\"\nresult\n", "line 2: a backslash starts an escape"},
    {"engram 1\nvariable f32[8] \"E.V\"\nvariable f32[8] \"E.V\"\nresult\n", "variable 'E.V' has one slot"},
    {"engram 1\narray f64[1000000000000]\nresult\n", "line 2: the array is too large to be made up"},
    {"engram 1\ncsr 3 0 4\nresult\n", "line 2: synapses need sources and targets"},
    {"engram 1\ncsr 3 3 9999999999\nresult\n", "line 2: the CSR is too large to be made up"},
    {"engram 1\nhost \"other\" f32\nresult\n", "line 2: there is no host function 'other'"},
    {"engram 1\nhost \"probe\" f32[8] i32\nresult\n", "line 2: output 1 of host function 'probe'"},
    {"engram 1\n%1 = nop f32\nresult\n", "line 2: there is no operation 'nop'"},
    {"engram 1\n%1 = none\nresult\n", "line 2: there is no operation 'none'"},
    {"engram 1\n%0 = const f32 1\nresult\n", "line 2: number of a node: 0 is not within"},
    {"engram 1\n%2 = const f32 1\nresult\n", "line 2: %2: nodes are numbered from 1 without gaps"},
    {"engram 1\n%1 = const f32 1\n%1 = const f32 2\nresult\n", "line 3: %1 is there twice"},
    {"engram 1\n%1 = const f32 1\n%2 = const f32 1\nresult\n", "line 3: %2 repeats %1"},
    {"engram 1\n%1 = neg f32 %2\n%2 = const f32 1\nresult\n", "line 2: operand %2 is not made before %1"},
    {"engram 1\n%1 = neg f32 %1\nresult\n", "line 2: operand %1 is not made before %1"},
    {"engram 1\n%1 = const f32 1x\nresult\n", "line 2: 'x' is not expected here"},
    {"engram 1\n%1 = const f32 99999999999999999999\nresult\n", "line 2: it is no number of its type"},
    {"engram 1\n%1 = const 1\nresult\n", "line 2: it is no number of its type"},
    {"engram 1\n%1 = arg f32 #0\nresult\n", "line 2: %1 = arg breaks the rule: the function has that argument"},
    {"engram 1\n%1 = arg f32\nresult\n", "line 2: its number is missing"},
    {"engram 1\n%1 = var f32 \"E.V\"\nresult\n", "line 2: variable 'E.V' is not in the header"},
    {"engram 1\n%1 = const f32 1\n%2 = add f32 %1\nresult\n", "line 3: %2 = add breaks the rule: it has 2 operands"},
    {"engram 1\n%1 = const f32 1\n%2 = neg f64 %1\nresult\n", "line 3: %2 = neg breaks the rule: its type is f32"},
    {"engram 1\n%1 = iota i32[3] {0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}\nresult\n",
     "line 2: there are too many attributes"},
    {"engram 1\n%1 = iota i32[3] {0\nresult\n", "line 2: the attributes do not end in }"},
    {"engram 1\n%1 = const f32 1 ; model.c\nresult\n", "line 2: a place is written file:line"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {yes 1, no 2}\nresult\n", "line 4: region 1 is missing"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {yes 1, no 2}\nregion 1 {\nresult\n}\n", "within a region"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {yes 1, no 2}\nregion 2 {\nresult\n}\n",
     "line 4: region 2 does not belong to the node above"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {yes 1, no 1}\nregion 1 {\nresult\n}\nregion 1 {\n",
     "line 7: region 1 is there twice"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {yes 1, no 3}\nregion 1 {\nresult\n}\nregion 3 "
     "{\nresult\n}\nresult\n",
     "there is no region 2"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {1, 2}\nresult\n", "line 3: attribute 'yes' is missing"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1\nresult\n",
     "line 3: %2 = cond breaks the rule: it names its regions"},
    {"engram 1\n%1 = const bool true\n%2 = cond %1 {yes 1, no 2}\nregion 1 {\n}\n", "line 5: the region has no result"},
    {"engram 1\n%1 = const bool true\n%3 = cond %1 {yes 1, no 2}\nregion 1 {\n%2 = not bool %1\nresult\n}\n"
     "region 2 {\nresult %2\n}\nresult\n",
     "line 5: %2 = not breaks the rule: as result 0 of region 2 it is in scope there"},
    {"engram 1\nregion 1 {\n", "line 2: region 1 does not belong to the node above"},
    {"engram 1\n}\n", "line 2: } closes nothing"},
    {"engram 1\nwrite \"E.V\" %1\nresult\n", "line 2: writes come after the function's result"},
    {"engram 1\nresult %7\n", "result 0 of region 0 is made before its owner"},
    {"engram 1\nvariable f32[8] \"E.V\"\n%1 = const f32 1\nresult\nwrite \"E.V\" %1\n",
     "line 3: %1 = const breaks the rule: what is written to 'E.V' has its type and shape"},
};

START_TEST(bad_text_is_an_error_with_its_line)
{
    for (size_t k = 0; k < EGI_LEN(bad); k++) {
        egi_graph *g = parse(bad[k].text);
        ck_assert_msg(g == NULL, "this is accepted:\n%s", bad[k].text);
        ck_assert_int_eq(eg_error(eg), EG_ERR_ARGUMENT);
        ck_assert_msg(strstr(eg_message(eg), bad[k].message) != NULL, "%s\nsays: %s\nnot: %s", bad[k].text,
                      eg_message(eg), bad[k].message);
        eg_clear_error(eg);
    }
    ck_assert_ptr_null(egi_graph_parse(eg, NULL));
    ck_assert_int_eq(eg_error(eg), EG_ERR_ARGUMENT);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    for (int depth = 63; depth <= 66; depth++) {
        egi_text t = {.allocator = &eg->allocator};
        egi_put(&t, "engram 1\n%%1 = const bool true\n");
        /* Conds hold each other; the innermost has the smallest number, so that owners come after what they own. */
        int id = depth + 1;
        for (int k = 0; k < depth; k++)
            egi_put(&t, "%%%d = cond %%1 {yes %d, no %d}\nregion %d {\n", id--, 2 * k + 1, 2 * k + 2, 2 * k + 1);
        for (int k = depth - 1; k >= 0; k--) egi_put(&t, "result\n}\nregion %d {\nresult\n}\n", 2 * k + 2);
        egi_put(&t, "result\n");
        egi_graph *g = parse(t.s);
        ck_assert_msg((g != NULL) == (depth <= EGI_MAX_DEPTH), "%d: %s", depth, eg_message(eg));
        if (!g) ck_assert_ptr_nonnull(strstr(eg_message(eg), "nested deeper"));
        eg_clear_error(eg);
        egi_graph_free(g);
        egi_text_free(&t);
    }
}
END_TEST

static uint64_t next_random(uint64_t *s)
{
    *s = *s * 6364136223846793005u + 1442695040888963407u;
    return *s ^ *s >> 32;
}

/* Damages a copy of the text in one to four places: another character, a missing or doubled stretch, a number. */
static char *damaged(const char *text, uint64_t *s)
{
    size_t n = strlen(text);
    char *t = malloc(2 * n + 100);
    memcpy(t, text, n + 1);
    for (int k = (int)(next_random(s) % 4); k >= 0; k--) {
        static const char *const words[] = {
            "%0", "%4294967295", "-1",   "9223372036854775807", "{",        "}",    "\n", "[0]", "\"", "1", "2",
            "3",  "f64",         "bool", "region 1 {\n",        "result\n", "loop", "#",  "cond"};
        size_t at = next_random(s) % n, len = 1 + next_random(s) % 8;
        if (at + len > n) len = n - at;
        const char *w = words[next_random(s) % EGI_LEN(words)];
        switch (next_random(s) % 4) {
        case 0: t[at] = (char)(1 + next_random(s) % 126); break;
        case 1:
            memmove(t + at, t + at + len, n - at - len + 1);
            n -= len;
            break;
        case 2:
            if (n + len > 2 * strlen(text)) break;
            memmove(t + at + len, t + at, n - at + 1);
            n += len;
            break;
        default:
            if (n + strlen(w) > 2 * strlen(text)) break;
            memmove(t + at + strlen(w), t + at, n - at + 1);
            memcpy(t + at, w, strlen(w));
            n += strlen(w);
        }
        if (n == 0) break;
    }
    return t;
}

START_TEST(damaged_text_never_breaks_the_parser)
{
    egi_graph *g = all_operations(eg);
    egi_text whole = text_of(g);
    char *copy = strdup(whole.s);
    egi_text_free(&whole);
    egi_graph_free(g);
    uint64_t s = 7;
    int n = test_long() ? 200000 : 3000, fine = 0;
    for (int k = 0; k < n; k++) {
        char *t = damaged(k % 2 ? copy : readable, &s);
        egi_graph *back = parse(t);
        if (back) {
            check_round_trip(back);
            fine++;
        } else {
            ck_assert_int_ne(eg_error(eg), EG_OK);
            ck_assert_int_ne(eg_error(eg), EG_ERR_INTERNAL);
        }
        eg_clear_error(eg);
        egi_graph_free(back);
        free(t);
        if (eg->arrays.n > 200 || eg->csrs.n > 200) { /* what damaged headers made up */
            teardown();
            setup();
        }
    }
    ck_assert_int_gt(fine, 0);
    free(copy);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("text");
    TCase *tcase = tcase_create("text");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, every_operation_prints_and_parses_back);
    tcase_add_test(tcase, a_parsed_graph_goes_on_sharing_nodes);
    tcase_add_test(tcase, text_is_what_the_documentation_shows);
    tcase_add_test(tcase, odd_names_and_places_survive);
    tcase_add_test(tcase, arrays_and_connections_are_the_contexts_in_order_of_creation);
    tcase_add_test(tcase, arrays_and_connections_that_are_missing_are_made_up);
    tcase_add_test(tcase, bad_text_is_an_error_with_its_line);
    tcase_add_test(tcase, nesting_is_bounded);
    tcase_add_test(tcase, damaged_text_never_breaks_the_parser);
    suite_add_tcase(suite, tcase);
    return test_run(suite);
}
