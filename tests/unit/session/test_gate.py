"""A finding below its operating point shows no map unless asked; and which scale and sign are in force."""

from dataclasses import replace

import numpy as np
import pytest

from tests.support.stand_ins import LAYERS, Lab, bundle_of, series_of
from viewer.session import captions
from viewer.session.analyses import Analyses
from viewer.session.resolve import resolve
from viewer.session.resolved_view import Known
from viewer.session.state import Explanation, Overlay, ViewerState

POINTS = {"lesion": 0.5, "cyst": 0.2}


class Room:
    """One series of two slices, analysed for `target`, whose lesion has a probability of 0.12."""

    def __init__(self, target="lesion", method="grad-cam", against="", cam=None, chance=0.12, **card):
        self.bundle = bundle_of(**({"operating_points": POINTS} | card))
        self.series = series_of("a", 2)
        lab, analyses, slices = Lab(), Analyses(1 << 20), {}
        for header in self.series.slices:
            lab.findings[header.sop_instance_uid] = chance
            pixels = slices[header.key] = lab.load_slice(header)
            made = lab.analyse_slice(lab.load_model(self.bundle), pixels, target=target, check=lambda: None)
            made = replace(made, key=replace(made.key, method=method, against=against))
            if cam is not None:
                made = replace(
                    made, cams={layer.name: np.full(layer.grid, cam, np.float32) for layer in LAYERS}
                )
            analyses.put(made)
        self.known = Known({"a": self.series}, slices.get, {}, (self.bundle,), analyses)
        self.asked = Explanation(target=target, method=method, against=against)

    def view(self, **changes):
        return resolve(replace(ViewerState(series="a", explanation=self.asked), **changes), self.known)

    def wish(self, label="lesion"):
        return {"explain_anyway": frozenset({("a", self.bundle.digest, label)})}


def test_below_its_operating_point_a_finding_shows_no_map_and_says_why():
    view = Room().view()
    assert view.heatmap is None and view.cams == {} and view.caption == ""
    assert view.withheld == "lesion 0.12 is below this model's operating point 0.50: no map is shown."
    assert view.overlay_note == view.withheld
    assert view.prediction is not None and view.target == "lesion"


@pytest.mark.parametrize(("chance", "shown"), [(0.4999, False), (0.5, True), (0.9, True)])
def test_the_map_appears_from_the_operating_point_on(chance, shown):
    view = Room(chance=chance).view()
    assert (view.heatmap is not None) == shown == (view.withheld == "")


def test_two_numbers_that_differ_are_never_written_alike():
    assert "0.4999 is below this model's operating point 0.5000" in Room(chance=0.4999).view().withheld
    assert captions.distinct(0.12, 0.5) == ("0.12", "0.50")


def test_each_label_has_its_own_operating_point():
    assert Room("cyst").view().heatmap is not None  # 0.22 is above its 0.2
    assert Room("cyst", operating_points={"cyst": 0.3}).view().heatmap is None


def test_asked_for_the_map_is_shown_and_its_caption_says_that_it_lies_below():
    room = Room()
    view = room.view(**room.wish())
    assert view.heatmap is not None and view.cams and not view.withheld and view.explained_anyway
    assert "lesion 0.12 (below 0.50)" in view.caption


def test_the_wish_holds_for_this_series_model_and_finding_alone():
    room = Room()
    assert all(room.view(slice=index, **room.wish()).heatmap is not None for index in (0, 1))
    for other in (
        ("b", room.bundle.digest, "lesion"),
        ("a", "x", "lesion"),
        ("a", room.bundle.digest, "cyst"),
    ):
        assert room.view(explain_anyway=frozenset({other})).heatmap is None


def test_a_finding_above_its_operating_point_is_never_said_to_be_explained_anyway():
    room = Room(chance=0.9)
    assert not room.view(**room.wish()).explained_anyway


def test_a_contrast_is_gated_by_its_first_label():
    against = Room("lesion", against="cyst").view()
    assert against.heatmap is None and against.withheld.startswith("lesion 0.12")
    assert Room("cyst", against="lesion").view().heatmap is not None


def test_a_slice_that_nobody_asked_the_network_about_is_not_gated():
    room = Room()
    fresh = replace(room.known, analyses=Analyses(1 << 20))
    view = resolve(ViewerState(series="a", explanation=room.asked), fresh)
    assert view.withheld == "" and view.overlay_note == ""


def test_a_costly_method_is_not_said_to_be_awaited_where_its_map_would_be_withheld():
    room = Room()
    asked = replace(room.asked, method="integrated-gradients")
    view = room.view(explanation=asked)
    assert view.overlay_note == view.withheld != ""


SIGNS = [
    ("positive", (0.0, 0.5), "No positive evidence for lesion in block 2 of 2."),
    ("negative", (0.0, -0.5), "No evidence against lesion in block 2 of 2."),
    ("signed", (-0.5, 0.5), "No evidence for or against lesion in block 2 of 2."),
]


@pytest.mark.parametrize(("evidence", "scale", "sentence"), SIGNS)
def test_the_absolute_scale_ends_alike_on_both_sides_and_nothing_is_said_of_the_sign_asked_for(
    evidence, scale, sentence
):
    cam = {"positive": -0.3, "negative": 0.3, "signed": 0.0}[evidence]
    view = Room(chance=0.9, cam=cam).view(overlay=Overlay(evidence=evidence))
    assert view.heat_range == scale
    assert view.overlay_note == sentence


@pytest.mark.parametrize("cam", [0.3, -0.3])
def test_each_sign_has_its_own_relative_scale(cam):
    room = Room(chance=0.9, cam=cam)

    def scale(evidence):
        return room.view(overlay=Overlay(scale="relative", evidence=evidence)).heat_range

    favour, against = (0.3, 0.0) if cam > 0 else (0.0, 0.3)
    assert scale("positive") == pytest.approx((0.0, favour))
    assert scale("negative") == pytest.approx((0.0, -against))
    assert scale("signed") == pytest.approx((-0.3, 0.3))


@pytest.mark.parametrize(
    "sign", [("positive", 1, "for"), ("negative", -1, "against"), ("signed", -1, "for and against")]
)
def test_evidence_below_the_threshold_is_said_of_the_sign_asked_for(sign):
    evidence, side, words = sign
    view = Room(chance=0.9, cam=0.05 * side).view(overlay=Overlay(threshold=0.5, evidence=evidence))
    where = "lesion in block 2 of 2 lies below the threshold everywhere."
    assert view.overlay_note == f"The evidence {words} {where}"


def test_the_caption_names_the_sign_and_the_scale():
    room = Room(chance=0.9, cam=-0.3)
    assert "evidence against · absolute scale" in room.view(overlay=Overlay(evidence="negative")).caption
    both = Overlay(evidence="signed", scale="relative")
    assert "evidence for and against · relative scale" in room.view(overlay=both).caption
    assert "evidence" not in room.view().caption


def test_a_contrast_is_evidence_for_one_over_the_other():
    view = Room("lesion", against="cyst", chance=0.9, cam=-0.3).view()
    assert view.overlay_note == "No positive evidence for lesion over cyst in block 2 of 2."


def test_a_method_without_a_unit_is_relative_whatever_was_wished():
    view = Room(chance=0.9, method="eigen-cam").view()
    assert view.overlay.scale == "relative" and "relative scale" in view.caption
    assert view.only_relative.startswith("EigenCAM has no absolute scale")
    assert view.heat_range == pytest.approx((0.0, 0.9))


def test_a_method_for_which_the_card_fixes_no_scale_is_relative_and_says_so():
    view = Room(chance=0.9, method="hires-cam").view()
    assert view.overlay.scale == "relative"
    assert view.only_relative == "The card of Tiny fixes no absolute scale for HiResCAM in this layer."
    fixed = Room(
        chance=0.9, method="hires-cam", scale={"absolute": 0.5, "methods": {"hires-cam": {"absolute": 2}}}
    )
    assert fixed.view().overlay.scale == "absolute" and fixed.view().heat_range == (0.0, 2.0)
    assert fixed.view().only_relative == ""


def test_a_method_that_tells_nothing_against_shows_evidence_for_and_says_so():
    view = Room(chance=0.9, method="layer-cam").view(overlay=Overlay(evidence="negative"))
    assert view.overlay.evidence == "positive" and "nothing against by this method" in view.caption
    assert view.only_positive == "LayerCAM tells nothing of evidence against."
    assert Room(chance=0.9).view().only_positive == ""


def test_weak_evidence_is_not_drawn_on_the_absolute_scale_and_marked_where_it_is_stretched():
    room = Room(chance=0.9, cam=0.5e-6)
    assert "below the threshold everywhere" in room.view().overlay_note
    stretched = room.view(overlay=Overlay(scale="relative"))
    assert stretched.overlay_note == "" and "relative scale (this map's own maximum)" in stretched.caption


def test_the_same_question_gives_the_same_overlay_object():
    room = Room(chance=0.9, method="eigen-cam")
    look = Overlay(evidence="signed")
    assert room.view(overlay=look).overlay is room.view(overlay=look).overlay
