/* Functions as object files and headers. */
#include "api/export.h"

/* Names that the code itself, or every program, has. */
static bool is_taken(const char *name)
{
    static const char *const those[] = {"main",  "memcpy",  "memmove",  "memset",  "fmod",
                                        "fmodf", "int32_t", "uint32_t", "int64_t", "uint64_t"};
    for (size_t k = 0; k < EGI_LEN(those); k++) {
        if (!strcmp(name, those[k])) return true;
    }
    return false;
}

static bool known_cpu(const char *cpu)
{
    return !strcmp(cpu, "native") || !strcmp(cpu, "x86-64-v3") || !strcmp(cpu, "x86-64-v4");
}

static bool checked(eg_func *f, const char *path, const char *name, const char *cpu, const eg_state *state)
{
    enum { LONGEST = 100 };
    eg_context *eg = f->eg;
    if (!egi_steps_alone(f, "eg_export")) return false;
    if (!path || !*path)
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_export of '%s': there is no path", f->name);
    else if (!egi_is_free_name(name, NULL) || strlen(name) > LONGEST || is_taken(name))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0,
                 "eg_export of '%s': '%.100s' cannot be the name of the C function; use letters, digits and '_', a "
                 "letter first, at most %d, and no keyword",
                 f->name, name, LONGEST);
    else if (!known_cpu(cpu))
        egi_fail(eg, EG_ERR_ARGUMENT, NULL, 0, "eg_export of '%s': cpu is '%.100s'; use native, x86-64-v3 or x86-64-v4",
                 f->name, cpu);
    else if (state && state->eg != eg)
        egi_fail(eg, EG_ERR_SCOPE, NULL, 0, "eg_export of '%s': the state belongs to another context", f->name);
    return !eg->status;
}

static bool write(egi_files *files, const egi_solo *s, const eg_func *f, const eg_export_options *o,
                  LLVMMemoryBufferRef object, const char *data)
{
    egi_text header = {.allocator = &f->eg->allocator};
    egi_export_header(s, f, o->cpu, &header);
    if (header.failed) egi_no_memory(f->eg);
    bool ok = egi_files_write(files, ".o", LLVMGetBufferStart(object), LLVMGetBufferSize(object)) &&
              (!o->shared || egi_files_link(files, 0, ".so")) &&
              (!o->data_apart || egi_files_write(files, ".data", data, (size_t)s->data_bytes)) &&
              egi_files_write(files, ".h", header.s, header.n);
    egi_text_free(&header);
    return ok && egi_files_commit(files);
}

static void export(eg_func *f, const char *path, const eg_export_options *o)
{
    egi_solo s;
    char *data;
    egi_image_options io = {
        .kind = o->data_apart ? EGI_SOLO_APART : EGI_SOLO_EMBED, .name = o->name, .cpu = o->cpu, .state = o->state};
    LLVMMemoryBufferRef object = NULL;
    if (egi_image_make(&s, f, &io, &data)) object = egi_solo_object(&s, data);
    if (object) {
        egi_files files = {.eg = f->eg, .prefix = path};
        write(&files, &s, f, o, object, data);
        egi_files_discard(&files);
        LLVMDisposeMemoryBuffer(object);
    }
    egi_free(&f->eg->allocator, data);
    egi_solo_close(&s);
}

eg_status eg_export(eg_func *f, const char *path, const eg_export_options *options)
{
    if (!f) return EG_ERR_ARGUMENT;
    eg_context *eg = f->eg;
    eg_export_options o = options ? *options : (eg_export_options){0};
    const char *base = path ? strrchr(path, '/') : NULL;
    if (!o.name) o.name = base ? base + 1 : path ? path : "";
    if (!o.cpu) o.cpu = eg->options.cpu ? eg->options.cpu : "native";
    pthread_mutex_lock(&eg->lock);
    if (checked(f, path, o.name, o.cpu, o.state) && (!o.state || egi_state_of(eg, o.state))) export(f, path, &o);
    eg_status status = eg->status;
    pthread_mutex_unlock(&eg->lock);
    return status;
}
