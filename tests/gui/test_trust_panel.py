"""The trust panel: signs that are more than colours, figures beside their controls, sentences on a click."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtTest import QTest

from viewer.explain.trust.verdict import LEVELS, TrustLine
from viewer.ui import theme
from viewer.ui.trust_panel import SIGNS, paint_sign


def line(id, level, **fields):
    plain = {
        "title": id.title(),
        "figure": "0.90",
        "control": "shuffled map 0.10",
        "sentence": f"What {id} means.",
    }
    return TrustLine(id, level=level, **(plain | fields))


LINES = (
    line("weights", "green"),
    line("methods", "amber"),
    line("noise", "red"),
    line("deletion", "undefined", figure="undefined", control=""),
)


@pytest.fixture
def trusted(analysed):
    return replace(analysed, trust=LINES, unread=LINES[1:3])


@pytest.fixture
def panel(window, show, trusted):
    """The section is open and shows the lines."""
    show(trusted)
    section = next(one for one in window.ai.sections if one.body is window.ai.trust)
    QTest.mouseClick(section.button, Qt.MouseButton.LeftButton)
    assert window.ai.trust.isVisible()
    return window.ai.trust


def test_every_line_stands_with_its_figure_beside_its_control(panel):
    assert [row.line for row in panel.rows] == list(LINES)
    names = [row.accessibleName() for row in panel.rows]
    assert names[0] == "Weights: good, 0.90, beside shuffled map 0.10"
    assert names[3] == "Deletion: cannot be told, undefined"
    heights = [row.sizeHint().height() for row in panel.rows]
    assert heights[0] > heights[3]  # a line for the control


def test_a_click_asks_for_the_sentence_and_another_closes_it(panel, window, show, trusted, intents):
    assert not panel.sentence("noise").isVisible()
    QTest.mouseClick(panel.rows[2], Qt.MouseButton.LeftButton)
    assert intents.named("look_at") == [("noise", True)]
    show(replace(trusted, trust_opened=frozenset({"noise"}), unread=LINES[1:2]))
    assert panel.sentence("noise").isVisible() and panel.sentence("noise").text() == "What noise means."
    assert not panel.sentence("methods").isVisible()
    QTest.mouseClick(panel.rows[2], Qt.MouseButton.LeftButton)
    assert intents.named("look_at")[-1] == ("noise", False)


def test_a_line_can_be_opened_from_the_keyboard(panel, intents):
    panel.rows[1].setFocus()
    QTest.keyClick(panel.rows[1], Qt.Key.Key_Space)
    assert intents.named("look_at") == [("methods", True)]


def test_the_panel_says_how_many_lines_keep_the_heatmap_grey(panel, show, trusted):
    assert "grey until you open the 2 lines in bold" in panel.note.text()
    show(replace(trusted, unread=LINES[1:2]))
    assert "grey until you open the one line in bold" in panel.note.text()
    show(replace(trusted, unread=()))
    assert not panel.note.isVisible()


def test_closed_the_section_shows_the_worst_and_every_sign(window, show, trusted):
    show(trusted)
    section = next(one for one in window.ai.sections if one.body is window.ai.trust)
    assert section._gist.text() == "bad  ✕ 1  ! 1  ? 1  ✓ 1" and not section.opened


def test_closing_the_section_tells_that_no_sentence_is_on_show_any_more(panel, window, intents):
    section = next(one for one in window.ai.sections if one.body is panel)
    before = len(intents.named("close_trust"))
    QTest.mouseClick(section.button, Qt.MouseButton.LeftButton)
    assert len(intents.named("close_trust")) == before + 1


def test_the_button_asks_for_the_costly_lines_and_goes_when_they_are_there(panel, show, trusted, intents):
    QTest.mouseClick(panel.check, Qt.MouseButton.LeftButton)
    assert intents.named("check_map") == [()]
    show(replace(trusted, trust_checked=True))
    assert not panel.check.isVisible()


def test_progress_of_a_check_stands_in_the_panel_and_can_be_stopped(panel, window, intents):
    window.show_progress("trust", "Checking the map", 3, 27)
    assert panel.progress.isVisible() and panel.progress.bar.value() == 3
    QTest.mouseClick(panel.progress.cancel, Qt.MouseButton.LeftButton)
    assert intents.named("cancel") == [("trust",)]
    window.hide_progress("trust")
    assert not panel.progress.isVisible()


def test_without_a_map_there_is_nothing_to_check(panel, show, view):
    show(view)
    assert panel.rows == () and not panel.check.isVisible() and "no map" in panel.note.text()


def test_lines_that_come_one_by_one_keep_the_rows_that_are_there(panel, show, trusted):
    before = panel.rows
    show(replace(trusted, trust=(*LINES[:3], line("shift", "green"), LINES[3])))
    assert [row.id for row in panel.rows] == ["weights", "methods", "noise", "shift", "deletion"]
    assert panel.rows[0] is before[0] and panel.rows[4] is before[3]


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_level_has_a_shape_and_a_sign_of_its_own_also_without_colour(qtbot, name):
    theme.apply(name)
    try:
        drawn = []
        for level in LEVELS:
            image = QImage(32, 32, QImage.Format.Format_Grayscale8)
            image.fill(Qt.GlobalColor.black if name == "dark" else Qt.GlobalColor.white)
            painter = QPainter(image)
            paint_sign(painter, QRectF(0, 0, 32, 32), level)
            painter.end()
            grey = np.frombuffer(image.constBits(), np.uint8).reshape(32, 32).astype(int)
            drawn.append(np.abs(grey - grey[0, 0]) > 40)
        for i, one in enumerate(drawn):
            assert all((one != other).mean() > 0.05 for other in drawn[i + 1 :])
    finally:
        theme.apply("dark")
    assert len(set(SIGNS.values())) == len(LEVELS)
