"""numpy arrays -> small pictures for lists: thumbnails of series and of layers."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap

from viewer.imaging.colormap import color_table
from viewer.imaging.compose import heat_index


def grey_picture(grey: np.ndarray) -> QPixmap:
    """(h, w) uint8 -> picture of w × h pixels."""
    grey = np.ascontiguousarray(grey, np.uint8)
    rows, cols = grey.shape
    return QPixmap.fromImage(QImage(grey.data, cols, rows, cols, QImage.Format.Format_Grayscale8).copy())


def cam_picture(
    cam: np.ndarray,
    colormap: str,
    heat_range: tuple[float, float],
    side: int,
    ratio: float,
    evidence: str = "positive",
) -> QPixmap:
    """A raw cam, (h, w) float32 in logit units, in the colours of the overlay, `side` logical pixels wide.

    `evidence` is the sign that the overlay shows, `heat_range` its scale.

    Drawn with its cells visible: a layer of 7 × 7 must not look finer than it is.
    """
    index = heat_index(cam, heat_range)
    table = color_table(colormap, evidence).astype(np.uint32)
    packed = table[:, 0] << 16 | table[:, 1] << 8 | table[:, 2] | 0xFF000000
    pixels = np.ascontiguousarray(packed.astype(np.uint32)[index])
    rows, cols = pixels.shape
    image = QImage(pixels.data, cols, rows, cols * 4, QImage.Format.Format_RGB32)
    width = round(side * ratio)
    picture = QPixmap.fromImage(
        image.scaled(
            width,
            width,
            Qt.AspectRatioMode.IgnoreAspectRatio,
            Qt.TransformationMode.FastTransformation,
        )
    )
    picture.setDevicePixelRatio(ratio)
    return picture
