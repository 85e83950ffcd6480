#include "scene.h"

#include <dirent.h>
#include <stdio.h>

typedef struct group {
    eg_var *V, *input, *spike;
} group;

static void setup(eg_system *self)
{
    group *g = eg_self(self);
    g->V = eg_add_variable(self, "V", eg_floats(self), eg_init_constant(0));
    g->input = eg_add_input(self, "input", eg_floats(self));
    g->spike = eg_add_variable(self, "spike", eg_vector(EG_BOOL, eg_num(self)), eg_init_constant(0));
}

static eg_val update(eg_system *self, eg_shared s, eg_val x)
{
    group *g = eg_self(self);
    eg_val k = eg_iota(eg_system_context(self), eg_num(self), EG_I64);
    eg_set(g->V, eg_add(eg_get(g->V), eg_add(eg_get(g->input), x)));
    eg_set(g->spike, eg_eq(eg_mod(eg_add(k, s.i), 5), 0));
    return eg_get(g->spike);
}

static const eg_class group_class = {
    .name = "Sums", .role = EG_GROUP, .size = sizeof(group), .setup = setup, .update = update};

eg_system *scene_group(eg_system *parent, const char *name, int64_t num)
{
    return eg_system_new(parent, name, &group_class, num, NULL);
}

eg_system *scene_net(eg_context *eg, int64_t num)
{
    eg_system *net = eg_network(eg, NULL, &(eg_network_options){.dt = 0.1, .dtype = EG_F64});
    scene_group(net, "A", num);
    test_fine(eg);
    return net;
}

bool scene_spikes(int64_t step, int64_t k) { return (step + k) % 5 == 0; }

const double *scene_f64(eg_history h, int rank, int64_t rows, int64_t width)
{
    ck_assert_int_eq(h.spec.rank, rank);
    ck_assert_int_eq(h.spec.dtype, EG_F64);
    ck_assert_int_eq(h.spec.dim[0], rows);
    if (rank > 1) ck_assert_int_eq(h.spec.dim[1], width);
    ck_assert_ptr_nonnull(h.data);
    return h.data;
}

const int64_t *scene_pairs(eg_history h, int64_t num)
{
    ck_assert_int_eq(h.spec.rank, 2);
    ck_assert_int_eq(h.spec.dtype, EG_I64);
    ck_assert_int_eq(h.spec.dim[0], num);
    ck_assert_int_eq(h.spec.dim[1], 2);
    ck_assert_ptr_nonnull(h.data);
    return h.data;
}

int scene_files(const char *prefix)
{
    DIR *d = opendir(".");
    int num = 0;
    for (struct dirent *e; d && (e = readdir(d));) num += !strncmp(e->d_name, prefix, strlen(prefix));
    if (d) closedir(d);
    return num;
}

void scene_remove_files(const char *prefix)
{
    DIR *d = opendir(".");
    for (struct dirent *e; d && (e = readdir(d));) {
        if (!strncmp(e->d_name, prefix, strlen(prefix))) remove(e->d_name);
    }
    if (d) closedir(d);
}
