#!/bin/sh
# setup.sh NAME...   creates the peers' virtual environments with pinned packages.
#   names: bp231 bpnew brian scipy torchv (or: all)
#   where: ${PEERS_VENV:-$HOME/.cache/engram-peers}/NAME       python: ${PYTHON:-python3.11}
# Python 3.11 is needed by bp231 (numpy 1.24); brian needs g++ and make at run time, limit/ needs gcc.
set -e
here=$(cd "$(dirname "$0")" && pwd)
root=${PEERS_VENV:-$HOME/.cache/engram-peers}
py=${PYTHON:-$(command -v python3.11 || command -v python3)}
[ $# -gt 0 ] || { sed -n 2,5p "$0"; exit 2; }
[ "$1" = all ] && set -- bp231 bpnew brian scipy torchv
mkdir -p "$root"
for n; do
  [ -f "$here/requirements/$n.txt" ] || { echo "unknown peer environment: $n" >&2; exit 2; }
  if [ ! -x "$root/$n/bin/python" ]; then "$py" -m venv "$root/$n"; fi
  "$root/$n/bin/python" -m pip install -q --disable-pip-version-check -r "$here/requirements/$n.txt"
  echo "ready: $n"
done
