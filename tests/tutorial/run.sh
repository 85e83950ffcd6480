#!/bin/sh
# run.sh PAGE OUT "CC FLAGS" "CXX FLAGS" "LINK FLAGS": every block of C or C++ of the page is a whole program, named in its
# first line; it is compiled without a warning and run, and prints what the text block below it says. What it
# printed is left in OUT.
set -eu
page=$1 out=$2 cc=$3 cxx=$4 link=$5
rm -rf "$out"
mkdir -p "$out"

awk -v out="$out" '
    /^```(c|cpp)$/ { inside = 1; program = ""; next }
    /^```text$/ && program != "" { inside = 2; next }
    /^```/ && inside { if (inside == 2) program = ""; inside = 0; next }
    inside == 1 && program == "" {
        program = $2
        if (program !~ /^[a-z_]+\.(c|cpp)$/) { print "line " NR ": a block without the name of its program"; exit 1 }
        print program > (out "/list")
        printf "" > (out "/" program ".expected")
    }
    inside == 1 { print > (out "/" program) }
    inside == 2 { print > (out "/" program ".expected") }
' "$page"

failed=0 number=0
blocks=$(grep -c '^```c$\|^```cpp$' "$page")
cd "$out"
while read -r program; do
    number=$((number + 1))
    case $program in
    *.cpp) compiler="$cxx -std=c++17" ;;
    *) compiler="$cc -std=c11" ;;
    esac
    $compiler -O1 -Wall -Wextra -Wpedantic -Werror "$program" -o "$program.run" $link || { failed=1; continue; }
    "./$program.run" > "$program.printed" || { echo "$program ended with $?"; failed=1; }
    diff "$program.expected" "$program.printed" || { echo "$program: < the page says, > it printed"; failed=1; }
done < list
[ $number -ge 10 ] || { echo "only $number programs"; failed=1; }
[ "$blocks" = $number ] || { echo "$blocks blocks, of which two have one name"; failed=1; }
echo "$number programs"
exit $failed
