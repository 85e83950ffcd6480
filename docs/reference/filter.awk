# filter.awk: a public header as Doxygen wants it.  The headers keep plain comments, which people read; here
#   /* text */ before a declaration becomes its documentation, also for the declarations right below it without one,
#   /* text */ behind a member becomes its documentation, /* -- title -- */ the title of what follows,
#   lists of operations (X-macros) become one declaration each, parenthesised names lose their parentheses,
#   the place of a call, which users do not write, disappears, and so do the macros that add it.

# What Doxygen would take for commands or HTML.
function escape(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/[@<>#%&"$]/, "\\\\&", text)
    return text
}

# A comment's text: lines indented by three or more are kept as they stand, the others are paragraphs.
function documentation(kind,    k, out, verbatim, text, indented) {
    out = "/**" kind
    for (k = 1; k <= num_lines; k++) {
        text = line[k]
        indented = text ~ /^   / && !(k > 1 && !verbatim && line[k - 1] ~ /^[^ ]/ && continues(k))
        if (indented && !verbatim) { out = out " @verbatim\n"; verbatim = 1 }
        if (!indented && verbatim && text != "") { out = out "\n@endverbatim "; verbatim = 0 }
        out = out (k > 1 || verbatim ? "\n" : " ") (verbatim ? text : escape(text))
    }
    return out (verbatim ? "\n@endverbatim" : "") " */"
}

# An indented line that only goes on with the sentence above: the run of such lines has no columns and no code.
function continues(k,    j) {
    for (j = k; j <= num_lines && line[j] ~ /^   /; j++)
        if (line[j] ~ /[^ .:]   *[^ ]|^    |[;{}]$/) return 0
    return 1
}

# Reads the comment that begins in this line into line[1..num_lines].
function read_comment(text) {
    num_lines = 0
    sub(/^[ \t]*\/\* ?/, "", text)
    while (text !~ /\*\//) {
        line[++num_lines] = text
        if ((getline text) <= 0) break
        sub(/^[ \t]*\*? ?/, "", text)
        if (text ~ /^\//) text = "*" text # the end alone
    }
    sub(/ *\*\/[ \t]*$/, "", text)
    if (text != "") line[++num_lines] = text
}

function declare(text) {
    gsub(/, (EG_PLACE|const char \*file, int line)\)/, ")", text)
    gsub(/\(EG_PLACE\)/, "(void)", text)
    if (match(text, /\(eg_[a-z0-9_]+\)\(/))
        text = substr(text, 1, RSTART - 1) " " substr(text, RSTART + 1, RLENGTH - 3) substr(text, RSTART + RLENGTH - 1)
    # /* text */ behind a member
    if (text ~ /[;,A-Z0-9] *\/\* .*\*\/$/ || text ~ /^ +.*\/\* .*\*\/$/) {
        match(text, /\/\* /)
        text = substr(text, 1, RSTART - 1) "/**< " escape(substr(text, RSTART + 3))
    }
    print text
}

function begins_declaration(text) { return text ~ /^(EG_API|static inline|typedef|struct|#define (eg_|EG_))/ }

FNR == 1 {
    read_comment($0)
    name = FILENAME
    sub(/.*\//, "", name)
    print documentation(" @file " name "\n")
    next
}

/^#ifndef __cplusplus/ { skipping = 1 }
/^#endif/ && skipping { skipping = 0; next }
skipping && !/^#define eg_(scalar|vector|matrix)/ { next }

/^$/ { shared = ""; print; next }

/^\/\* -- / {
    read_comment($0)
    text = line[1]
    for (k = 2; k <= num_lines; k++) text = text "\n" line[k]
    sub(/^-- /, "", text)
    heading = rest = text
    sub(/[ \n]*---.*/, "", heading)
    sub(/^[^\n]*\n?[^\n]*---*/, "", rest)
    if (open) print "/**@}*/"
    print "/** @name " escape(heading) "\n" escape(rest) " */\n/**@{*/"
    open = 1
    next
}

# A list: its names are remembered, and its comment, which then stands at each operation.
/^#define EG_[A-Z_]+\(X\)/ && /\\$/ {
    list = $2
    sub(/\(X\)/, "", list)
    said[list] = shared
    sub(/X\([a-z, ]*\): /, "", said[list])
    while (getline > 0) {
        if (match($0, /X\([A-Za-z0-9_]+/)) names[list] = names[list] " " substr($0, RSTART + 2, RLENGTH - 2)
        if ($0 !~ /\\$/) break
    }
    next
}
/^#define X\(/ {
    pattern = $0
    sub(/^#define X\([^)]*\) /, "", pattern)
    next
}
/^ *EG_[A-Z_]+\(X\)/ || /^X\([a-z]+, \)/ {
    if (match($0, /EG_[A-Z_]+/)) {
        list = substr($0, RSTART, RLENGTH)
        n = split(names[list], name_of, " ")
    } else { # one more of the list before
        match($0, /^X\([a-z]+/)
        n = split(substr($0, 3, RLENGTH - 2), name_of, " ")
    }
    for (k = 1; k <= n; k++) {
        text = pattern
        gsub(/##name/, name_of[k], text)
        if (text ~ /;$/) print said[list]
        declare(text)
    }
    next
}
/^#undef X/ { next }

/^[ \t]*\/\*/ && !/\*\/[ \t]*[^ \t]/ {
    read_comment($0)
    shared = documentation("")
    print shared
    fresh = 1
    next
}

{
    if (begins_declaration($0)) {
        if (shared != "" && !fresh) print shared
        fresh = 0
    }
    declare($0)
}

END { if (open) print "/**@}*/" }
