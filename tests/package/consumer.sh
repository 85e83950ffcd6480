#!/bin/sh
# consumer.sh BUILD CC CXX CMAKE: installs the library below the build folder, plainly and with DESTDIR, moves it, and builds
# and runs the programs of consumer/ against it: with pkg-config and the compiler alone, and as a CMake project.
set -eu
build=$1 cc=$2 cxx=$3 cmake=$4
here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -n 's/^#define EG_VERSION_[A-Z]* //p' "$here/../../include/engram/core.h" | paste -sd.)
soname=libengram.so.${version%.*}
root=$build/package-test
rm -rf "$root"
mkdir -p "$root/work"
flags="-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror"

wrong() { echo "$*"; exit 1; }

# Both programs must print the same spikes and potential: one uses the library's neuron, the other its own.
compare() {
    "$1" > "$root/work/c.txt" || wrong "$1: $(cat "$root/work/c.txt")"
    "$2" > "$root/work/cxx.txt" || wrong "$2: $(cat "$root/work/cxx.txt")"
    cat "$root/work/c.txt"
    grep -q '^[1-9][0-9]* spikes, V ' "$root/work/c.txt" || wrong "no spikes"
    cmp "$root/work/c.txt" "$root/work/cxx.txt"
    for program; do
        needed=$(objdump -p "$program" | awk '$1 == "NEEDED" { print $2 }')
        echo "$needed" | grep -qx "$soname" || wrong "$program does not need $soname"
        ! echo "$needed" | grep -E 'LLVM|gomp|omp|libz|libpng' || wrong "$program is linked with what the library needs"
    done
}

# with_pkg_config PREFIX: the compiler alone
with_pkg_config() {
    export PKG_CONFIG_PATH="$1/lib/pkgconfig" PKG_CONFIG_LIBDIR=
    [ "$(pkg-config --modversion engram)" = "$version" ] || wrong "engram.pc is of another version"
    libdir=$(pkg-config --variable=libdir engram)
    $cc -std=c11 $flags "$here/consumer/lif.c" -o "$root/work/pc_c" $(pkg-config --cflags --libs engram) -Wl,-rpath,"$libdir"
    $cxx -std=c++17 $flags "$here/consumer/lif.cpp" -o "$root/work/pc_cxx" $(pkg-config --cflags --libs engram) -Wl,-rpath,"$libdir"
    for word in $(pkg-config --libs --static engram); do
        case $word in -L*|-lengram) ;; *) wrong "engram.pc hands on $word" ;; esac
    done
    compare "$root/work/pc_c" "$root/work/pc_cxx"
}

# with_cmake PREFIX: find_package
with_cmake() {
    rm -rf "$root/work/cmake"
    "$cmake" -S "$here/consumer" -B "$root/work/cmake" -DCMAKE_C_COMPILER="$cc" -DCMAKE_CXX_COMPILER="$cxx" \
        -DCMAKE_PREFIX_PATH="$1" -DCMAKE_FIND_USE_PACKAGE_REGISTRY=OFF > "$root/work/log" 2>&1 || { cat "$root/work/log"; exit 1; }
    grep -q "^engram_DIR:PATH=$1/" "$root/work/cmake/CMakeCache.txt" || wrong "another engram was found"
    "$cmake" --build "$root/work/cmake" > "$root/work/log" 2>&1 || { cat "$root/work/log"; exit 1; }
    compare "$root/work/cmake/consumer_c" "$root/work/cmake/consumer_cxx"
}

install_quietly() { "$cmake" --install "$build" "$@" > "$root/work/log" 2>&1 || { cat "$root/work/log"; exit 1; }; }

install_quietly --prefix "$root/plain"
plain=$root/plain
for file in include/engram/engram.h lib/libengram.so lib/pkgconfig/engram.pc lib/cmake/engram/engram-config.cmake share/doc/engram/LICENSE; do
    [ -e "$plain/$file" ] || wrong "$file is not installed"
done
diff -r "$here/../../include" "$plain/include" || wrong "other headers are installed"
[ "$(readlink "$plain/lib/libengram.so")" = "$soname" ] || wrong "libengram.so is no link to $soname"
[ "$(readlink "$plain/lib/$soname")" = "libengram.so.$version" ] || wrong "$soname is no link to libengram.so.$version"
objdump -p "$plain/lib/libengram.so" > "$root/work/dynamic"
grep -q "SONAME  *$soname\$" "$root/work/dynamic" || wrong "SONAME is not $soname"
! grep -E 'RUNPATH|RPATH|TEXTREL' "$root/work/dynamic" || wrong "paths of this machine or text relocations in the library"
grep -A1 'STACK' "$root/work/dynamic" | grep -q 'rw-' || wrong "the library wants an executable stack"
! grep -rI "$build" "$plain/lib/cmake" "$plain/lib/pkgconfig" || wrong "the package names the build folder"

with_pkg_config "$plain"
with_cmake "$plain"

mv "$plain" "$root/moved here" # an installed tree can be moved, also to where there are spaces
with_cmake "$root/moved here"
mv "$root/moved here" "$root/moved"
with_pkg_config "$root/moved"

DESTDIR=$root/stage install_quietly --prefix /opt/engram # as packagers do
! grep -r "$root" "$root/stage/opt/engram/lib/cmake" "$root/stage/opt/engram/lib/pkgconfig" || wrong "the package names the stage"
with_pkg_config "$root/stage/opt/engram"
with_cmake "$root/stage/opt/engram"
rm -rf "$root"
