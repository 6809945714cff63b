"""What a scan costs: all headers of a series, compared with a single-threaded pydicom loop.

    pytest tests/benchmarks/test_headers.py --benchmark-only

The bound is a ratio to ``pydicom.dcmread(path, stop_before_pixels=True)`` of the same files, in turns in
one run. `scan` finds the files, reads the headers, groups and orders the slices, and tells partial results;
the loop has its list of files given. Measured when this was written, two cores with other work on them:
synthetic (400 files) 0.24 to 0.31, chest CT (30) 0.26 to 0.29, head CT (93) 0.32 to 0.38; as processor
time 0.28, 0.27 and 0.32. A file read by itself costs 1.4 ms, one like an earlier file 0.1 ms.
"""

import time
from pathlib import Path

import pydicom
import pytest

from tests.support.ct_folder import REAL, SYNTHETIC, ct_folder
from viewer.dicom.scan import scan

BOUND = 0.4
ROUNDS = 15


@pytest.fixture(scope="module", params=[SYNTHETIC, *REAL])
def folder(request, tmp_path_factory) -> Path:
    return ct_folder(request.param, tmp_path_factory.mktemp("ct"))


def test_all_headers_of_a_folder(benchmark, folder):
    paths = sorted(str(path) for path in folder.iterdir() if path.is_file())
    loops = []

    def loop() -> None:
        start = time.perf_counter()
        for path in paths:
            pydicom.dcmread(path, stop_before_pixels=True, force=True)
        loops.append(time.perf_counter() - start)

    found = benchmark.pedantic(scan, args=(folder,), setup=loop, rounds=ROUNDS, warmup_rounds=1)
    ratio = benchmark.stats.stats.min / min(loops)  # the fastest rounds: what else runs only adds
    benchmark.extra_info["ratio to a pydicom loop"] = round(ratio, 2)
    benchmark.extra_info["ms of the loop"] = round(1000 * min(loops), 1)
    benchmark.extra_info["files"] = len(paths)
    assert sum(len(series.slices) for series in found.series) >= len(paths) - 1
    assert ratio <= BOUND
