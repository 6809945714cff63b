import numpy as np
import pytest

from viewer.explain.heatmap import make_heatmap, to_slice
from viewer.results import AxisMapping, InputMapping, Layer, Prediction, ResultKey, SliceResult

WHOLE = InputMapping(AxisMapping(12, 8, 8 / 12, 0.0), AxisMapping(16, 8, 0.5, 0.0))


def result_of(cam, mapping=WHOLE):
    cam = np.asarray(cam, np.float32)
    return SliceResult(
        key=ResultKey(("1.2", 0), "d" * 64, "lesion"),
        prediction=Prediction(("lesion",), np.zeros(1, np.float32), np.zeros(1, np.float32)),
        layers=(Layer("layer4", "block 4 of 4", cam.shape, 3),),
        cams={"layer4": cam},
        mapping=mapping,
        input=np.zeros((1, 8, 8), np.float32),
        device="cpu",
    )


def test_a_heatmap_lies_on_the_slice_grid_and_carries_its_question():
    heatmap = make_heatmap(result_of([[1, 2], [3, 4]]), "layer4")
    assert heatmap.values.shape == (12, 16) and heatmap.values.dtype == np.float32
    assert heatmap.values.flags.c_contiguous
    assert heatmap.key.target == "lesion" and heatmap.layer.title == "block 4 of 4"
    assert heatmap.raw_range == (1.0, 4.0) and not heatmap.empty and heatmap.unit == "logit"


def test_a_flat_map_stays_flat_and_signed():
    heatmap = make_heatmap(result_of(np.full((4, 4), -0.25)), "layer4")
    np.testing.assert_allclose(heatmap.values, -0.25, rtol=1e-6)
    assert heatmap.empty


def test_the_cells_centres_keep_their_values():
    cam = np.arange(16, dtype=np.float32).reshape(4, 4)
    mapping = InputMapping(AxisMapping(12, 8, 8 / 12, 0.0), AxisMapping(20, 8, 8 / 20, 0.0))
    values = make_heatmap(result_of(cam, mapping), "layer4").values
    np.testing.assert_allclose(values[1::3, 2::5], cam, rtol=1e-6)


def test_what_was_cropped_away_carries_no_evidence():
    mapping = InputMapping(AxisMapping(16, 8, 1.0, -4.0), AxisMapping(8, 8, 1.0, 0.0))
    values = to_slice(np.ones((2, 2), np.float32), mapping)
    assert not values[:4].any() and not values[12:].any()
    np.testing.assert_allclose(values[4:12], 1)


def test_a_flip_is_undone():
    mapping = InputMapping(AxisMapping(8, 8, 1.0, 0.0), AxisMapping(8, 8, -1.0, 8.0))
    cam = np.zeros((8, 8), np.float32)
    cam[2, 1] = 1
    assert np.unravel_index(to_slice(cam, mapping).argmax(), (8, 8)) == (2, 6)


@pytest.mark.parametrize("cam", [np.zeros((3, 3)), -np.ones((3, 3))])
def test_no_positive_evidence_is_a_state_and_not_an_error(cam):
    assert make_heatmap(result_of(cam), "layer4").empty


def test_evidence_in_the_letterbox_border_alone_is_none_in_the_slice():
    border = InputMapping(AxisMapping(2, 8, 1.0, 3.0), AxisMapping(8, 8, 1.0, 0.0))
    cam = -np.ones((8, 8), np.float32)
    cam[0] = 5
    heatmap = make_heatmap(result_of(cam, border), "layer4")
    assert heatmap.empty and heatmap.raw_range == (-1.0, 5.0)


def test_the_weakest_evidence_is_not_stretched():
    heatmap = make_heatmap(result_of([[0, 0], [0, 1e-6]]), "layer4")
    assert not heatmap.empty and heatmap.values.max() <= np.float32(1e-6)


def test_an_unknown_layer_is_a_bug_and_not_an_empty_map():
    with pytest.raises((StopIteration, KeyError)):
        make_heatmap(result_of([[1.0]]), "layer9")
