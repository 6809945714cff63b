"""For those who cannot see the window, or hold no mouse: every control has a name, and Tab comes by it."""

import importlib
import pkgutil
from dataclasses import replace

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTextEdit,
    QWidget,
)
from shiboken6 import isValid

import viewer.ui
from tests.support.clipping import clipped
from tests.support.mark_factory import make_mark
from tests.support.stand_ins import bundle_of
from viewer.annotate import shape
from viewer.annotate.mark import KeyImage, ShownMark
from viewer.notice import Notice
from viewer.report.gather import Source
from viewer.session.kept import Recent
from viewer.study import ScanResult
from viewer.ui.room import Room
from viewer.ui.viewport import Viewport

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
)
OPENED_BY = {
    "AboutDialog": "help.about",
    "GuideWindow": "help.guide",
    "KeyDialog": "view.keys",
    "KeySheet": "help.keys",
    "LicencesDialog": "help.licences",
    "RecentDialog": "study.recent",
    "ReportDialog": "report.export",
    "ScaleDialog": "view.scale",
    "TagBrowser": "image.tags",
    "VerifyDialog": "help.verify",
    "WindowDialog": "window.numbers",
}
"""Dialog -> the command that opens it."""
BY_HAND = {
    "DetailsDialog": lambda window: window.show_skipped((("a.dcm", "It is empty."),)),
    "ModelCardDialog": lambda window: window.show_model_card(),
    "StudyQuestion": lambda window: window.ask_study("The study of this report is not open."),
}
"""Dialog -> how it opens where a command alone does not do it."""


def own(widget: QWidget) -> list[QWidget]:
    """The controls that can be seen in a window, without the parts that Qt makes of them."""
    return [
        one
        for one in widget.findChildren(QWidget)
        if isinstance(one, (*CONTROLS, QProgressBar, Viewport))
        and not isinstance(one, QScrollBar)
        and (not one.objectName().startswith("qt_") or one.objectName() == "qt_toolbar_ext_button")
        and not isinstance(one.parent(), (QAbstractSpinBox, QComboBox, QLineEdit))
        and not (one.inherits("QTableCornerButton") or one.inherits("QHeaderView"))
        and one.isVisible()
        and one.window() is widget
    ]


def heard(one: QWidget) -> str:
    """The name that a screen reader says."""
    interface = QAccessible.queryAccessibleInterface(one)
    return interface.text(QAccessible.Text.Name) if interface is not None else ""


def nameless(widget: QWidget) -> list[str]:
    return [
        f"{type(one).__name__} {one.objectName()} in {type(one.parent()).__name__}"
        for one in own(widget)
        if not heard(one)
    ]


def all_dialogs() -> set[str]:
    for module in pkgutil.iter_modules(viewer.ui.__path__):
        importlib.import_module(f"viewer.ui.{module.name}")

    def below(kind):
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    found = {one.__name__ for one in below(QDialog) if one.__module__.startswith("viewer.")}
    return found - {"WorkingDialog"}  # what others are made of: it is never opened itself


@pytest.fixture
def full(window, show, analysed, qtbot, monkeypatch):
    """The window with every panel, section, line of progress and notice open, and a mark and a key image."""
    monkeypatch.setattr(Room, "_room", lambda self: QSize(1920, 1080))
    window.resize(1900, 1000)
    series, header = analysed.series, analysed.slice.header
    where = {"study": series.study_instance_uid, "series": series.uid}
    corners = shape.from_drag("rectangle", (10, 10), (40, 30), 2.0)
    mark = make_mark("rectangle", corners, header, **where)
    marked = replace(
        analysed,
        all_marks=(mark,),
        marks=(ShownMark(mark, corners),),
        chosen_mark=mark.id,
        key_images=(KeyImage(**where, instance=header.key),),
    )
    window.show_scan(ScanResult((series,)), running=False)
    show(marked)
    for name in window.docks:
        if not window.is_panel_open(name):
            window.toggle_panel(name)
    window.toggle_panel("levels")
    qtbot.waitUntil(lambda: window.marks.made and window._levels.plot is not None)
    for section in window.ai.sections:
        section.set_opened(True)
    window.show_progress("inference", "Analysing", 12, 128)
    window.show_notice(Notice("Something.", details=(("a", "b"),)))
    show(marked)
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    return window


def test_every_control_of_the_window_has_a_name(full):
    assert all(dock.isVisible() for dock in full.docks.values()) and len(own(full)) > 50
    assert not nameless(full)
    assert heard(full) and all(heard(dock) for dock in full.docks.values())


def test_every_control_of_the_start_page_has_a_name(window):
    window.show_recent([Recent(f"/study{number}") for number in range(9)])
    window.show_unfinished(Recent("/study1"))
    assert window.start.recent.search.isVisible() and window.start.unfinished.isVisible()
    assert not nameless(window)


def test_every_dialog_is_looked_at_here():
    assert all_dialogs() == {*OPENED_BY, *BY_HAND}


@pytest.fixture(params=sorted({*OPENED_BY, *BY_HAND}))
def dialog(request, window, show, analysed, intents, qtbot):
    """Each dialog in turn, opened as a reader opens it."""
    show(replace(analysed, card=bundle_of().card))
    intents.report_source = lambda: Source(intents.view)
    if request.param in OPENED_BY:
        window.action(OPENED_BY[request.param]).trigger()
    else:
        BY_HAND[request.param](window)
    made = next(one for one in QApplication.topLevelWidgets() if type(one).__name__ == request.param)
    made.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is made)
    runner = getattr(made, "_runner", None)
    if runner is not None:  # it draws the page
        qtbot.waitUntil(lambda: not runner.busy, timeout=20_000)
    yield made
    if isValid(made):
        made.close()


def walked(start: QWidget, most: int = 200) -> set[QWidget]:
    """Where Tab comes by, round once from `start`."""
    start.setFocus()
    seen: set[QWidget] = set()
    for _ in range(most):
        at = QApplication.focusWidget()
        if at is None or at in seen:
            break
        seen.add(at)
        QTest.keyClick(at, Qt.Key.Key_Tab)
    return seen


def missed(widget: QWidget, seen: set[QWidget]) -> list[str]:
    """Controls in force that Tab does not come by. Of a group of radio buttons it comes by one."""
    return [
        f"{type(one).__name__} “{heard(one)}”"
        for one in own(widget)
        if one.isEnabled()
        and not isinstance(one, QProgressBar)
        and one not in seen
        and one.focusProxy() not in seen
    ]


def test_tab_comes_by_every_control_of_the_window(full):
    assert not missed(full, walked(full.viewport))


def test_tab_comes_by_every_control_of_the_start_page(window, qtbot):
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    assert not missed(window, walked(window.start.folder))


def test_a_dialog_is_named_walked_by_tab_and_closed_by_esc(dialog, qtbot):
    assert not nameless(dialog) and heard(dialog) and not clipped(dialog)
    assert not missed(dialog, walked(next(one for one in own(dialog) if one.isEnabled())))
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(dialog) or not dialog.isVisible())


def test_arrows_belong_to_the_list_that_tab_came_to(full, intents):
    evidence = full.ai.overlay.evidence
    evidence.setFocus()
    before = len(intents.named("step"))
    QTest.keyClick(evidence, Qt.Key.Key_Down)
    assert intents.named("set_overlay")[-1] == {"evidence": "negative"}
    assert len(intents.named("step")) == before
    full.viewport.setFocus()
    QTest.keyClick(full.viewport, Qt.Key.Key_Down)
    assert len(intents.named("step")) == before + 1


def test_a_letter_typed_into_a_text_is_a_letter_and_no_command(full, intents):
    fields = [one for one in own(full) if isinstance(one, (QLineEdit, QPlainTextEdit)) and one.isEnabled()]
    assert len(fields) >= 2
    for field in fields:
        field.setFocus()
        del intents.calls[:]
        QTest.keyClicks(field, "hi R?")
        written = field.text() if isinstance(field, QLineEdit) else field.toPlainText()
        assert "hi R?" in written
        ran = {name for name, _ in intents.calls}
        assert not ran & {"toggle_overlay", "toggle_invert", "reset", "peek"}, ran


def test_the_menus_open_by_alt_and_their_initial(window):
    for name, menu in window.menus.menus.items():
        assert menu.title() == f"&{name}"
