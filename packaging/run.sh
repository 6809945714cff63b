#!/usr/bin/env bash
# Start Glassbox from a checkout: bash packaging/run.sh [PATH]
# The first time it makes the environment; without PATH it opens the bundled sample study.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/environment.sh"
prepare
sample=$ROOT/resources/sample/study
if [ "$(uname -s)" = Linux ] && [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  report=glassbox-sample-report.png
  number=2
  while [ -e "$report" ]; do
    report=glassbox-sample-report-$number.png
    number=$((number + 1))
  done
  say "there is no display here, so no window can open; writing the report of the sample study instead."
  "$PY" "$ROOT/main.py" report "$sample" --slice peak --model phantom-lesion --out "$report"
  say "the report is in $report. Start this again on a desktop to see the window."
  exit 0
fi
exec "$PY" "$ROOT/main.py" "${1:-$sample}"
