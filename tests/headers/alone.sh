#!/bin/sh
# alone.sh FOLDER COMPILER FLAGS...: compiles each public header of FOLDER alone; every one must pass without a warning.
folder=$1
shift
failed=0
for header in "$folder"/*.h; do
    name=engram/$(basename "$header")
    printf '#include <%s>\nint alone;\n' "$name" | "$@" -fsyntax-only - || { echo "not alone: $name"; failed=1; }
done
exit $failed
