"""The report as a value: what it says, and what it does not say."""

import dataclasses

import numpy as np
import pytest

from tests.support.report_views import DIGEST, NAME, make_report, make_view
from viewer.errors import ReportError
from viewer.imaging import compose
from viewer.report import record, report
from viewer.session.resolved_view import ResolvedView
from viewer.session.state import Overlay
from viewer.study import Graphic, Shutter, VoiLut, Window

IDENTIFYING = (NAME, "JANE", "ID-4711", "19650102", "Example Hospital", "20260112", "1.2.840.")


def test_a_report_carries_the_pixels_that_the_screen_composes():
    view = make_view(overlay=Overlay(opacity=0.7, threshold=0.3, colormap="viridis"))
    made = make_report(view)
    look = {"window": view.window, "voi_lut": view.voi_lut, "invert": view.invert}
    overlaid = compose.render(
        view.slice, **look, heatmap=view.heatmap, overlay=view.overlay, heat_range=view.heat_range
    )
    assert np.array_equal(made.pictures.source, compose.render(view.slice, **look))
    assert np.array_equal(made.pictures.overlay, overlaid)
    assert not np.array_equal(made.pictures.overlay, made.pictures.source)


def test_an_overlay_hidden_on_the_screen_is_still_on_the_page():
    hidden = make_report(make_view(overlay=Overlay(visible=False)))
    assert hidden.overlay_sha256 == make_report(make_view()).overlay_sha256
    assert hidden.analysis.map.overlay.visible


def test_every_result_says_where_it_comes_from():
    made = make_report()
    where = made.analysis.provenance
    assert (where.model, where.digest, where.method, where.device) == ("tiny", DIGEST, "Grad-CAM", "cpu")
    assert dict(where.software).keys() >= {"glassbox", "torch", "numpy"}
    assert made.analysis.target == "meningioma" and made.analysis.map.layer.name == "block4"
    assert made.disclaimer == "Not for primary diagnosis. AI output is investigational."


def test_image_numbers_count_from_one():
    assert (make_report().image.number, make_report().image.count) == (12, 30)


def test_a_deidentified_report_holds_nothing_that_points_to_the_patient():
    text = record.to_json(make_report(deidentify=True))
    assert make_report(deidentify=True).identity is None
    assert [word for word in IDENTIFYING if word in text] == []


def test_identity_is_in_a_report_that_was_not_deidentified():
    text = record.to_json(make_report())
    assert [word for word in IDENTIFYING if word not in text] == []


def test_deidentified_reports_of_one_slice_still_name_the_same_slice():
    first, second = (make_report(deidentify=True).image for _ in range(2))
    assert first.sop_instance_uid == second.sop_instance_uid != make_report().image.sop_instance_uid


def test_free_text_of_windows_and_luts_is_masked_too():
    window = Window(500, 1000, explanation="FOR DR SMITH")
    assert "SMITH" in make_report(make_view(window=window)).display.text
    assert "SMITH" not in record.to_json(make_report(make_view(window=window), deidentify=True))
    view = make_view(window=None, voi_lut=0)
    lut = VoiLut(0, np.arange(1024, dtype=np.uint16), 10, "DOE JANE LUT")
    view = dataclasses.replace(view, slice=dataclasses.replace(view.slice, luts=(lut,)))
    assert "DOE JANE" in make_report(view).display.text
    assert "DOE JANE" not in record.to_json(make_report(view, deidentify=True))


def test_a_slice_that_was_not_analysed_gives_a_report_without_findings():
    made = make_report(make_view(analysed=False))
    assert made.analysis is None and made.pictures.overlay is None and made.overlay_sha256 == ""


def test_no_slice_is_one_sentence():
    with pytest.raises(ReportError, match="no image to report on"):
        report.build(ResolvedView())


def test_a_comment_that_would_not_fit_is_refused_and_not_cut():
    assert len(make_report(comment="x" * report.MAX_COMMENT).comment) == report.MAX_COMMENT
    with pytest.raises(ReportError, match="4001 characters"):
        make_report(comment="x" * (report.MAX_COMMENT + 1))


def test_the_digest_of_the_pixels_tells_two_pictures_apart():
    plain, inverted = make_report(), make_report(make_view(invert=True))
    assert plain.source_sha256 == make_report().source_sha256 != inverted.source_sha256


def covered_view(**changes):
    values = np.full((32, 32), 300, np.int16)
    mask, hidden = np.zeros((32, 32), bool), np.zeros((32, 32), bool)
    mask[4], hidden[:, 20:] = True, True
    view = make_view(32, 32, values=values, **changes)
    slice = dataclasses.replace(view.slice, graphics=(Graphic(mask, "DOE"),), shutter=Shutter(hidden))
    return dataclasses.replace(view, slice=slice)


@pytest.mark.parametrize("graphics", [False, True])
@pytest.mark.parametrize("shutter", [False, True])
def test_the_page_shows_graphics_and_shutter_as_the_screen_does(graphics, shutter):
    view = covered_view(graphics=graphics, shutter=shutter)
    made = make_report(view)
    look = {"window": view.window, "graphics": graphics, "shutter": shutter}
    assert np.array_equal(made.pictures.source, compose.render(view.slice, **look))
    overlaid = compose.render(
        view.slice, **look, heatmap=view.heatmap, overlay=view.overlay, heat_range=view.heat_range
    )
    assert np.array_equal(made.pictures.overlay, overlaid)
    assert (made.display.graphics, made.display.shutter) == (graphics, shutter)


def test_graphics_that_may_hold_a_name_are_not_on_a_deidentified_page():
    view = covered_view()
    made = make_report(view, deidentify=True)
    bare = compose.render(view.slice, window=view.window, graphics=False)
    assert np.array_equal(made.pictures.source, bare) and not made.display.graphics
    assert not np.array_equal(made.pictures.source, make_report(view).pictures.source)
    assert "DOE" not in record.to_json(made)
