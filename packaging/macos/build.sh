#!/usr/bin/env bash
# Build the disk image for Apple silicon: bash packaging/macos/build.sh [OUT] [WORK]
# Needs Python 3.11. On macOS the package index has torch with MPS. Signs ad hoc; with SIGN_AS (the name of a
# Developer ID) it signs for real, and with NOTARY_PROFILE (of `notarytool store-credentials`) it notarises.
# Not run on the machine this was written on: see packaging/README.md.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=${1:-$root/dist} work=${2:-$root/build}
[ "$(uname -sm)" = "Darwin arm64" ] || { echo "this builds on macOS for Apple silicon; here it is $(uname -sm)" >&2; exit 2; }
mkdir -p "$out" "$work"
out=$(cd "$out" && pwd) work=$(cd "$work" && pwd)
version=$(sed -n 's/^__version__ = "\(.*\)"/\1/p' "$root/viewer/__init__.py")
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
export SOURCE_DATE_EPOCH PYTHONHASHSEED=1 GLASSBOX_FLAVOUR=cpu GLASSBOX_METHODS=all GLASSBOX_OPERATORS=compiled

"${PYTHON:-python3.11}" -m venv "$work/venv"
python=$work/venv/bin/python
grep -hvE '^(nvidia-|cuda-|triton)' "$root"/packaging/*constraints.txt > "$work/pins.txt"
"$python" -m pip install -q -c "$work/pins.txt" --upgrade pip
"$python" -m pip install -q -c "$work/pins.txt" "$root[methods]" pyinstaller
"$python" -m pip uninstall -q -y glassbox-viewer  # frozen from the checkout, not from the package
"$python" -c 'import torchvision' 2>/dev/null || GLASSBOX_OPERATORS=missing
"$python" "$root/packaging/desktop/icon_files.py" "$root/packaging/desktop/glassbox.svg" "$work"
GLASSBOX_ICON=$work/glassbox.icns GLASSBOX_VERSION=$version \
  "$python" -m PyInstaller --noconfirm --log-level WARN --distpath "$work/tree" --workpath "$work/pyinstaller" \
  "$root/packaging/glassbox.spec"
"$python" "$root/packaging/frozen/finish.py" "$work/tree/glassbox-cpu" --not-in "$root" "$work"
"$python" "$root/packaging/smoke_test.py" --folder "$work/tree/glassbox-cpu" --no-window
app=$work/tree/Glassbox.app
cp -R "$work/tree/glassbox-cpu/_internal/licences" "$app/Contents/Resources/licences"
if [ -n "${SIGN_AS:-}" ]; then
  codesign --force --deep --options runtime --timestamp --sign "$SIGN_AS" \
    --entitlements "$root/packaging/macos/entitlements.plist" "$app"
else
  codesign --force --deep --sign - "$app"
fi
codesign --verify --deep --strict "$app"
"$app/Contents/MacOS/glassbox" verify

image=$out/glassbox-$version-macos-arm64.dmg
stage=$work/dmg
rm -rf "$stage" "$image"
mkdir "$stage"
cp -R "$app" "$stage/"
ln -s /Applications "$stage/Applications"
hdiutil create -quiet -volname "Glassbox $version" -srcfolder "$stage" -format ULMO "$image"
if [ -n "${NOTARY_PROFILE:-}" ]; then
  xcrun notarytool submit "$image" --keychain-profile "$NOTARY_PROFILE" --wait
  xcrun stapler staple "$image"
fi
(cd "$out" && shasum -a 256 "$(basename "$image")" > "$(basename "$image").sha256")
