"""Finds icons, style, models, the user guide and the sample study, from source and from a frozen build."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path


def root() -> Path:
    """The folder `resources`: of a frozen build, inside an installed package, or beside the source."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen:
        return Path(frozen) / "resources"
    return _beside(__file__)


@lru_cache
def _beside(module: str) -> Path:
    package = Path(module).resolve().parent
    installed = package / "_resources"
    return installed if installed.is_dir() else package.parent / "resources"


def style() -> Path:
    return root() / "style.qss"


def icon(name: str) -> Path:
    """The SVG of an icon; the file may be absent."""
    return root() / "icons" / f"{name}.svg"


def models() -> Path:
    """The folder of the bundles that ship."""
    return root() / "models"


def guide() -> Path:
    """The pages of the user guide, with their pictures."""
    return root() / "guide"


def sample() -> Path:
    """The synthetic study that ships, with the script that made it and the truth about it."""
    return root() / "sample"


def verification() -> Path:
    """The files that `glassbox verify` decodes, and the script that made them."""
    return root() / "verification"


def sample_study() -> Path:
    """The DICOM files of the sample alone."""
    return sample() / "study"


def licences() -> Path:
    """The licences that a frozen build was made with; absent from source, where the packages have them."""
    return root().parent / "licences"
