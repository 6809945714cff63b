"""Marks as they are painted: on a page as strokes and letters, on the screen as fast hairlines."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter, QTransform

from viewer.annotate.mark import COLORS, Figure, Mark, ShownMark
from viewer.report.mark_painter import MarkPainter, dashes
from viewer.report.typeface import font

AREA = QRectF(0, 0, 400, 300)
LINE = ((20.0, 30.0), (90.0, 60.0))


def shown(kind="length", points=LINE, *, faint=False, label=None, figures=True, **fields):
    mark = Mark("one", kind, "1", "2", None, (), **fields)
    given = (Figure("Length", 23.4, "mm", "PixelSpacing"),) if figures else ()
    return ShownMark(mark, points, label, faint, given)


def picture(marks, *, vector, ground="#000000", matrix=None, ratio=1, chosen=""):
    """(rows, cols, 3) int: the marks on a plain ground."""
    image = QImage(400 * ratio, 300 * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    image.fill(ground)
    painter = QPainter(image)
    made = MarkPainter(font(13), vector=vector)
    made.paint(painter, made.lay_out(marks, matrix or QTransform(), AREA), chosen=chosen)
    painter.end()
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), 2::-1].astype(int)


@pytest.mark.parametrize("vector", [True, False])
@pytest.mark.parametrize("ground", ["#000000", "#808080", "#ffffff"])
@pytest.mark.parametrize("color", COLORS)
def test_a_line_differs_from_its_ground_in_every_colour(qapp, vector, ground, color):
    drawn = picture([shown(color=color, figures=False)], vector=vector, ground=ground)
    middle = drawn[40:50, 52:58].reshape(-1, 3).mean(axis=1)
    assert middle.max() - middle.min() > 90, "a light line and its dark edge"


@pytest.mark.parametrize("vector", [True, False])
def test_a_line_runs_through_the_pixels_that_its_points_say(qapp, vector):
    matrix = QTransform(2, 0, 0, 3, 10, 20)
    drawn = picture([shown(points=((5.0, 10.0), (95.0, 10.0)), figures=False)], vector=vector, matrix=matrix)
    rows = np.nonzero(drawn[:, 100].sum(axis=1) > 300)[0]
    assert len(rows) in (1, 2) and abs(rows.mean() + 0.5 - 50) <= 1
    cols = np.nonzero(drawn[49:51].sum(axis=(0, 2)) > 300)[0]
    assert cols.min() == pytest.approx(20, abs=1.5) and cols.max() == pytest.approx(200, abs=1.5)


def test_at_200_percent_everything_is_as_large_in_logical_pixels(qapp):
    one, two = (picture([shown()], vector=False, ratio=ratio) for ratio in (1, 2))
    for drawn, ratio in ((one, 1), (two, 2)):
        ink = np.argwhere(drawn.sum(axis=2) > 150) / ratio
        assert ink.min(axis=0) == pytest.approx(np.argwhere(one.sum(axis=2) > 150).min(axis=0), abs=2)
        assert ink.max(axis=0) == pytest.approx(np.argwhere(one.sum(axis=2) > 150).max(axis=0), abs=2)


@pytest.mark.parametrize("vector", [True, False])
def test_the_chosen_mark_is_bolder_and_its_label_framed(qapp, vector):
    def ink(figures, chosen):
        drawn = picture([shown(figures=figures)], vector=vector, chosen=chosen)
        return int((drawn.sum(axis=2) > 350).sum())

    assert ink(False, "one") > 1.4 * ink(False, "")
    line = ink(False, "one") - ink(False, "")
    assert ink(True, "one") - ink(True, "") > line + 20


def test_a_label_far_from_its_mark_is_joined_to_it(qapp):
    made = MarkPainter(font(13))
    marks = [shown(label=(300.0, 250.0))]
    (one,) = made.lay_out(marks, QTransform(), AREA)
    assert ((one.label.left + one.label.right) / 2, (one.label.top + one.label.bottom) / 2) == (300, 250)
    drawn = picture(marks, vector=False)
    half = (one.label.left + 90) / 2, (one.label.top + 60) / 2
    near = drawn[round(half[1]) - 6 : round(half[1]) + 6, round(half[0]) - 20 : round(half[0]) + 20]
    assert near.max() > 100
    assert picture([shown()], vector=False)[150:240, 150:280].max() == 0


def test_faint_marks_say_nothing_but_their_text(qapp):
    made = MarkPainter(font(13))
    silent, text = made.lay_out(
        [shown(faint=True), shown("text", ((50.0, 50.0),), faint=True, text="Hilum", figures=False)],
        QTransform(),
        AREA,
    )
    assert silent.label is None and silent.text == ()
    assert text.text == ("Hilum",) and text.label is not None


def test_the_same_marks_are_the_same_pixels(qapp):
    for vector in (True, False):
        marks = [shown(), shown("polygon", ((120.0, 80.0), (200.0, 90.0), (160.0, 150.0)))]
        assert np.array_equal(picture(marks, vector=vector), picture(marks, vector=vector))


def test_dashes_cover_a_line_but_for_their_gaps():
    line = np.array([(0.0, 0.0), (30.0, 0.0), (30.0, 41.0)])
    pieces = dashes(line, 7.0, 6.0)
    lengths = [float(np.hypot(*np.diff(piece, axis=0).T).sum()) for piece in pieces]
    assert lengths == pytest.approx([7.0, 7.0, 7.0, 7.0, 7.0, 6.0])
    corner = next(piece for piece in pieces if (piece == (30.0, 0.0)).all(axis=1).any())
    assert len(corner) == 3, "a dash goes around the corner"
    assert len(dashes(np.array([(5.0, 5.0), (5.0, 5.0)]), 7.0, 6.0)) == 1


def test_all_text_on_a_page_is_text(qapp, tmp_path):
    from PySide6.QtCore import QMarginsF
    from PySide6.QtGui import QPageSize, QPdfWriter

    path = tmp_path / "page.pdf"
    writer = QPdfWriter(str(path))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = QPainter(writer)
    made = MarkPainter(font(13), vector=True)
    made.paint(painter, made.lay_out([shown()], QTransform(), AREA))
    painter.end()
    content = path.read_bytes()
    assert b"/Font" in content and b"/Subtype /Image" not in content


@pytest.mark.parametrize("points", [(), ((float("nan"), 3.0), (5.0, 6.0)), ((float("inf"), 3.0), (5.0, 6.0))])
def test_a_mark_that_is_nowhere_is_left_out_and_the_others_are_painted(qapp, points):
    whole = picture([shown()], vector=False)
    assert np.array_equal(picture([shown(points=points), shown()], vector=False), whole)


def test_where_labels_are_too_many_each_keeps_its_first_line_and_the_chosen_one_all(qapp):
    made = MarkPainter(font(13))
    long = tuple(Figure(name, 12.5, "HU") for name in ("Area", "One", "Two", "Three"))
    marks = [
        ShownMark(
            Mark(f"m{number}", "polygon", "1", "2", None, ()),
            tuple(
                (30 + 60 * (number % 6) + x, 30 + 60 * (number // 6) + y)
                for x, y in ((0, 0), (20, 4), (9, 20))
            ),
            figures=long,
        )
        for number in range(24)
    ]
    laid = made.lay_out(marks, QTransform(), AREA, chosen="m7")
    assert [len(one.text) for one in laid] == [4 if number == 7 else 1 for number in range(24)]
    few = made.lay_out(marks[:3], QTransform(), AREA)
    assert [len(one.text) for one in few] == [4, 4, 4]
