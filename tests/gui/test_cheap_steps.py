"""What stays the same from slice to slice is not set, laid out or painted again; what changed always is."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPaintEvent, QRegion
from PySide6.QtWidgets import QApplication, QComboBox, QWidget

from tests.support.slice_factory import make_series, make_slice
from tests.support.stand_ins import bundle_of
from viewer.ui.slice_ribbon import SliceRibbon

COSTLY = (QEvent.Type.Paint, QEvent.Type.LayoutRequest, QEvent.Type.ToolTipChange)


class Witness(QObject):
    """Counts what is costly in a widget and all that lies in it, and what of it was painted."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__()
        self.seen: Counter[str] = Counter()
        self.painted = QRegion()
        self._widget = widget

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        mine = watched is self._widget or (
            isinstance(watched, QWidget) and self._widget.isAncestorOf(watched)
        )
        if mine and event.type() in COSTLY:
            self.seen[f"{type(watched).__name__} {event.type().name}"] += 1
            if isinstance(event, QPaintEvent) and watched is self._widget:
                self.painted |= event.region()
        return False


@pytest.fixture
def witness(qtbot):
    """Watches a widget from when it is asked until the end of the test."""
    made: list[Witness] = []

    def watch(widget: QWidget) -> Witness:
        QApplication.processEvents()
        made.append(Witness(widget))
        QApplication.instance().installEventFilter(made[-1])
        return made[-1]

    yield watch
    for one in made:
        QApplication.instance().removeEventFilter(one)


def test_a_slice_with_the_same_answers_costs_the_panel_nothing(window, show, analysed, witness):
    for section in window.ai.sections:
        section.set_opened(True)
    show(analysed)
    seen = witness(window.ai).seen
    show(replace(analysed, slice=replace(analysed.slice), caption="another slice"))
    QApplication.processEvents()
    assert not seen


def test_an_answer_that_changed_repaints_its_row_and_no_panel_around_it(window, show, analysed, witness):
    show(analysed)
    seen = witness(window.ai).seen
    prediction = analysed.prediction
    changed = replace(prediction, probabilities=prediction.probabilities * np.float32([1, 0.5, 1]))
    show(replace(analysed, prediction=changed))
    QApplication.processEvents()
    assert window.ai.findings.rows[1].probability == pytest.approx(0.055)
    assert seen["FindingRow Paint"] == 1
    assert set(seen) <= {"FindingRow Paint", "FindingsPanel Paint"}


def _choose(box: QComboBox) -> None:
    box.setCurrentIndex(1)
    box.activated.emit(1)


MOVES = {
    "opacity": (lambda ai: ai.overlay.opacity.setValue(91), lambda ai: ai.overlay.opacity.value()),
    "threshold": (lambda ai: ai.overlay.threshold.setValue(77), lambda ai: ai.overlay.threshold.value()),
    "shown": (lambda ai: ai.overlay.shown.click(), lambda ai: ai.overlay.shown.isChecked()),
    "evidence": (lambda ai: _choose(ai.overlay.evidence), lambda ai: ai.overlay.evidence.currentIndex()),
    "colours": (lambda ai: _choose(ai.overlay.colormap), lambda ai: ai.overlay.colormap.currentIndex()),
    "method": (lambda ai: _choose(ai.method.method), lambda ai: ai.method.method.currentIndex()),
    "against": (lambda ai: _choose(ai.method.against), lambda ai: ai.method.against.currentIndex()),
    "layer": (lambda ai: ai.layer.slider.setValue(2), lambda ai: ai.layer.slider.value()),
    "film": (lambda ai: ai.layer.film.setCurrentRow(0), lambda ai: ai.layer.film.currentRow()),
    "finding": (lambda ai: ai.findings.rows[1].click(), lambda ai: ai.findings.rows[1].isChecked()),
}
"""Control of the panel -> how the reader moves it, and where it stands."""


@pytest.mark.parametrize("control", MOVES)
def test_a_control_moved_in_vain_stands_right_again_with_the_next_slice(window, show, analysed, control):
    """Nobody answers the reader here: the state stays what it was."""
    move, place = MOVES[control]
    for section in window.ai.sections:
        section.set_opened(True)
    shown = show(replace(analysed, card=bundle_of().card))
    before = place(window.ai)
    move(window.ai)
    assert place(window.ai) != before
    show(replace(shown, slice=replace(shown.slice)))
    assert place(window.ai) == before


def test_a_switch_that_was_pressed_in_vain_tells_the_truth(window, show, analysed):
    show(analysed)
    action = window.action("overlay.toggle")
    action.trigger()
    assert action.isChecked() == analysed.overlay.visible


@pytest.mark.parametrize("count", [3, 40, 900])
def test_a_step_repaints_all_of_the_ribbon_that_changed_and_little_else(
    qtbot, intents, analysed, witness, count
):
    headers = [make_slice(np.zeros((2, 2), np.int16), uid=f"1.{n}").header for n in range(count)]
    ribbon = SliceRibbon(intents)
    qtbot.addWidget(ribbon)
    ribbon.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    ribbon.resize(46, 500)
    with qtbot.waitExposed(ribbon):
        ribbon.show()
    view = replace(analysed, series=make_series(*headers), ribbon=np.linspace(0, 1, count, dtype=np.float32))
    for here, there in ((0, 1), (1, count - 1), (count - 1, count // 2)):
        ribbon.show_view(replace(view, index=here))
        before = _pixels(ribbon)
        seen = witness(ribbon)
        ribbon.show_view(replace(view, index=there))
        QApplication.processEvents()
        changed = (_pixels(ribbon, seen) != before).any(axis=-1)
        painted = np.zeros_like(changed)
        for area in seen.painted:
            painted[area.top() : area.bottom() + 1, area.left() : area.right() + 1] = True
        assert changed.any()
        assert not (changed & ~painted).any()
        assert count < 40 or painted.mean() < 0.2


def _pixels(widget: QWidget, seen: Witness | None = None) -> np.ndarray:
    """(rows, cols, 4) uint8, all of it painted afresh, unseen by the witness."""
    painted = QRegion(seen.painted) if seen is not None else None
    image = widget.grab().toImage()
    if seen is not None and painted is not None:
        seen.painted = painted
    return np.array(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)
