"""What waits for the first picture of the window: told once, after the paint, also where there is none."""

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QWidget

from viewer.ui import first_paint
from viewer.ui.ai_panel import AiPanel
from viewer.ui.first_paint import FirstPaint


class Painting(QWidget):
    painted = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        self.painted += 1


class Waiting(QObject):
    def __init__(self, window: Painting) -> None:
        super().__init__(window)
        self.told: list[int] = []
        self._window = window

    @Slot()
    def begin(self) -> None:
        self.told.append(self._window.painted)


def waiting_for(qtbot) -> tuple[Painting, Waiting]:
    window = Painting()
    qtbot.addWidget(window)
    waiting = Waiting(window)
    FirstPaint(window).over.connect(waiting.begin)
    return window, waiting


def test_what_waits_for_the_first_paint_begins_after_it_and_once(qtbot, monkeypatch):
    monkeypatch.setattr(first_paint, "PATIENCE_MS", 150)
    window, waiting = waiting_for(qtbot)
    window.show()
    qtbot.waitUntil(lambda: bool(waiting.told))
    assert waiting.told == [1]
    window.repaint()
    qtbot.wait(250)  # longer than a window that is never painted is waited for
    assert waiting.told == [1]


def test_a_window_that_no_screen_shows_is_not_waited_for_long(qtbot, monkeypatch):
    monkeypatch.setattr(first_paint, "PATIENCE_MS", 20)
    window, waiting = waiting_for(qtbot)
    qtbot.waitUntil(lambda: bool(waiting.told))
    assert waiting.told == [0] and not window.isVisible()


def test_the_second_opinion_is_made_after_the_first_picture_and_before_it_is_asked_for(window, qtbot):
    assert not window.findChildren(AiPanel)
    window.complete()
    assert not window.findChildren(AiPanel)  # in a turn of its own
    qtbot.waitUntil(lambda: len(window.findChildren(AiPanel)) == 1)
    window.toggle_panel("ai")
    assert window.ai.isVisible() and window.findChildren(AiPanel) == [window.ai]
