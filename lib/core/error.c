/* Sticky errors: the first one of a context stays until the user clears it. */
#include <stdio.h>

#include "core/context.h"

const char *eg_status_text(eg_status status)
{
    static const char *const text[] = {
#define X(name, text) text,
        EG_STATUS_MAP(X)
#undef X
    };
    return (unsigned)status < EGI_LEN(text) ? text[status] : "unknown status";
}

void egi_fail(eg_context *eg, eg_status status, const char *file, int line, const char *format, ...)
{
    if (!eg || eg->status) return;
    eg->status = status;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(eg->message, sizeof eg->message, format, ap);
    va_end(ap);
    if (file && n >= 0 && (size_t)n < sizeof eg->message)
        snprintf(eg->message + n, sizeof eg->message - (size_t)n, " (%s:%d)", file, line);
}

void egi_no_memory(eg_context *eg)
{
    egi_fail(eg, EG_ERR_MEMORY, NULL, 0, "out of memory: free something, or make the model smaller, and try again");
}

void egi_log(eg_context *eg, const char *text)
{
    if (eg->log) eg->log(eg->log_user, text);
}

bool egi_wants_dump(const eg_context *eg, const char *stage)
{
    const char *list = eg->options.dump;
    size_t n = strlen(stage);
    if (!list || !eg->log) return false;
    if (!strcmp(list, "all")) return true;
    for (const char *s = list; (s = strstr(s, stage)); s += n) {
        bool starts = s == list || s[-1] == ',';
        if (starts && (s[n] == 0 || s[n] == ',')) return true;
    }
    return false;
}

void egi_dump_title(eg_context *eg, const char *stage, const char *name)
{
    char line[160];
    snprintf(line, sizeof line, "; %s of %.100s\n", stage, name);
    egi_log(eg, line);
}

eg_status eg_error(const eg_context *eg) { return eg ? eg->status : EG_ERR_ARGUMENT; }

const char *eg_message(const eg_context *eg)
{
    return eg ? eg->message : "the context is NULL: eg_open failed or was not called";
}

void eg_clear_error(eg_context *eg)
{
    if (!eg) return;
    eg->status = EG_OK;
    eg->message[0] = 0;
}

void eg_set_log(eg_context *eg, eg_log_fn fn, void *user)
{
    if (!eg) return;
    eg->log = fn;
    eg->log_user = user;
}

int eg_version(void) { return EG_VERSION; }

bool egi_own(eg_context *eg, void *object, void (*free)(void *object))
{
    if (egi_push(&eg->allocator, &eg->owned, ((struct egi_owned){object, free}))) return true;
    egi_no_memory(eg);
    free(object);
    return false;
}
