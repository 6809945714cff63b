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
exec "$PY" -m pytest "$@"
