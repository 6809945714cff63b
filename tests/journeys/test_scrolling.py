"""The wheel in a real window on real files: which way the patient goes by, and what is said of the stack."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from tests.support.dicom_factory import CORONAL, SAGITTAL, gradient, image, write

COUNT = 6
HEAD_TO_FEET, FRONT_TO_BACK, RIGHT_TO_LEFT = (2, -1), (1, 1), (0, 1)
"""Axis of LPS, and whether its coordinate grows or falls."""


def wheel_down(widget) -> None:
    """One notch towards the reader."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def study(folder, cosines, step, *, backwards):
    """Slices `step` apart; the files and instance numbers run along it, or against it."""
    for index in range(COUNT):
        number = COUNT - index if backwards else index + 1
        dataset = image(
            gradient() + np.int16(10 * index),
            orientation=cosines,
            position=tuple(float(part) for part in np.array(step) * index),
            instance=number,
        )
        write(dataset, folder / f"{number:02d}.dcm")
    return folder


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(
    ("cosines", "step", "way"),
    [
        ((1, 0, 0, 0, 1, 0), (0, 0, 3), HEAD_TO_FEET),
        ((1, 0, 0, 0, -1, 0), (0, 0, 3), HEAD_TO_FEET),  # the normal points to the feet
        ((-1, 0, 0, 0, -1, 0), (0, 0, 3), HEAD_TO_FEET),  # prone
        ((1, 0, 0, 0, 0.96, 0.28), (0, 0, 3), HEAD_TO_FEET),  # a tilted gantry
        (CORONAL, (0, 3, 0), FRONT_TO_BACK),
        (SAGITTAL, (3, 0, 0), RIGHT_TO_LEFT),
    ],
)
def test_wheel_down_goes_the_way_one_reads_a_study(reader, tmp_path, cosines, step, way, backwards):
    reader.open(study(tmp_path / "study", cosines, step, backwards=backwards))
    axis, sign = way
    passed = []
    for index in range(COUNT):
        reader.sees_slice(index)
        passed.append(reader.screen.view.slice.header.geometry.position[axis])
        if reader.window is not None:
            wheel_down(reader.window.viewport)
        else:
            reader.controller.step(1)
    assert passed == sorted(passed, reverse=sign < 0) and len(set(passed)) == COUNT


def test_a_tilted_gantry_stands_quietly_in_the_corner(reader, tmp_path):
    reader.open(study(tmp_path / "study", (1, 0, 0, 0, 0.96, 0.28), (0, 0, 3), backwards=False))
    reader.sees_slice(0)
    assert "Gantry tilt 16.3°" in reader.screen.view.corners[1]
    if reader.window is not None:
        row = reader.window.series.tree.topLevelItem(0).child(0).child(0)
        assert "Gantry tilt 16.3°" in row.toolTip(0)
