"""Which marks stand on a slice."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.slice_factory import make_series, make_slice
from viewer.annotate import placing
from viewer.annotate.mark import Statistics
from viewer.session.marks import MarkBook, drawn, shifted, with_label
from viewer.study import Geometry

HERE = Geometry(
    row_direction=(1, 0, 0), col_direction=(0, 1, 0), spacing=(0.5, 0.25), calibration="PixelSpacing"
)
ENDS = [(2.0, 3.0), (10.0, 3.0)]


def volume(uid, *levels, frame="frame", **geometry):
    slices = [
        make_slice(
            np.full((20, 20), index, np.int16),
            geometry=replace(HERE, position=(0.0, 0.0, level), **geometry),
            uid=f"{uid}.{index}",
        )
        for index, level in enumerate(levels)
    ]
    series = make_series(
        *(one.header for one in slices), uid=uid, series_instance_uid=uid, frame_of_reference=frame
    )
    return series, slices


def ids(shown, *, faint):
    return [one.mark.id for one in shown if one.faint is faint]


@pytest.fixture
def book():
    return MarkBook()


def test_a_mark_is_drawn_on_its_slice_and_not_on_the_next(book):
    series, slices = volume("1.5", 0, 4, 8)
    mark = drawn("length", ENDS, series, slices[1].header)
    seen = [book.on((mark,), series, one.header, slice=one) for one in slices]
    assert [len(shown) for shown in seen] == [0, 1, 0]
    (shown,) = seen[1]
    assert shown.points == tuple(ENDS) and not shown.faint
    (length,) = [one for one in shown.figures if one.name == "Length"]
    assert (length.value, length.unit, length.source) == (pytest.approx(2.0), "mm", "PixelSpacing")


def test_it_is_faint_on_a_parallel_slice_of_the_same_frame_within_half_a_spacing(book):
    series, slices = volume("1.5", 0, 4, 8)
    other, others = volume("1.6", 0.5, 3, 5.5, 8)
    apart, strangers = volume("1.7", 0, 4, 8, frame="another")
    opened = {one.uid: one for one in (series, other, apart)}
    mark = drawn("length", ENDS, series, slices[1].header)
    found = [ids(book.on((mark,), other, one.header, slice=one, opened=opened), faint=True) for one in others]
    assert found == [[], [mark.id], [], []]
    assert all(not book.on((mark,), apart, one.header, slice=one, opened=opened) for one in strangers)
    (shown,) = book.on((mark,), other, others[1].header, slice=others[1], opened=opened)
    assert shown.figures == () and shown.points == tuple(ENDS)


def test_its_own_marks_come_before_the_faint_ones(book):
    series, slices = volume("1.5", 0, 4)
    other, others = volume("1.6", 0, 4)
    opened = {one.uid: one for one in (series, other)}
    marks = (
        drawn("length", ENDS, other, others[0].header),
        drawn("probe", ENDS[:1], series, slices[0].header),
    )
    shown = book.on(marks, series, slices[0].header, slice=slices[0], opened=opened)
    assert [one.mark for one in shown] == [marks[1], marks[0]]


def test_a_slice_that_tells_no_place_keeps_its_marks_by_pixels(book):
    plain = make_slice(np.zeros((20, 20), np.int16), uid="9")
    series = make_series(plain.header)
    mark = drawn("length", ENDS, series, plain.header)
    assert mark.space == "image"
    assert book.on((mark,), series, plain.header, slice=plain)[0].points == tuple(ENDS)


def test_scrolling_past_many_marks_works_out_only_those_nearby(book, monkeypatch):
    series, slices = volume("1.5", *range(0, 400, 4))
    marks = tuple(drawn("length", ENDS, series, slices[i % 100].header) for i in range(500))
    asked = []
    real = placing.on_this
    monkeypatch.setattr(placing, "on_this", lambda mark, *rest: asked.append(mark) or real(mark, *rest))
    assert len(book.on(marks, series, slices[3].header, slice=slices[3])) == 5
    assert len(asked) == 5
    book.on(marks, series, slices[3].header, slice=slices[3])
    assert len(asked) == 5


def test_a_probe_has_its_value_once_the_slice_is_decoded(book):
    series, slices = volume("1.5", 0, 4)
    mark = drawn("probe", ENDS[:1], series, slices[1].header)
    before = book.on((mark,), series, slices[1].header, slice=None)
    after = book.on((mark,), series, slices[1].header, slice=slices[1])
    assert [one.value for one in before[0].figures if one.unit == "HU"] == []
    assert [one.value for one in after[0].figures if one.unit == "HU"] == [1]


def test_statistics_are_of_the_region_as_it_stands_and_of_the_map_on_show(book):
    series, slices = volume("1.5", 0, 4)
    header = slices[0].header
    mark = drawn("rectangle", [(1, 1), (5, 1), (5, 5), (1, 5)], series, header)
    made = Statistics(why_not="made once")
    book.learn(mark, ("result", "layer", "positive"), made)
    assert book.known(mark, ("result", "layer", "positive")) is made
    assert book.known(mark, None) is None and book.known(mark, ("result", "layer", "negative")) is None
    assert book.known(replace(mark, color="cyan"), ("result", "layer", "positive")) is made
    moved = shifted(mark, [(1, 1), (5, 1), (5, 5), (1, 5)], 1, 0, header)
    assert book.known(moved, ("result", "layer", "positive")) is None


def test_a_label_that_was_dragged_moves_with_the_mark():
    series, slices = volume("1.5", 0, 4)
    header = slices[0].header
    mark = with_label(drawn("length", ENDS, series, header), (6, 7), header)
    moved = shifted(mark, ENDS, 2, 1, header)
    assert placing.to_view(replace(moved, points=(moved.label,)), header) == (pytest.approx((8, 8)),)
    assert with_label(moved, None, header).label is None
