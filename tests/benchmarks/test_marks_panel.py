"""Hundreds of marks in the panel cost little more than a few: only rows in sight are worked out and drawn.

    pytest tests/benchmarks/test_marks_panel.py --benchmark-only

A step from slice to slice, with the panel open, from the new view to the last pixel of the panel. A few and
hundreds of marks take turns, so that whatever else the machine does falls on both. Measured when this was
written, with seven others at work on two cores: 500 marks cost 0.9 to 1.5 times what 25 cost, about 20 ms.
"""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from tests.support.marked_study import FOUND, mark_on, view_of
from viewer.ui.marks_panel import MarksPanel

FEW, MANY, BOUND = 25, 500, 2.0

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support propagateSizeHints")


def views_with(count: int):
    """The six slices of the study in turn, with `count` marks on them."""
    kinds = ("length", "rectangle")
    marks = [replace(mark_on(number % 6, kinds[number % 2]), id=str(number)) for number in range(count)]
    return [view_of(*marks, index=index, chosen_mark="3") for index in range(6)]


@pytest.mark.benchmark(group="panel of marks", min_rounds=12)
def test_five_hundred_marks_cost_less_than_twice_twenty_five(qtbot, benchmark):
    panels, taken = [], ([], [])
    for views in (views_with(FEW), views_with(MANY)):
        panel = MarksPanel(SimpleNamespace())  # nothing is asked of anybody
        qtbot.addWidget(panel)
        panel.resize(300, 900)
        panel.show_scan(FOUND)
        panel.show()
        qtbot.waitUntil(lambda panel=panel: panel.made)
        panels.append((panel, views))
    step = 0

    def both() -> None:
        nonlocal step
        step += 1
        for (panel, views), kept in zip(panels, taken, strict=True):
            begin = time.perf_counter()
            panel.show_view(views[step % 6])
            QApplication.processEvents()
            kept.append(time.perf_counter() - begin)

    for _ in range(6):
        both()
    for kept in taken:
        kept.clear()
    benchmark(both)
    few, many = (float(np.median(kept)) for kept in taken)
    benchmark.extra_info.update(few_ms=1000 * few, many_ms=1000 * many, ratio=many / few)
    assert many <= BOUND * few
