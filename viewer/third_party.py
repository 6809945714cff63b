"""What Glassbox stands on: every package it needs, with the version and licence that it states itself."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from viewer import resources

DIRECT = (
    "PySide6-Essentials",
    "torch",
    "torchvision",
    "safetensors",
    "numpy",
    "pydicom",
    "SimpleITK",
    "pillow",
    "python-gdcm",
    "pyjpegls",
    "pylibjpeg",
    "pylibjpeg-openjpeg",
    "pyqtgraph",
    "platformdirs",
    "psutil",
    "captum",
    "scikit-image",
    "scikit-learn",
)
"""What pyproject.toml asks for; a test holds the two together. What these need comes with them."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FILE = re.compile(r"\.dist-info/(licenses/|(.*/)?(licen[cs]e|copying|notice|authors)[^/]*$)", re.IGNORECASE)
LIST = "list.json"
"""What a frozen build holds, beside the texts: rows of name, version, licence and the paths of the texts."""
NOT_STATED = "not stated"
MAX_TEXT = 400_000
"""Characters of one package's texts: more than any has, but for those that repeat others' whole."""


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package.

    Parameters
    ----------
    licence : in a few words, `NOT_STATED` where the package says none.
    texts : (file name, text) of every licence file that comes with it.
    """

    name: str
    version: str
    licence: str
    texts: tuple[tuple[str, str], ...]


def packages() -> tuple[Package, ...]:
    """All packages that come with a frozen build, or else that are needed and installed, by name.

    Reads files: not for the GUI thread.

    Raises
    ------
    OSError, ValueError, KeyError : the list of a frozen build is damaged.
    """
    folder = resources.licences()
    return _kept(folder) if (folder / LIST).is_file() else _installed()


def licence_files(distribution: metadata.Distribution) -> Iterator[tuple[str, Path]]:
    """(name, file) of every licence text that comes with a package."""
    for file in distribution.files or ():
        path = str(file).replace("\\", "/")
        if _FILE.search(path):
            name = path.partition(".dist-info/")[2].removeprefix("licenses/")
            yield name, Path(str(distribution.locate_file(file)))


def _kept(folder: Path) -> tuple[Package, ...]:
    rows = json.loads((folder / LIST).read_text(encoding="utf-8"))
    return tuple(
        Package(
            row["name"],
            row["version"],
            row["licence"],
            _texts((path.partition("/")[2], folder / path) for path in row["texts"]),
        )
        for row in rows
    )


def _installed() -> tuple[Package, ...]:
    found: dict[str, metadata.Distribution] = {}
    wanted = list(DIRECT)
    while wanted:
        name = wanted.pop()
        if _plain(name) in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        found[_plain(name)] = distribution
        wanted += _needed(distribution)
    return tuple(_package(found[name]) for name in sorted(found))


def _needed(distribution: metadata.Distribution) -> Iterator[str]:
    """Names of what a package needs; not what only its extras ask for."""
    for requirement in distribution.requires or ():
        name = _NAME.match(requirement)
        if name is not None and not re.search(r"\bextra\s*==", requirement):
            yield name[0]


def _package(distribution: metadata.Distribution) -> Package:
    about = distribution.metadata
    texts = _texts(licence_files(distribution))
    return Package(about["Name"], distribution.version, licence(about), texts)


def _texts(files: Iterable[tuple[str, Path]]) -> tuple[tuple[str, str], ...]:
    texts, left = [], MAX_TEXT
    for name, file in files:
        if left <= 0:
            break
        try:
            text = file.read_text(encoding="utf-8", errors="replace")[:left]
        except OSError:
            continue
        left -= len(text)
        texts.append((name, text))
    return tuple(texts)


def licence(about: metadata.PackageMetadata) -> str:
    """The licence by its expression (PEP 639), by its classifiers, or by the first line of the old field."""
    expression = _field(about, "License-Expression")
    if expression:
        return expression
    named = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or ()
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    first = _field(about, "License").partition("\n")[0].strip()
    return ", ".join(named) or first[:120] or NOT_STATED


def _field(about: metadata.PackageMetadata, name: str) -> str:
    return str(about[name]) if name in about else ""


def _plain(name: str) -> str:
    """A name as the index compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
