"""Which evidence is drawn, on which scale, and when none is: real keys and clicks, a real controller."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.support.stand_ins import LAYERS, Lab, bundle_of, series_of
from viewer.controller import Controller
from viewer.imaging.colormap import COLORMAPS
from viewer.report import report
from viewer.settings import Settings
from viewer.study import ScanResult
from viewer.ui.main_window import MainWindow

POINTS = {"lesion": 0.5, "cyst": 0.0, "nothing": 0.5}


class SignedLab(Lab):
    """Maps with evidence for on the left half and against on the right, a tenth as much."""

    strength = 0.4

    def analyse_slice(self, *args, **options):
        result = super().analyse_slice(*args, **options)
        for layer in LAYERS:
            cam = result.cams[layer.name]
            cam[:] = self.strength
            cam[:, layer.grid[1] // 2 :] = -self.strength / 2
        return result


@pytest.fixture
def lab(monkeypatch, request):
    made = SignedLab(bundles=[bundle_of(operating_points=POINTS)])
    made.scans["study"] = [ScanResult((series_of("a", 3),))]
    made.findings = {"a.0": 0.9, "a.1": 0.12, "a.2": 0.12}
    made.strength *= getattr(request, "param", 1.0)
    made.install(monkeypatch)
    return made


@pytest.fixture
def controller(lab, qtbot, tmp_path):
    """The study is open in a window and analysed for the lesion."""
    made = Controller(Settings())
    window = made.window = MainWindow(made, made.commands, Settings())
    qtbot.addWidget(window)
    window.resize(1000, 760)
    made.attach(window)
    window.show()
    try:
        made.start()
        made.open(tmp_path / "study")
        qtbot.waitUntil(lambda: made.view.slice is not None and made.view.card is not None)
        made.analyse()
        qtbot.waitUntil(lambda: made.view.ribbon is not None and bool(np.isfinite(made.view.ribbon).all()))
        made.set_target("lesion")
        qtbot.waitUntil(lambda: made.view.target == "lesion" and made.view.heatmap is not None)
        qtbot.waitUntil(lambda: not made._analysis.runner.busy)
        for section in window.ai.sections:
            section.set_opened(True)
        yield made
    finally:
        assert made.shutdown(20_000)
        window.close()


def press(controller, key, modifier=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(controller.window, key, modifier)


def choose(box, text, qtbot):
    """Open a list with a click and take one of its rows with the keys."""
    QTest.mouseClick(box, Qt.MouseButton.LeftButton)
    listed = box.view()
    qtbot.waitUntil(listed.isVisible)
    down = box.findText(text) - box.currentIndex()
    for _ in range(abs(down)):
        QTest.keyClick(listed, Qt.Key.Key_Down if down > 0 else Qt.Key.Key_Up)
    QTest.keyClick(listed, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not listed.isVisible())


def picture(controller) -> np.ndarray:
    """(rows, cols, 3) of the viewport's picture without marks."""
    viewport = controller.window.viewport
    viewport.repaint()
    pixels = viewport._pixels.copy()
    return np.stack([pixels >> 16 & 255, pixels >> 8 & 255, pixels & 255], axis=-1).astype(int)


def halves(controller) -> tuple[float, float]:
    """How much redder than blue the left and the right half are."""
    shown = picture(controller)
    redder = shown[..., 0] - shown[..., 2]
    middle = redder.shape[1] // 2
    return float(redder[:, : middle - 2].mean()), float(redder[:, middle + 2 :].mean())


def test_a_key_walks_for_against_and_both_and_asks_the_network_nothing(controller, lab):
    asked, seen = len(lab.analysed), []
    for _ in range(3):
        seen.append((controller.view.overlay.evidence, *(round(half) for half in halves(controller))))
        press(controller, Qt.Key.Key_V)
    assert [evidence for evidence, *_ in seen] == ["positive", "negative", "signed"]
    assert controller.view.overlay.evidence == "positive"
    favour, against, both = (tuple(np.sign(sides)) for _, *sides in seen)
    assert (favour, against, both) == ((1, 0), (0, -1), (1, -1))
    assert len(lab.analysed) == asked


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing the keyboard|propagateSizeHints)")
def test_the_panel_chooses_the_sign_and_leaves_the_colours_to_evidence_for(controller, qtbot):
    panel = controller.window.ai.overlay
    assert [panel.evidence.itemData(row) for row in range(3)] == ["positive", "negative", "signed"]
    assert [panel.colormap.itemText(row) for row in range(panel.colormap.count())] == list(COLORMAPS)
    choose(panel.evidence, "Against the finding", qtbot)
    assert controller.view.overlay.evidence == "negative"
    assert not panel.colormap.isEnabled() and "blue" in panel.colormap.toolTip()
    choose(panel.evidence, "For the finding", qtbot)
    assert panel.colormap.isEnabled() and panel.colormap.currentText() == "inferno"


def test_the_menu_says_which_sign_is_on(controller):
    window = controller.window
    window.menus.actions["evidence.signed"].trigger()
    assert controller.view.overlay.evidence == "signed"
    window.menus.menus["AI"].aboutToShow.emit()
    checked = {
        name
        for name in window.menus.actions
        if name.startswith("evidence.") and window.menus.actions[name].isChecked()
    }
    assert checked == {"evidence.signed"}


def test_the_film_strip_shows_the_sign_on_the_screen(controller, qtbot):
    film = controller.window.ai.layer.film
    colors = {}
    for _ in range(3):
        icon = film.item(1).icon().pixmap(56, 56).toImage()
        left, right = icon.pixelColor(8, 28), icon.pixelColor(48, 28)
        colors[controller.view.overlay.evidence] = (left.red() - left.blue(), right.red() - right.blue())
        press(controller, Qt.Key.Key_V)
        qtbot.wait(1)
    assert colors["positive"][0] > 40 and colors["negative"][1] < -40
    assert colors["signed"][0] > 40 and colors["signed"][1] < -40


def test_the_page_has_the_same_pixels_as_the_screen_in_every_sign(controller):
    for _ in range(3):
        made = report.build(controller.view)
        overlay = made.pictures.overlay
        page = np.stack([overlay >> 16 & 255, overlay >> 8 & 255, overlay & 255], axis=-1).astype(int)
        assert (page == picture(controller)).all()
        assert made.analysis.map.overlay.evidence == controller.view.overlay.evidence
        press(controller, Qt.Key.Key_V)


def test_below_the_operating_point_there_is_no_map_until_a_key_asks_for_it(controller, lab):
    asked = len(lab.analysed)
    press(controller, Qt.Key.Key_Down)
    plain = picture(controller)
    assert controller.view.heatmap is None
    assert "lesion 0.12 is below this model's operating point 0.50" in controller.view.overlay_note
    assert (plain[..., 0] == plain[..., 2]).all()
    press(controller, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert (picture(controller) != plain).any()
    press(controller, Qt.Key.Key_Down)
    assert controller.view.heatmap is not None, "the wish holds for the series"
    press(controller, Qt.Key.Key_H, Qt.KeyboardModifier.ShiftModifier)
    assert controller.view.heatmap is None and len(lab.analysed) == asked


def test_the_note_in_the_picture_tells_the_key_in_force(controller, qtbot):
    written, writer = [], controller.window.viewport._marks.text
    draw = writer.draw

    def drawn(painter, x, y, text, *color):
        written.append(text)
        draw(painter, x, y, text, *color)

    press(controller, Qt.Key.Key_Down)
    writer.draw = drawn
    controller.window.viewport.repaint()
    writer.draw = draw
    said = " ".join(written)
    assert "no map is shown." in said and said.endswith("Explain Anyway: Shift+H.")


def test_the_findings_panel_shows_what_lies_below_in_words_and_offers_the_map(controller, qtbot):
    panel = controller.window.ai.findings
    assert [row.below for row in panel.rows] == ["", "", "0.50"]
    assert not panel.anyway.isVisible()
    press(controller, Qt.Key.Key_Down)
    lesion = panel.rows[0]
    assert lesion.below == "0.50" and "below the operating point 0.50" in lesion.accessibleName()
    assert panel.anyway.isVisible() and panel.anyway.text() == "Explain “lesion” anyway"
    QTest.mouseClick(panel.anyway, Qt.MouseButton.LeftButton)
    assert controller.view.heatmap is not None and controller.view.explained_anyway
    QTest.mouseClick(panel.anyway, Qt.MouseButton.LeftButton)
    assert controller.view.heatmap is None


def test_a_row_below_its_operating_point_looks_different_in_more_than_colour(controller, qtbot):
    row = controller.window.ai.findings.rows[0]
    row.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
    row.show_probability(0.12, explained=False, point=0.0)
    above = row.grab().toImage().convertToFormat(row.grab().toImage().Format.Format_Grayscale8)
    row.show_probability(0.12, explained=False, point=0.5)
    below = row.grab().toImage().convertToFormat(row.grab().toImage().Format.Format_Grayscale8)
    middle = range(above.width() // 2, above.width() - 60)
    ink = [
        sum(image.pixelColor(x, y).red() > 100 for x in middle for y in range(4, 20))
        for image in (above, below)
    ]
    assert ink[0] == 0 and ink[1] > 20, "a word stands between label and number"


def test_without_an_absolute_scale_the_control_is_off_and_says_why(controller, qtbot):
    panel = controller.window.ai.overlay
    assert panel.scale.isEnabled()
    made = controller._desk.analyses
    view = controller.view
    result = replace(view.result, key=replace(view.result.key, method="eigen-cam"))
    made.put(result)
    controller.set_method("eigen-cam")
    assert not panel.scale.isEnabled() and panel.scale.currentData() == "relative"
    assert "no absolute scale" in panel.scale.toolTip()
    assert not panel.evidence.isEnabled() and "nothing of evidence against" in panel.evidence.toolTip()
    press(controller, Qt.Key.Key_S)
    press(controller, Qt.Key.Key_V)
    assert (controller.view.overlay.scale, controller.view.overlay.evidence) == ("relative", "positive")
    controller.set_method("grad-cam")
    assert panel.scale.isEnabled() and panel.scale.currentData() == "absolute"


@pytest.mark.parametrize("lab", [1.0, 1e-6], indirect=True)
def test_evidence_a_million_times_weaker_leaves_the_screen_as_it_is(controller, lab):
    weak = lab.strength < 1e-3
    for evidence in ("positive", "negative", "signed"):
        controller.set_overlay(evidence=evidence, scale="absolute")
        shown = picture(controller)
        press(controller, Qt.Key.Key_H)
        plain = picture(controller)
        press(controller, Qt.Key.Key_H)
        assert (shown == plain).all() == weak == ("below the threshold" in controller.view.overlay_note)
        press(controller, Qt.Key.Key_S)
        assert (picture(controller) != plain).any() and "relative scale" in controller.view.caption
