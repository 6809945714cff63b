"""What a whole series costs as a volume of Hounsfield units, from the folder and from a finished scan.

    pytest tests/benchmarks/test_volume.py --benchmark-only

Each bound is a ratio to peers on the same files, in turns in one run, the fastest rounds of both (what
else runs on the machine only adds):

* from the folder, headers included, to the fastest of SimpleITK's ImageSeriesReader (with its own listing by
  GetGDCMSeriesFileNames, and with the files in order given) and a pydicom loop;
* from a finished scan, to merely reading the bytes of all files, each thrown away before the next.

Measured when this was written, two quiet cores: from the folder 4.8 (synthetic), 3.4 (chest CT) and 3.0 times
(head CT) as fast as the fastest peer, SimpleITK with the files given; from a finished scan 2.8, 2.3 and 1.8
times the time of reading the bytes. Compressed series: test_decoding.py.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK

from tests.support.ct_folder import REAL, SYNTHETIC, ct_folder
from viewer.dicom.scan import scan
from viewer.dicom.volume import Volume, read_volume
from viewer.study import Series

ROUNDS = 5


@pytest.fixture(scope="module", params=[SYNTHETIC, *REAL])
def folder(request, tmp_path_factory) -> Path:
    return ct_folder(request.param, tmp_path_factory.mktemp("ct"))


def longest(folder: Path) -> Series:
    return max(scan(folder).series, key=lambda series: len(series.slices))


def from_folder(folder: Path) -> Volume:
    return read_volume(longest(folder))


def paths_of(folder: Path) -> list[str]:
    """The files from feet to head, the order of ITK."""
    return [str(header.source.path) for header in longest(folder).slices][::-1]


def itk(paths: list[str]) -> SimpleITK.Image:
    reader = SimpleITK.ImageSeriesReader()
    reader.SetFileNames(paths)
    return reader.Execute()


def itk_with_listing(folder: Path) -> SimpleITK.Image:
    return itk(SimpleITK.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))


def pydicom_loop(paths: list[str]) -> np.ndarray:
    datasets = [pydicom.dcmread(path) for path in paths]
    datasets.sort(key=lambda dataset: dataset.ImagePositionPatient[2])
    values = np.empty((len(datasets), *datasets[0].pixel_array.shape), np.int16)
    for index, dataset in enumerate(datasets):
        slope, intercept = int(dataset.RescaleSlope), int(dataset.RescaleIntercept)
        values[index] = dataset.pixel_array.astype(np.int32) * slope + intercept
    return values


def read_bytes(paths: list[str]) -> None:
    for path in paths:
        with open(path, "rb") as stream:
            stream.read()


def timed(peers: dict[str, Callable[[], object]], took: dict[str, list[float]]) -> None:
    for name, peer in peers.items():
        start = time.perf_counter()
        peer()
        took.setdefault(name, []).append(time.perf_counter() - start)


def test_from_the_folder(benchmark, folder):
    paths, took = paths_of(folder), {}
    peers = {
        "SimpleITK": lambda: itk(paths),
        "SimpleITK with listing": lambda: itk_with_listing(folder),
        "pydicom": lambda: pydicom_loop(paths),
    }
    found = benchmark.pedantic(from_folder, args=(folder,), setup=lambda: timed(peers, took), rounds=ROUNDS)
    assert np.array_equal(found.values[::-1], SimpleITK.GetArrayFromImage(itk(paths)))
    assert np.array_equal(found.values[::-1], pydicom_loop(paths))
    ours = benchmark.stats.stats.min
    for name, times in took.items():
        benchmark.extra_info[f"times as fast as {name}"] = round(min(times) / ours, 1)
    assert min(map(min, took.values())) / ours >= 2


def test_from_a_finished_scan(benchmark, folder):
    series, paths, took = longest(folder), paths_of(folder), {}
    peers = {"reading the bytes": lambda: read_bytes(paths)}
    benchmark.pedantic(
        read_volume, args=(series,), setup=lambda: timed(peers, took), rounds=5 * ROUNDS, warmup_rounds=1
    )
    ratio = benchmark.stats.stats.min / min(took["reading the bytes"])
    benchmark.extra_info["ratio to reading the bytes"] = round(ratio, 2)
    assert ratio <= 3
