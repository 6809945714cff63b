"""A report of a turned or mirrored picture shows and records it as the reader saw it."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from tests.support.report_views import make_report, make_view
from viewer.report import page, picture, record
from viewer.session.state import Presentation

STATES = [(quarters, flipped) for quarters in range(4) for flipped in (False, True)]


@pytest.fixture(autouse=True)
def application(qapp):
    """Text needs one."""


def pixels_of(image: QImage) -> np.ndarray:
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return data[:, : image.width(), 2::-1].astype(int)


def painted(report, size: tuple[int, int]) -> np.ndarray:
    """The source picture alone in an area of (width, height), without letters, words and scale bar."""
    canvas = QImage(*size, QImage.Format.Format_RGB32)
    target = picture.placed(report.image, QRectF(0, 0, *size))
    canvas.fill(0)
    painter = QPainter(canvas)
    picture.paint(
        painter, QRectF(0, 0, *size), report.pictures.source, replace(report.image, letters=("",) * 4)
    )
    painter.end()
    left, top = int(target.left()), int(target.top())
    return pixels_of(canvas)[top : top + int(target.height()), left : left + int(target.width())]


@pytest.mark.parametrize(("quarters", "flipped"), STATES)
def test_the_page_shows_the_picture_as_it_stood_on_the_screen(quarters, flipped):
    view = make_view(120, 200, spacing=(1.5, 0.9), analysed=False)
    plain = painted(make_report(view), (600, 600))
    look = Presentation(quarter_turns=quarters, flipped=flipped)
    turned = painted(make_report(replace(view, presentation=look)), (600, 600))
    expected = np.rot90(np.fliplr(plain) if flipped else plain, -quarters)
    assert turned.shape == expected.shape
    inner = np.s_[130:-130, 130:-130]  # beside the words and the scale bar
    assert np.abs(turned[inner] - expected[inner]).mean() < 2


@pytest.mark.parametrize(("quarters", "flipped"), STATES)
def test_the_record_tells_how_the_picture_stood(quarters, flipped):
    look = Presentation(3.0, (4.0, 5.0), quarters, flipped)
    made = make_report(make_view(presentation=look, letters=("A", "P", "H", "F")))
    assert (made.image.quarter_turns, made.image.flipped) == (quarters, flipped)
    assert made.image.letters == ("A", "P", "H", "F")
    assert record.from_json(record.to_json(made)) == made


def test_turning_changes_no_digest_for_the_slice_is_the_same():
    turned = make_report(make_view(presentation=Presentation(quarter_turns=1)))
    assert turned.source_sha256 == make_report().source_sha256


def test_a_mirrored_picture_is_marked_on_the_page():
    plain = make_report(make_view(64, 64, values=np.zeros((64, 64), np.int16), analysed=False))
    mirrored = replace(plain, image=replace(plain.image, flipped=True))
    marks = [pixels_of(page.draw(one, 1200)) for one in (plain, mirrored)]
    found = np.abs(marks[0] - marks[1]).max(axis=-1) > 60
    assert found.any()
    warm = marks[1][found]
    assert (warm[:, 0] - warm[:, 2]).max() > 80, "not in the colour of a warning"


def test_a_pixel_that_is_not_square_is_not_square_on_the_page_though_its_size_is_unknown():
    made = make_report(make_view(100, 100, spacing=None))
    tall = replace(made.image, aspect=2.0)
    assert picture.physical_size(tall) == (200.0, 100.0)
    assert picture.physical_size(replace(tall, quarter_turns=1)) == (100.0, 200.0)


@pytest.mark.parametrize(("spacing", "aspect"), [((0.9, 0.3), 3.0), (None, 1.0)])
def test_a_report_of_the_first_schema_is_still_read(spacing, aspect):
    made = make_report(make_view(spacing=spacing))
    table = json.loads(record.to_json(made))
    for name in ("quarter_turns", "flipped", "aspect"):
        del table["image"][name]
    assert record.from_json(json.dumps(table | {"schema": 1})).image == made.image
    assert made.image.aspect == pytest.approx(aspect)
