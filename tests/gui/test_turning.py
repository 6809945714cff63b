"""What the reader sees of a turned or mirrored slice: picture, letters, value under the cursor, words."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from tests.support import dicom_factory
from tests.support.slice_factory import make_series, make_slice
from viewer.session.analyses import Analyses
from viewer.session.resolve import resolve
from viewer.session.resolved_view import Known, ResolvedView
from viewer.session.state import Overlay, Presentation, ViewerState
from viewer.study import Geometry, Window
from viewer.ui import marks

STATES = [(quarters, flipped) for quarters in range(4) for flipped in (False, True)]


def pixels(widget) -> np.ndarray:
    """(rows, cols, 3) int: what is painted."""
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), 2::-1].astype(int)


def opened(path, presentation: Presentation) -> ResolvedView:
    """The view of a file, as the viewer itself reads and resolves it."""
    from viewer.dicom.pixels import load_slice
    from viewer.dicom.scan import scan

    result = scan(path)
    (series,) = result.series
    shown = load_slice(series.slices[0])
    known = Known({series.uid: series}, lambda key: shown, {}, (), Analyses(1 << 20))
    window = Window(500, 1000, "LINEAR_EXACT")
    return resolve(ViewerState(series=series.uid, window=window, presentation=presentation), known)


def where_bright(window) -> tuple[str, str]:
    """("left" or "right", "top" or "bottom"): where in the picture the marker shines."""
    drawn = pixels(window.viewport)[..., 0]
    y, x = np.argwhere(drawn > 240).mean(axis=0)
    assert abs(x - drawn.shape[1] / 2) > 5 and abs(y - drawn.shape[0] / 2) > 5
    return "left" if x < drawn.shape[1] / 2 else "right", "top" if y < drawn.shape[0] / 2 else "bottom"


def marked(orientation, toward: tuple[float, float, float]) -> np.ndarray:
    """(24, 16) int16: black, with a bright block in the corner that lies farthest `toward` in the patient."""
    values = np.zeros((24, 16), np.int16)
    row, col = np.array(orientation[:3]), np.array(orientation[3:])
    last_col, last_row = row @ toward > 0, col @ toward > 0
    values[16 if last_row else 2 : 22 if last_row else 8, 10 if last_col else 2 : 14 if last_col else 6] = (
        1000
    )
    return values


@pytest.mark.parametrize(("quarters", "flipped"), STATES)
@pytest.mark.parametrize("plane", dicom_factory.ORIENTATIONS)
def test_a_mark_at_the_left_front_and_head_of_the_patient_is_where_the_letters_say(
    window, show, tmp_path, plane, quarters, flipped
):
    orientation = dicom_factory.ORIENTATIONS[plane]
    values = marked(orientation, (1.0, -1.0, 1.2))
    dicom_factory.write(
        dicom_factory.image(values, orientation=orientation, spacing=(0.7, 1.3)), tmp_path / "a.dcm"
    )
    view = opened(tmp_path, Presentation(quarter_turns=quarters, flipped=flipped))
    show(replace(view, corners=("",) * 4, letters=("",) * 4))
    edges = dict(zip(("left", "right", "top", "bottom"), view.letters, strict=True))
    bright = where_bright(window)
    assert {edges[side][0] for side in bright} <= set("LAH")
    assert {letters[0] for side, letters in edges.items() if side not in bright} <= set("RPF")


@pytest.mark.parametrize(("quarters", "flipped"), STATES)
def test_so_is_a_mark_on_a_radiograph_that_names_only_its_sides(window, show, tmp_path, quarters, flipped):
    dataset = dicom_factory.image(
        marked((1.0, 0.0, 0.0, 0.0, 0.0, -1.0), (1.0, 0.0, 1.0)),
        modality="DX", orientation=None, position=None, spacing=None,
        PatientOrientation=["L", "F"], ImagerPixelSpacing=[0.15, 0.3],
    )  # fmt: skip
    dicom_factory.write(dataset, tmp_path / "a.dcm")
    view = opened(tmp_path, Presentation(quarter_turns=quarters, flipped=flipped))
    show(replace(view, corners=("",) * 4, letters=("",) * 4))
    edges = dict(zip(("left", "right", "top", "bottom"), view.letters, strict=True))
    assert {edges[side] for side in where_bright(window)} == {"L", "H"}


@pytest.mark.parametrize("pan", [None, (3.2, 4.1)])
@pytest.mark.parametrize(("quarters", "flipped"), STATES)
def test_the_value_under_the_cursor_is_that_of_the_pixel_seen_there(window, show, quarters, flipped, pan):
    values = np.random.default_rng(2).permutation(48).reshape(6, 8).astype(np.uint8) * 5
    shown = make_slice(values, geometry=Geometry(spacing=(2.0, 0.8)))
    look = Presentation(1.0 if pan is None else 2.5, pan, quarters, flipped)
    show(
        ResolvedView(
            series=make_series(shown.header),
            slice=shown,
            window=Window(127.5, 255, "LINEAR_EXACT"),
            presentation=look,
        )
    )
    drawn = pixels(window.viewport)
    viewport, seen = window.viewport, 0
    for row in range(6):
        for col in range(8):
            point = QPoint(*(int(at) for at in viewport.placement().to_screen(col + 0.5, row + 0.5)))
            if not viewport.rect().adjusted(20, 60, -20, -60).contains(point):
                continue
            QTest.mouseMove(viewport, point)
            assert viewport.readout().startswith(f"{values[row, col]} HU")
            assert abs(drawn[point.y(), point.x(), 0] - values[row, col]) <= 6
            seen += 1
    assert seen >= 6


@pytest.mark.parametrize(("quarters", "flipped"), STATES)
def test_the_heatmap_turns_with_the_slice(window, show, analysed, quarters, flipped):
    look = Presentation(quarter_turns=quarters, flipped=flipped)
    show(
        replace(
            analysed, presentation=look, corners=("",) * 4, letters=("",) * 4, overlay=Overlay(opacity=1.0)
        )
    )
    drawn = pixels(window.viewport)
    colored = np.ptp(drawn, axis=-1) > 60
    for row, col, hot in ((30, 45, True), (30, 15, False), (10, 45, False), (10, 15, False)):
        x, y = (int(at) for at in window.viewport.placement().to_screen(col, row))
        assert colored[y, x] == hot


@pytest.mark.parametrize(("quarters", "flipped"), STATES)
def test_the_picture_moves_with_the_hand_however_it_is_turned(window, show, view, intents, quarters, flipped):
    show(replace(view, presentation=Presentation(2.0, None, quarters, flipped)))
    viewport = window.viewport
    before = viewport.placement()
    middle = viewport.rect().center()
    QTest.mousePress(viewport, Qt.MouseButton.MiddleButton, pos=middle)
    QTest.mouseMove(viewport, middle + QPoint(20, 10))
    QTest.mouseRelease(viewport, Qt.MouseButton.MiddleButton, pos=middle + QPoint(20, 10))
    ((dx, dy),) = intents.named("pan_by")
    x, y = before.to_slice(200, 100)
    assert before.to_screen(x + dx, y + dy) == (pytest.approx(220), pytest.approx(110))


def said(window) -> list[str]:
    """Everything that stands in the picture in the colour of a warning."""
    alert = marks.ALERT.rgba()
    found: list[str] = []
    texts = window.viewport._marks.text
    for lines, *_ in texts._blocks:
        found += [text for text, color in lines if color == alert]
    return found


def test_a_mirrored_picture_says_so_in_the_colour_of_a_warning(window, show, view):
    show(view)
    pixels(window.viewport)
    assert said(window) == []
    show(replace(view, presentation=Presentation(quarter_turns=1, flipped=True)))
    pixels(window.viewport)
    assert said(window) == ["MIRRORED, rotated 90° right"]


@pytest.mark.parametrize("spacing", [(2.0, 1.0), (0.5, 1.0), None])
def test_the_scale_bar_measures_the_picture_as_it_stands(window, show, view, spacing):
    """The bar's length and the picture's own size in mm agree, before and after a quarter turn."""
    shown = make_slice(view.slice.values, geometry=Geometry(spacing=spacing, calibration="PixelSpacing"))
    row, col = spacing or (1.0, 1.0)
    for quarters, high, wide in ((0, 40 * row, 60 * col), (1, 60 * col, 40 * row)):
        look = Presentation(quarter_turns=quarters)
        show(replace(view, slice=shown, presentation=look, corners=("",) * 4))
        placement = window.viewport.placement()
        section = placement.section(
            window.viewport.width(), window.viewport.height(), rows=40, cols=60, ratio=1.0
        )
        _, _, width, height = placement.area(section, 1.0)
        assert (width / wide, height / high) == (pytest.approx(height / high), pytest.approx(width / wide))
        drawn = pixels(window.viewport)
        bar, text = scale_bar(window, drawn)
        assert bar / float(text.split()[0]) == pytest.approx(width / wide, rel=0.03)


def scale_bar(window, drawn: np.ndarray) -> tuple[float, str]:
    """Length of the scale bar in screen pixels, and its words."""
    words = [lines[0][0] for lines, *_ in window.viewport._marks.text._blocks]
    text = next(word for word in reversed(words) if re.match(r"[\d.]+ (mm|px)", word))
    stamp = window.viewport._marks._stamps[-2][1]
    return stamp.width() / stamp.devicePixelRatio() - 9, text


def test_a_long_label_of_the_scale_bar_never_covers_the_letter_at_the_bottom(window, show, view):
    shown = make_slice(
        view.slice.values, geometry=Geometry(spacing=(0.1, 0.1), calibration="ImagerPixelSpacing")
    )
    for wide in (1500, 760, 620):
        window.resize(wide, 700)
        show(replace(view, slice=shown, corners=("",) * 4))
        pixels(window.viewport)
        stamps = [QRectF(at, at + QPointF(p.width(), p.height())) for at, p in window.viewport._marks._stamps]
        _, label = scale_bar(window, pixels(window.viewport))
        assert "at the detector" in label
        assert not any(stamps[-1].intersects(letter) for letter in stamps[:4])
