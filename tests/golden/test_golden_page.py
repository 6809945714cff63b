"""The report page as it should look. Renew with: pytest tests/golden --approve, and look at what changed."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

from tests.support import golden
from tests.support.report_views import drawn_on, make_report, make_view
from viewer.report import document, page
from viewer.report.document import Document
from viewer.session.state import Overlay

EXPECTED = Path(__file__).parent / "expected"
WIDTH = 1200
OUTSIDE = ("The model is made for axial slices; these are sagittal.",)


def contact_page() -> Document:
    """Three slices, one drawn on, one not analysed."""
    few = dataclasses.replace(drawn_on(make_view()), marks=drawn_on(make_view()).marks[4:6])
    views = few, make_view(), make_view(96, 256, spacing=(3.0, 0.9), analysed=False)
    return Document(tuple(make_report(view) for view in views), contact=True)


PAGES = {
    "page": lambda: make_report(comment="Enhancing lesion, left frontal.\nThe evidence lies on it."),
    "page_deidentified_no_evidence": lambda: make_report(make_view(empty=True), deidentify=True),
    "page_anisotropic_outside": lambda: make_report(
        make_view(
            96,
            256,
            spacing=(3.0, 0.9),
            outside=OUTSIDE,
            overlay=Overlay(opacity=0.7, threshold=0.05, scale="relative", evidence="signed"),
            heat_range=(-3.2, 3.2),
            name="VERYLONGFAMILYNAME^WITH MANY GIVEN NAMES " * 3,
        )
    ),
    "page_marks": lambda: make_report(drawn_on(make_view()), comment="Every kind of mark."),
    "page_contact": contact_page,
    "page_not_analysed": lambda: make_report(make_view(320, 180, spacing=None, analysed=False)),
}


@pytest.fixture(autouse=True)
def application(qapp):
    """Text needs one."""


@pytest.fixture
def approve(request):
    return request.config.getoption("--approve")


def drawn(name: str) -> QImage:
    """The page, with versions that do not change from one machine to the next."""
    made = PAGES[name]()
    one = made if isinstance(made, Document) else Document((made,))
    versions = (("glassbox", "0.1.0"), ("python", "3.11"))
    reports = tuple(dataclasses.replace(report, software=versions) for report in one.reports)
    return document.draw(dataclasses.replace(one, reports=reports), WIDTH)


@pytest.mark.parametrize("name", PAGES)
def test_the_page_looks_as_it_was_approved(name, approve):
    golden.hold(drawn(name), EXPECTED / f"{name}.png", approve=approve)


def test_a_page_with_another_colour_map_would_be_noticed(tmp_path, monkeypatch):
    other = make_report(
        make_view(overlay=Overlay(colormap="viridis")),
        comment="Enhancing lesion, left frontal.\nThe evidence lies on it.",
    )
    (tmp_path / "expected").mkdir()
    drawn("page").save(str(tmp_path / "expected" / "page.png"))
    with pytest.raises(pytest.fail.Exception, match=r"other colours|instead of"):
        golden.hold(page.draw(other, WIDTH), tmp_path / "expected" / "page.png", approve=False)
    assert (tmp_path / "failed" / "page.actual.png").exists()
    assert (tmp_path / "failed" / "page.expected.png").exists()


def test_a_single_missing_word_would_be_noticed(tmp_path):
    (tmp_path / "expected").mkdir()
    drawn("page").save(str(tmp_path / "expected" / "page.png"))
    made = dataclasses.replace(PAGES["page"](), software=(("glassbox", "0.1.0"), ("python", "3.11")))
    shortened = dataclasses.replace(made, disclaimer="AI output is investigational.")
    with pytest.raises(pytest.fail.Exception, match="other colours"):
        golden.hold(page.draw(shortened, WIDTH), tmp_path / "expected" / "page.png", approve=False)
    assert (tmp_path / "failed" / "page.difference.png").exists()


@pytest.mark.parametrize("side", ["source", "overlay"])
def test_page_and_screen_show_the_same_pixels(qtbot, side):
    """One slice pixel on one pixel of screen and page: what lies between the marks is equal, bit for bit."""
    from tests.support.headless_view import HeadlessView
    from viewer.controller import Controller
    from viewer.ui.viewport import Viewport

    edge = 1110  # the width of a picture on a page of 2400
    view = make_view(edge, edge, overlay=Overlay(visible=side == "overlay", opacity=0.6))
    sheet = golden.colors(page.draw(make_report(view), page.WIDTH))
    controller = Controller()
    controller.attach(HeadlessView())
    screen = Viewport(controller)
    qtbot.addWidget(screen)
    screen.resize(edge, edge)
    screen.show_view(view)
    shown = golden.colors(screen.grab().toImage())
    assert controller.shutdown(20_000)
    left = 72 if side == "source" else 72 + edge + 36
    top = int(np.flatnonzero((sheet[:, left : left + edge] < 8).all(axis=2).mean(axis=1) > 0.5)[0])
    inner = slice(150, 900)
    on_page = sheet[top : top + edge, left : left + edge][inner, inner]
    assert np.ptp(on_page) > 100
    assert np.array_equal(on_page, shown[inner, inner])
