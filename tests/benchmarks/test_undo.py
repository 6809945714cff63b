"""What 500 undo steps cost. Memory and not time is measured, so this runs with all other tests."""

import tracemalloc
from dataclasses import replace

from viewer.annotate.mark import Mark, new_id
from viewer.session.history import MOST, History
from viewer.session.state import ViewerState

START = ViewerState(series="a")


def mark(points):
    return Mark(new_id(), "freehand", "1", "a", ("a.0", 0), points)


def test_500_steps_are_kept_and_cost_less_than_20_mb():
    """Each step moves one of 40 freehand regions of 200 points: the worst a drag does."""
    history = History()
    points = tuple((float(i), 0.5, 0.5) for i in range(200))
    marks = tuple(mark(points) for _ in range(40))
    now = replace(START, marks=marks)
    tracemalloc.start()
    for step in range(MOST + 20):
        moved = tuple((x + step, y, z) for x, y, z in points)
        at = step % len(marks)
        changed = replace(now.marks[at], points=moved)
        new = replace(now, marks=(*now.marks[:at], changed, *now.marks[at + 1 :]))
        history.record(now, new)
        now = new
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 20e6
    taken_back = 0
    while history.undo_title:
        now = replace(now, **history.undo(now))
        taken_back += 1
    assert taken_back == MOST
