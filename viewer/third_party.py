"""What Glassbox stands on: every package it needs, with the version and licence that it states itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata

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
_FILE = re.compile(r"(^|/)(licen[cs]e|copying|notice|authors)[^/]*$", re.IGNORECASE)
MAX_TEXT = 400_000
"""Characters of one package's texts: more than any has, but for those that repeat others' whole."""


@dataclass(frozen=True, slots=True)
class Package:
    """One installed package.

    Parameters
    ----------
    licence : in a few words, "not stated" where the package says none.
    texts : (file name, text) of every licence file that comes with it.
    """

    name: str
    version: str
    licence: str
    texts: tuple[tuple[str, str], ...]


def packages() -> tuple[Package, ...]:
    """All packages that are needed and installed, by name. Reads files: not for the GUI thread."""
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
    texts = []
    left = MAX_TEXT
    for file in distribution.files or ():
        path = str(file).replace("\\", "/")
        if ".dist-info/" not in path or not _FILE.search(path) or left <= 0:
            continue
        try:
            text = file.locate().read_text(encoding="utf-8", errors="replace")[:left]  # type: ignore[attr-defined]
        except OSError:
            continue
        left -= len(text)
        texts.append((path.partition(".dist-info/")[2].removeprefix("licenses/"), text))
    about = distribution.metadata
    return Package(about["Name"], distribution.version, _licence(about), tuple(texts))


def _licence(about: metadata.PackageMetadata) -> str:
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
    return ", ".join(named) or first[:120] or "not stated"


def _field(about: metadata.PackageMetadata, name: str) -> str:
    return str(about[name]) if name in about else ""


def _plain(name: str) -> str:
    """A name as the index compares names (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
