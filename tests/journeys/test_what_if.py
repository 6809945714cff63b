"""A reader covers a place and asks again, and looks at what the network saw."""

import numpy as np

from viewer.inference.preprocess import prepare
from viewer.study import Box


def test_covering_a_place_gives_what_the_network_says_of_a_slice_covered_by_hand(reader, study, bundle):
    from tests.support.slice_factory import make_slice
    from viewer.inference.bundle import load_bundle
    from viewer.inference.loading import load_model
    from viewer.inference.predict import predict

    reader.open(study)
    reader.controller.add_model(bundle)
    reader.analyse()
    reader.do("box.occluder")
    for right in (20.0, 30.0, 40.0):
        reader.controller.set_box("occluder", Box(10.0, 10.0, 30.0, right))
    last = Box(10.0, 10.0, 30.0, 40.0)
    reader.wait(lambda: reader.screen.view.what_if is not None and reader.screen.view.what_if.box == last)
    view = reader.screen.view
    values = view.slice.values.copy()
    ring = np.ones(values.shape, bool)
    ring[:7] = ring[33:] = ring[:, :7] = ring[:, 43:] = False
    ring[10:30, 10:40] = False
    values[10:30, 10:40] = np.rint(view.slice.values[ring].mean())
    loaded = load_model(load_bundle(bundle), "cpu")
    by_hand = make_slice(values, geometry=view.slice.header.geometry)
    expected = predict(loaded, prepare(by_hand, loaded.card.input)[0])
    np.testing.assert_allclose(view.what_if.prediction.probabilities, expected.probabilities, atol=1e-6)
    assert not np.allclose(view.what_if.prediction.logits, view.prediction.logits, atol=1e-4)
    assert view.prediction is not view.what_if.prediction

    reader.do("mark.delete")
    assert reader.screen.view.what_if is None


def test_what_the_network_saw_is_one_key_away_with_figures_of_where_the_heat_lies(reader, study, bundle):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.analyse()
    reader.do("truth.toggle")
    reader.wait(lambda: len(reader.screen.view.places) == 3)
    view = reader.screen.view
    expected, _ = prepare(view.slice, view.card.input)
    assert np.array_equal(view.result.input, expected)
    if reader.window is not None:
        assert reader.window._truth.isVisible()
        assert reader.window._truth.picture._pixels.shape == view.card.input.size
    reader.do("slice.next")
    reader.wait(lambda: reader.screen.view.index == 1 and len(reader.screen.view.places) == 3)
    reader.do("truth.toggle")
    assert not reader.screen.view.truth_view
