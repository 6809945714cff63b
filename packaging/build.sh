#!/usr/bin/env bash
# Build what a hospital PC installs, from a clean clone on Debian 12: bash packaging/build.sh [options]
#
#   --cpu, --cuda     only this flavour; without either both are built, each where it can be
#   --cpu-torch X     the CPU build of torch: a wheel file, or the address of a package index that has one
#   --all-methods     bundle scikit-image, scikit-learn and SciPy into the CPU flavour too (150 MB more)
#   --out DIR         where the packages go (default: dist)
#   --work DIR        where it builds (default: build); 5 GB for CPU, 30 GB for CUDA
#   --no-fresh-root   do not install the .deb into a fresh Debian and run it there
#
# Per flavour: glassbox[-cuda]_VERSION_amd64.deb, glassbox-VERSION-linux-x86_64-FLAVOUR.tar.gz, and a
# .sha256 beside each. A flavour that cannot be built here is named with the reason and the other is built;
# the exit code is 0 if all that was asked for was built, 3 if a part was, else 1.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/environment.sh"

flavours="" cpu_torch=${GLASSBOX_CPU_TORCH:-} out=$ROOT/dist work=$ROOT/build all_methods="" fresh_root=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --cpu|--cuda) flavours="$flavours ${1#--}" ;;
    --cpu-torch) cpu_torch=$2; shift ;;
    --all-methods) all_methods=yes ;;
    --out) out=$2; shift ;;
    --work) work=$2; shift ;;
    --no-fresh-root) fresh_root="" ;;
    *) die "'$1' is not understood. The options are at the top of packaging/build.sh." ;;
  esac
  shift
done
flavours=${flavours:-cpu cuda}
mkdir -p "$out" "$work"
out=$(cd "$out" && pwd) work=$(cd "$work" && pwd)
export TMPDIR=$work/tmp PYINSTALLER_CONFIG_DIR=$work/pyinstaller SOURCE_DATE_EPOCH PYTHONHASHSEED=1
export LC_ALL=C.UTF-8 PIP_DISABLE_PIP_VERSION_CHECK=1
mkdir -p "$TMPDIR"
# One date for all files: that of the commit. The same commit and the same wheels give the same tree.
SOURCE_DATE_EPOCH=$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || stat -c %Y "$ROOT/pyproject.toml")
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$ROOT/viewer/__init__.py")

# Debian's own Python: its libpython is stripped, and its licence and origin are known.
debian_tools() {
  local missing="" pair
  for pair in objdump:binutils Xvfb:xvfb xdotool:xdotool mmdebstrap:mmdebstrap fakeroot:fakeroot \
      desktop-file-validate:desktop-file-utils; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
  done
  PYTHON=${PYTHON:-/usr/bin/python3}
  { [ -x "$PYTHON" ] && "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null; } || missing="$missing python3 python3-venv"
  ldconfig -p | grep -q 'libpython3\.11\.so\.1\.0' || missing="$missing libpython3.11"
  # shellcheck disable=SC2086
  [ -z "$missing" ] || debian_install $missing
  system_libraries
}

pip_install() { "$VENV/bin/python" -m pip install -q "$@"; }

# The pins of everything but torch and what only torch for CUDA brings.
pins() {
  grep -vE '^(torch|torchvision|triton|nvidia-|cuda-)' "$here/constraints.txt" > "$work/pins-$1.txt"
  cat "$here/build-constraints.txt" >> "$work/pins-$1.txt"
  printf '%s\n' "$work/pins-$1.txt"
}

find_cpu_torch() {
  [ -z "$cpu_torch" ] || { printf '%s\n' "$cpu_torch"; return; }
  local folder wheel
  for folder in ${PIP_FIND_LINKS:-} $("$PYTHON" -m pip config get global.find-links 2>/dev/null || true); do
    for wheel in "$folder"/torch-*+cpu-cp311-*.whl; do
      [ ! -f "$wheel" ] || { printf '%s\n' "$wheel"; return; }
    done
  done
  return 1
}

# Says why a flavour cannot be built here; says nothing where it can.
why_not() {
  local needed free
  [ "$(uname -sm)" = "Linux x86_64" ] || { printf 'this is %s, and it builds for Linux x86_64' "$(uname -sm)"; return; }
  needed=5; [ "$1" = cpu ] || needed=30
  free=$(df --output=avail -BG "$work" | tail -1 | tr -dc 0-9)
  [ "$free" -ge "$needed" ] || { printf '%s GB are needed in %s, %s are free' "$needed" "$work" "$free"; return; }
  if [ "$1" = cpu ] && ! find_cpu_torch >/dev/null; then
    printf '%s' "no CPU build of torch is given (--cpu-torch WHEEL or INDEX); the package index has torch for Linux built for CUDA only"
  fi
}

# The pair torch and torchvision of one flavour; torch 2.N goes with torchvision 0.(N+15).
install_torch() {
  local given minor
  if [ "$1" = cuda ]; then
    pip_install -c "$here/constraints.txt" torch torchvision
    return
  fi
  given=$(find_cpu_torch)
  case "$given" in
    *.whl) pip_install -c "$(pins cpu)" "$given" ;;
    *) pip_install -c "$(pins cpu)" --index-url "$given" torch torchvision; return ;;
  esac
  minor=$("$VENV/bin/python" -c 'from importlib.metadata import version; print(version("torch").split(".")[1])')
  pip_install --no-deps "torchvision==0.$((minor + 15)).*"
}

environment_of() {
  VENV=$work/venv-$1
  local want
  want=$(cat "$here"/*constraints.txt "$ROOT/pyproject.toml" | cksum; find_cpu_torch || true; echo "$all_methods")
  [ "$(cat "$VENV/.glassbox" 2>/dev/null)" != "$want" ] || return 0
  rm -rf "$VENV"
  "$PYTHON" -m venv "$VENV"
  pip_install -c "$(pins "$1")" --upgrade pip
  say "$1: installing the pinned packages"
  install_torch "$1"
  "$VENV/bin/python" - "$ROOT/pyproject.toml" > "$work/wanted-$1.txt" <<'PYTHON'
import sys, tomllib
project = tomllib.load(open(sys.argv[1], "rb"))["project"]
lines = project["dependencies"] + project["optional-dependencies"]["methods"]
print("\n".join(line for line in lines if not line.startswith(("torch>", "torchvision>"))))
PYTHON
  pip_install -c "$(pins "$1")" -r "$work/wanted-$1.txt" pyinstaller
  printf '%s\n' "$want" > "$VENV/.glassbox"
}

freeze() {
  local flavour=$1 operators=compiled methods=all at_most=""
  "$VENV/bin/python" -c 'import torchvision' >/dev/null 2>&1 || operators=missing
  [ "$flavour" = cuda ] || [ -n "$all_methods" ] || { methods=few; at_most="--at-most 700"; }
  say "$flavour: freezing (torchvision's operators: $operators; methods: $methods)"
  rm -rf "$work/tree/glassbox-$flavour"
  GLASSBOX_FLAVOUR=$flavour GLASSBOX_OPERATORS=$operators GLASSBOX_METHODS=$methods \
    "$VENV/bin/python" -P -m PyInstaller --noconfirm --log-level WARN --distpath "$work/tree" \
    --workpath "$work/pyinstaller-$flavour" "$here/glassbox.spec" > "$work/freeze-$flavour.log" 2>&1 \
    || { tail -20 "$work/freeze-$flavour.log" >&2; return 1; }
  # shellcheck disable=SC2086
  "$VENV/bin/python" "$here/frozen/finish.py" "$work/tree/glassbox-$flavour" $at_most --not-in "$ROOT" "$work"
}

build() {
  local flavour=$1 tree=$work/tree/glassbox-$1
  environment_of "$flavour"
  freeze "$flavour"
  say "$flavour: starting what was frozen"
  "$VENV/bin/python" "$here/smoke_test.py" --folder "$tree" --pictures "$work/pictures-$flavour/folder"
  say "$flavour: packing"
  bash "$here/pack.sh" "$flavour" "$version" "$tree" "$out" "$work" "$VENV/bin/python"
  if [ -n "$fresh_root" ]; then
    say "$flavour: installing into a fresh Debian and starting it there"
    "$VENV/bin/python" "$here/smoke_test.py" --deb "$out/$(deb_name "$flavour")" --root "$work/root-$flavour" \
      --pictures "$work/pictures-$flavour/installed"
    rm -rf "$work/root-$flavour"
  fi
}

deb_name() { [ "$1" = cpu ] && echo "glassbox_${version}_amd64.deb" || echo "glassbox-cuda_${version}_amd64.deb"; }

debian_tools
built="" failed=""
for flavour in $flavours; do
  reason=$(why_not "$flavour")
  if [ -n "$reason" ]; then
    say "the $flavour flavour cannot be built here: $reason"
    failed="$failed $flavour"
    continue
  fi
  set +e  # in a condition, `set -e` would be off inside the function too
  (set -e; build "$flavour")
  code=$?
  set -e
  if [ "$code" -eq 0 ]; then
    built="$built $flavour"
  else
    say "the $flavour flavour failed; look at the lines above"
    failed="$failed $flavour"
  fi
done
say "built:${built:- nothing}${failed:+; not built:$failed}; the packages are in $out"
[ -n "$built" ] || exit 1
[ -z "$failed" ] || exit 3
