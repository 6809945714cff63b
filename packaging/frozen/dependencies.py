"""The Debian packages that a frozen tree needs: python dependencies.py TREE prints a Depends: line.

Read off the files themselves: every shared library that something in the tree is linked against and that
is not in the tree must come from a package. To those come what is opened by name at run time.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

OPENED_BY_NAME = {
    "libegl1": "Qt's OpenGL",
    "libgl1": "Qt's OpenGL",
    "libxkbcommon-x11-0": "the keyboard",
    "libxcb-cursor0": "the pointer",
    "libdbus-1-3": "the desktop's settings",
    "fonts-dejavu-core | fonts-freefont-ttf | fonts-liberation": "letters: Qt brings none",
    "shared-mime-info": "the type application/dicom",
    "hicolor-icon-theme": "the place of the icon",
}
NOT_ON_EVERY_BUILDER = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
    "libcups.so.2": "libcups2",
}
"""Of Qt's plugins for Wayland and for printing: nothing that builds or tests here needs them."""
DRIVER = re.compile(r"lib(cuda|nvidia|nvcuvid|nvToolsExt)[-.\w]*\.so")
"""From the driver of the graphics card, which is not Debian's; asked for only where there is one."""


def main() -> int:
    tree = Path(sys.argv[1])
    files = [path for path in tree.rglob("*") if path.is_file() and not path.is_symlink() and _is_elf(path)]
    inside = {path.name for path in tree.rglob("*.so*")}
    needed = sorted({name for path in files for name in _linked(path)} - inside)
    packages, unknown = set(OPENED_BY_NAME), []
    for name in needed:
        if DRIVER.match(name) or name.startswith("ld-linux"):
            continue
        package = NOT_ON_EVERY_BUILDER.get(name) or _package(name)
        if package is None:
            unknown.append(name)
        else:
            packages.add(package)
    if unknown:
        print(f"no Debian package here has: {', '.join(unknown)}", file=sys.stderr)
        return 1
    print(", ".join(sorted(_with_version(package) for package in packages)))
    return 0


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _linked(path: Path) -> list[str]:
    done = subprocess.run(["objdump", "-p", str(path)], capture_output=True, text=True)
    return re.findall(r"NEEDED\s+(\S+)", done.stdout)


def _package(library: str) -> str | None:
    done = subprocess.run(["dpkg-query", "-S", f"*/{library}"], capture_output=True, text=True)
    for line in done.stdout.splitlines():
        owner, _, path = line.partition(": ")
        if Path(path).name == library and "-cross" not in owner:
            return owner.partition(":")[0]
    return None


def _with_version(package: str) -> str:
    """The C and C++ libraries in the version that was linked against, as symbols have versions."""
    if package not in ("libc6", "libstdc++6"):
        return package
    done = subprocess.run(["dpkg-query", "-W", "-f=${Version}", package], capture_output=True, text=True)
    return f"{package} (>= {done.stdout.partition('-')[0]})"


if __name__ == "__main__":
    raise SystemExit(main())
