/* Pictures read back. */
#include "image.h"

#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/support.h"

image image_read(const char *path)
{
    png_image p = {.version = PNG_IMAGE_VERSION};
    ck_assert_msg(png_image_begin_read_from_file(&p, path), "%s: %s", path, p.message);
    p.format = PNG_FORMAT_RGB;
    image m = {(int)p.width, (int)p.height, malloc(PNG_IMAGE_SIZE(p))};
    ck_assert_msg(png_image_finish_read(&p, NULL, m.rgb, 0, NULL), "%s: %s", path, p.message);
    ck_assert_int_eq(remove(path), 0);
    return m;
}

void image_free(image *m)
{
    free(m->rgb);
    m->rgb = NULL;
}

uint32_t image_at(const image *m, int x, int y)
{
    const uint8_t *p = m->rgb + 3 * ((size_t)y * (size_t)m->width + (size_t)x);
    return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

static bool alike(uint32_t a, uint32_t b, int near)
{
    for (int shift = 0; shift <= 16; shift += 8) {
        if (abs((int)(a >> shift & 255) - (int)(b >> shift & 255)) > near) return false;
    }
    return true;
}

int64_t image_count(const image *m, int left, int top, int right, int bottom, uint32_t color, int near)
{
    int64_t n = 0;
    for (int y = top < 0 ? 0 : top; y < bottom && y < m->height; y++)
        for (int x = left < 0 ? 0 : left; x < right && x < m->width; x++) n += alike(image_at(m, x, y), color, near);
    return n;
}

int64_t image_ink(const image *m, int left, int top, int right, int bottom)
{
    return (int64_t)(right - left) * (bottom - top) - image_count(m, left, top, right, bottom, 0xFFFFFF, 8);
}

frame image_frame(const image *m)
{
    frame f = {0, 0, 0, 0};
    int64_t best = 0;
    for (int x = 0; x < m->width; x++) { /* the first column with many dark pixels; others have letters besides */
        int64_t n = image_count(m, x, 0, x + 1, m->height, 0x444444, 30);
        if (n <= best + 12) continue;
        best = n;
        f.left = x;
    }
    best = 0;
    for (int y = 0; y < m->height; y++) {
        int64_t n = image_count(m, f.left, y, m->width, y + 1, 0x444444, 30);
        if (n + 12 >= best) { /* the last */
            best = n > best ? n : best;
            f.bottom = y;
        }
    }
    for (int x = f.left; x < m->width; x++)
        if (alike(image_at(m, x, f.bottom), 0x444444, 30)) f.right = x;
    f.top = f.bottom;
    while (f.top > 0 && alike(image_at(m, f.left, f.top - 1), 0x444444, 30)) f.top--;
    return f;
}

char *text_read(const char *path)
{
    FILE *f = fopen(path, "rb");
    ck_assert_msg(f != NULL, "%s", path);
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f);
    rewind(f);
    char *text = malloc(n + 1);
    ck_assert_uint_eq(fread(text, 1, n, f), n);
    text[n] = 0;
    ck_assert_uint_eq(strlen(text), n);
    fclose(f);
    ck_assert_int_eq(remove(path), 0);
    return text;
}

/* -- XML: what SVG of ours and of gnuplot needs of it -------------------------------------------------------------- */

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr(":_-.", c);
}

/* Past a run of text up to one of the ends; NULL if it holds what text may not. */
static const char *past_text(const char *s, const char *ends)
{
    while (*s && !strchr(ends, *s)) {
        if (*s == '<' || ((unsigned char)*s < 32 && !strchr("\t\n\r", *s))) return NULL;
        if (*s == '&') {
            const char *e = s + 1;
            while (*e && strchr("abcdefghijklmnopqrstuvwxyz#0123456789", *e)) e++;
            if (*e != ';' || e == s + 1) return NULL;
            s = e;
        }
        s++;
    }
    return s;
}

/* Past the attributes of a tag, up to '>', '/' or '?'. */
static const char *past_attributes(const char *s)
{
    for (;;) {
        while (*s && strchr(" \t\r\n", *s)) s++;
        if (!*s || strchr(">/?", *s)) return *s ? s : NULL;
        const char *name = s;
        while (*s && name_char(*s)) s++;
        if (s == name) return NULL;
        while (*s == ' ') s++;
        if (*s++ != '=') return NULL;
        while (*s == ' ') s++;
        if (*s != '"' && *s != '\'') return NULL;
        char quote[] = {*s, 0};
        s = past_text(s + 1, quote);
        if (!s || !*s) return NULL;
        s++;
    }
}

const char *xml_wrong(const char *s)
{
    enum { DEEPEST = 64 };
    struct {
        const char *at;
        size_t n;
    } open[DEEPEST];
    int depth = 0, roots = 0;
    while (*s) {
        if (*s != '<') {
            const char *text = s;
            s = past_text(s, "<");
            if (!s) return "a character that is not allowed, or an '&'";
            if (!depth && strspn(text, " \t\r\n") < (size_t)(s - text)) return "text outside of the root";
            continue;
        }
        if (!strncmp(s, "<!--", 4)) {
            s = strstr(s, "-->");
            if (!s) return "a comment without end";
            s += 3;
            continue;
        }
        if (!strncmp(s, "<!", 2)) {
            s = strchr(s, '>');
            if (!s) return "a declaration without end";
            s++;
            continue;
        }
        bool closes = s[1] == '/', special = s[1] == '?';
        const char *name = s + 1 + (closes || special), *end = name;
        while (*end && name_char(*end)) end++;
        if (end == name) return "a tag without a name";
        size_t n = (size_t)(end - name);
        s = past_attributes(end);
        if (!s) return "an attribute";
        bool alone = *s == '/' || *s == '?';
        if (s[alone] != '>') return "a tag without end";
        s += 1 + alone;
        if (special) continue;
        if (closes) {
            if (!depth || open[depth - 1].n != n || memcmp(open[depth - 1].at, name, n) != 0) return "a closing tag";
            depth--;
        } else {
            roots += depth == 0;
            if (!alone && depth == DEEPEST) return "too deep";
            if (!alone) {
                open[depth].at = name;
                open[depth++].n = n;
            }
        }
    }
    return depth ? "a tag that is not closed" : roots != 1 ? "not one root" : NULL;
}
