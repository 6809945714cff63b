"""The panel of marks, its key images and the comment; and what else of the window tells of them."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QContextMenuEvent, QFont
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from tests.support.marked_study import FOUND, OTHER, SERIES, SLICES, mark_on, view_of
from viewer.annotate.mark import Figure, Histogram, KeyImage, Mark, ShownMark, Statistics
from viewer.annotate.statistics import ENERGY, MEAN, SD
from viewer.session.marks import shown_mark
from viewer.session.resolved_view import ResolvedView
from viewer.study import Geometry, ScanResult
from viewer.ui import key_badge, theme
from viewer.ui.key_badge import badge_room, badge_words
from viewer.ui.mark_rows import NOT_OPEN, Heading, Row
from viewer.ui.marks import TextPainter
from viewer.ui.marks_panel import MarksPanel
from viewer.ui.series_panel import SeriesPanel
from viewer.ui.slice_ribbon import SliceRibbon

ROW = Qt.ItemDataRole.UserRole


def measured(mark: Mark, mean: float) -> ShownMark:
    """A region as it stands on its slice, with figures of its pixels and of a heatmap."""
    index = [header.key for header in SERIES.slices].index(mark.instance)
    shown = shown_mark(mark, SERIES, SERIES.slices[index], SLICES[index])
    figures = (Figure(MEAN, mean, "HU"), Figure(SD, 2.0, "HU"), Figure(ENERGY, 0.42, chance=0.1))
    return replace(shown, statistics=Statistics(figures, Histogram(0.0, 4.0, (3, 0, 5, 1))))


@pytest.fixture
def panel(qtbot, intents):
    """The panel alone, open on the study."""
    made = MarksPanel(intents)
    qtbot.addWidget(made)
    made.resize(300, 900)
    made.show_scan(FOUND)
    made.show()
    qtbot.waitUntil(lambda: made.made)
    return made


@pytest.fixture
def put(panel, intents):
    """Show a view in the panel, as the controller would: `put(view)`."""

    def shown(view: ResolvedView) -> None:
        intents.view = view
        panel.show_view(view)

    return shown


@pytest.fixture
def in_window(window, show, qtbot):
    """The panel in the window that has the keys, with its shortcuts."""
    window.show_scan(FOUND, running=False)
    show(view_of())
    window.action("view.marks_panel").trigger()
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=3000)
    qtbot.waitUntil(lambda: window.marks.made)
    return window.marks


def said(panel) -> list[str]:
    """Every row of the list as it is drawn."""
    model = panel.marks.list.marks
    return [
        row.text if isinstance(row, Heading) else " | ".join(line for line in model.words.lines(row) if line)
        for row in model.rows
    ]


def click(panel, mark: Mark, button=Qt.MouseButton.LeftButton) -> None:
    shown = panel.marks.list
    place = shown.visualRect(shown.marks.find(mark.id)).center()
    QTest.mouseClick(shown.viewport(), button, pos=place)


# The list


def test_all_marks_of_the_study_are_listed_slice_by_slice_with_their_figures(panel, put):
    far, near = mark_on(1, "rectangle", OTHER), mark_on(4)
    put(view_of(far, near, mark_on(0, text="Nodule"), mark_on(0, "rectangle")))
    assert said(panel) == [
        "Se 1 · Im 1 of 6",
        "Nodule | Length · 30.0 mm",
        "Rectangle | 300 mm²",
        "Se 1 · Im 5 of 6",
        "Length | 30.0 mm",
        "Se 2 · Im 2 of 3",
        "Rectangle | 300 mm²",
    ]


def test_a_click_on_a_mark_goes_there(panel, put, intents):
    first, second = mark_on(0), mark_on(4)
    put(view_of(first, second))
    click(panel, second)
    assert intents.named("marks.go_to") == [(second.id,)]


def test_a_click_goes_back_to_a_mark_that_is_chosen_already_but_out_of_sight(panel, put, intents):
    mark = mark_on(4)
    put(view_of(mark, index=1, chosen_mark=mark.id))
    click(panel, mark)
    assert intents.named("marks.go_to") == [(mark.id,)]


def test_showing_marks_asks_for_nothing(panel, put, intents):
    marks = [mark_on(index) for index in (0, 2, 4)]
    for chosen in (*marks, marks[0]):
        put(view_of(*marks, chosen_mark=chosen.id))
        assert panel.marks.list.currentIndex().data(ROW).mark is chosen
    put(view_of(*marks))
    assert not panel.marks.list.currentIndex().isValid() and panel.marks.chosen.isHidden()
    assert [name for name, _ in intents.calls if name.startswith(("marks", "key"))] == []


def test_the_list_is_worked_by_keys_alone(in_window, window, show, intents):
    marks = [mark_on(index) for index in (0, 2, 4)]
    show(view_of(*marks, chosen_mark=marks[0].id))
    in_window.marks.list.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(in_window.marks.list, Qt.Key.Key_Down)
    assert intents.named("marks.go_to") == [(marks[1].id,)], "over the heading, to the next mark"
    QTest.keyClick(in_window.marks.list, Qt.Key.Key_End)
    assert intents.named("marks.go_to")[-1] == (marks[2].id,)
    QTest.keyClick(in_window.marks.list, Qt.Key.Key_Delete)
    assert intents.named("marks.delete") == [(marks[2].id,)]
    show(view_of(*marks, chosen_mark=marks[2].id))
    QTest.keyClick(in_window.marks.list, Qt.Key.Key_F2)
    assert in_window.marks.chosen.name.hasFocus()
    assert not intents.named("step") and not intents.named("go_to"), (
        "the keys of the picture stayed out of it"
    )


def test_a_click_leaves_the_keys_with_the_picture(in_window, window, show, intents):
    mark = mark_on(4)
    show(view_of(mark))
    window.viewport.setFocus()
    click(in_window, mark)
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    assert intents.named("step") == [(1,)]


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # offscreen, of a popup
@pytest.mark.parametrize("reason", ["Mouse", "Keyboard"])
def test_the_menu_of_a_mark_opens_in_the_list_too(panel, put, intents, reason):
    mark = mark_on(4)
    put(view_of(mark, chosen_mark=mark.id))
    shown = panel.marks.list
    place = shown.visualRect(shown.marks.find(mark.id)).center()
    where = shown.viewport().mapToGlobal(place)
    asked = QContextMenuEvent(getattr(QContextMenuEvent.Reason, reason), place, where)
    QApplication.sendEvent(shown.viewport(), asked)
    (menu,) = shown.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)
    texts = [action.text() for action in menu.actions()]
    assert {"Text…", "Colour", "Locked", "Delete"} <= set(texts)
    menu.actions()[texts.index("Locked")].trigger()
    menu.close()
    assert intents.named("marks.go_to") == [(mark.id,)]
    assert intents.named("marks.change") == [{"locked": True}]


def test_a_mark_of_a_slice_that_is_not_open_comes_last_and_says_so(panel, put):
    lost = replace(mark_on(0), id="lost", instance=("nowhere", 0))
    put(view_of(lost, mark_on(4), chosen_mark="lost"))
    assert said(panel)[-2:] == [NOT_OPEN, "Length"]
    assert "not among the files" in panel.marks.chosen.note.text()


def test_of_five_hundred_marks_only_those_in_sight_are_worked_out(panel, put, qtbot, monkeypatch):
    asked = []
    words = panel.marks.list.marks.words
    lines = words.lines
    monkeypatch.setattr(words, "lines", lambda row: asked.append(row.mark.id) or lines(row))
    marks = [replace(mark_on(number % 6), id=str(number)) for number in range(500)]
    put(view_of(*marks, index=1, chosen_mark="0"))
    qtbot.wait(30)
    assert 0 < len(set(asked)) < 30
    assert sum(isinstance(row, Row) for row in panel.marks.list.marks.rows) == 500


# Never a stale figure


def test_what_changes_is_drawn_at_once(panel, put, qtbot, monkeypatch):
    drawn = []
    words = panel.marks.list.marks.words
    lines = words.lines
    monkeypatch.setattr(words, "lines", lambda row: drawn.append(lines(row)) or drawn[-1])
    mark = mark_on(2, "rectangle")
    for asked, expected in (
        (view_of(mark), "300 mm²"),
        (
            view_of(mark, shown=[measured(mark, 41.0)]),
            "300 mm² · Mean 41.0 HU · SD 2.0 · Heat 42 % (by chance 10 %)",
        ),
        (view_of(replace(mark, text="Node")), "Rectangle · 300 mm²"),
    ):
        qtbot.wait(5)
        drawn.clear()
        put(asked)
        qtbot.waitUntil(lambda expected=expected: expected in [figures for _, figures in drawn], timeout=2000)


def test_a_region_that_changes_has_no_figure_of_its_old_pixels(panel, put):
    mark = mark_on(2, "rectangle")
    put(view_of(mark, shown=[measured(mark, 41.0)], chosen_mark=mark.id))
    chosen = panel.marks.chosen
    assert "41.0 HU" in chosen.figures.text() and chosen.histogram.histogram.counts == (3, 0, 5, 1)
    assert said(panel)[1].startswith("Rectangle | 300 mm² · Mean 41.0 HU")
    wider = replace(mark, points=tuple((2 * x, y, z) for x, y, z in mark.points))
    put(view_of(wider, chosen_mark=mark.id))
    assert "600 mm²" in chosen.figures.text() and "HU" not in chosen.figures.text()
    assert chosen.histogram.histogram is None and "Measuring" in chosen.note.text()
    assert said(panel)[1] == "Rectangle | 600 mm²"


def test_figures_of_pixels_stay_in_the_list_while_another_slice_is_shown_but_not_those_of_its_heatmap(
    panel, put
):
    mark = mark_on(2, "rectangle")
    put(view_of(mark, shown=[measured(mark, 41.0)]))
    assert "Heat 42 %" in said(panel)[1]
    put(view_of(mark, index=3))
    assert said(panel)[1] == "Rectangle | 300 mm² · Mean 41.0 HU · SD 2.0"
    wider = replace(mark, points=tuple((2 * x, y, z) for x, y, z in mark.points))
    put(view_of(wider, index=3))
    assert said(panel)[1] == "Rectangle | 600 mm²"
    put(view_of(mark, index=3))
    assert "Mean 41.0 HU" in said(panel)[1], "undone: it is the same region again"


@pytest.mark.parametrize("height", [900, 300])
def test_no_figure_is_cut_off_whenever_it_comes(panel, put, qtbot, height):
    panel.resize(300, height)
    mark = mark_on(2, "rectangle")
    full = measured(mark, 41.0)
    many = tuple(Figure(f"A figure with a long name {number}", 1.0, chance=0.5) for number in range(9))
    more = replace(full, statistics=replace(full.statistics, figures=many))
    chosen = panel.marks.chosen
    for shown in (full, replace(full, statistics=None), more, replace(full, statistics=None), full):
        put(view_of(mark, shown=[shown], chosen_mark=mark.id))
        put(view_of(mark, shown=[shown], chosen_mark=mark.id))
        qtbot.wait(20)
        for label in (chosen.figures, chosen.note):
            assert label.isHidden() or label.height() >= label.heightForWidth(label.width())
        assert chosen.histogram.height() >= chosen.histogram.sizeHint().height()
        assert chosen.figures.geometry().bottom() < chosen.histogram.geometry().top()
    panel.resize(panel.width() - 50, height)
    qtbot.wait(20)
    assert chosen.figures.height() >= chosen.figures.heightForWidth(chosen.figures.width())


def test_a_region_that_cannot_be_measured_says_why(panel, put):
    mark = mark_on(2, "rectangle")
    shown = replace(measured(mark, 1.0), statistics=Statistics(why_not="No pixel lies in it."))
    put(view_of(mark, shown=[shown], chosen_mark=mark.id))
    assert panel.marks.chosen.note.text() == "No pixel lies in it."


def test_other_series_make_every_figure_anew(panel, put):
    mark = mark_on(2)
    put(view_of(mark, index=3))
    assert said(panel)[1] == "Length | 30.0 mm"
    slices = [replace(one, geometry=Geometry()) for one in SERIES.slices]
    panel.show_scan(ScanResult((replace(SERIES, slices=tuple(slices)),)))
    assert "mm" not in said(panel)[1], "without a place in the patient there is no length in mm"


# The chosen mark


def test_a_name_is_told_letter_by_letter_and_takes_no_tool_in_hand(in_window, window, show, intents):
    mark = mark_on(2)
    show(view_of(mark, chosen_mark=mark.id))
    in_window.marks.chosen.name.setFocus()
    QTest.keyClicks(in_window.marks.chosen.name, "LA")
    QTest.keyClick(in_window.marks.chosen.name, Qt.Key.Key_Left)
    assert intents.named("marks.change") == [{"text": "L"}, {"text": "LA"}]
    assert not intents.named("set_tool") and not intents.named("step_series")
    QTest.keyClick(in_window.marks.chosen.name, Qt.Key.Key_Return)
    assert window.viewport.hasFocus()


def test_a_text_that_is_undone_goes_from_the_field_too(panel, put):
    mark = mark_on(2, text="Nodule")
    put(view_of(mark, chosen_mark=mark.id))
    assert panel.marks.chosen.name.text() == "Nodule"
    put(view_of(replace(mark, text=""), chosen_mark=mark.id))
    assert panel.marks.chosen.name.text() == ""


def test_colour_lock_and_deletion_are_one_click_each(panel, put, intents):
    mark = mark_on(2)
    put(view_of(mark, chosen_mark=mark.id))
    chosen = panel.marks.chosen
    chosen.color.activated.emit(chosen.color.findData("cyan"))
    chosen.lock.click()
    chosen.delete.click()
    assert intents.named("marks.change") == [{"color": "cyan"}, {"locked": True}]
    assert intents.named("marks.delete") == [(mark.id,)]


def test_a_locked_mark_can_be_unlocked_and_nothing_else(panel, put, intents):
    mark = mark_on(2, locked=True)
    put(view_of(mark, chosen_mark=mark.id))
    chosen = panel.marks.chosen
    assert not any(widget.isEnabled() for widget in (chosen.name, chosen.color, chosen.delete))
    assert chosen.lock.accessibleName() == "Unlock the mark"
    chosen.lock.click()
    assert intents.named("marks.change") == [{"locked": False}]


def test_hidden_marks_are_said_to_be_hidden(panel, put, intents):
    mark = mark_on(2)
    put(view_of(mark, shown=[], marks_visible=False))
    assert panel.marks.hidden.isVisible() and said(panel)[1] == "Length | 30.0 mm"
    panel.marks.hidden.click()
    assert intents.named("marks.toggle") == [()]


# Key images


def keys_of(*indices: int, series=SERIES) -> tuple[KeyImage, ...]:
    return tuple(KeyImage("1", series.uid, series.slices[index].key) for index in indices)


def test_key_images_stand_in_the_order_of_the_study_and_a_click_goes_there(panel, put, intents):
    put(view_of(key_images=(*keys_of(1, series=OTHER), *keys_of(4, 2))))
    rows = panel.keys.list
    texts = [rows.item(number).text() for number in range(rows.count())]
    assert texts == ["Se 1 · Im 3 of 6", "Se 1 · Im 5 of 6", "Se 2 · Im 2 of 3"]
    assert rows.currentRow() == 0
    QTest.mouseClick(
        rows.viewport(), Qt.MouseButton.LeftButton, pos=rows.visualItemRect(rows.item(2)).center()
    )
    assert intents.calls[-2:] == [("select_series", (OTHER.uid,)), ("go_to", (1,))]


def test_the_filter_is_a_switch_that_shows_what_holds(panel, put, intents):
    put(view_of())
    assert not panel.keys.only.isEnabled() and "No key images" in panel.keys.note.text()
    put(view_of(key_images=keys_of(2)))
    panel.keys.only.click()
    assert intents.named("key_images.toggle_only") == [()]
    assert not panel.keys.only.isChecked(), "not before it is so"
    put(view_of(key_images=keys_of(2), only_key_images=True))
    assert panel.keys.only.isChecked()


def test_the_picture_wears_a_badge_on_a_key_image():
    keys = keys_of(1, 2, 5)
    assert badge_words(view_of(index=2)) == ""
    assert badge_words(view_of(index=2, key_images=keys)) == "Key image"
    assert badge_words(view_of(index=2, key_images=keys, only_key_images=True)) == "Key images only: 2 of 3"
    assert badge_words(view_of(index=3, key_images=keys, only_key_images=True)) == "Not a key image"
    more = (*keys, *keys_of(0, series=OTHER))
    assert badge_words(view_of(index=5, key_images=more, only_key_images=True)) == (
        "Key images only: 3 of 3 in this series"
    )


@pytest.mark.parametrize(("only", "short"), [(False, ""), (True, "2/3")])
def test_where_other_text_leaves_no_room_the_badge_is_star_and_number_alone(qapp, only, short):
    shown = view_of(index=2, key_images=keys_of(1, 2, 5), only_key_images=only)
    text, area = TextPainter(QFont()), QRectF(0, 0, 400, 300)
    (wide,) = badge_room(area, shown, text)
    free = QRectF(0, 0, wide.left - 1, 200)
    assert badge_room(area, shown, text, [free]) == [wide]
    (narrow,) = badge_room(area, shown, text, [free.adjusted(0, 0, 20, 0)])
    assert narrow.right - narrow.left < wide.right - wide.left - text.width(badge_words(shown)) + 30
    assert key_badge._fitting(area, shown, badge_words(shown), text, [area])[0] == short


def test_the_badge_is_painted(window, show):
    show(view_of())
    plain = window.viewport.grab().toImage()
    show(view_of(key_images=keys_of(2)))
    assert window.viewport.grab().toImage() != plain


@pytest.fixture
def ribbon(qtbot, intents):
    made = SliceRibbon(intents)
    qtbot.addWidget(made)
    made.resize(46, 400)
    made.show()
    return made


def test_the_label_of_a_mark_keeps_clear_of_the_badge(window, show):
    placement = (show(view_of()), window.viewport.placement())[1]
    area, writer = QRectF(window.viewport.rect()), window.viewport._marks.text
    keyed = view_of(key_images=keys_of(2))
    (badge,) = badge_room(area, keyed, writer)
    x, y = placement.to_slice((badge.left + badge.right) / 2, badge.top - 4)
    mark = replace(mark_on(2, "probe"), id="p", text="A name")
    shown = replace(shown_mark(mark, SERIES, SERIES.slices[2], SLICES[2]), points=((x, y),))
    show(replace(keyed, all_marks=(mark,), marks=(shown,)))
    window.viewport.grab()
    (label,) = [one.label for one in window.viewport.marking.layer.laid]
    assert label is not None
    assert label.right <= badge.left or label.left >= badge.right or label.top >= badge.bottom


def test_the_ribbon_ticks_marks_and_key_images_and_names_them(ribbon):
    ribbon.show_view(view_of())

    def color_at(index: int, x: int) -> str:
        image = ribbon.grab().toImage()
        return image.pixelColor(QPoint(x, round(ribbon.band(index).center().y()))).name()

    plain = color_at(4, 10)
    ribbon.show_view(view_of(mark_on(4), mark_on(4, "probe"), key_images=keys_of(1)))
    assert ribbon._tip(4) == "slice 5 of 6, 2 marks" and ribbon._tip(1) == "slice 2 of 6, key image"
    assert len({plain, color_at(4, 10), color_at(1, 10)}) == 3
    assert color_at(3, 10) == plain
    ribbon.show_view(view_of(mark_on(4), key_images=()))
    assert color_at(1, 10) == plain


def test_the_filter_takes_the_light_from_all_other_slices_of_the_ribbon(ribbon):
    found = np.full(6, 0.9, np.float32)

    def brightness() -> list[int]:
        image = ribbon.grab().toImage()
        ys = [round(ribbon.band(index).center().y()) + 4 for index in range(6)]
        return [image.pixelColor(QPoint(ribbon.width() - 9, y)).lightness() for y in ys]

    ribbon.show_view(view_of(ribbon=found, key_images=keys_of(1)))
    before = brightness()
    ribbon.show_view(view_of(ribbon=found, key_images=keys_of(1), only_key_images=True))
    after = brightness()
    assert after[1] == before[1] and all(a < b / 2 for a, b in zip(after[3:], before[3:], strict=True))


def test_a_series_says_how_many_key_images_it_has(qtbot, intents):
    series = SeriesPanel(intents)
    qtbot.addWidget(series)
    series.show_scan(FOUND, running=False)
    series.show_key_images(view_of(key_images=keys_of(2, 4)))
    assert "6 slices · 2 key images" in series.rows()[SERIES.uid]
    assert "key image" not in series.rows()[OTHER.uid]
    series.show_key_images(view_of(key_images=keys_of(2)))
    assert "6 slices · 1 key image" in series.rows()[SERIES.uid]
    series.show_key_images(view_of())
    assert "key image" not in series.rows()[SERIES.uid]


# The comment


def test_a_comment_is_told_letter_by_letter_and_its_keys_are_its_own(in_window, window, show, intents):
    field = in_window.comment.text
    field.setFocus()
    QTest.keyClicks(field, "Ka ")
    for key in (Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_Left, Qt.Key.Key_Home):
        QTest.keyClick(field, key)
    assert intents.named("key_images.set_comment") == [("K",), ("Ka",), ("Ka ",)]
    assert [name for name, _ in intents.calls if name in ("step", "step_series", "go_to", "peek")] == []
    assert not intents.named("key_images.toggle")


def test_the_comment_of_another_study_takes_the_place_of_this_one(panel, put, intents):
    put(view_of(comment="Nodule,\n23 mm"))
    assert panel.comment.text.toPlainText() == "Nodule,\n23 mm"
    put(view_of(comment="No finding"))
    assert panel.comment.text.toPlainText() == "No finding"
    put(view_of())
    assert panel.comment.text.toPlainText() == ""
    assert not intents.named("key_images.set_comment"), "showing a comment writes none"


# Menu and toolbar


def test_undo_and_redo_are_called_by_what_they_do(window, show):
    show(view_of(undo="Draw Length", redo="Window"))
    undo, redo = (window.action(f"edit.{name}") for name in ("undo", "redo"))
    assert (undo.text(), redo.text()) == ("Undo Draw Length", "Redo Window")
    assert undo.toolTip() == "Undo Draw Length (Ctrl+Z)" and undo.isEnabled()
    spoken = [
        place.accessibleName() for place in window.toolbar.findChildren(type(window.toolbar.tools.more))
    ]
    assert "Undo Draw Length" in spoken
    show(view_of())
    assert (undo.text(), undo.isEnabled()) == ("Undo", False)


def test_the_toolbar_shows_which_tool_is_in_hand(window, show):
    more = window.toolbar.tools.more
    window.resize(1500, 760)
    show(view_of(tool="ellipse"))
    assert window.action("tool.ellipse").isChecked() and not more.isChecked()
    show(view_of(tool="cobb"))
    assert more.isChecked() and more.toolTip() == "Cobb Angle is in hand"
    show(view_of())
    assert not more.isChecked()


def test_every_tool_of_the_toolbar_has_its_own_sign(window):
    kinds = window.toolbar.tools._tools
    pictures = {kind: action.icon().pixmap(20).toImage() for kind, action in kinds.items()}
    assert len(pictures) == 11
    different = [
        one for one in pictures.values() if [other == one for other in pictures.values()].count(True) == 1
    ]
    assert len(different) == 11


@pytest.mark.parametrize("width", [1500, 1050, 880, 760])
def test_tools_never_push_the_network_and_the_report_out_of_the_toolbar(window, show, qtbot, width):
    show(view_of(tool="ellipse"))
    window.resize(width, 700)
    qtbot.wait(20)
    assert window.models.analyse.isVisible()
    report = window.toolbar.widgetForAction(window.action("report.export"))
    assert report.isVisible() and report.geometry().right() <= window.toolbar.width()
    shown = window.toolbar.widgetForAction(window.toolbar.tools._places["tool.ellipse"]).isVisible()
    assert shown == (width == 1500)
    assert window.toolbar.tools.more.isChecked() != shown, "the tool in hand is to be seen in one place"


def test_the_panel_takes_the_other_theme_at_once(in_window, window, show):
    mark = mark_on(2)
    show(view_of(mark, chosen_mark=mark.id))
    dark = in_window.marks.chosen.delete.icon().pixmap(16).toImage()
    window.action("view.light").trigger()
    assert theme.current().name == "light"
    assert in_window.marks.chosen.delete.icon().pixmap(16).toImage() != dark
    window.action("view.light").trigger()


def test_the_panel_is_made_part_by_part_so_that_the_window_is_never_held_up(qtbot, intents):
    made = MarksPanel(intents)
    qtbot.addWidget(made)
    intents.view = view_of(mark_on(2))
    made.show_view(intents.view)
    made.show()
    assert not made.made, "opening makes none of them"
    steps = 0
    while not made.made:
        QApplication.processEvents()
        steps += 1
        made.show_view(intents.view)
    assert steps >= 4
    assert len(said(made)) == 2, "the heading of its slice, and the mark"
