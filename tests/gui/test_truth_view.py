"""What the network saw, beside the slice: pixel by pixel, the map on it, and alarms in words."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from tests.gui.test_viewport import pixels
from tests.support.bundle_factory import CARD
from tests.support.slice_factory import make_series, make_slice
from viewer.explain.heatmap import make_heatmap
from viewer.explain.trust.outside import places
from viewer.inference.card import parse_card
from viewer.inference.preprocess import prepare
from viewer.session.state import Overlay
from viewer.ui.boxes import on_screen

CARDS = {
    (fit, flip): parse_card(
        CARD
        | {"weights": {"sha256": "0" * 64}}
        | {"input": CARD["input"] | {"fit": fit, "flip": flip, "low": 0.0, "high": 100.0}}
    )
    for fit in ("letterbox", "crop", "stretch")
    for flip in (False, True)
}


@pytest.fixture
def truth(window, show, view):
    """Show a slice as `analysed` by a card: `truth(values, card, cam) -> TruthView`."""

    def shown(values, card, cam=None, geometry=None, overlay=None, with_places=False):
        slice = make_slice(values, geometry=geometry or view.slice.header.geometry)
        image, mapping = prepare(slice, card.input)
        seen = replace(
            view,
            series=make_series(slice.header, uid="1.9"),
            index=0,
            slice=slice,
            card=card,
            truth_view=True,
            overlay=overlay or Overlay(opacity=1.0, threshold=0.0),
        )
        result = _result(slice, image, mapping, np.zeros((4, 4), np.float32) if cam is None else cam)
        heatmap = make_heatmap(result, "block4")
        found = places(result.cams["block4"], mapping, slice) if with_places else ()
        seen = replace(
            seen, result=result, cams=result.cams, heatmap=heatmap, heat_range=(0.0, 1.0), places=found
        )
        show(seen)
        return window._truth

    return shown


def _result(slice, image, mapping, cam):
    from viewer.results import Layer, Prediction, ResultKey, SliceResult

    labels = tuple(CARD["labels"])
    return SliceResult(
        ResultKey(slice.header.key, "digest", labels[0]),
        Prediction(labels, np.zeros(3, np.float32), np.full(3, 1 / 3, np.float32)),
        (Layer("block4", "block 4 of 4", cam.shape, 8),),
        {"block4": cam},
        mapping,
        image,
        "CPU",
    )


def brightest(widget):
    """The widget point in the middle of what is brightest."""
    drawn = pixels(widget).sum(axis=2)
    rows, cols = np.nonzero(drawn > 0.8 * drawn.max())
    return cols.mean() + 0.5, rows.mean() + 0.5


@pytest.mark.parametrize("card", list(CARDS.values()), ids=[f"{fit} {flip}" for fit, flip in CARDS])
@pytest.mark.parametrize("at", [(16, 25), (24, 36)])
def test_a_marker_planted_in_the_slice_appears_at_the_mapped_place(truth, card, at):
    values = np.zeros((40, 60), np.int16)
    values[at[0] - 1 : at[0] + 1, at[1] - 1 : at[1] + 1] = 1000
    shown = truth(values, card)
    shown.picture._letters = ("", "", "", "")
    x, y = shown.picture.to_input(*brightest(shown.picture))
    mapping = shown._view.result.mapping
    assert x == pytest.approx(mapping.cols.scale * at[1] + mapping.cols.offset, abs=1)
    assert y == pytest.approx(mapping.rows.scale * at[0] + mapping.rows.offset, abs=1)


def test_the_picture_is_the_input_of_the_network_to_the_last_grey_level(truth):
    card = CARDS["letterbox", False]
    values = np.random.default_rng(0).integers(0, 1000, (40, 60)).astype(np.int16)
    shown = truth(values, card)
    image = shown.picture._image.convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())[:, :64]
    expected = prepare(make_slice(values, geometry=shown._view.slice.header.geometry), card.input)[0][0]
    assert np.abs(grey / 255 - (expected * 0.25 + 0.25)).max() <= 0.5 / 255 + 1e-4


def test_crisp_cells_are_squares_of_one_colour(truth):
    cam = np.zeros((4, 4), np.float32)
    cam[1, 2] = 1.0
    shown = truth(np.zeros((40, 60), np.int16), CARDS["stretch", False], cam)
    smooth = len(np.unique(shown.picture._pixels))
    shown.cells.setChecked(True)
    drawn = shown.picture._pixels
    assert len(np.unique(drawn)) == 2 < smooth
    assert len(np.unique(drawn[16:32, 32:48])) == 1 and drawn[16, 32] != drawn[15, 32]


def test_heat_on_the_border_and_beside_the_patient_is_said_in_words(truth):
    rows, cols = np.ogrid[:40, :60]
    values = np.where(((rows - 20) / 14) ** 2 + ((cols - 30) / 22) ** 2 < 1, 500, 0).astype(np.int16)
    cam = np.zeros((8, 8), np.float32)
    cam[0, 0] = 1.0
    shown = truth(values, CARDS["stretch", False], cam, with_places=True)
    assert "border of the input" in shown.alarms.text()
    assert shown.alarms.isVisible()
    cam = np.zeros((8, 8), np.float32)
    cam[4, 4] = 1.0
    shown = truth(values, CARDS["stretch", False], cam, with_places=True)
    assert not shown.alarms.isVisible()


def test_the_cropped_area_is_outlined_on_the_slice(window, truth):
    from viewer.session.truth import seen_box

    shown = truth(np.zeros((80, 60), np.int16), CARDS["crop", False])
    box = seen_box(shown._view.result.mapping)
    assert box.top > 1 and box.bottom < 79
    area = on_screen(box, window.viewport.placement())
    drawn = pixels(window.viewport)
    line = drawn[
        round(area.top()) - 1 : round(area.top()) + 2, round(area.left()) + 20 : round(area.right()) - 20
    ]
    assert (line.max(axis=0).sum(axis=1) > 400).mean() > 0.4


def test_a_mirrored_input_has_its_letters_mirrored(truth):
    assert truth(np.zeros((40, 60), np.int16), CARDS["letterbox", False]).picture._letters[:2] == ("R", "L")
    assert truth(np.zeros((40, 60), np.int16), CARDS["letterbox", True]).picture._letters[:2] == ("L", "R")


def test_the_words_say_how_the_input_came_about(truth):
    words = truth(np.zeros((40, 60), np.int16), CARDS["letterbox", True]).words.text()
    for part in ("Percentiles 0 and 100", "64×64, 1 channel", "Mirrored", "Mean 0.25"):
        assert part in words


def test_before_an_analysis_it_says_that_nothing_was_asked(window, show, view):
    show(replace(view, truth_view=True))
    assert window._truth.isVisible() and "Analyse it" in window._truth.words.text()
    assert window._truth.picture._image is None
    show(view)
    assert not window._truth.isVisible()


def test_one_key_opens_and_closes_it(window, show, intents, analysed):
    show(analysed)
    window.activateWindow()
    window.viewport.setFocus()
    QTest.keyClick(window.viewport, Qt.Key.Key_Z)
    assert intents.named("toggle_truth_view") == [()]


def test_a_map_that_is_withheld_is_not_shown_here_either(truth, show):
    shown = truth(np.zeros((40, 60), np.int16), CARDS["stretch", False], np.ones((4, 4), np.float32))
    drawn = shown.picture._pixels.copy()
    show(replace(shown._view, heatmap=None, cams={}, overlay_note="mass 0.1 is below the operating point."))
    assert not np.array_equal(drawn, shown.picture._pixels)
    assert "below the operating point" in shown.words.text()
