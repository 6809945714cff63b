"""What the statistics of a region of a 2048² slice cost, and the figures of its outline.

    pytest tests/benchmarks/test_regions.py --benchmark-only

Counted in time of the processor, which other work does not lengthen. Measured when this was written, on
two cores with eight other jobs: statistics 9 to 16 ms, with a heatmap 15 to 35 ms; area and perimeter of
5,000 points 5 to 7 ms, of other outlines below 1 ms. On the same two cores at rest the clock showed 10 to
17 ms for the statistics.
"""

import time

import numpy as np
import pytest

from tests.support.mark_factory import make_mark
from tests.support.slice_factory import make_slice
from viewer.annotate.measure import figures
from viewer.annotate.statistics import region_statistics
from viewer.study import Geometry

SIDE = 2048
STATISTICS_MS = 20.0
OUTLINE_MS = 16.0
"""Figures of the outline are worked out between two frames, while its last point is drawn."""


def hand_drawn(count: int) -> list[tuple[float, float]]:
    """A wavy outline around most of the slice, with the tremor of a hand."""
    rng = np.random.default_rng(0)
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = 900 + 60 * np.sin(17 * turn) + rng.normal(0, 3, count)
    return list(
        zip((1024 + radius * np.cos(turn)).tolist(), (1024 + radius * np.sin(turn)).tolist(), strict=True)
    )


REGIONS = {
    "all of it": ("polygon", [(0.0, 0.0), (2048.0, 0.0), (2048.0, 2048.0), (0.0, 2048.0)]),
    "30 corners": ("polygon", hand_drawn(30)),
    "freehand 5000": ("freehand", hand_drawn(5000)),
    "ellipse": ("ellipse", [(4.0, 1024.0), (2044.0, 1024.0), (1024.0, 30.0), (1024.0, 2018.0)]),
}


@pytest.fixture(scope="module")
def shown():
    values = np.random.default_rng(1).normal(1000, 300, (SIDE, SIDE)).astype(np.int16)
    return make_slice(
        values, geometry=Geometry((0, 0, 0), (1, 0, 0), (0, 1, 0), (0.14, 0.14), "PixelSpacing")
    )


@pytest.fixture(scope="module")
def heat():
    return np.random.default_rng(2).normal(size=(SIDE, SIDE)).astype(np.float32)


def processor_ms(benchmark, work) -> float:
    """The least time of the processor: other work lengthens it, by emptying caches, and never shortens it."""
    spent = []

    def once():
        start = time.process_time()
        work()
        spent.append(1000 * (time.process_time() - start))

    benchmark.pedantic(once, rounds=25, warmup_rounds=2)
    benchmark.extra_info["processor ms"] = round(min(spent), 2)
    return min(spent)


@pytest.mark.parametrize("name", REGIONS)
def test_statistics_of_a_region_of_millions_of_pixels(benchmark, shown, name):
    kind, points = REGIONS[name]
    assert processor_ms(benchmark, lambda: region_statistics(kind, points, shown)) < STATISTICS_MS


@pytest.mark.parametrize("name", REGIONS)
def test_statistics_with_a_heatmap(benchmark, shown, heat, name):
    kind, points = REGIONS[name]
    assert processor_ms(benchmark, lambda: region_statistics(kind, points, shown, heat)) < 2 * STATISTICS_MS


@pytest.mark.parametrize("name", REGIONS)
def test_area_and_perimeter_of_an_outline(benchmark, shown, name):
    kind, points = REGIONS[name]
    mark = make_mark(kind, points, shown.header)
    assert processor_ms(benchmark, lambda: figures(mark, points, shown.header, shown)) < OUTLINE_MS
