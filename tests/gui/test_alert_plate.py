"""The plate with an alert hides no other text in the picture where there is room for it anywhere."""

import pytest
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QColor, QFont

from viewer.ui.alert_plate import AlertPlate
from viewer.ui.marks import TextPainter

NOTE = "nodule 0.00 is below this model's operating point 0.18: no map is shown.\nExplain Anyway: Shift+H."
HINT = "Drag a box over what the network is not to see. Esc puts the tool away."


@pytest.fixture
def text(qapp):
    return TextPainter(QFont())


@pytest.fixture
def plate(text):
    return AlertPlate(text, alert=QColor("orange"), quiet=QColor("grey"))


def corners(text, inner: QRectF) -> list[QRectF]:
    """Five lines in the upper left, four in the lower right, as wide as they may be."""
    wide = inner.width() * 0.45
    foot = inner.bottom() - 4 * text.line
    return [
        QRectF(inner.topLeft(), QSizeF(wide, 5 * text.line)),
        QRectF(inner.right() - wide, foot, wide, 4 * text.line),
    ]


def said(plate) -> str:
    return " ".join(line for line, _ in plate._lines)


def hides(plate, taken) -> bool:
    return any(plate.area.intersects(one) for one in taken)


@pytest.mark.parametrize("width", [900, 320])
def test_the_alert_hides_no_text_and_stays_in_the_picture(plate, text, width):
    inner = QRectF(10, 8, width, 18 * text.line)
    taken = corners(text, inner)
    plate.say(NOTE, "", inner, inner.top() + 4 * text.line, taken)
    assert said(plate) == NOTE.replace("\n", " ")
    assert inner.contains(plate.area) and not hides(plate, taken)


def test_where_there_is_no_room_for_both_the_hint_goes_and_not_the_alert(plate, text):
    inner = QRectF(10, 8, 320, 15 * text.line)
    taken = corners(text, inner)
    plate.say(NOTE, HINT, inner, inner.top() + 4 * text.line, taken)
    assert said(plate) == NOTE.replace("\n", " ") and not hides(plate, taken)


def test_in_a_picture_too_small_for_all_of_it_the_alert_is_shown_all_the_same(plate, text):
    inner = QRectF(10, 8, 200, 9 * text.line)
    plate.say(NOTE, HINT, inner, inner.top() + 4 * text.line, corners(text, inner))
    assert said(plate) == NOTE.replace("\n", " ")


def test_without_a_word_there_is_no_plate(plate, text):
    plate.say(NOTE, "", QRectF(0, 0, 500, 300), 40.0, ())
    plate.say("", "", QRectF(0, 0, 500, 300), 40.0, ())
    assert plate.area.isNull()
