/* Letters as strokes.  Capitals are 14 units high, small letters 10.  A drawing is its width and then strokes:
 *     m x,y   begins a stroke             a x,y,rx,ry,from,to   goes on to an arc round (x, y), in degrees
 *     l x,y   goes on to there            o x,y,rx,ry,from,to   begins a stroke with an arc
 */
#include "font.h"

#include <stdlib.h>
#include <string.h>

#define DOT(x, y) "o" #x "," #y ",.4,.4,0,360"

static const char *const ascii[95] = {
    "4",                                                                                     /* space */
    "0 m0,14l0,4.5" DOT(0, .4),                                                              /* ! */
    "3 m0,14l0,10.5m3,14l3,10.5",                                                            /* " */
    "11 m2.5,0l4.5,14m6.5,0l8.5,14m.5,9.5l11,9.5m0,4.5l10.5,4.5",                            /* # */
    "8.5 o4.25,10.4,3.7,3.6,35,270a4.25,3.4,4.25,3.4,90,-145m4.25,16l4.25,-2",               /* $ */
    "13 o3,10.8,3,3.2,0,360o10,3.2,3,3.2,0,360m10.5,14l2.5,0",                               /* % */
    "10 m10,0l2.4,9.4a4.4,11.4,2.6,2.6,218,-40l1.7,6.2a3.8,3.4,3.8,3.4,125,330l9.6,6",       /* & */
    "0 m0,14l0,10.5",                                                                        /* ' */
    "3.2 o9,5.75,9,12.7,130,230",                                                            /* ( */
    "3.2 o-5.8,5.75,9,12.7,50,-50",                                                          /* ) */
    "6 m3,14.5l3,8.5m.4,13l5.6,10m5.6,13l.4,10",                                             /* * */
    "8 m4,2l4,10m0,6l8,6",                                                                   /* + */
    "0 m.3,.6l-.7,-2.6",                                                                     /* , */
    "5 m0,5.2l5,5.2",                                                                        /* - */
    "0 " DOT(0, .4),                                                                         /* . */
    "6 m0,-2l6,15.5",                                                                        /* / */
    "8.5 o4.25,7,4.25,7,0,360",                                                              /* 0 */
    "8.5 m1.2,11.3l5,14l5,0",                                                                /* 1 */
    "8.5 o4.25,9.9,4,4.1,165,-33l.2,0l8.5,0",                                                /* 2 */
    "8.5 o4.1,10.5,3.7,3.5,150,-90a4.1,3.5,4.4,3.5,90,-150",                                 /* 3 */
    "8.5 m6.4,0l6.4,14l0,4.2l8.8,4.2",                                                       /* 4 */
    "8.5 m7.6,14l1.5,14l.9,7.2a4.1,4.6,4.3,4.6,140,-150",                                    /* 5 */
    "8.5 o4.25,4.5,4.25,4.5,180,-180a7.8,4.5,7.8,9.5,180,105",                               /* 6 */
    "8.5 m0,14l8.5,14l3,0",                                                                  /* 7 */
    "8.5 o4.25,10.6,3.6,3.4,0,360o4.25,3.6,4.25,3.6,0,360",                                  /* 8 */
    "8.5 o4.25,9.5,4.25,4.5,0,360a.7,9.5,7.8,9.5,0,-75",                                     /* 9 */
    "0 " DOT(0, .4) DOT(0, 9),                                                               /* : */
    "0 m.3,.6l-.7,-2.6" DOT(0, 9),                                                           /* ; */
    "8 m8,10.5l0,6l8,1.5",                                                                   /* < */
    "8 m0,7.8l8,7.8m0,4.2l8,4.2",                                                            /* = */
    "8 m0,10.5l8,6l0,1.5",                                                                   /* > */
    "7.4 o3.7,10.4,3.7,3.6,165,-60l3.7,5.5l3.7,4" DOT(3.7, .4),                              /* ? */
    "14 o7,6,3.2,3.8,0,360m10.2,9.8l10.2,4a12.1,4,1.9,1.9,180,360l14,6.5a7,6.5,7,7.5,0,310", /* @ */
    "11 m0,0l5.5,14l11,0m2,5l9,5",                                                           /* A */
    "9 m0,7.5l0,14l5,14a5,10.75,3.5,3.25,90,-90l0,7.5m5,7.5a5,3.75,4,3.75,90,-90l0,0l0,7.5", /* B */
    "10 o6,7,6,7,48,312",                                                                    /* C */
    "10.5 m0,0l0,14l4,14a4,7,6.5,7,90,-90l0,0",                                              /* D */
    "8 m8,14l0,14l0,0l8,0m0,7.3l7,7.3",                                                      /* E */
    "7.6 m8,14l0,14l0,0m0,7.1l7,7.1",                                                        /* F */
    "10.6 o6,7,6,7,48,320l10.6,6.5l6.5,6.5",                                                 /* G */
    "10 m0,0l0,14m10,0l10,14m0,7.3l10,7.3",                                                  /* H */
    "0 m0,0l0,14",                                                                           /* I */
    "6 m6,14l6,3.6a3,3.6,3,3.6,0,-160",                                                      /* J */
    "9.4 m0,0l0,14m9,14l0,5m3.3,8.3l9.6,0",                                                  /* K */
    "7.5 m0,14l0,0l7.5,0",                                                                   /* L */
    "12 m0,0l0,14l6,4l12,14l12,0",                                                           /* M */
    "10 m0,0l0,14l10,0l10,14",                                                               /* N */
    "12 o6,7,6,7,0,360",                                                                     /* O */
    "8.5 m0,0l0,14l4.7,14a4.7,10.2,3.8,3.8,90,-90l0,6.4",                                    /* P */
    "12 o6,7,6,7,0,360m7.5,3.5l11.5,-1",                                                     /* Q */
    "9 m0,0l0,14l4.7,14a4.7,10.2,3.8,3.8,90,-90l0,6.4m4.7,6.4l9,0",                          /* R */
    "8.5 o4.25,10.4,3.7,3.6,35,270a4.25,3.4,4.25,3.4,90,-145",                               /* S */
    "10 m0,14l10,14m5,14l5,0",                                                               /* T */
    "10 m0,14l0,5a5,5,5,5,180,360l10,14",                                                    /* U */
    "11 m0,14l5.5,0l11,14",                                                                  /* V */
    "15 m0,14l3.75,0l7.5,13l11.25,0l15,14",                                                  /* W */
    "10 m0,14l10,0m0,0l10,14",                                                               /* X */
    "10 m0,14l5,7l10,14m5,7l5,0",                                                            /* Y */
    "9 m0,14l9,14l0,0l9,0",                                                                  /* Z */
    "3 m3,15.5l0,15.5l0,-4l3,-4",                                                            /* [ */
    "6 m6,-2l0,15.5",                                                                        /* \ */
    "3 m0,15.5l3,15.5l3,-4l0,-4",                                                            /* ] */
    "8 m0,8l4,14l8,8",                                                                       /* ^ */
    "8 m-1,-2.5l9,-2.5",                                                                     /* _ */
    "2 m0,14.5l2,12",                                                                        /* ` */
    "8 o4,5,4,5,0,360m8,10l8,0",                                                             /* a */
    "8 m0,14.5l0,0o4,5,4,5,0,360",                                                           /* b */
    "7 o4,5,4,5,45,315",                                                                     /* c */
    "8 m8,14.5l8,0o4,5,4,5,0,360",                                                           /* d */
    "8 m.05,5.2l8,5.2a4,5,4,5,2,318",                                                        /* e */
    "5 m2,0l2,11a4.6,11,2.6,3.5,180,80m0,9.6l5,9.6",                                         /* f */
    "8 o4,5,4,5,0,360m8,10l8,-.8a4,-.8,4,3.7,0,-150",                                        /* g */
    "7.5 m0,14.5l0,0m0,6.2a3.75,6.2,3.75,3.8,180,0l7.5,0",                                   /* h */
    "0 m0,10l0,0" DOT(0, 13.7),                                                              /* i */
    "2 m2,10l2,-2a-.2,-2,2.2,2.4,0,-85" DOT(2, 13.7),                                        /* j */
    "7 m0,14.5l0,0m6.8,10l0,3.8m2.4,6l7.2,0",                                                /* k */
    "0 m0,14.5l0,0",                                                                         /* l */
    "12.4 m0,10l0,0m0,6.9a3.1,6.9,3.1,3.1,180,0l6.2,0m6.2,6.9a9.3,6.9,3.1,3.1,180,0l12.4,0", /* m */
    "7.5 m0,10l0,0m0,6.2a3.75,6.2,3.75,3.8,180,0l7.5,0",                                     /* n */
    "8 o4,5,4,5,0,360",                                                                      /* o */
    "8 m0,10l0,-4.5o4,5,4,5,0,360",                                                          /* p */
    "8 m8,10l8,-4.5o4,5,4,5,0,360",                                                          /* q */
    "4.8 m0,10l0,0m0,5.8a4,5.8,4,4.2,180,75",                                                /* r */
    "6.6 o3.3,7.4,2.8,2.6,35,270a3.3,2.4,3.3,2.4,90,-145",                                   /* s */
    "5 m2,13l2,3a4.4,3,2.4,3,180,285m0,9.6l5,9.6",                                           /* t */
    "7.5 m0,10l0,3.8a3.75,3.8,3.75,3.8,180,360m7.5,10l7.5,0",                                /* u */
    "8 m0,10l4,0l8,10",                                                                      /* v */
    "12 m0,10l3,0l6,9l9,0l12,10",                                                            /* w */
    "7.5 m0,10l7.5,0m0,0l7.5,10",                                                            /* x */
    "8 m0,10l4.1,0m8,10l2.4,-4.5l.6,-4.5",                                                   /* y */
    "7 m0,10l7,10l0,0l7,0",                                                                  /* z */
    "4 m4,15.5l2.6,15l2,13.5l2,8l0,5.75l2,3.5l2,-2l2.6,-3.5l4,-4",                           /* { */
    "0 m0,-4l0,15.5",                                                                        /* | */
    "4 m0,15.5l1.4,15l2,13.5l2,8l4,5.75l2,3.5l2,-2l1.4,-3.5l0,-4",                           /* } */
    "9 m0,5l1.5,7l3,7.2l6,5l7.5,5.2l9,7.2",                                                  /* ~ */
};

static const struct {
    unsigned code;
    const char *drawing;
} others[] = {
    {0xB0, "4.4 o2.2,12,2.2,2.2,0,360"},                                                  /* degree */
    {0xB1, "8 m4,3.5l4,12m0,7.7l8,7.7m0,.8l8,.8"},                                        /* plus-minus */
    {0xB2, "4.6 o2.3,12.4,2.2,2.2,165,-33l.1,7.4l4.6,7.4"},                               /* squared */
    {0xB5, "7.5 m0,10l0,-4.5m0,3.8a3.75,3.8,3.75,3.8,180,360m7.5,10l7.5,0"},              /* micro */
    {0xB7, "0 " DOT(0, 6)},                                                               /* middle dot */
    {0xD7, "7 m0,2.5l7,9.5m0,9.5l7,2.5"},                                                 /* times */
    {0x394, "12 m0,0l6,14l12,0l0,0"},                                                     /* Delta */
    {0x3A3, "9 m9,14l0,14l5,7.2l0,0l9,0"},                                                /* Sigma */
    {0x3A9, "12 m0,0l4,0l4,1.3a6,7.5,6,6.5,250,-70l8,0l12,0"},                            /* Omega */
    {0x3B1, "9 o3.8,5,3.8,5,0,360m8.8,10l7.4,4.5l9.2,0"},                                 /* alpha */
    {0x3B2, "7.5 m0,-4.5l0,10.5a3.4,10.5,3.4,3.7,180,-80m3,6.8a3.2,3.4,4.3,3.4,90,-150"}, /* beta */
    {0x3B3, "8 m0,10l4.1,0m8,10l4.1,0l3.4,-4.5"},                                         /* gamma */
    {0x3B4, "8 o4,4.5,4,4.5,0,360m7,13.5l3,14.4l1.8,12.6l6,8.5"},                         /* delta */
    {0x3B5, "6.4 o3.4,7.6,3.1,2.4,40,270m5,5.2l3.4,5.2a3.4,2.6,3.4,2.6,90,320"},          /* epsilon */
    {0x3B8, "8 o4,7.2,4,7.2,0,360m0,7.2l8,7.2"},                                          /* theta */
    {0x3BB, "8 m.6,14.5l2.2,14.5l8,0m4.5,8.4l0,0"},                                       /* lambda */
    {0x3BC, "7.5 m0,10l0,-4.5m0,3.8a3.75,3.8,3.75,3.8,180,360m7.5,10l7.5,0"},             /* mu */
    {0x3BD, "8 m0,10l4,0l8,10"},                                                          /* nu */
    {0x3C0, "9 m0,10l9,10m2.2,10l2.2,0m6.8,10l6.8,0"},                                    /* pi */
    {0x3C1, "8 m0,5l0,-4.5o4,5,4,5,0,360"},                                               /* rho */
    {0x3C3, "9 o4,5,4,5,0,360m4,10l9,10"},                                                /* sigma */
    {0x3C4, "8 m0,10l8,10m4,10l4,2.4a6.2,2.4,2.2,2.4,180,290"},                           /* tau */
    {0x3C6, "10 o5,5,5,5,0,360m5,14l5,-4.5"},                                             /* phi */
    {0x3C9, "12 o3,4.3,3,4.3,130,360a9,4.3,3,4.3,180,410"},                               /* omega */
    {0x2013, "7 m0,5.4l7,5.4"},                                                           /* en dash */
    {0x2014, "13 m0,5.4l13,5.4"},                                                         /* em dash */
    {0x2192, "13 m0,6l13,6m9,10l13,6l9,2"},                                               /* arrow */
    {0x2212, "8 m0,6l8,6"},                                                               /* minus */
};

/* One code point; bytes that are no UTF-8 count as one each. */
static const char *decode(const char *s, unsigned *code)
{
    const unsigned char *p = (const unsigned char *)s;
    int more = p[0] >= 0xF0 && p[0] < 0xF8 ? 3 : p[0] >= 0xE0 && p[0] < 0xF0 ? 2 : p[0] >= 0xC2 && p[0] < 0xE0 ? 1 : 0;
    unsigned c = more == 3 ? p[0] & 7U : more == 2 ? p[0] & 15U : more == 1 ? p[0] & 31U : p[0];
    for (int k = 1; k <= more; k++) {
        if ((p[k] & 0xC0) != 0x80) { /* the text's end as well */
            *code = 0xFFFD;
            return s + 1;
        }
        c = c << 6 | (p[k] & 63U);
    }
    *code = c;
    return s + more + 1;
}

static const char *drawing_of(unsigned code)
{
    if (code >= 32 && code < 127) return ascii[code - 32];
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        if (others[k].code == code) return others[k].drawing;
    }
    return code < 32 ? ascii[0] : "8 m0,0l8,0l8,14l0,14l0,0";
}

/* The next number; drawings are ours, so there is one.  (strtod would follow the host's locale.) */
static double number(const char **s)
{
    const char *p = *s;
    double sign = 1, x = 0, unit = 1;
    if (*p == ',') p++;
    if (*p == '-') {
        sign = -1;
        p++;
    }
    for (; *p >= '0' && *p <= '9'; p++) x = 10 * x + (*p - '0');
    if (*p == '.') {
        for (p++; *p >= '0' && *p <= '9'; p++) x += (*p - '0') * (unit /= 10);
    }
    *s = p;
    return sign * x;
}

static void add(point *stroke, int *num, double x, double y)
{
    if (*num < FONT_POINTS) stroke[(*num)++] = (point){x, y};
}

static void add_arc(point *stroke, int *num, const char **s)
{
    double x = number(s), y = number(s), rx = number(s), ry = number(s), from = number(s), to = number(s);
    int steps = (int)(fabs(to - from) / 12) + 1;
    const double degree = 3.14159265358979323846 / 180;
    for (int k = 0; k <= steps; k++) {
        double a = (from + (to - from) * k / steps) * degree;
        add(stroke, num, x + rx * cos(a), y + ry * sin(a));
    }
}

const char *egi_font_letter(const char *text, point *stroke, int *num, double *advance)
{
    if (!*text) return NULL;
    unsigned code;
    const char *next = decode(text, &code), *s = drawing_of(code);
    *num = 0;
    *advance += number(&s) + (code == ' ' ? 2 : 3.4);
    while (stroke && *s) {
        char command = *s++;
        if (command == ' ') continue;
        if ((command == 'm' || command == 'o') && *num) add(stroke, num, (double)NAN, (double)NAN);
        if (command == 'a' || command == 'o') {
            add_arc(stroke, num, &s);
        } else {
            double x = number(&s);
            add(stroke, num, x, number(&s));
        }
    }
    return next;
}

double egi_font_width(const char *text, double font)
{
    double width = 0;
    int num;
    for (const char *s = text; s && *s;) s = egi_font_letter(s, NULL, &num, &width);
    return width > 3.4 ? (width - 3.4) * font / (double)FONT_EM : 0;
}
