"""Golden images: colours are compared, not files; what differs is written down to be looked at."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

BLOCK = 4
"""Qt antialiases letters differently from version to version: means of 4 × 4 pixels are compared."""
TOLERANCE = 14
"""Levels of 255 by which a mean may differ."""
SHARE = 0.001
"""Share of the means that may differ by more."""


def hold(image: QImage, expected: Path, *, approve: bool) -> None:
    """Fail unless `image` looks like the picture at `expected`; `approve` makes it the new one.

    On failure, expected, actual and difference are written to the folder `failed` beside it.
    """
    if approve:
        expected.parent.mkdir(exist_ok=True)
        # In two steps: tests that run beside this one never read half a picture.
        part = expected.with_suffix(f".{os.getpid()}.png")
        assert image.save(str(part))
        os.replace(part, expected)
        return
    wanted = QImage(str(expected))
    if wanted.isNull():
        _write(expected, image, None, None)
        pytest.fail(f"there is no {expected.name} yet: look at failed/ and renew it with --approve")
    if wanted.size() != image.size():
        _write(expected, image, wanted, None)
        pytest.fail(f"{expected.name}: {_size(image)} instead of {_size(wanted)}; see failed/")
    difference = np.abs(colors(image).astype(int) - colors(wanted))
    share = float((means(difference) > TOLERANCE).mean())
    if share > SHARE:
        _write(expected, image, wanted, difference)
        pytest.fail(f"{expected.name}: {share:.2%} of it has other colours; see failed/")


def colors(image: QImage) -> np.ndarray:
    """(height, width, 3) uint8 RGB."""
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    # A copy, as the memory goes with the QImage.
    return rows[:, : rgb.width() * 3].reshape(rgb.height(), rgb.width(), 3).copy()


def means(difference: np.ndarray) -> np.ndarray:
    """Means over blocks of 4 × 4 pixels, the largest of the three channels."""
    rows, cols = (length // BLOCK * BLOCK for length in difference.shape[:2])
    blocks = difference[:rows, :cols].reshape(rows // BLOCK, BLOCK, cols // BLOCK, BLOCK, 3)
    return blocks.mean(axis=(1, 3)).max(axis=2)


def _write(expected: Path, image: QImage, wanted: QImage | None, difference: np.ndarray | None) -> None:
    folder = expected.parent.parent / "failed"
    folder.mkdir(exist_ok=True)
    image.save(str(folder / f"{expected.stem}.actual.png"))
    if wanted is not None:
        wanted.save(str(folder / f"{expected.stem}.expected.png"))
    if difference is not None:
        shown = np.ascontiguousarray(np.clip(difference * 4, 0, 255), np.uint8)
        rows, cols = shown.shape[:2]
        picture = QImage(shown.data, cols, rows, cols * 3, QImage.Format.Format_RGB888)
        picture.save(str(folder / f"{expected.stem}.difference.png"))


def _size(image: QImage) -> str:
    return f"{image.width()} × {image.height()}"
