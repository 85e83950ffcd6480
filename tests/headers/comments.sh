#!/bin/sh
# comments.sh FOLDER: every function, callback and struct that a public header declares has a comment, or shares that of
# the declarations right above it.  A blank line ends what a comment speaks of; lines that only divide the page are none.
# Also that whatever takes a place (file and line) last takes it as EG_PLACE, without which C++ programs could not call it;
# the functions behind the macros that take lists have templates in cxx_math.h instead.
folder=$1
failed=0
for header in "$folder"/*.h; do
    awk -v name="engram/$(basename "$header")" '
        function wrong(what) { printf "%s:%d: %s\n    %s\n", name, FNR, what, $0; bad = 1 }
        /^[ \t]*$/ { said = 0 }
        /^\/\*/ && !/^\/\* --/ { said = 1 }
        /^(EG_API|static inline|typedef|struct)/ && !/^(typedef )?struct [a-z_]+( [a-z_]+)?;/ {
            declared++
            if (!said) wrong("no comment tells what this is")
        }
        /const char \*file, int line\)/ && !/^typedef/ && !/axes|dims|perm|const eg_val \*x|define EG_PLACE/ {
            wrong("write EG_PLACE instead of const char *file, int line")
        }
        END { exit bad }
    ' "$header" || failed=1
done
exit $failed
