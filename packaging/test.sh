#!/usr/bin/env bash
# Make the environment and run every check offscreen: bash packaging/test.sh [pytest arguments]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/environment.sh"
prepare --test
cd "$ROOT"
export QT_QPA_PLATFORM=offscreen
"$PY" -m ruff check .
"$PY" -m mypy
# Two at a time, a file each: the whole suite takes 15 minutes one after the other. Torch and NumPy keep to one
# thread, or the two would wait for each other.
export OMP_NUM_THREADS=1
exec "$PY" -m pytest -n 2 --dist loadfile "$@"
