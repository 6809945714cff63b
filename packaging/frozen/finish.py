"""Finishes a frozen tree: strips torch, gathers the licences, and refuses leftovers of the build machine.

python finish.py TREE [--at-most MB] --not-in TEXT [TEXT …]
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from viewer.third_party import LIST, NOT_STATED, licence, licence_files

STRIPPED = (
    "libtorch_cpu.so",
    "libtorch_python.so",
    "libtorch_cuda.so",
    "libtorch_cuda_linalg.so",
    "_CharLS.*.so",
    "_openjpeg.*.so",
    "kiwisolver/_cext.*.so",
)
"""Their symbol tables for debuggers are 105 MB of the CPU flavour. The libraries of the other packages come
stripped, or were rewritten by auditwheel, which `strip` is known to damage."""

PYTHON_LICENSES = (
    Path(sys.base_prefix) / "LICENSE.txt",  # Windows
    Path(os.__file__).parent / "LICENSE.txt",  # as built by python.org, and on macOS
    Path(f"/usr/share/doc/python{sys.version_info.major}.{sys.version_info.minor}/copyright"),  # Debian
)
DEBIAN_DOCUMENTS = Path("/usr/share/doc")
COMMON_LICENSES = Path("/usr/share/common-licenses")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--not-in", nargs="*", default=[], help="texts of the build machine: its folders")
    parser.add_argument("--at-most", type=float, help="MB (10^6 bytes) that the tree may have")
    options = parser.parse_args()
    inside = options.tree / "_internal"
    strip(inside)
    packages = gather_licenses(inside, options.tree)
    print(f"licences of {packages} packages")
    left = list(leftovers(options.tree, options.not_in))
    for line in left[:20]:
        print(f"leftover of the build machine: {line}", file=sys.stderr)
    megabytes = size(options.tree) / 1e6
    print(f"installed size: {megabytes:.1f} MB")
    large = options.at_most is not None and megabytes >= options.at_most
    if large:
        print(f"that is not under {options.at_most:g} MB", file=sys.stderr)
    return 1 if left or large else 0


def strip(inside: Path) -> None:
    """Take the debuggers' symbols out (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    for name in STRIPPED:
        for library in inside.rglob(name):
            if not library.is_symlink():
                subprocess.run(["strip", "--strip-unneeded", str(library)], check=True)


# Licences


def gather_licenses(inside: Path, tree: Path) -> int:
    """Copy the licence texts of every package and Debian library in the tree to licences/, with a list.

    A package whose files are in the tree must bring a licence text or name its licence; else SystemExit.
    """
    folder = inside / "licences"
    shutil.rmtree(folder, ignore_errors=True)
    rows = []
    for package in sorted(_bundled(inside, tree), key=lambda one: one.metadata["Name"].lower()):
        rows.append(_row(package, folder))
    rows.append(_python(folder))
    rows += _debian_licenses(inside, folder)
    without = [str(row["name"]) for row in rows if not row["texts"] and row["licence"] == NOT_STATED]
    if without:
        raise SystemExit(f"no licence is known of: {', '.join(without)}")
    (folder / LIST).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return len(rows)


def _bundled(inside: Path, tree: Path) -> Iterator[Distribution]:
    """The packages of the environment of which a module or file is in the tree."""
    modules = _archived(tree) | {path.name.partition(".")[0] for path in inside.iterdir()}
    for package in distributions():
        tops = {
            Path(file).parts[0].partition(".")[0] for file in package.files or () if ".." not in str(file)
        }
        tops -= (
            {"__pycache__", package.metadata["Name"]}
            if package.metadata["Name"] == "pip"
            else {"__pycache__"}
        )
        if tops & modules and package.metadata["Name"].lower() not in ("pip", "pyinstaller-hooks-contrib"):
            yield package


def _archived(tree: Path) -> set[str]:
    """Top-level names of the Python modules inside the program file."""
    from PyInstaller.archive.readers import CArchiveReader

    program = next(path for path in (tree / "glassbox", tree / "glassbox.exe") if path.is_file())
    archive = CArchiveReader(str(program))
    names = [name for name in archive.toc if name.startswith("PYZ")]
    return {module.partition(".")[0] for name in names for module in archive.open_embedded_archive(name).toc}


def _row(package: Distribution, folder: Path) -> dict[str, object]:
    name, said = package.metadata["Name"], licence(package.metadata)
    texts = list(licence_files(package))
    if not texts and "LGPL" in said:  # the licence wants its text beside the library, and its wheel has none
        texts = [(text, COMMON_LICENSES / text) for text in ("LGPL-3", "GPL-3")]
    return _listed(folder, name, package.version, said, texts)


def _listed(
    folder: Path, name: str, version: str, said: str, texts: list[tuple[str, Path]]
) -> dict[str, object]:
    """A row of the list, its texts copied to a folder of the package's name."""
    for title, text in texts:
        target = folder / name / title
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(text, target)
    paths = [f"{name}/{title}" for title, _text in texts]
    return {"name": name, "version": version, "licence": said, "texts": paths}


def _python(folder: Path) -> dict[str, object]:
    texts = [("LICENSE.txt", path) for path in PYTHON_LICENSES if path.is_file()][:1]
    return _listed(folder, "Python", platform.python_version(), "PSF-2.0" if texts else NOT_STATED, texts)


def _debian_licenses(inside: Path, folder: Path) -> list[dict[str, object]]:
    """Of the libraries that came from the build machine's Debian."""
    if shutil.which("dpkg-query") is None:
        return []
    rows: dict[str, dict[str, object]] = {}
    for library in sorted(inside.glob("*.so*")):
        package = _debian_package(library.name)
        if package is None or package in rows or library.is_symlink():
            continue
        text = DEBIAN_DOCUMENTS / package / "copyright"
        texts = [("copyright", text)] if text.is_file() else []
        said = "see its text" if texts else NOT_STATED
        rows[package] = _listed(folder, package, _query("-W", "-f=${Version}", package), said, texts)
    return list(rows.values())


def _debian_package(library: str) -> str | None:
    for line in _query("-S", f"*/{library}").splitlines():
        owner, _, path = line.partition(": ")
        if Path(path).name == library:
            return owner.partition(":")[0]
    return None


def _query(*arguments: str) -> str:
    done = subprocess.run(["dpkg-query", *arguments], capture_output=True, text=True)
    return done.stdout


# Leftovers


def leftovers(tree: Path, texts: list[str]) -> Iterator[str]:
    """Files, and modules inside the program, that name a folder of the build machine."""
    wanted = [text.encode() for text in texts]
    for path in sorted(tree.rglob("*")):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            yield from (f"{text.decode()} in {path.relative_to(tree)}" for text in wanted if text in data)
    for module, code in _modules(tree):
        yield from (f"{text.decode()} in module {module}" for text in wanted if text in code)


def _modules(tree: Path) -> Iterator[tuple[str, bytes]]:
    from PyInstaller.archive.readers import CArchiveReader

    program = next(path for path in (tree / "glassbox", tree / "glassbox.exe") if path.is_file())
    archive = CArchiveReader(str(program))
    for name in archive.toc:
        if name.startswith("PYZ"):
            modules = archive.open_embedded_archive(name)
            for module in modules.toc:
                yield module, _raw(modules, module)


def _raw(modules: object, module: str) -> bytes:
    try:
        return modules.extract(module, raw=True) or b""  # type: ignore[attr-defined]
    except (zlib.error, TypeError):
        return b""


def size(tree: Path) -> int:
    return sum(path.lstat().st_size for path in tree.rglob("*") if path.is_file() or path.is_symlink())


if __name__ == "__main__":
    raise SystemExit(main())
