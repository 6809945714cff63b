"""Cancel inside a pass: how long until the inference thread is free again."""

import time

import numpy as np
import pytest

from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.controller.inference_jobs import Focus, Wish, analysing, loading
from viewer.explain.methods import DEFAULT
from viewer.inference.bundle import load_bundle
from viewer.jobs.job import CancelToken
from viewer.jobs.runner import JobRunner


@pytest.mark.benchmark(min_rounds=12)
def test_cancel_inside_a_pass_of_a_large_network_takes_less_than_200_ms(
    benchmark, qtbot, tmp_path, monkeypatch
):
    folder = make_bundle(
        tmp_path / "dense",
        architecture={"family": "torchvision", "name": "densenet121"},
        input={"size": [224, 224]},
    )
    ready = loading(load_bundle(folder), "cpu").run(CancelToken(), lambda *_: None)
    wish = Wish(target=None, against="", method=DEFAULT)
    shown = make_slice(np.random.default_rng(0).integers(0, 900, (512, 512)).astype(np.int16))
    monkeypatch.setattr("viewer.dicom.pixels.load_slice", lambda header: shown)
    runner = JobRunner("cancel")
    pause = iter(np.linspace(0.01, 0.6, 60))
    taken = []

    def setup():
        runner.submit(
            analysing(ready, dict.fromkeys(range(50), shown.header), wish=wish, focus=Focus(), title="")
        )
        until = time.monotonic() + next(pause)
        while time.monotonic() < until:
            qtbot.wait(1)

    def cancel():
        start = time.monotonic()
        runner.cancel()
        while runner.busy:
            qtbot.wait(1)
        taken.append(time.monotonic() - start)

    benchmark.pedantic(cancel, setup=setup, rounds=12)
    assert runner.shutdown()
    assert max(taken) < 0.2
