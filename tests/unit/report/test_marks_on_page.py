"""The reader's marks on the page: where they lie, on both pictures, and with complete figures."""

import dataclasses
import json

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage, QPainter

from tests.support.golden import colors
from tests.support.report_views import DRAWN, drawn_on, make_report, make_view
from viewer.annotate.mark import KINDS
from viewer.errors import ReportError
from viewer.report import measurements, page, picture, record
from viewer.report.typeface import font
from viewer.session import marks as marking
from viewer.session.state import Overlay, Presentation


@pytest.fixture(autouse=True)
def application(qapp):
    """Text needs one."""


def test_there_is_a_mark_of_each_kind_to_look_at():
    assert DRAWN.keys() == KINDS.keys()


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("quarters", range(4))
def test_a_point_of_the_slice_lies_on_the_page_where_its_pixel_is_drawn(quarters, flipped):
    view = make_view(40, 60, spacing=(2.0, 0.7), analysed=False)
    view = dataclasses.replace(view, presentation=Presentation(quarter_turns=quarters, flipped=flipped))
    image = make_report(view).image
    target = picture.placed(image, QRectF(13, 7, 600, 500))
    for row, col in ((0, 0), (0, 59), (39, 59), (17, 44)):
        alone = np.zeros((40, 60))
        alone[row, col] = 1
        there = image.turn.turned(alone)
        (down,), (across,) = np.nonzero(there)
        expected = (
            target.left() + (across + 0.5) / there.shape[1] * target.width(),
            target.top() + (down + 0.5) / there.shape[0] * target.height(),
        )
        found = picture.matrix(image, target).map(QPointF(col + 0.5, row + 0.5))
        assert found.toTuple() == pytest.approx(expected)


def test_marks_are_drawn_on_the_source_and_on_the_overlay():
    with_marks, bare = (
        colors(page.draw(make_report(view), 1200)).astype(int)
        for view in (drawn_on(make_view()), make_view())
    )
    different = (with_marks[130:700] != bare[130:700]).any(axis=2)
    left, right = different[:, 36:591], different[:, 609:1164]
    assert left.sum() > 2000
    assert np.mean(left == right) > 0.99  # the marks, but for their edges over other colours


def test_the_regions_on_a_page_are_measured_even_if_the_screen_has_not_come_to_it():
    view = drawn_on(make_view())
    assert all(shown.statistics is None for shown in view.marks)
    made = make_report(view)
    regions = [shown for shown in made.marks if shown.mark.is_region]
    assert len(regions) == 4
    for shown in regions:
        found = {one.name: one for one in shown.statistics.figures}
        assert {"Pixels", "Mean", "SD", "Minimum", "Maximum", "Median", "Heat inside"} <= found.keys()
        assert shown.statistics.histogram is not None and found["Heat inside"].chance is not None


def test_the_mean_on_the_page_is_that_of_the_pixels_in_the_rectangle():
    view = drawn_on(make_view())
    shown = next(one for one in make_report(view).marks if one.mark.kind == "rectangle")
    found = {one.name: one.value for one in shown.statistics.figures}
    inside = view.slice.values[150:190, 40:90]
    assert (found["Pixels"], found["Mean"]) == (inside.size, pytest.approx(inside.mean()))


def test_without_an_overlay_regions_tell_nothing_of_heat():
    made = make_report(drawn_on(make_view(analysed=False)))
    names = {one.name for shown in made.marks if shown.statistics for one in shown.statistics.figures}
    assert "Mean" in names and "Heat inside" not in names


def test_a_hidden_overlay_is_on_the_page_and_so_is_its_heat_in_the_regions():
    made = make_report(drawn_on(make_view(overlay=Overlay(visible=False))))
    ellipse = next(shown for shown in made.marks if shown.mark.kind == "ellipse")
    assert "Heat inside" in {one.name for one in ellipse.statistics.figures}


def test_a_mark_of_a_neighbour_is_on_the_picture_and_not_in_the_table():
    view = drawn_on(make_view())
    faint = [dataclasses.replace(shown, faint=True, figures=()) for shown in view.marks]
    made = make_report(dataclasses.replace(view, marks=tuple(faint)))
    assert all(shown.statistics is None for shown in made.marks)
    assert page.draw(made, 1200).height() == page.draw(make_report(make_view()), 1200).height()
    assert not np.array_equal(
        colors(page.draw(made, 1200)), colors(page.draw(make_report(make_view()), 1200))
    )


def test_a_deidentified_report_names_no_study_by_its_marks_and_keeps_their_words():
    view = drawn_on(make_view())
    text = record.to_json(make_report(view, deidentify=True))
    assert "1.2.840." not in text and "look here" in text
    made = record.from_json(text)
    image = made.image
    for shown in made.marks:
        mark = shown.mark
        there = (mark.study, mark.series, mark.instance)
        assert there == (image.study_instance_uid, image.series_uid, (image.sop_instance_uid, image.frame))


def test_each_mark_of_the_slice_is_a_row_with_its_unit_and_where_its_scale_is_from():
    made = make_report(drawn_on(make_view()))
    length = next(shown for shown in made.marks if shown.mark.kind == "length")
    assert measurements.figures_of(length) == ["Length 60.4 mm"]
    assert measurements.scale_words(length) == "PixelSpacing"
    ellipse = next(shown for shown in made.marks if shown.mark.kind == "ellipse")
    assert any(
        words.startswith("Heat inside 6") and "by chance" in words
        for words in measurements.figures_of(ellipse)
    )
    assert page.draw(made, 1200).height() > page.draw(make_report(make_view()), 1200).height() + 150


def test_lengths_without_a_scale_say_so():
    made = make_report(drawn_on(make_view(spacing=None)))
    length = next(shown for shown in made.marks if shown.mark.kind == "length")
    assert measurements.figures_of(length) == ["Length 67.1 px"]
    assert measurements.scale_words(length) == "not calibrated"


def test_a_page_drawn_twice_is_the_same_picture_whatever_was_drawn_between():
    made = make_report(drawn_on(make_view()), comment="Twice.")
    first = colors(page.draw(made, 1200))
    for size in (31, 47, 53):  # letters that are drawn for the first time move the outlines of Qt's own paths
        between = QImage(300, 100, QImage.Format.Format_RGB32)
        painter = QPainter(between)
        painter.setFont(font(size, bold=size > 40))
        painter.drawText(QPointF(3.3, 50), "A R L P 50 mm")
        painter.end()
        assert np.array_equal(first, colors(page.draw(made, 1200)))


def test_the_same_report_comes_back_from_its_json_with_all_marks():
    made = make_report(drawn_on(make_view()))
    assert record.from_json(record.to_json(made)) == made and len(made.marks) == len(KINDS)


@pytest.mark.parametrize(
    "change",
    [
        lambda mark, shown: mark.update(kind="dream"),
        lambda mark, shown: mark.update(color="sky"),
        lambda mark, shown: mark.update(space="moon"),
        lambda mark, shown: mark["points"].pop(),
        lambda mark, shown: shown["points"].append([1.0, 2.0]),
        lambda mark, shown: mark["points"].__setitem__(0, [float("nan"), 0.0, 0.0]),
        lambda mark, shown: shown["points"].__setitem__(0, [float("inf"), 0.0]),
    ],
    ids=["kind", "colour", "space", "fewer points", "more points", "no number", "infinite"],
)
def test_a_mark_that_cannot_be_drawn_is_refused(change):
    table = json.loads(record.to_json(make_report(drawn_on(make_view()))))
    change(table["marks"][0]["mark"], table["marks"][0])
    with pytest.raises(ReportError, match="no report of Glassbox"):
        record.from_json(json.dumps(table))


def test_a_report_of_the_third_schema_has_no_marks_and_one_page():
    table = json.loads(record.to_json(make_report())) | {"schema": 3}
    for name in ("marks", "page", "pages"):
        del table[name]
    old = record.from_json(json.dumps(table))
    assert (old.marks, old.page, old.pages) == ((), 1, 1)


def test_a_page_that_is_longer_than_an_image_can_be_is_refused_in_words():
    view = drawn_on(make_view(analysed=False))
    many = [
        dataclasses.replace(one, mark=dataclasses.replace(one.mark, id=f"{n}"))
        for n in range(90)
        for one in view.marks
    ]
    made = dataclasses.replace(make_report(view), marks=tuple(many))
    with pytest.raises(ReportError, match=r"too long.*PDF"):
        page.draw(made)


def test_marks_stay_within_their_picture():
    view = make_view()
    mark = marking.drawn("length", [(-300.0, 20.0), (700.0, 30.0)], view.series, view.slice.header)
    shown = marking.shown_mark(mark, view.series, view.slice.header, view.slice)
    drawn = colors(page.draw(make_report(dataclasses.replace(view, marks=(shown,))), 1200))
    bare = colors(page.draw(make_report(view), 1200))
    pictures = np.zeros(drawn.shape[1], bool)
    pictures[35:592] = pictures[608:1165] = True
    assert np.array_equal(drawn[130:660][:, ~pictures], bare[130:660][:, ~pictures])
    assert not np.array_equal(drawn[130:660], bare[130:660])


def test_the_canvas_of_the_trial_is_no_page():
    """Nothing is drawn while a page is measured: what comes out is as high as what is drawn."""
    made = make_report(drawn_on(make_view()))
    drawn = page.draw(made, 1200)
    last = np.flatnonzero((colors(drawn) < 250).any(axis=(1, 2)))[-1]
    assert drawn.format() == QImage.Format.Format_RGB32 and drawn.height() - 60 < last < drawn.height()
