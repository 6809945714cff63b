"""When not to believe a map: a trained network, and one with random weights, real passes and real clicks."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from viewer.explain.trust.verdict import COSTLY
from viewer.imaging.colormap import GREY


def levels(reader):
    return {line.id: line.level for line in reader.screen.view.trust}


def look(reader, id):
    """Click on a line, or do as the click does."""
    if reader.window is None:
        reader.controller.look_at(id, True)
        return
    row = next(row for row in reader.window.ai.trust.rows if row.id == id)
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)


def test_random_weights_are_red_and_grey_the_overlay_until_the_reader_looks(reader, study, bundle):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.analyse()
    reader.wait(lambda: "weights" in levels(reader))
    assert levels(reader)["weights"] == "red" and reader.screen.view.overlay.colormap == GREY
    if reader.window is not None:
        section = next(one for one in reader.window.ai.sections if one.body is reader.window.ai.trust)
        QTest.mouseClick(section.button, Qt.MouseButton.LeftButton)
    for line in reader.screen.view.unread:
        assert reader.screen.view.overlay.colormap == GREY
        look(reader, line.id)
    assert not reader.screen.view.unread and reader.screen.view.overlay.colormap != GREY
    reader.do("layer.earlier")
    reader.do("layer.later")
    assert reader.screen.view.overlay.colormap != GREY


@pytest.mark.parametrize("reader", ["with the window"], indirect=True)
def test_a_check_runs_beside_the_analysis_and_its_lines_are_on_the_report(reader, study, bundle):
    reader.open(study)
    reader.controller.add_model(bundle)
    reader.do("analysis.start")
    reader.wait(lambda: reader.screen.view.heatmap is not None)
    reader.do("trust.check")
    reader.wait(lambda: reader.screen.view.trust_checked)
    assert set(COSTLY) < set(levels(reader))
    reader.wait(reader.is_analysed)
    report = reader.controller.make_report()
    assert report.analysis.trust == reader.screen.view.trust
