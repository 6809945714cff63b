"""A reader finds again what was drawn: the panel of marks, key images and their filter, the comment, undo."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from viewer.ui.mark_rows import Row

pytestmark = pytest.mark.parametrize("reader", ["with the window"], indirect=True)


@pytest.fixture
def at_window(reader):
    """The reader at a large window that has the keys."""
    reader.window.resize(1500, 900)
    reader.window.activateWindow()
    reader.wait(reader.window.isActiveWindow)
    return reader


def on_screen(reader, x: float, y: float) -> QPoint:
    """Where slice point (x, y) lies on the viewport."""
    viewport = reader.window.viewport
    at = viewport.placement().to_screen(x, y)
    return QPoint(round(at[0]), round(at[1]))


def draw(reader, command: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Take a tool in hand and drag from one slice point to another."""
    reader.do(command)
    viewport, left = reader.window.viewport, Qt.MouseButton.LeftButton
    a, b = on_screen(reader, *start), on_screen(reader, *end)
    QTest.mousePress(viewport, left, pos=a)
    for part in (0.3, 0.7, 1.0):
        QTest.mouseMove(viewport, a + (b - a) * part)
    QTest.mouseRelease(viewport, left, pos=b)
    QTest.keyClick(viewport, Qt.Key.Key_Escape)


def names_in(reader) -> list[str]:
    marks = reader.window.marks.marks.list.marks
    return [", ".join(marks.words.lines(row)) for row in marks.rows if isinstance(row, Row)]


def test_what_was_drawn_is_found_again_with_its_figures(at_window, study):
    reader, window = at_window, at_window.window
    reader.open(study)
    reader.sees_slice(0)
    draw(reader, "tool.length", (10, 10), (30, 10))
    reader.controller.go_to(7)
    reader.sees_slice(7)
    draw(reader, "tool.rectangle", (8, 20), (24, 36))
    reader.do("view.marks_panel")
    reader.wait(lambda: window.marks.made)
    panel = window.marks.marks
    (region,) = [one for one in reader.screen.view.marks if one.mark.kind == "rectangle"]
    reader.wait(lambda: "Mean" in names_in(reader)[1])
    inside = centres_in(region.points, reader.screen.view.slice.values)
    assert f"Mean {inside.mean():.1f} HU".replace("-", "−") in names_in(reader)[1]
    assert sum(panel.chosen.histogram.histogram.counts) == inside.size

    first = panel.list.marks.find(reader.screen.view.all_marks[0].id)
    QTest.mouseClick(
        panel.list.viewport(), Qt.MouseButton.LeftButton, pos=panel.list.visualRect(first).center()
    )
    reader.sees_slice(0)
    assert reader.screen.view.chosen_mark == reader.screen.view.all_marks[0].id
    assert "Mean" in names_in(reader)[1], "what was measured stays in the list"

    panel.chosen.name.setFocus()
    QTest.keyClicks(panel.chosen.name, "Aorta")
    QTest.keyClick(panel.chosen.name, Qt.Key.Key_Return)
    assert reader.screen.view.all_marks[0].text == "Aorta" and names_in(reader)[0].startswith("Aorta, Length")
    assert window.action("edit.undo").text() == "Undo Change Length"
    reader.do("edit.undo")
    assert reader.screen.view.all_marks[0].text == "" and panel.chosen.name.text() == ""

    QTest.keyClick(window.viewport, Qt.Key.Key_Delete)
    assert len(reader.screen.view.all_marks) == 1 and len(names_in(reader)) == 1
    reader.do("edit.undo")
    assert names_in(reader)[0].startswith("Length")


def centres_in(points, values: np.ndarray) -> np.ndarray:
    """The values of the pixels whose centres lie in an upright box, by comparing coordinates."""
    xs, ys = [x for x, _ in points], [y for _, y in points]
    rows, cols = np.indices(values.shape) + 0.5
    return values[(rows >= min(ys)) & (rows < max(ys)) & (cols >= min(xs)) & (cols < max(xs))]


def test_key_images_are_found_with_the_keys_alone_and_the_comment_is_kept_as_typed(at_window, study):
    reader, window = at_window, at_window.window
    reader.open(study)
    reader.sees_slice(0)
    viewport = window.viewport
    viewport.setFocus()
    for index in (3, 8):
        reader.controller.go_to(index)
        reader.sees_slice(index)
        QTest.keyClick(viewport, Qt.Key.Key_K)
    assert "2 key images" in next(iter(window.series.rows().values()))
    QTest.keyClick(viewport, Qt.Key.Key_Home)
    reader.sees_slice(0)
    QTest.keyClick(viewport, Qt.Key.Key_K, Qt.KeyboardModifier.ShiftModifier)
    reader.sees_slice(3)
    QTest.keyClick(viewport, Qt.Key.Key_Down)
    reader.sees_slice(8)
    QTest.keyClick(viewport, Qt.Key.Key_Down)
    reader.sees_slice(8)
    QTest.keyClick(viewport, Qt.Key.Key_Home)
    reader.sees_slice(3)

    reader.do("view.marks_panel")
    reader.wait(lambda: window.marks.made)
    window.marks.comment.text.setFocus()
    QTest.keyClicks(window.marks.comment.text, "Kept, as typed")
    assert reader.screen.view.comment == "Kept, as typed" and reader.screen.view.index == 3
    viewport.setFocus()
    QTest.keyClick(viewport, Qt.Key.Key_K)
    QTest.keyClick(viewport, Qt.Key.Key_Down)
    reader.sees_slice(8)
    QTest.keyClick(viewport, Qt.Key.Key_K)
    assert not reader.screen.view.only_key_images, "with the last key image the filter ends"
    assert "no key image any more" in window.notices.notice.text
    QTest.keyClick(viewport, Qt.Key.Key_Down)
    reader.sees_slice(9)
