"""Analysing: visible first, then outwards; cached results; cancel; domain; failures; devices."""

import sys
import threading

import numpy as np
import pytest

from tests.support.stand_ins import bundle_of, series_of
from viewer.errors import ModelError, PixelError
from viewer.session.state import Explanation
from viewer.study import ScanResult


def done(desk, screen):
    """Whether every slice of the series on the screen is analysed and the lane is quiet."""
    ribbon = screen.view.ribbon
    return ribbon is not None and bool(np.isfinite(ribbon).all()) and not desk._analysis.runner.busy


@pytest.fixture
def analysed(opened, screen, qtbot):
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    return opened


def test_the_visible_slice_comes_first_and_then_outwards(lab, opened, screen, qtbot):
    opened.go_to(4)
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    assert [uid for uid, _ in lab.analysed] == [f"a.{i}" for i in (4, 5, 3, 6, 2, 7, 1, 8, 0)]


def test_an_analysis_follows_the_reader(lab, opened, screen, qtbot):
    lab.gate.clear()
    opened.analyse()
    qtbot.waitUntil(lambda: opened._analysis.runner.busy and lab.loaded == ["tiny"])
    qtbot.waitUntil(lambda: opened._analysis.runner.current.key[0] == "analyse")
    opened.go_to(8)
    lab.gate.set()
    qtbot.waitUntil(lambda: done(opened, screen))
    order = [uid for uid, _ in lab.analysed]
    assert order.index("a.8") <= 1


def test_results_appear_slice_by_slice(lab, opened, screen, qtbot):
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    counts = [int(np.isfinite(view.ribbon).sum()) for view in screen.views if view.ribbon is not None]
    assert set(range(1, 10)) <= set(counts)


def test_nothing_is_loaded_before_the_reader_asks(lab, opened, screen):
    assert lab.loaded == []
    assert screen.devices == []
    assert screen.models[-1] == (["tiny"], "tiny")


def test_the_device_is_shown_once_the_model_is_loaded(lab, analysed, screen):
    assert screen.devices == ["CPU"]
    assert lab.loaded == ["tiny"]


def test_switching_the_layer_never_calls_the_network(lab, analysed, screen):
    calls = len(lab.analysed)
    first = screen.view.layer
    analysed.step_layer(-1)
    assert screen.view.layer.name == "block1" and first.name == "block2"
    assert screen.view.heatmap.layer.name == "block1"
    analysed.step_layer(-5)
    analysed.set_layer("block2")
    analysed.set_layer("no such layer")
    assert screen.view.heatmap.layer.name == "block2"
    assert len(lab.analysed) == calls


def test_overlay_changes_never_start_a_job(lab, analysed, screen):
    heatmap, slice_ = screen.view.heatmap, screen.view.slice
    analysed.set_overlay(threshold=0.5, colormap="viridis", scale="relative")
    analysed.step_opacity(2)
    analysed.drag_window(10, 10)
    assert not analysed._analysis.runner.busy
    assert screen.view.heatmap is heatmap and screen.view.slice is slice_
    assert screen.view.overlay.opacity == pytest.approx(0.7)
    analysed.step_opacity(99)
    assert screen.view.overlay.opacity == 1


def test_switching_the_target_asks_once_and_then_reuses(lab, analysed, screen, qtbot):
    assert screen.view.target == "cyst"
    analysed.set_target("lesion")
    qtbot.waitUntil(lambda: screen.view.heatmap is not None and screen.view.heatmap.key.target == "lesion")
    qtbot.waitUntil(lambda: len(lab.analysed) == 18 and not analysed._analysis.runner.busy)
    analysed.set_target(None)
    analysed.set_target("lesion")
    analysed.set_target("no such label")
    assert screen.view.heatmap.key.target == "lesion"
    assert len(lab.analysed) == 18


def test_a_result_is_shown_only_for_the_question_asked(lab, analysed, screen):
    for view in screen.views:
        if view.heatmap is not None:
            assert view.heatmap.key.slice == view.slice.header.key
            assert view.heatmap.key.target == view.target
            assert view.target in view.caption
        else:
            assert view.caption == ""


def test_a_late_result_for_another_target_is_cached_and_not_shown(lab, analysed, screen, qtbot):
    lab.gate.clear()
    analysed.set_target("lesion")
    assert screen.view.heatmap is None and screen.view.target == "lesion"
    analysed.set_target("nothing")
    lab.gate.set()
    qtbot.waitUntil(lambda: screen.view.heatmap is not None)
    assert screen.view.heatmap.key.target == "nothing"
    qtbot.waitUntil(lambda: not analysed._analysis.runner.busy)


def test_cancel_stops_inside_a_pass_and_keeps_what_is_there(lab, opened, screen, qtbot):
    opened.analyse()
    qtbot.waitUntil(lambda: screen.view.heatmap is not None)
    lab.gate.clear()
    qtbot.wait(20)
    there = len(opened._desk.analyses._predictions)
    opened.cancel("inference")
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)
    assert len(opened._desk.analyses._predictions) == there
    assert screen.view.heatmap is not None
    assert screen.notices == []


def test_after_a_cancel_scrolling_asks_nothing(lab, opened, screen, qtbot):
    lab.gate.clear()
    opened.analyse()
    qtbot.waitUntil(lambda: opened._analysis.runner.busy and bool(lab.loaded))
    opened.cancel("inference")
    lab.gate.set()
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)
    for i in range(9):
        opened.go_to(i)
    assert not opened._analysis.runner.busy
    assert lab.analysed == []


def test_an_analysis_can_be_taken_up_again_and_repeats_nothing(lab, opened, screen, qtbot):
    opened.analyse()
    qtbot.waitUntil(lambda: len(lab.analysed) >= 3)
    lab.gate.clear()
    qtbot.waitUntil(lambda: screen.view.ribbon is not None)
    qtbot.waitUntil(lambda: np.isfinite(screen.view.ribbon).sum() == len(lab.analysed))
    opened.cancel("inference")
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)
    lab.gate.set()
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    asked = [uid for uid, _ in lab.analysed]
    assert len(asked) == len(set(asked))
    opened.analyse()
    assert not opened._analysis.runner.busy


def test_slices_that_a_scan_adds_are_analysed_too(lab, desk, screen, qtbot, tmp_path):
    import threading

    gate = threading.Event()
    lab.scans["slow"] = [ScanResult((series_of("a", 3),)), gate, ScanResult((series_of("a", 6),))]
    desk.open(tmp_path / "slow")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.analyse()
    qtbot.waitUntil(lambda: len(lab.analysed) == 3 and not desk._analysis.runner.busy)
    gate.set()
    qtbot.waitUntil(lambda: len(lab.analysed) == 6)
    qtbot.waitUntil(lambda: done(desk, screen))


def test_another_study_stops_the_analysis_of_the_last(lab, opened, screen, qtbot, tmp_path):
    lab.gate.clear()
    opened.analyse()
    qtbot.waitUntil(lambda: bool(lab.loaded))
    lab.scans["other"] = [ScanResult((series_of("x", 2),))]
    opened.open(tmp_path / "other")
    qtbot.waitUntil(lambda: screen.view.series.uid == "x")
    qtbot.waitUntil(lambda: not opened._analysis.runner.busy)
    lab.gate.set()
    qtbot.wait(20)
    assert lab.analysed == []
    assert screen.view.prediction is None


def test_a_series_outside_the_domain_is_said_so_before_anything_is_shown(lab, desk, screen, qtbot, tmp_path):
    lab.scans["mr"] = [ScanResult((series_of("m", 2, modality="MR"),))]
    desk.open(tmp_path / "mr")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.view.overlay_note == ""
    desk.commands.run("analysis.start")
    assert screen.said("outside the domain of Tiny", "Analyse Outside the Model's Domain")
    assert screen.view.overlay_note.startswith("Outside the model's domain")
    assert lab.loaded == [] and screen.view.heatmap is None


def test_what_the_file_leaves_open_is_said_and_the_series_is_analysed(
    lab, desk, screen, qtbot, tmp_path, monkeypatch
):
    monkeypatch.setattr("viewer.controller.analysis.unstated", lambda card, series: ("Which sequence?",))
    lab.scans["open"] = [ScanResult((series_of("o", 2),))]
    desk.open(tmp_path / "open")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.commands.run("analysis.start")
    assert screen.said("Which sequence?", "before you believe")
    qtbot.waitUntil(lambda: done(desk, screen))


def test_the_reader_may_analyse_outside_the_domain_and_is_told_on_every_picture(
    lab, desk, screen, qtbot, tmp_path
):
    lab.scans["mr"] = [ScanResult((series_of("m", 2, modality="MR"),))]
    desk.open(tmp_path / "mr")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    desk.analyse()
    desk.commands.run("analysis.start_anyway")
    qtbot.waitUntil(lambda: done(desk, screen))
    for view in screen.views:
        if view.prediction is not None:
            assert "Outside the model's domain" in view.overlay_note
    asked = len(screen.notices)
    desk.analyse()
    assert len(screen.notices) == asked


def test_the_model_that_covers_the_series_is_taken_without_a_choice(lab, desk, screen, qtbot, tmp_path):
    lab.bundles.append(bundle_of("brain", domain={"modalities": ["MR"]}))
    desk.start()
    lab.scans["mr"] = [ScanResult((series_of("m", 2, modality="MR"),))]
    desk.open(tmp_path / "mr")
    qtbot.waitUntil(lambda: screen.view.slice is not None)
    assert screen.models[-1] == (["tiny", "brain"], "brain")
    desk.set_model("tiny")
    assert screen.models[-1] == (["tiny", "brain"], "tiny")
    assert screen.view.outside


def test_another_model_is_another_question(lab, analysed, screen, qtbot):
    lab.bundles.append(bundle_of("other"))
    analysed.start()
    assert screen.view.heatmap is not None
    analysed.set_model("other")
    assert screen.view.heatmap is None and screen.view.prediction is None and screen.view.ribbon is None
    analysed.analyse()
    qtbot.waitUntil(lambda: done(analysed, screen))
    assert screen.view.caption.startswith("Other")
    analysed.set_model("tiny")
    assert screen.view.caption.startswith("Tiny")
    assert lab.loaded == ["tiny", "other"]


def test_altered_weights_are_refused_in_words(lab, opened, screen, qtbot):
    lab.loading_fails = ModelError("The weights are not the ones.", remedy="Get the bundle again.")
    opened.analyse()
    qtbot.waitUntil(lambda: screen.said("not the ones", "Get the bundle again"))
    assert screen.view.heatmap is None and lab.analysed == []
    lab.loading_fails = None
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))


def test_slices_that_fail_are_left_out_and_named(lab, opened, screen, qtbot):
    lab.undecodable |= {"a.3"}
    lab.hard["a.5"] = PixelError("Not a picture.", remedy="")
    opened.analyse()
    qtbot.waitUntil(lambda: screen.said("2 slices were not analysed"))
    assert sorted(what for what, _ in screen.notices[-1].details) == ["Image 4", "Image 6"]
    assert np.isnan(screen.view.ribbon[[3, 5]]).all()
    opened.go_to(5)
    qtbot.wait(20)
    assert [uid for uid, _ in lab.analysed].count("a.5") == 1


def test_a_model_that_cannot_answer_is_not_asked_about_every_slice(lab, opened, screen, qtbot):
    for i in range(9):
        lab.hard[f"a.{i}"] = ModelError("The answer is not a number.", remedy="Choose another model.")
    opened.analyse()
    qtbot.waitUntil(lambda: screen.said("not a number", "Choose another"))
    assert len(lab.analysed) == 3


def test_a_full_gpu_is_said_and_the_cpu_goes_on(lab, opened, screen, qtbot):
    lab.memory_full_at = 2
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    said = [notice for notice in screen.notices if "runs on the CPU" in notice.text]
    assert len(said) == 1 and said[0].kind == "warning"
    assert screen.devices[-1] == "CPU"


def test_a_fallback_while_loading_is_said_once(lab, opened, screen, qtbot):
    lab.load_notice = "The memory is full, so the model runs on the CPU."
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    assert len([notice for notice in screen.notices if "runs on the CPU" in notice.text]) == 1


def test_peaks_are_walked_with_two_keys(lab, opened, screen, qtbot):
    lab.findings = {"a.2": 0.9, "a.6": 0.8}
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    opened.set_target("lesion")
    qtbot.waitUntil(lambda: done(opened, screen))
    opened.commands.run("peak.next")
    assert screen.view.index == 2
    opened.commands.run("peak.next")
    opened.commands.run("peak.next")
    assert screen.view.index == 6
    opened.commands.run("peak.previous")
    assert screen.view.index == 2


def test_no_positive_evidence_is_said_in_words(lab, opened, screen, qtbot):
    lab.findings["a.0"] = 0.001
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    assert screen.view.heatmap.empty
    assert "No positive evidence for cyst" in screen.view.overlay_note


def test_both_scales_say_what_they_are(lab, analysed, screen):
    assert screen.view.heat_range == (0.0, 0.5)
    assert "absolute scale" in screen.view.caption
    analysed.set_overlay(scale="relative")
    assert screen.view.heat_range == pytest.approx((0.0, 0.1))
    assert "relative scale" in screen.view.caption
    analysed.set_overlay(evidence="signed")
    assert screen.view.heat_range == pytest.approx((-0.1, 0.1))


def test_the_overlay_is_shown_only_while_peeking(analysed, screen):
    analysed.set_overlay(visible=False)
    analysed.peek(True)
    assert screen.view.overlay.visible
    analysed.peek(False)
    assert not screen.view.overlay.visible
    analysed.toggle_overlay()
    analysed.peek(False)
    assert screen.view.overlay.visible


def test_results_that_had_to_leave_the_cache_are_asked_for_again_when_looked_at(lab, opened, screen, qtbot):
    opened._desk.analyses._results.limit = 3 * 15_000
    opened.analyse()
    qtbot.waitUntil(lambda: done(opened, screen))
    assert len(opened._desk.analyses._results) < 9
    missing = next(
        i
        for i in range(9)
        if not opened._desk.analyses.has(
            opened._desk.analyses.wanted_key(
                (f"a.{i}", 0), lab.bundles[0].digest, Explanation(), lab.bundles[0].card
            )
        )
    )
    before = len(lab.analysed)
    opened.go_to(missing)
    qtbot.waitUntil(lambda: screen.view.heatmap is not None and not opened._analysis.runner.busy)
    assert len(lab.analysed) == before + 1


def test_without_a_model_the_reader_is_told(lab, opened, screen):
    lab.bundles.clear()
    opened.start()
    opened.analyse()
    assert screen.said("no model", "Add a model")


def test_bundles_that_cannot_be_used_are_named(lab, controller, screen, tmp_path):
    lab.refused.append((tmp_path / "broken", "In the model card, 'name' is missing."))
    controller.start()
    assert screen.said("A model bundle cannot be used")
    assert screen.notices[-1].details == (("broken", "In the model card, 'name' is missing."),)


def test_progress_counts_slices_and_ends(lab, opened, screen, qtbot):
    lab.gate.clear()
    opened.analyse()
    qtbot.waitUntil(lambda: bool(screen.progress))
    assert screen.progress[-1] == ("inference", "Analysing with Tiny", 0, 9)
    lab.gate.set()
    qtbot.waitUntil(lambda: done(opened, screen))
    assert screen.progress[-1][2:] == (9, 9)
    assert screen.hidden[-1] == "inference"


def test_whatever_is_asked_while_the_model_loads_waits_for_it_and_starts_no_second_load(
    lab, opened, screen, qtbot, monkeypatch
):
    go_on, load = threading.Event(), lab.load_model

    def slow(bundle, device):
        loaded = load(bundle, device)
        assert go_on.wait(20)
        return loaded

    monkeypatch.setattr(sys.modules["viewer.inference.loading"], "load_model", slow)
    opened.analyse()
    qtbot.waitUntil(lambda: lab.loaded == ["tiny"])
    opened.analyse()
    opened.set_target("cyst")
    go_on.set()
    qtbot.waitUntil(lambda: done(opened, screen))
    assert lab.loaded == ["tiny"] and screen.view.target == "cyst"
