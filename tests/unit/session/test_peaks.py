"""Peaks along the ribbon."""

import numpy as np
import pytest

from viewer.session.peaks import next_peak, peaks, previous_peak

NAN = float("nan")


@pytest.mark.parametrize(
    ("ribbon", "found"),
    [
        ([], ()),
        ([NAN, NAN], ()),
        ([0.5, 0.5, 0.5], ()),
        ([0.1, 0.9, 0.1], (1,)),
        ([0.9, 0.1, 0.1], (0,)),
        ([0.1, 0.1, 0.9], (2,)),
        ([0.1, 0.9, 0.9, 0.9, 0.1], (2,)),
        ([0.1, 0.9, 0.1, 0.8, 0.1], (1, 3)),
        ([0.1, 0.9, 0.1, 0.4, 0.1], (1,)),
        ([0.1, 0.9, 0.88, 0.89, 0.1], (1,)),
        ([0.1, 0.9, NAN, 0.9, 0.1], (1,)),
        ([0.1, NAN, 0.9, NAN, 0.1], (2,)),
        ([0.01, 0.02, 0.01], ()),
    ],
)
def test_peaks_are_high_and_stand_out(ribbon, found):
    assert peaks(np.array(ribbon, np.float32)) == found


def test_noise_on_a_hump_is_one_peak():
    at = np.arange(60)
    hump = np.exp(-(((at - 30) / 8) ** 2)) + np.random.default_rng(0).uniform(-0.01, 0.01, 60)
    found = peaks(hump.astype(np.float32))
    assert len(found) == 1
    assert abs(found[0] - 30) <= 2


def test_next_and_previous_walk_through_all_peaks():
    ribbon = np.array([0.1, 0.9, 0.1, 0.8, 0.1, 0.7, 0.1], np.float32)
    assert [next_peak(ribbon, i) for i in range(7)] == [1, 3, 3, 5, 5, None, None]
    assert [previous_peak(ribbon, i) for i in range(7)] == [None, None, 1, 1, 3, 3, 5]
