import threading

import numpy as np
import pytest
import torch

from tests.support.bundle_factory import make_bundle
from tests.support.slice_factory import make_slice
from viewer.explain.analyse import analyse_slice
from viewer.explain.capture import Captured
from viewer.explain.captures import Captures
from viewer.explain.methods import FAMILY, of_kind
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model

SLICE = make_slice(np.random.default_rng(3).integers(-1000, 1000, (60, 60)).astype(np.int16))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load_model(load_bundle(make_bundle(tmp_path_factory.mktemp("tiny"))), "cpu")


def captured(floats):
    return Captured(torch.zeros(1, 2), 0, {"a": torch.zeros(floats)}, {})


def test_what_was_used_longest_ago_goes_first():
    kept = Captures(limit=40)
    for name in "ab":
        kept.put(name, captured(5))
    assert kept.get("a") is not None
    kept.put("c", captured(5))
    assert kept.get("b") is None and kept.get("a") is not None and kept.nbytes == 40


def test_one_that_is_larger_than_the_bound_is_not_kept_and_drives_nothing_out():
    kept = Captures(limit=40)
    kept.put("a", captured(5))
    kept.put("b", captured(50))
    assert kept.get("b") is None and kept.get("a") is not None


def test_threads_that_share_it_keep_its_count_of_bytes():
    kept = Captures(limit=400)
    together = threading.Barrier(4)
    raised = []

    def work(seed):
        names = np.random.default_rng(seed).integers(0, 40, 3000)
        together.wait()
        try:
            for name in names:
                if kept.get(name) is None:
                    kept.put(name, captured(5 + int(name) % 3))
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not raised
    assert kept.nbytes == sum(one.nbytes for name in range(40) if (one := kept.get(name))) <= 400


def test_another_method_of_the_family_makes_no_network_call(tiny, monkeypatch):
    fresh = {one.id: analyse_slice(tiny, SLICE, target="cyst", method=one.id) for one in of_kind(FAMILY)}
    kept = Captures()
    analyse_slice(tiny, SLICE, target="cyst", captures=kept)
    monkeypatch.setattr(tiny.module, "forward", lambda *_: pytest.fail("the network was called"))
    for method, expected in fresh.items():
        found = analyse_slice(tiny, SLICE, target="cyst", method=method, captures=kept)
        assert found.key == expected.key and found.key.method == method
        assert all(np.array_equal(found.cams[name], expected.cams[name]) for name in found.cams)


def test_the_map_on_the_screen_can_be_had_before_the_others(tiny):
    sent = []
    whole = analyse_slice(tiny, SLICE, target="cyst", ahead=("block2", sent.append))
    (first,) = sent
    assert first.key == whole.key and first.layers == whole.layers
    assert list(first.cams) == ["block2"] and not first.complete and whole.complete
    assert np.array_equal(first.cams["block2"], whole.cams["block2"])
    analyse_slice(tiny, SLICE, target="cyst", ahead=("no layer", sent.append))
    assert len(sent) == 1


def test_another_target_is_another_question(tiny):
    kept = Captures()
    first = analyse_slice(tiny, SLICE, target="cyst", captures=kept)
    other = analyse_slice(tiny, SLICE, target="lesion", captures=kept)
    assert not np.array_equal(first.cams["block4"], other.cams["block4"])


def test_the_contrast_of_two_labels_is_the_difference_of_their_maps(tiny):
    one, other = (analyse_slice(tiny, SLICE, target=label) for label in ("cyst", "lesion"))
    contrast = analyse_slice(tiny, SLICE, target="cyst", against="lesion")
    assert contrast.key.against == "lesion"
    for name in one.cams:
        np.testing.assert_allclose(contrast.cams[name], one.cams[name] - other.cams[name], atol=1e-5)
