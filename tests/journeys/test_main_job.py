"""The main job: open, scroll, analyse, switch layers, export."""

import json

import numpy as np
from PySide6.QtGui import QImage

from tests.journeys.conftest import SLICES


def test_open_scroll_analyse_switch_layer_export(reader, study, bundle, tmp_path, monkeypatch):
    reader.open(study)
    reader.sees_slice(0)
    for command, index in (("slice.next", 1), ("slice.on_ten", 11), ("slice.first", 0), ("slice.last", 11)):
        reader.do(command)
        reader.sees_slice(index)
    for _ in range(5):
        reader.do("slice.previous")
    reader.sees_slice(6)

    reader.controller.add_model(bundle)
    reader.analyse()
    view = reader.screen.view
    assert view.index == 6 and view.heatmap is not None and view.layer.name == "block4"
    assert view.heatmap.values.shape == view.slice.values.shape
    assert len(view.ribbon) == SLICES
    assert reader.screen.devices[-1] == "CPU"

    calls = count_calls(monkeypatch)
    seen = [view.heatmap]
    while reader.screen.view.layer is not reader.screen.view.layers[0]:
        reader.do("layer.earlier")
        seen.append(reader.screen.view.heatmap)
    assert [heatmap.layer for heatmap in seen] == list(reversed(view.layers))
    assert not np.array_equal(seen[0].values, seen[-1].values)
    reader.do("overlay.stronger")
    reader.do("overlay.toggle")
    reader.do("overlay.toggle")
    reader.do("slice.next")
    reader.sees_slice(7)
    assert reader.screen.view.heatmap.key.slice == reader.screen.view.slice.header.key
    assert calls == []

    page = tmp_path / "report.png"
    reader.controller.export_report(page, comment="Follow up.")
    reader.wait(lambda: reader.screen.said("report is saved as report.png"))
    image = QImage(str(page))
    assert image.width() >= 2000
    stored = json.loads(image.text("glassbox"))
    shown = reader.screen.view
    assert stored["image"]["number"] == 8
    assert stored["comment"] == "Follow up."
    assert stored["analysis"]["target"] == shown.target
    assert stored["analysis"]["map"]["layer"]["name"] == shown.layer.name
    assert stored["analysis"]["map"]["caption"] == shown.caption
    assert stored["analysis"]["provenance"]["digest"] == shown.card.weights.sha256


def count_calls(monkeypatch):
    """Every pass through a network from here on."""
    from viewer.explain import analyse

    calls = []
    asked = analyse.analyse_slice

    def counted(*args, **more):
        calls.append(args)
        return asked(*args, **more)

    monkeypatch.setattr(analyse, "analyse_slice", counted)
    return calls


def test_dragging_the_window_never_changes_the_answer(reader, study, bundle):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.controller.drag_window(300, 80)
    reader.do("window.invert")
    reader.analyse()
    one = reader.screen.view.result
    reader.open(study)
    reader.sees_slice(0)
    reader.do("view.reset")
    reader.analyse()
    other = reader.screen.view.result
    assert one is not other and one.key == other.key
    assert np.array_equal(one.input, other.input)
    assert np.array_equal(one.prediction.logits, other.prediction.logits)


def test_every_finding_can_be_explained_by_one_click(reader, study, bundle):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.analyse()
    maps = {}
    for label in reader.screen.view.card.labels:
        reader.controller.set_target(label)
        reader.wait(
            lambda label=label: (
                reader.screen.view.heatmap is not None and reader.screen.view.heatmap.key.target == label
            )
        )
        maps[label] = reader.screen.view.cams["block4"]
        assert label in reader.screen.view.caption
    assert len({cam.tobytes() for cam in maps.values()}) == 3
    reader.wait(lambda: not reader.analysing)


def test_the_sample_study_is_found_to_have_its_lesion(reader):
    reader.do("study.open_sample")
    reader.wait(lambda: bool(reader.screen.scans) and not reader.screen.scans[-1][1])
    reader.controller.go_to(20)
    reader.do("analysis.start")
    reader.wait(lambda: reader.screen.view.heatmap is not None)
    view = reader.screen.view
    assert view.card.name == "phantom-lesion"
    assert view.prediction.probabilities[view.card.labels.index("nodule")] > 0.9
    assert not view.heatmap.empty
    reader.do("analysis.cancel")
    reader.wait(lambda: not reader.analysing)
