"""What putting 2,000 planes into scroll order costs: a scan does it again with every partial result.

    pytest tests/benchmarks/test_grouping.py --benchmark-only

The bound is a ratio to reading one of its small headers with pydicom in the same run (each round does
both), with room for a busy machine. Measured when this was written: one stack 8 to 12 headers, two echoes
11 to 20, 50 times of 40 places 30 to 32; in time 12, 16 and 41 ms on two idle cores, 32, 45 and 105 ms with
eight other processes on them.
"""

from __future__ import annotations

import time
from dataclasses import replace

import pydicom
import pytest

from tests.support.dicom_factory import image, write
from viewer.dicom.grouping import Numbering, split
from viewer.dicom.instance import read_planes
from viewer.dicom.plane import ECHO_TIME, Plane
from viewer.study import Source

PLANES = 2000


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return write(image(AcquisitionTime="101010"), tmp_path_factory.mktemp("grouping") / "one.dcm")


def planes(file, echoes: int) -> list[Plane]:
    """`echoes` images at each of PLANES / echoes places."""
    (one,) = read_planes(Source(file))
    found = []
    for number in range(PLANES):
        place = replace(one.header.geometry, position=(0.0, 0.0, 1.5 * (number // echoes)))
        header = replace(one.header, sop_instance_uid=f"1.{number}", instance_number=number, geometry=place)
        variant = {**one.variant, ECHO_TIME: str(number % echoes)}
        found.append(replace(one, header=header, time=float(number), variant=variant))
    return found


@pytest.mark.parametrize(("echoes", "headers"), [(1, 20), (2, 30), (50, 60)])
def test_regrouping_a_long_series_costs_no_more_than_a_few_headers(benchmark, file, echoes, headers):
    found, numbering = planes(file, echoes), Numbering()
    groups = split(found, numbering)
    assert [len(one.slices) for one in groups] == [PLANES // echoes] * echoes
    ours, theirs = [], []

    def regroup() -> None:
        start = time.perf_counter()
        split(found, numbering)
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        for _ in range(5):
            pydicom.dcmread(file, stop_before_pixels=True).walk(lambda dataset, element: element.value)
        theirs.append((time.perf_counter() - start) / 5)

    benchmark.pedantic(regroup, rounds=15, warmup_rounds=1)
    ratio = min(ours) / min(theirs)
    benchmark.extra_info["headers"] = round(ratio, 1)
    print(f"{echoes} images a place: {1000 * min(ours):.1f} ms, as long as {ratio:.1f} headers")
    assert ratio <= headers
