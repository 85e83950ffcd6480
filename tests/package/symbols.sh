#!/bin/sh
# symbols.sh INCLUDE LIBRARY COMPILER: what the public headers declare, what the library exports and what symbols.txt lists
# are the same names.  With UPDATE=1 in the environment symbols.txt is written from the headers instead of compared.
set -eu
include=$1 library=$2 compiler=$3
list=$(dirname "$0")/symbols.txt
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

# Functions and data that the headers declare, with or without EG_API: statements outside of braces that are no type and
# not static.
for header in "$include"/engram/*.h; do echo "#include <engram/$(basename "$header")>"; done > "$work/all.c"
"$compiler" -std=c17 -E -P '-D__attribute__(x)=' -I"$include" "$work/all.c" | tr '\n' ' ' | awk '{
    depth = 0
    statement = ""
    for (k = 1; k <= length($0); k++) {
        c = substr($0, k, 1)
        if (c == "{") depth++
        if (depth == 0 && c != ";") statement = statement c
        if (depth == 0 && c == ";" || depth == 1 && c == "}" && statement ~ /^ *static/) { print statement; statement = "" }
        if (c == "}") depth--
    }
}' | grep -v -E '^ *(typedef|struct|enum|static)' | awk '
match($0, /\(eg_[a-z0-9_]+\)\(/) { print "T", substr($0, RSTART + 1, RLENGTH - 3); next }
match($0, /[ *]eg_[a-z0-9_]+\(/) { print "T", substr($0, RSTART + 1, RLENGTH - 2); next }
/^ *extern/ && match($0, /eg_[a-z0-9_]+ *$/) { print "D", substr($0, RSTART, RLENGTH) }
' | sort > "$work/declared"

nm -D --defined-only "$library" | sed -E 's/^[0-9a-f]+ //; s/@.*//' | grep -v '^A ENGRAM_0$' | sed 's/^[BR] /D /' | sort > "$work/exported"

[ "${UPDATE:-0}" = 1 ] && cp "$work/declared" "$list"
failed=0
diff "$work/declared" "$work/exported" || { echo "< is declared and not exported, > is exported and not declared in include/engram"; failed=1; }
diff "$list" "$work/exported" || { echo "< is no longer exported, > is new: UPDATE=1 $0 $* writes the list anew"; failed=1; }
[ "$(wc -l < "$work/exported")" -gt 200 ] || { echo "fewer symbols than there can be"; failed=1; }
[ $failed = 0 ] && echo "$(wc -l < "$work/exported") symbols"
exit $failed
