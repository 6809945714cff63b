# Sourced by run.sh and test.sh: makes the Python environment once and finds it again.
#
#   prepare [--test]    sets $PY to the environment's Python; --test adds the test tools
#
# The environment is .venv in the checkout (or $GLASSBOX_VENV). It is made anew only when
# constraints.txt or pyproject.toml changed. PYTHON names another interpreter to make it with.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=${GLASSBOX_VENV:-$ROOT/.venv}
PY=$VENV/bin/python

# What Qt's xcb platform plugin and the software OpenGL need on a Debian machine without a desktop:
# one shared object that must be found, and the package that brings it.
QT_LIBRARIES="libEGL.so.1:libegl1 libGL.so.1:libgl1 libxkbcommon-x11.so.0:libxkbcommon-x11-0
libdbus-1.so.3:libdbus-1-3 libfontconfig.so.1:libfontconfig1 libxcb-cursor.so.0:libxcb-cursor0
libxcb-icccm.so.4:libxcb-icccm4 libxcb-keysyms.so.1:libxcb-keysyms1 libxcb-shape.so.0:libxcb-shape0
libxcb-xkb.so.1:libxcb-xkb1 libxcb-render-util.so.0:libxcb-render-util0 libxcb-image.so.0:libxcb-image0"

say() { printf 'glassbox: %s\n' "$*" >&2; }
die() { say "$@"; exit 2; }

# Install Debian packages as root or through sudo; without either, name the command and stop.
debian_install() {
  command -v apt-get >/dev/null || die "these system packages are missing: $*. Install them, then run this again."
  local as=""
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "missing system packages. As root, run: apt-get install $*"
    as=sudo
  fi
  say "installing system packages: $*"
  $as apt-get update -q >/dev/null || say "the package lists could not be renewed; going on with the present ones"
  $as env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$@" >/dev/null \
    || die "the system packages could not be installed. As root, run: apt-get install $*"
}

system_libraries() {
  [ "$(uname -s)" = Linux ] || return 0
  local known missing="" pair
  known=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)
  for pair in $QT_LIBRARIES; do
    case "$known" in *"${pair%%:*}"*) ;; *) missing="$missing ${pair#*:}" ;; esac
  done
  # Text on the report needs at least one font.
  { [ -d /usr/share/fonts ] && [ -n "$(find /usr/share/fonts "$HOME/.fonts" "$HOME/.local/share/fonts" \
    \( -name '*.ttf' -o -name '*.otf' \) -print -quit 2>/dev/null)" ]; } || missing="$missing fonts-dejavu-core"
  # shellcheck disable=SC2086
  [ -z "$missing" ] || debian_install $missing
}

find_python() {
  local candidate
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

prepare() {
  local extras="" stamp want python
  [ "${1:-}" = --test ] && extras="--group $ROOT/pyproject.toml:test"
  stamp=$VENV/.glassbox${extras:+-test}
  want=$(cat "$ROOT/packaging/constraints.txt" "$ROOT/pyproject.toml" | cksum; echo "$ROOT")
  if [ -x "$PY" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$want" ]; then
    return
  fi
  system_libraries
  python=$(find_python) || { debian_install python3 python3-venv; python=$(find_python); } \
    || die "Python 3.11 or newer is needed. Install it, then run this again."
  "$python" -c 'import venv, ensurepip' 2>/dev/null || debian_install python3-venv
  if [ ! -x "$PY" ]; then
    say "making the Python environment in $VENV"
    "$python" -m venv "$VENV" || die "the environment could not be made in $VENV. Is the disk full or read-only?"
  fi
  say "installing the pinned packages (the first time this takes some minutes and 6 GB of disk)"
  # Debian 12 brings pip 23, which knows no dependency groups.
  "$PY" -m pip install -q --disable-pip-version-check -c "$ROOT/packaging/constraints.txt" --upgrade "pip>=25.1" \
    || die "pip could not be renewed. Look at the lines above; is the network reachable?"
  # shellcheck disable=SC2086
  "$PY" -m pip install -q --disable-pip-version-check -c "$ROOT/packaging/constraints.txt" -e "${ROOT}[methods]" $extras \
    || die "the packages could not be installed. Look at the lines above; is the network reachable?"
  printf '%s\n' "$want" > "$stamp"
}
