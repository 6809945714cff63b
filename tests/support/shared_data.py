"""Real material for tests: never part of the project, so every test that uses it can be skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def shared_data_folder() -> Path:
    """GLASSBOX_DATA, or `shared/data` beside the repository."""
    named = os.environ.get("GLASSBOX_DATA")
    return Path(named) if named else REPOSITORY.parent / "shared" / "data"


def shared_data(*parts: str) -> Path:
    """The path of shared material; skips the test, saying why, where it is absent."""
    folder = shared_data_folder()
    if not folder.is_dir():
        pytest.skip("shared data are not on this machine (set GLASSBOX_DATA to their folder)")
    path = folder.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared data hold no {'/'.join(parts)} (GLASSBOX_DATA points to an incomplete copy)")
    return path
