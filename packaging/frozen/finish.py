"""Finishes a frozen tree: strips torch, gathers the licences, and refuses leftovers of the build machine.

python finish.py TREE --not-in TEXT [TEXT …]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

STRIPPED = ("libtorch_cpu.so", "libtorch_python.so", "libtorch_cuda.so", "libtorch_cuda_linalg.so")
"""Their symbol tables for debuggers are 90 MB of the CPU flavour. The libraries of the other packages come
stripped, or were rewritten by auditwheel, which `strip` is known to damage."""

PYTHON_LICENSE = Path("/usr/share/doc/python3.11/copyright")
DEBIAN_DOCUMENTS = Path("/usr/share/doc")
LICENSE_NAMES = ("licen", "copying", "notice", "authors")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("--not-in", nargs="*", default=[], help="texts of the build machine: its folders")
    options = parser.parse_args()
    inside = options.tree / "_internal"
    strip(inside)
    packages = gather_licenses(inside, options.tree)
    print(f"licences of {packages} packages")
    left = list(leftovers(options.tree, options.not_in))
    for line in left[:20]:
        print(f"leftover of the build machine: {line}", file=sys.stderr)
    print(f"installed size: {size(options.tree) / 1e6:.0f} MB")
    return 1 if left else 0


def strip(inside: Path) -> None:
    """Take the debuggers' symbols out of torch's own libraries (Linux)."""
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
        rows.append(_license_of(package, folder))
    rows += _debian_licenses(inside, folder)
    without = [row["name"] for row in rows if not row["files"] and not row["license"]]
    if without:
        raise SystemExit(f"no licence is known of: {', '.join(without)}")
    (folder / "list.json").write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
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


def _license_of(package: Distribution, folder: Path) -> dict[str, object]:
    meta = package.metadata
    name = meta["Name"]
    texts = [
        Path(package.locate_file(file))
        for file in package.files or ()
        if (".dist-info/" in str(file) and file.name.lower().startswith(LICENSE_NAMES))
        or ".dist-info/licenses/" in str(file)
    ]
    files = []
    for text in dict.fromkeys(texts):
        target = (
            folder / name / "-".join(text.parts[-2:] if text.parent.name != "licenses" else text.parts[-1:])
        )
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(text, target)
        files.append(str(target.relative_to(folder)))
    classifiers = [
        c.rpartition(" :: ")[2] for c in meta.get_all("Classifier") or () if c.startswith("License ::")
    ]
    said = (
        meta.get("License-Expression")
        or (meta.get("License") or "").strip().split("\n")[0]
        or ", ".join(classifiers)
    )
    page = meta.get("Home-page") or next(iter(meta.get_all("Project-URL") or ()), "").rpartition(", ")[2]
    return {"name": name, "version": package.version, "license": said[:200], "page": page, "files": files}


def _debian_licenses(inside: Path, folder: Path) -> list[dict[str, object]]:
    """Of Python itself and of the libraries that came from the build machine's Debian."""
    if shutil.which("dpkg-query") is None:
        return []
    rows: dict[str, dict[str, object]] = {}
    for library in sorted(inside.glob("*.so*")):
        package = _debian_package(library.name)
        if package is None or package in rows or library.is_symlink():
            continue
        text = DEBIAN_DOCUMENTS / package / "copyright"
        files = []
        if text.is_file():
            target = folder / "debian" / f"{package}.txt"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(text, target)
            files.append(str(target.relative_to(folder)))
        version = _query("-W", "-f=${Version}", package)
        rows[package] = {"name": package, "version": version, "license": "", "page": "", "files": files}
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
