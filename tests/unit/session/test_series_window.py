"""The window of a series: which slices it is taken from, and when there is none."""

from dataclasses import replace

import numpy as np

from tests.support.stand_ins import series_of
from viewer.session.series_window import SAMPLED, samples, series_window
from viewer.study import Slice, Window


def ramp(header):
    """Slice i holds the values 1000 · i … 1000 · i + 99."""
    number = int(header.sop_instance_uid.rsplit(".", 1)[1])
    return Slice(header, (np.arange(100, dtype=np.int32) + 1000 * number).reshape(10, 10))


def numbers(series):
    return [int(header.sop_instance_uid.rsplit(".", 1)[1]) for header in samples(series)]


def with_headers(series, **changes):
    return replace(series, slices=tuple(replace(header, **changes) for header in series.slices))


def test_first_middle_and_last_slice_are_among_few():
    assert numbers(series_of("a", 401)) == [0, 100, 200, 300, 400]
    assert numbers(series_of("a", 3)) == [0, 1, 2]
    assert all(len(set(numbers(series_of("a", n)))) == min(n, SAMPLED) for n in range(2, 40))


def test_nothing_is_decoded_where_no_slice_would_be_shown_in_it():
    assert samples(series_of("a", 1)) == ()
    assert samples(with_headers(series_of("a", 9), windows=(Window(40, 400),))) == ()
    assert samples(with_headers(series_of("a", 9), samples_per_pixel=3)) == ()
    assert samples(with_headers(series_of("a", 9), photometric="PALETTE COLOR")) == ()
    unusable = with_headers(series_of("a", 9), windows=(Window(40, 0.5),))
    assert len(samples(unusable)) == SAMPLED


def test_the_radiographs_of_a_series_keep_windows_of_their_own():
    assert samples(replace(series_of("a", 2), modality="CR")) == ()
    assert len(samples(replace(series_of("a", 2), modality="MR"))) == 2


def test_it_spans_the_series_and_leaves_out_what_cannot_be_decoded():
    series = series_of("a", 9)
    whole = series_window(series, ramp)
    assert whole.width > 7900
    last = series.slices[-1]
    assert series_window(series, lambda header: None if header is last else ramp(header)).width < 6200
    assert series_window(series, lambda header: None) is None
