/* Words of the text form. */
#include <stdio.h>

#include "ir/parse.h"

bool egi_bad_text(const parser *p, int line, const char *format, ...)
{
    char text[320];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    egi_fail(p->eg, EG_ERR_ARGUMENT, NULL, 0, "text of a graph, line %d: %s", line, text);
    return false;
}

bool egi_parse_lost(const parser *p)
{
    egi_no_memory(p->eg);
    return false;
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static void blanks(parser *p)
{
    while (*p->s == ' ' || *p->s == '\t' || *p->s == '\r') p->s++;
}

bool egi_take(parser *p, const char *word)
{
    size_t n = strlen(word);
    blanks(p);
    if (strncmp(p->s, word, n) != 0 || in_word(p->s[n])) return false;
    p->s += n;
    return true;
}

bool egi_take_char(parser *p, char c)
{
    blanks(p);
    if (*p->s != c) return false;
    p->s++;
    return true;
}

bool egi_take_name(parser *p, const char **name, int *length)
{
    int n = 0;
    blanks(p);
    while (n < 64 && in_word(p->s[n])) n++;
    *name = p->s;
    *length = n;
    p->s += n;
    return n > 0;
}

bool egi_take_int(parser *p, int64_t low, int64_t high, int64_t *value, const char *what)
{
    blanks(p);
    if (!egi_read_int(&p->s, value)) return egi_bad_text(p, p->line, "%s: a number is missing or too large", what);
    if (*value >= low && *value <= high) return true;
    return egi_bad_text(p, p->line, "%s: %lld is not within %lld to %lld", what, (long long)*value, (long long)low,
                        (long long)high);
}

bool egi_take_id(parser *p, egi_id *id)
{
    int64_t n;
    if (!egi_take_char(p, '%')) return egi_bad_text(p, p->line, "the number of a node is missing, like %%12");
    if (!egi_take_int(p, 1, UINT32_MAX - 1, &n, "number of a node")) return false;
    *id = (egi_id)n;
    return true;
}

bool egi_take_spec(parser *p, eg_spec *spec)
{
    const char *name;
    int n;
    *spec = (eg_spec){.dtype = EG_DTYPE_COUNT};
    if (!egi_take_name(p, &name, &n)) return egi_bad_text(p, p->line, "a type is missing, like f32[10,20]");
    for (eg_dtype t = 0; t < EG_DTYPE_COUNT; t++) {
        if (strlen(eg_dtype_name(t)) == (size_t)n && !strncmp(name, eg_dtype_name(t), (size_t)n)) spec->dtype = t;
    }
    if (spec->dtype == EG_DTYPE_COUNT) return egi_bad_text(p, p->line, "there is no type '%.*s'", n, name);
    if (*p->s != '[') return true;
    p->s++;
    do {
        if (spec->rank == EG_MAX_RANK) return egi_bad_text(p, p->line, "a shape has at most %d axes", EG_MAX_RANK);
        if (!egi_take_int(p, 0, INT64_MAX, &spec->dim[spec->rank++], "extent")) return false;
    } while (egi_take_char(p, ','));
    if (!egi_take_char(p, ']')) return egi_bad_text(p, p->line, "the shape does not end in ]");
    if (egi_spec_count(*spec) < 0) return egi_bad_text(p, p->line, "the shape has too many elements");
    return true;
}

static int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* Copies up to `end` (or a newline, which is left), undoing escapes. */
static char *unescaped(parser *p, char end)
{
    size_t n = 0;
    while (p->s[n] && p->s[n] != end && p->s[n] != '\n') n++;
    char *copy = egi_arena_alloc(&p->g->arena, n + 1), *to = copy;
    if (!copy) {
        egi_parse_lost(p);
        return NULL;
    }
    for (const char *stop = p->s + n; p->s < stop; p->s++) {
        if (*p->s != '\\') {
            *to++ = *p->s;
            continue;
        }
        int high = stop - p->s > 3 && p->s[1] == 'x' ? hex(p->s[2]) : -1, low = high < 0 ? -1 : hex(p->s[3]);
        if (low < 0 || high * 16 + low == 0) {
            egi_bad_text(p, p->line, "a backslash starts an escape like \\x0a, which is not \\x00");
            return NULL;
        }
        *to++ = (char)(high * 16 + low);
        p->s += 3;
    }
    return copy;
}

char *egi_take_string(parser *p)
{
    if (!egi_take_char(p, '"')) {
        egi_bad_text(p, p->line, "a name in quotes is missing");
        return NULL;
    }
    char *s = unescaped(p, '"');
    if (!s || *p->s == '"') {
        p->s += s != NULL;
        return s;
    }
    egi_bad_text(p, p->line, "the name does not end in \"");
    return NULL;
}

bool egi_take_end(parser *p)
{
    blanks(p);
    if (*p->s && *p->s != '\n') {
        int n = 0;
        while (n < 20 && (unsigned char)p->s[n] > ' ') n++;
        return egi_bad_text(p, p->line, "'%.*s' is not expected here", n, p->s);
    }
    if (*p->s) p->s++;
    return true;
}

bool egi_take_place(parser *p, uint32_t *loc)
{
    int64_t line;
    *loc = 0;
    if (!egi_take_char(p, ';')) return egi_take_end(p);
    if (*p->s == ' ') p->s++;
    char *file = unescaped(p, ':'), *name = NULL;
    if (!file) return false;
    if (!egi_take_char(p, ':')) return egi_bad_text(p, p->line, "a place is written file:line");
    if (!egi_take_int(p, INT32_MIN, INT32_MAX, &line, "line of a place")) return false;
    if (*p->s == ' ') {
        p->s++;
        name = unescaped(p, '\n');
        if (!name) return false;
    }
    if (!p->file || strcmp(p->file, file) != 0) p->file = file;
    *loc = egi_loc_intern(p->g, *file ? p->file : NULL, (int)line, name);
    return egi_take_end(p);
}
