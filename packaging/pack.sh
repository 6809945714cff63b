#!/usr/bin/env bash
# Pack a frozen tree: bash packaging/pack.sh FLAVOUR VERSION TREE OUT WORK PYTHON
#
# Makes the .deb and the portable .tar.gz and a .sha256 beside each. Owners, order and dates of the files
# inside do not depend on the machine or the hour (SOURCE_DATE_EPOCH).
set -euo pipefail
flavour=$1 version=$2 tree=$3 out=$4 work=$5 python=$6
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${SOURCE_DATE_EPOCH:?set it to the date of the commit}"
package=glassbox other=glassbox-cuda
[ "$flavour" = cpu ] || { package=glassbox-cuda other=glassbox; }

checksum() { (cd "$out" && sha256sum "$1" > "$1.sha256"); }

# The portable copy: unpack it anywhere, start glassbox in it.
portable=glassbox-$version-linux-x86_64-$flavour
tar -C "$tree/.." --transform "s,^glassbox-$flavour,$portable," --sort=name --owner=0 --group=0 --numeric-owner \
  --mtime="@$SOURCE_DATE_EPOCH" -cf - "glassbox-$flavour" | gzip -n -6 > "$out/$portable.tar.gz"
checksum "$portable.tar.gz"

root=$work/deb-$flavour
rm -rf "$root"
mkdir -p "$root"/DEBIAN "$root"/usr/{bin,lib,share/{applications,doc/"$package",man/man1}}
cp -a --reflink=auto "$tree" "$root/usr/lib/glassbox"
ln -s ../lib/glassbox/glassbox "$root/usr/bin/glassbox"
install -m 644 "$here/desktop/glassbox.desktop" "$root/usr/share/applications/$package.desktop"
gzip -n9 < "$here/desktop/glassbox.1" > "$root/usr/share/man/man1/glassbox.1.gz"
QT_QPA_PLATFORM=offscreen "$python" "$here/desktop/icons.py" "$here/desktop/glassbox.svg" "$root/usr/share/icons/hicolor"
{
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\n'
  printf 'Copyright: the authors of Glassbox\nLicense: Apache-2.0\n'
  printf ' On Debian, the text is in /usr/share/common-licenses/Apache-2.0.\n .\n'
  printf ' Glassbox bundles other packages. Their names, versions and licence texts are in\n'
  printf ' /usr/lib/glassbox/_internal/licences.\n'
} > "$root/usr/share/doc/$package/copyright"
gzip -n9 < "$here/../CHANGELOG.md" > "$root/usr/share/doc/$package/changelog.gz"
chmod -R u+rwX,go+rX,go-w "$root/usr"
find "$root/usr/lib/glassbox" -name '*.so*' -type f -exec chmod 644 {} +
desktop-file-validate "$root/usr/share/applications/$package.desktop"

depends=$("$python" "$here/frozen/dependencies.py" "$tree")
size=$(du -k -s --apparent-size "$root/usr" | cut -f1)
{
  printf 'Package: %s\nVersion: %s\nArchitecture: amd64\n' "$package" "$version"
  printf 'Maintainer: Glassbox <glassbox@localhost>\nInstalled-Size: %s\nSection: science\nPriority: optional\n' "$size"
  printf 'Conflicts: %s\nReplaces: %s\n' "$other" "$other"
  printf 'Depends: %s\n' "$depends"
  printf 'Description: DICOM viewer that shows what a neural network saw\n'
  printf ' Opens studies, asks a network about them on the local %s, walks its heatmap\n' \
    "$([ "$flavour" = cpu ] && echo processor || echo 'GPU or processor')"
  printf ' through the layers of the network, and exports an annotated report page.\n'
  printf ' .\n Not for primary diagnosis. AI output is investigational.\n'
} > "$root/DEBIAN/control"
(cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum) > "$root/DEBIAN/md5sums"
find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
deb=${package}_${version}_amd64.deb
# zstd: 4 GB of CUDA libraries in minutes; dpkg knows it since Debian 12.
dpkg-deb --root-owner-group -Zzstd -z"$([ "$flavour" = cpu ] && echo 12 || echo 6)" --build "$root" "$out/$deb" >/dev/null
checksum "$deb"
rm -rf "$root"
printf '%s: %s kB installed\n' "$deb" "$size"
ls -l "$out/$deb" "$out/$portable.tar.gz"
