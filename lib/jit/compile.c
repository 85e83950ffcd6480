/* From graph to code: canonical form, cache, plan, lowering, LLVM. */
#include <stdio.h>
#include <unistd.h>

#include "core/context.h"
#include "jit/compile.h"

egi_jit *egi_jit_of(eg_context *eg)
{
    if (!eg->jit) {
        eg->jit = egi_alloc(&eg->allocator, sizeof *eg->jit, 16);
        if (!eg->jit) {
            egi_no_memory(eg);
            return NULL;
        }
        eg->jit->allocator = &eg->allocator;
    }
    if (!eg->jit->open) eg->jit->open = egi_machine_open(eg, &eg->jit->machine);
    return eg->jit->open ? eg->jit : NULL;
}

static void code_free(const eg_allocator *a, egi_code *c)
{
    if (!c) return;
    egi_code_release(c->handle);
    egi_code_clear(c, a);
    egi_free(a, c->key);
    egi_free(a, c);
}

void egi_jit_free(egi_jit *jit)
{
    if (!jit) return;
    while (jit->codes) {
        egi_code *next = jit->codes->next;
        code_free(jit->allocator, jit->codes);
        jit->codes = next;
    }
    if (jit->open) egi_machine_close(&jit->machine);
    egi_free(jit->allocator, jit);
}

static egi_code *find(const egi_jit *jit, const egi_canon *c)
{
    for (egi_code *k = jit->codes; k; k = k->next) {
        if (k->hash == c->hash && k->key_size == c->key.n && !memcmp(k->key, c->key.s, c->key.n)) return k;
    }
    return NULL;
}

/* -- dumps --------------------------------------------------------------------------------------------------------- */

static void dump_plan(const egi_plan *p, const char *name)
{
    eg_context *eg = p->g->eg;
    if (!egi_wants_dump(eg, "stage")) return;
    egi_text t = {.allocator = &eg->allocator};
    egi_plan_print(p, &t);
    egi_dump_title(eg, "stage", name);
    if (t.s) egi_log(eg, t.s);
    egi_text_free(&t);
}

void egi_jit_dump(eg_context *eg, const egi_machine *m, const egi_module *mod, const char *name)
{
    if (egi_wants_dump(eg, "llvm")) {
        char *text = LLVMPrintModuleToString(mod->mod);
        egi_dump_title(eg, "llvm", name);
        egi_log(eg, text);
        LLVMDisposeMessage(text);
    }
    LLVMMemoryBufferRef text = egi_wants_dump(eg, "asm") ? egi_module_asm(m, mod) : NULL;
    if (text) {
        egi_dump_title(eg, "asm", name);
        egi_log(eg, LLVMGetBufferStart(text));
        LLVMDisposeMemoryBuffer(text);
    }
}

/* -- compiling ----------------------------------------------------------------------------------------------------- */

bool egi_jit_lowered(const egi_lower *l, const char *name)
{
    if (l->too_wide)
        egi_fail(l->g->eg, EG_ERR_COMPILE, NULL, 0,
                 "'%s': one step of a loop over elements reads and writes more than %d arrays; join arrays of equal "
                 "shape into one with an axis more",
                 name, EGI_STAGE_PARAMS / 2);
    else if (l->failed)
        egi_no_memory(l->g->eg);
    return !l->failed;
}

static bool lower(egi_jit *jit, const egi_graph *g, const egi_plan *p, const egi_canon *c, egi_code *code,
                  egi_module *mod, const char *name)
{
    egi_lower l = {.g = g,
                   .p = p,
                   .canon = c,
                   .code = code,
                   .allocator = &egi_malloc_allocator, /* as LLVM does */
                   .mod = mod->mod,
                   .ctx = mod->ctx,
                   .lanes = jit->machine.lanes,
                   .avx512 = jit->machine.avx512};
    egi_lower_all(&l, name);
    return egi_jit_lowered(&l, name);
}

static bool safe(eg_context *eg, const egi_plan *p)
{
    egi_text why = {.allocator = &eg->allocator};
    bool ok = egi_verify_stages(p, &why);
    if (!ok && why.s && !why.failed) egi_fail(eg, EG_ERR_INTERNAL, NULL, 0, "verify_stages: %s", why.s);
    if (!ok) egi_no_memory(eg); /* where nothing was found */
    egi_text_free(&why);
    return ok;
}

egi_plan *egi_jit_plan(const egi_graph *g, const char *name)
{
    eg_context *eg = g->eg;
    egi_plan *p = egi_plan_new(g, eg->options.no_passes);
    if (!p) {
        egi_no_memory(eg);
        return NULL;
    }
    dump_plan(p, name);
    if (safe(eg, p)) return p;
    egi_plan_free(p);
    return NULL;
}

static bool compile(eg_context *eg, egi_jit *jit, const egi_graph *g, const egi_canon *c, egi_code *code,
                    const char *name)
{
    char symbol[160];
    double start = egi_now();
    egi_plan *p = egi_jit_plan(g, name);
    if (!p) return false;
    snprintf(symbol, sizeof symbol, "eg_%.100s_%lld", name, (long long)++jit->serial);
    egi_module mod;
    egi_module_open(&jit->machine, &mod, symbol);
    bool ok = lower(jit, g, p, c, code, &mod, symbol) && egi_module_optimise(eg, &jit->machine, &mod, true);
    if (ok) egi_jit_dump(eg, &jit->machine, &mod, name);
    double passed = egi_now();
    void *entry = ok ? egi_module_code(eg, &jit->machine, &mod, symbol, &code->handle) : NULL;
    memcpy(&code->entry, &entry, sizeof entry);
    egi_module_close(&mod);
    egi_plan_free(p);
    eg->stats.compiles++;
    eg->stats.pass_s += eg->stats.last_pass_s = passed - start;
    eg->stats.codegen_s += eg->stats.last_codegen_s = egi_now() - passed;
    return entry != NULL;
}

egi_code *egi_compile(const egi_graph *g, const char *name)
{
    eg_context *eg = g->eg;
    egi_jit *jit = egi_jit_of(eg);
    if (!jit) return NULL;
    egi_canon c;
    egi_canon_of(g, &c);
    egi_code *code = c.failed ? NULL : find(jit, &c);
    if (code) {
        eg->stats.cache_hits++;
    } else if (!c.failed && (code = egi_alloc(&eg->allocator, sizeof *code, 16))) {
        code->hash = c.hash;
        code->key = c.key.s;
        code->key_size = c.key.n;
        c.key.s = NULL;
        code->num_sizes = c.sizes.n;
        code->num_literals = c.literals.n;
        if (compile(eg, jit, g, &c, code, name)) {
            code->next = jit->codes;
            jit->codes = code;
        } else {
            code_free(&eg->allocator, code);
            code = NULL;
        }
    }
    if (!code) egi_no_memory(eg);
    egi_canon_free(&c);
    return code;
}
