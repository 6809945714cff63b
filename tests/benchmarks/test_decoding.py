"""What decoding in processes gains and costs: a compressed series, and the thread that draws.

    pytest tests/benchmarks/test_decoding.py --benchmark-only

A series of 64 slices of 512² is read as a volume from a finished scan and compared with a plain pydicom loop
of the same decoder on the same files, in turns in one run. Measured when this was written, two quiet cores,
several runs: JPEG 2000 1.7 to 1.8 times as fast as the loop (36 ms a slice), JPEG-LS 1.5 to 1.9 (8 ms), RLE
1.3 to 2.4 (4.5 ms), lossless JPEG 1.2 to 1.9 (9 ms): where a slice decodes in a few milliseconds, the 1.2 ms
for finding its codestream and moving its samples weigh, and the bound is not always met. Longest pause of
another thread while a radiograph of 3000 × 2500 decodes: 5 ms, and 1.3 s if it is decoded in this program.
"""

import threading
import time
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid as uids
from pydicom.pixels import pixel_array

from tests.support.decoder_processes import codestream
from tests.support.dicom_factory import compressed, image, lossless_jpeg, write
from viewer.dicom import codecs
from viewer.dicom.layout import Layout
from viewer.dicom.processes import POOL
from viewer.dicom.scan import scan
from viewer.dicom.volume import read_volume

SLICES = 64
ROUNDS = 5

BOUND = 1.6

# Transfer syntax -> the plugin of the loop.
SERIES = {
    "JPEG 2000": (uids.JPEG2000Lossless, "pylibjpeg"),
    "JPEG-LS": (uids.JPEGLSLossless, "pyjpegls"),
    "JPEG lossless": (uids.JPEGLosslessSV1, "gdcm"),
    "RLE": (uids.RLELossless, "pydicom"),
}


def body(side: int, number: int) -> np.ndarray:
    """(side, side) uint16: a section of a body in air, with the noise of a CT."""
    rng = np.random.default_rng(number)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    values = np.where((x / 0.85) ** 2 + (y / 0.6) ** 2 < 1, 1060.0, 24.0)
    for side_of in (-0.4, 0.4):
        values[((x - side_of) / 0.28) ** 2 + ((y + 0.05) / 0.38) ** 2 < 1] = 180.0
    values[(x / 0.1) ** 2 + ((y - 0.42) / 0.1) ** 2 < 1] = 1700.0 + number
    return np.clip(values + rng.normal(0, 12, values.shape), 0, 4095).astype(np.uint16)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """A function from a name in `SERIES` to its files."""

    def make(name: str) -> list[Path]:
        syntax = SERIES[name][0]
        folder = tmp_path_factory.mktemp("series")
        paths = []
        for number in range(SLICES):
            dataset = image(body(512, number), bits_stored=12, position=(0, 0, -number), instance=number + 1)
            squeeze = lossless_jpeg if syntax == uids.JPEGLosslessSV1 else compressed
            paths.append(write(squeeze(dataset, syntax), folder / f"{number:03}.dcm"))
        return paths

    yield make
    POOL.stop()


def processor_seconds() -> float:
    import psutil

    decoders = [psutil.Process(pid).cpu_times() for pid in POOL.pids]
    return time.process_time() + sum(one.user + one.system for one in decoders)


@pytest.mark.parametrize("name", SERIES)
def test_a_compressed_series(benchmark, series, name):
    _, plugin = SERIES[name]
    paths = series(name)
    (found,) = scan(paths[0].parent).series
    loops, costs = [], []

    def loop() -> None:
        start = time.perf_counter()
        for path in paths:
            pixel_array(pydicom.dcmread(path), decoding_plugin=plugin)
        loops.append(time.perf_counter() - start)
        costs.append(processor_seconds())

    def pool() -> None:
        planes = read_volume(found).values
        costs.append(processor_seconds())
        assert np.array_equal(planes[7], body(512, 7))

    pool()
    costs.clear()
    benchmark.pedantic(pool, setup=loop, rounds=ROUNDS)
    ratio = float(np.median(np.array(loops) / np.array(benchmark.stats.stats.data)))
    spent = np.diff(costs)[::2].sum() / ROUNDS
    benchmark.extra_info["times as fast as a plain loop"] = round(ratio, 2)
    benchmark.extra_info["ms a slice, loop"] = round(1000 * float(np.median(loops)) / SLICES, 1)
    benchmark.extra_info["ms of processor time a slice"] = round(1000 * spent / SLICES, 1)
    assert ratio >= BOUND


@pytest.mark.parametrize("where", ["in a process", "in this program"])
def test_the_longest_pause_of_other_threads_while_a_radiograph_decodes(benchmark, where):
    """What the window would feel: how long a thread that wants 1 ms naps does not run."""
    rows, cols = 3000, 2500
    pixels = np.resize(body(512, 1), (rows, cols))
    syntax = str(uids.JPEG2000Lossless)
    encoded = codestream(compressed(image(pixels, bits_stored=12, modality="DX"), syntax))
    layout = Layout(rows, cols, 1, "MONOCHROME2", 16, 12, 11, False, False, 1)
    decode = POOL.decode if where == "in a process" else codecs.decode
    pauses = []

    def watched() -> None:
        done, longest = threading.Event(), [0.0]

        def tick() -> None:
            last = time.perf_counter()
            while not done.is_set():
                time.sleep(0.001)
                now = time.perf_counter()
                longest[0], last = max(longest[0], now - last), now

        ticker = threading.Thread(target=tick)
        ticker.start()
        assert np.array_equal(decode(encoded, layout, syntax), pixels)
        done.set()
        ticker.join()
        pauses.append(longest[0])

    watched()
    pauses.clear()
    benchmark.pedantic(watched, rounds=ROUNDS)
    POOL.stop()
    longest = float(np.median(pauses)) * 1000
    benchmark.extra_info["longest pause ms"] = round(longest, 1)
    assert (longest < 50) == (where == "in a process")
