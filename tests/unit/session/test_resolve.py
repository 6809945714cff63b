"""resolve: what is shown follows from state and knowledge alone."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.bundle_factory import CARD
from tests.support.slice_factory import make_series, make_slice
from tests.support.stand_ins import Lab, bundle_of, series_of
from viewer.session.analyses import Analyses
from viewer.session.resolve import chosen_bundle, resolve
from viewer.session.resolved_view import Known
from viewer.session.state import Explanation, Overlay, ViewerState
from viewer.study import VoiLut, Window

RAMP = np.arange(64, dtype=np.int16).reshape(8, 8)


def known(*slices, decoded=True, bundles=(), analyses=None, problems=None, **fields):
    series = make_series(*(one.header for one in slices), **fields)
    pixels = {one.header.key: one for one in slices} if decoded else {}
    return Known({"1.2": series}, pixels.get, problems or {}, bundles, analyses or Analyses(1 << 20))


def state(**changes):
    return ViewerState(series="1.2", **changes)


def test_an_empty_viewer_shows_nothing_and_wants_nothing():
    view = resolve(ViewerState(), known(make_slice(RAMP)))
    assert view.series is None and view.slice is None and view.undecoded is None


def test_a_slice_that_is_not_decoded_yet_is_wanted():
    shown = make_slice(RAMP)
    view = resolve(state(), known(shown, decoded=False))
    assert view.undecoded is shown.header
    assert view.slice is None and view.caption == ""
    assert resolve(state(), known(shown)).undecoded is None


def test_a_slice_that_cannot_be_decoded_is_not_wanted_again():
    shown = make_slice(RAMP)
    view = resolve(state(), known(shown, decoded=False, problems={shown.header.key: "Damaged."}))
    assert view.problem == "Damaged." and view.undecoded is None


def test_the_files_lut_comes_before_its_window_and_the_readers_choice_before_both():
    lut = VoiLut(0, np.arange(64, dtype=np.uint8), 8)
    shown = make_slice(RAMP, luts=(lut, lut), windows=(Window(30, 20),))
    assert resolve(state(), known(shown)).voi_lut == 0
    assert resolve(state(voi_lut=1), known(shown)).voi_lut == 1
    assert resolve(state(voi_lut=9), known(shown)).voi_lut == 1
    own = resolve(state(window=Window(1, 2)), known(shown))
    assert own.window == Window(1, 2) and own.voi_lut is None


def test_without_a_choice_the_files_first_usable_window_is_in_force():
    assert resolve(state(), known(make_slice(RAMP, windows=(Window(30, 20), Window(1, 1))))).window == Window(
        30, 20
    )
    bad = resolve(state(), known(make_slice(RAMP, windows=(Window(30, 0.1), Window(7, 8))))).window
    assert bad == Window(7, 8)
    assert resolve(state(), known(make_slice(RAMP))).window.width > 50


def test_a_colour_slice_has_no_window():
    view = resolve(state(window=Window(1, 2)), known(make_slice(np.zeros((4, 4, 3), np.uint8))))
    assert view.window is None and view.voi_lut is None


@pytest.mark.parametrize("index", [-5, 99])
def test_an_index_beyond_the_series_shows_its_last_slice_and_never_fails(index):
    slices = [make_slice(RAMP, uid=f"1.{i}") for i in range(3)]
    assert resolve(state(slice=index), known(*slices)).index in (0, 2)


def test_the_same_question_gives_the_same_objects():
    bundle = bundle_of()
    series = series_of("a", 2)
    lab, analyses = Lab(), Analyses(1 << 20)
    pixels = {header.key: lab.load_slice(header) for header in series.slices}
    loaded = lab.load_model(bundle)
    analyses.put(lab.analyse_slice(loaded, pixels["a.0", 0], target=None, check=lambda: None))
    given = Known({"a": series}, pixels.get, {}, (bundle,), analyses)
    first, second = resolve(ViewerState(series="a"), given), resolve(ViewerState(series="a"), given)
    for name in ("slice", "series", "heatmap", "ribbon", "layers", "result", "prediction", "card"):
        assert getattr(first, name) is getattr(second, name)
    assert first.window == second.window and first.caption == second.caption
    assert set(first.cams) == {"block1", "block2"}


def test_a_heatmap_never_appears_without_its_slice():
    bundle = bundle_of()
    series = series_of("a", 1)
    lab, analyses = Lab(), Analyses(1 << 20)
    shown = lab.load_slice(series.slices[0])
    analyses.put(lab.analyse_slice(lab.load_model(bundle), shown, target=None, check=lambda: None))
    view = resolve(ViewerState(series="a"), Known({"a": series}, lambda key: None, {}, (bundle,), analyses))
    assert view.heatmap is None and view.caption == "" and view.cams == {}
    assert view.prediction is not None and view.ribbon is not None


def test_the_display_window_is_never_part_of_the_question():
    bundle = bundle_of()
    series = series_of("a", 1)
    lab, analyses = Lab(), Analyses(1 << 20)
    shown = lab.load_slice(series.slices[0])
    analyses.put(lab.analyse_slice(lab.load_model(bundle), shown, target=None, check=lambda: None))
    given = Known({"a": series}, lambda key: shown, {}, (bundle,), analyses)
    one = resolve(ViewerState(series="a", window=Window(1, 2)), given)
    other = resolve(ViewerState(series="a", window=Window(300, 500), invert=True), given)
    assert one.result is other.result and one.heatmap is other.heatmap


def shown_with(overlay, lesion, bundle=None, target=None):
    """The view of one analysed slice whose evidence is `lesion` everywhere, in logit units."""
    bundle = bundle or bundle_of()
    series = series_of("a", 1)
    lab, analyses = Lab(), Analyses(1 << 20)
    lab.findings["a.0"] = lesion
    pixels = lab.load_slice(series.slices[0])
    analyses.put(lab.analyse_slice(lab.load_model(bundle), pixels, target=target, check=lambda: None))
    state = ViewerState(series="a", overlay=overlay, explanation=Explanation(target=target))
    return resolve(state, Known({"a": series}, lambda key: pixels, {}, (bundle,), analyses))


def test_evidence_below_the_threshold_everywhere_is_said_in_words():
    faint = shown_with(Overlay(threshold=0.5), 0.2)  # the scale ends at 0.5
    assert (
        faint.overlay_note == "The evidence for lesion in block 2 of 2 lies below the threshold everywhere."
    )
    assert shown_with(Overlay(threshold=0.3), 0.2).overlay_note == ""
    assert shown_with(Overlay(threshold=0.5, scale="relative"), 0.2).overlay_note == ""
    assert "No positive evidence" in shown_with(Overlay(threshold=0.5), 0.001).overlay_note


def test_results_of_one_card_are_never_shown_under_another_with_the_same_weights():
    bundle = bundle_of()
    other = bundle_of(input={**CARD["input"], "fit": "stretch"})
    assert bundle.weights_digest == other.weights_digest
    series = series_of("a", 1)
    lab, analyses = Lab(), Analyses(1 << 20)
    pixels = lab.load_slice(series.slices[0])
    analyses.put(lab.analyse_slice(lab.load_model(bundle), pixels, target=None, check=lambda: None))
    for shown, there in ((bundle, True), (other, False)):
        given = Known({"a": series}, lambda key: pixels, {}, (shown,), analyses)
        view = resolve(ViewerState(series="a"), given)
        assert (view.heatmap is not None, view.prediction is not None) == (there, there)


def test_a_target_the_model_does_not_know_is_no_target():
    bundle = bundle_of()
    shown = make_slice(RAMP)
    view = resolve(state(explanation=Explanation(target="unicorn")), known(shown, bundles=(bundle,)))
    assert view.target is None


def test_the_model_asked_for_comes_first_then_the_one_that_fits():
    ct, mr = bundle_of("ct"), bundle_of("mr", domain={"modalities": ["MR"]})
    series = make_series(make_slice(RAMP).header, modality="MR")
    assert chosen_bundle(None, (ct, mr), series) is mr
    assert chosen_bundle("ct", (ct, mr), series) is ct
    assert chosen_bundle("gone", (ct, mr), replace(series, modality="US")) is ct
    assert chosen_bundle(None, (), series) is None


def test_slices_without_a_window_share_that_of_their_series():
    slices = [make_slice(RAMP + np.int16(100 * i), uid=f"1.{i}") for i in range(3)]
    shared = Window(150, 300, "LINEAR_EXACT", "1–99 percentile of the series")
    given = known(*slices)
    own = [resolve(state(slice=i), given).window for i in range(3)]
    assert len(set(own)) == 3
    given = replace(given, series_windows={"1.2": shared})
    views = [resolve(state(slice=i), given) for i in range(3)]
    assert [view.window for view in views] == [shared] * 3
    assert views[0].window_choices[0] == shared
    assert "of the series" in views[0].corners[2]
    assert resolve(state(), replace(given, series_windows={"1.2": None})).window == own[0]


def test_what_the_file_or_the_reader_says_comes_before_the_window_of_the_series():
    lut = VoiLut(0, np.arange(64, dtype=np.uint8), 8)
    shared = {"1.2": Window(150, 300)}
    with_window = replace(known(make_slice(RAMP, windows=(Window(30, 20),))), series_windows=shared)
    assert resolve(state(), with_window).window == Window(30, 20)
    with_lut = replace(known(make_slice(RAMP, luts=(lut,))), series_windows=shared)
    assert (resolve(state(), with_lut).voi_lut, resolve(state(), with_lut).window) == (0, None)
    bare = replace(known(make_slice(RAMP)), series_windows=shared)
    assert resolve(state(window=Window(1, 2)), bare).window == Window(1, 2)


def test_file_graphics_and_shutter_are_shown_unless_the_reader_turns_them_off():
    shown = make_slice(RAMP)
    assert (resolve(state(), known(shown)).graphics, resolve(state(), known(shown)).shutter) == (True, True)
    off = resolve(state(graphics=False, shutter=False), known(shown))
    assert (off.graphics, off.shutter) == (False, False)


def test_graphics_that_may_hold_a_name_are_not_drawn_while_identity_is_hidden():
    view = resolve(state(deidentified=True), known(make_slice(RAMP)))
    assert (view.graphics, view.shutter) == (False, True)
    assert not resolve(ViewerState(deidentified=True), known(make_slice(RAMP))).graphics
