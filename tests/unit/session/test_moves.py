"""Gestures: what a drag, a wheel and a hand do to window, zoom and pan."""

import math

import numpy as np
import pytest

from viewer.imaging.window import apply_window
from viewer.session.moves import MAX_ZOOM, MIN_ZOOM, dragged, panned, usable, zoomed
from viewer.session.state import Presentation
from viewer.study import Window

SIZE = {"rows": 300, "cols": 400}


def test_dragging_right_is_wider_and_up_is_brighter():
    start = Window(40, 400)
    assert dragged(start, 50, 0).width > start.width
    assert dragged(start, -50, 0).width < start.width
    assert dragged(start, 0, -50).center < start.center
    assert dragged(start, 0, 50).center > start.center


def test_up_is_brighter_on_a_negative_picture_too():
    start = Window(40, 400)
    values = np.array([40.0])
    brighter = dragged(start, 0, -50, negative=True)
    assert 255 - apply_window(values, brighter)[0] > 255 - apply_window(values, start)[0]


def test_dragging_back_brings_the_window_back():
    start = Window(40, 400)
    back = dragged(dragged(start, 70, 0), -70, 0)
    assert back.width == pytest.approx(start.width)
    assert back.center == pytest.approx(start.center)


@pytest.mark.parametrize(
    "window", [Window(40, 400), Window(0.5, 0.01, "LINEAR_EXACT"), Window(5, 3, "SIGMOID")]
)
@pytest.mark.parametrize("dx", [-1e9, -300, 0, 300, 1e9])
def test_no_drag_leads_to_a_window_that_cannot_be_drawn(window, dx):
    for _ in range(20):
        window = dragged(window, dx, 17)
    assert apply_window(np.array([0.0, 1.0]), window).dtype == np.uint8


def test_a_narrow_linear_window_becomes_exact():
    assert usable(Window(1, 0.5)) == Window(1, 0.5, "LINEAR_EXACT")
    assert usable(Window(1, 1)) == Window(1, 1)
    assert usable(Window(1, -3)).width > 0
    assert usable(Window(math.nan, 3)) is None
    assert usable(Window(0, math.inf)) is None


def on_screen(presentation, x, y):
    """Where slice point (x, y) lies from the viewport's centre, in slice pixels at zoom 1."""
    at = presentation.pan or (SIZE["cols"] / 2, SIZE["rows"] / 2)
    return (x - at[0]) * presentation.zoom, (y - at[1]) * presentation.zoom


@pytest.mark.parametrize("factor", [0.8, 1.25, 3.0])
@pytest.mark.parametrize("start", [Presentation(), Presentation(2.0, (150.0, 120.0))])
def test_what_is_under_the_cursor_stays_under_it(start, factor):
    after = zoomed(start, factor, 180, 140, **SIZE)
    assert after.zoom == pytest.approx(start.zoom * factor)
    assert on_screen(after, 180, 140) == pytest.approx(on_screen(start, 180, 140))


def test_zoom_stops_at_its_ends():
    near = far = Presentation()
    for _ in range(100):
        near, far = zoomed(near, 1.5, 200, 150, **SIZE), zoomed(far, 0.5, 200, 150, **SIZE)
    assert near.zoom == MAX_ZOOM
    assert far.zoom == MIN_ZOOM
    assert zoomed(near, math.nan, 0, 0, **SIZE) is near


def test_the_picture_moves_with_the_hand_and_never_out_of_reach():
    assert on_screen(panned(Presentation(), 10, -4, **SIZE), 200, 150) == (10, -4)
    lost = panned(Presentation(), 1e6, 1e6, **SIZE)
    assert lost.pan == (0, 0)
