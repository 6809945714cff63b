from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QIcon, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.support.slice_factory import make_series, make_slice
from tests.support.stand_ins import bundle_of
from viewer.imaging.colormap import COLORMAPS
from viewer.notice import Notice
from viewer.results import Layer
from viewer.session.state import Overlay
from viewer.study import Patient, ScanResult, VoiLut, Window
from viewer.ui.about import DISCLAIMER, AboutDialog, card_html
from viewer.ui.key_sheet import sheet_html
from viewer.ui.layer_panel import LayerPanel
from viewer.ui.levels_dock import histogram
from viewer.ui.licences_dialog import LicencesDialog
from viewer.ui.notices import DetailsDialog, NoticeBar
from viewer.ui.series_panel import SeriesPanel
from viewer.ui.slice_ribbon import SliceRibbon


def series_named(uid: str, **fields):
    header = make_slice(np.zeros((4, 4), np.int16)).header
    return make_series(header, header, uid=uid, **{"description": uid, **fields})


# Findings


def test_every_label_is_shown_with_its_probability_in_the_models_order(window, show, analysed):
    show(analysed)
    rows = [(row.label, row.probability) for row in window.ai.findings.rows]
    assert rows == [
        ("mass", pytest.approx(0.84)),
        ("cyst", pytest.approx(0.11)),
        ("nothing", pytest.approx(0.05)),
    ]
    assert [row.isChecked() for row in window.ai.findings.rows] == [True, False, False]


def test_a_click_on_a_finding_explains_it(window, show, analysed, intents):
    show(analysed)
    QTest.mouseClick(window.ai.findings.rows[1], Qt.MouseButton.LeftButton)
    window.ai.findings._automatic.click()
    assert intents.named("set_target") == [("cyst",), (None,)]


def test_a_slice_that_was_not_analysed_shows_no_numbers(window, show, view, analysed):
    show(analysed)
    show(view)
    assert not any(row.isVisible() for row in window.ai.findings.rows)
    assert "not been analysed" in window.ai.findings._note.text()


def test_a_study_outside_the_models_domain_is_said_to_be_so_beside_the_numbers(window, show, analysed):
    show(replace(analysed, outside=("The model was made for MR; this is CT.",)))
    assert window.ai.findings._domain.isVisible()
    assert "made for MR" in window.ai.findings._domain.text()
    show(analysed)
    assert not window.ai.findings._domain.isVisible()


# Layers


def test_the_slider_goes_from_the_earliest_layer_to_the_latest(window, show, analysed, intents):
    show(analysed)
    window.ai.sections[1].set_opened(True)
    slider = window.ai.layer.slider
    assert (slider.minimum(), slider.value(), slider.maximum()) == (0, 1, 2)
    slider.setValue(2)
    assert intents.named("set_layer") == [("layer3",)]


def test_the_layer_is_named_as_one_would_say_it(window, show, analysed):
    show(analysed)
    window.ai.sections[1].set_opened(True)
    assert window.ai.layer._name.text() == "block 2 of 3 · 4×4 · one cell = 40×10 mm"


def test_the_filmstrip_has_a_picture_of_every_layer_and_a_click_shows_it(
    window, show, analysed, intents, qtbot
):
    show(analysed)
    window.ai.sections[1].set_opened(True)
    qtbot.wait(10)
    film = window.ai.layer.film
    assert film.count() == 3 and film.currentRow() == 1
    assert not any(film.item(row).icon().isNull() for row in range(3))
    place = film.visualItemRect(film.item(0)).center()
    QTest.mouseClick(film.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert intents.named("set_layer") == [("layer1",)]


def test_the_shown_layer_keeps_its_colours_in_the_filmstrip(window, show, analysed):
    window.ai.sections[1].set_opened(True)
    show(analysed)
    film = window.ai.layer.film
    icon = film.item(film.currentRow()).icon()
    plain, selected = (icon.pixmap(56, mode).toImage() for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected))
    assert plain == selected


def test_the_filmstrip_draws_every_layer_on_its_own_absolute_scale(window, show, analysed):
    card = bundle_of(scale={"absolute": 1.0, "layers": {"layer1": 10.0}}).card
    window.ai.sections[1].set_opened(True)
    colours = []
    for scales in (card, replace(card, scale=replace(card.scale, layers={}))):
        show(replace(analysed, card=scales, heat_range=(0.0, 1.0)))
        picture = window.ai.layer.film.item(0).icon().pixmap(56).toImage()
        colours.append(picture.pixelColor(1, 1).lightness())
    assert colours[0] < 60 < 150 < colours[1]


def test_showing_a_layer_asks_for_nothing(window, show, analysed, intents):
    window.ai.sections[1].set_opened(True)
    show(analysed)
    show(replace(analysed, layer=analysed.layers[2]))
    assert not intents.named("set_layer")


def test_fifty_layers_stay_in_reach(qtbot, intents, analysed):
    panel = LayerPanel(intents)
    qtbot.addWidget(panel)
    many = tuple(Layer(f"l{n}", f"layer {n}", (7, 7), 1) for n in range(58))
    panel.resize(280, 600)
    panel.show()
    panel.show_view(replace(analysed, layers=many, layer=many[57], cams={}))
    assert panel.slider.maximum() == 57
    assert panel.film.height() < 300
    panel.close()


# Overlay


def test_the_overlay_controls_change_one_thing_each(window, show, analysed, intents):
    show(analysed)
    panel = window.ai.overlay
    window.ai.sections[2].set_opened(True)
    panel.opacity.setValue(80)
    panel.threshold.setValue(30)
    panel.shown.click()
    panel.colormap.activated.emit(panel.colormap.findText("viridis"))
    panel.scale.activated.emit(panel.scale.findData("relative"))
    assert intents.named("set_overlay") == [
        {"opacity": 0.8},
        {"threshold": 0.3},
        {"visible": False},
        {"colormap": "viridis"},
        {"scale": "relative"},
    ]


def test_showing_an_overlay_asks_for_nothing(window, show, analysed, intents):
    looks = Overlay(visible=False, opacity=0.25, threshold=0.4, colormap="cividis", scale="relative")
    show(replace(analysed, overlay=looks))
    panel = window.ai.overlay
    assert (panel.opacity.value(), panel.threshold.value()) == (25, 40)
    assert (panel.colormap.currentText(), panel.scale.currentData()) == ("cividis", "relative")
    assert not panel.shown.isChecked()
    assert not intents.named("set_overlay")


def test_every_colour_map_is_offered_and_jet_says_what_it_does(window):
    box = window.ai.overlay.colormap
    assert [box.itemText(row) for row in range(box.count())] == list(COLORMAPS)


def test_a_click_beside_the_handle_moves_the_slider_there(window, show, analysed, intents, qtbot):
    show(analysed)
    window.ai.sections[2].set_opened(True)
    qtbot.wait(10)
    slider = window.ai.overlay.opacity
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 3, slider.height() // 2))
    assert intents.named("set_overlay")[-1]["opacity"] >= 0.97


# Studies


def test_series_stand_under_their_patient_and_study(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    one, two = Patient(name="DOE^JANE", patient_id="1"), Patient(name="ROE^RICHARD", patient_id="2")
    panel.show_scan(
        ScanResult(
            (
                series_named("a", patient=one, study_date="20260112", study_description="CHEST"),
                series_named("b", patient=one, study_date="20260112", study_description="CHEST"),
                series_named("c", patient=two, study_instance_uid="9"),
            )
        ),
        running=False,
    )
    tree = panel.tree
    assert [tree.topLevelItem(n).text(0).strip() for n in range(2)] == ["DOE JANE", "ROE RICHARD"]
    study = tree.topLevelItem(0).child(0)
    assert study.text(0).strip() == "2026-01-12 · CHEST" and study.childCount() == 2
    assert list(panel.rows()) == ["a", "b", "c"]
    assert panel.rows()["a"] == "Se 1 · CT · axial, a, 2 slices"


def test_what_is_said_of_a_series_stands_in_its_tooltip_as_soon_as_it_is_known(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    series = series_named("a", notes=("localizer",))
    panel.show_scan(ScanResult((series,)), running=True)
    row = panel.tree.topLevelItem(0).child(0).child(0)
    assert panel.rows()["a"].endswith(" · localizer") and row.toolTip(0).endswith(" · localizer")
    more = replace(series, notes=("localizer", "b", "c"), warnings=("Gap after slice 2: 1 slice missing",))
    panel.show_scan(ScanResult((more,)), running=False)
    assert row.toolTip(0).endswith(" · localizer · b\nc\nGap after slice 2: 1 slice missing")


def test_a_hidden_identity_is_nowhere_in_the_tree(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    series = series_named(
        "a",
        patient=Patient("DOE^JANE", "4711"),
        study_date="20260112",
        study_description="DOE",
        description="JANE",
    )
    panel.show_scan(ScanResult((series,)), running=False)
    panel.hide_identity(True)
    item = panel.tree.topLevelItem(0)
    row = item.child(0).child(0)
    said = " ".join((item.text(0), item.toolTip(0), item.child(0).text(0), item.child(0).toolTip(0)))
    said += " ".join(
        (*panel.rows().values(), row.toolTip(0), row.data(0, Qt.ItemDataRole.AccessibleTextRole))
    )
    assert "Patient 1" in said
    assert not any(secret in said for secret in ("DOE", "JANE", "4711", "2026"))


def test_a_series_is_never_put_under_another_patient(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    one, two = Patient(name="DOE^JANE", patient_id="1"), Patient(name="ROE^RICHARD", patient_id="2")
    same = {"study_instance_uid": ""}
    found = (series_named("a", patient=one, **same), series_named("b", patient=two, **same))
    panel.show_scan(ScanResult(found), running=False)
    for number, uid in enumerate("ab"):
        (study,) = [panel.tree.topLevelItem(number).child(0)]
        assert study.child(0) is panel._items[uid] and study.childCount() == 1


def test_the_chosen_row_stays_where_it_is_while_rows_are_found_above_it(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    panel.resize(260, 400)
    panel.show()
    panel.show_scan(ScanResult(tuple(series_named(uid) for uid in "mnop")), running=True)
    panel.show_chosen("n")
    before = panel.tree.visualItemRect(panel._items["n"]).top()
    panel.show_scan(ScanResult(tuple(series_named(uid) for uid in "abcdefghijklmnopqrstuvw")), running=True)
    assert panel.tree.visualItemRect(panel._items["n"]).top() == before


def test_the_readers_choice_stays_while_more_is_being_found(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    panel.show_scan(ScanResult((series_named("b"),)), running=True)
    panel.show_chosen("b")
    panel.show_scan(ScanResult((series_named("a"), series_named("b"), series_named("c"))), running=True)
    assert panel.chosen() == "b"
    assert not intents.named("select_series")


def test_choosing_a_series_asks_for_it_once(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    panel.resize(260, 400)
    panel.show()
    panel.show_scan(ScanResult((series_named("a"), series_named("b"))), running=False)
    second = panel.tree.topLevelItem(0).child(0).child(1)
    QTest.mouseClick(
        panel.tree.viewport(), Qt.MouseButton.LeftButton, pos=panel.tree.visualItemRect(second).center()
    )
    assert intents.named("select_series") == [("b",)]
    panel.close()


def test_a_thumbnail_that_comes_early_is_kept_for_its_row(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    panel.show_thumbnail("a", np.full((48, 96), 200, np.uint8))
    panel.resize(260, 300)
    panel.show()
    panel.show_scan(ScanResult((series_named("a"),)), running=False)
    qtbot.wait(10)
    item = panel.tree.topLevelItem(0).child(0).child(0)
    box = panel.tree.visualItemRect(item)
    painted = panel.tree.viewport().grab(box).toImage()
    ratio = painted.devicePixelRatio()
    color = painted.pixelColor(round((9 + 26) * ratio), round(box.height() / 2 * ratio))
    assert color.red() == color.green() == color.blue() == 200
    panel.close()


def test_a_series_without_a_picture_has_a_sign_and_the_reason(qtbot, intents):
    panel = SeriesPanel(intents)
    qtbot.addWidget(panel)
    panel.resize(260, 300)
    panel.show()
    panel.show_no_thumbnail("a", "This is JPEG XL, which cannot be decoded.")
    panel.show_scan(ScanResult((series_named("a"), series_named("b"))), running=False)
    qtbot.wait(10)
    rows = [panel.tree.topLevelItem(0).child(0).child(number) for number in (0, 1)]

    def drawn(row) -> bool:
        box = panel.tree.visualItemRect(row)
        image = panel.tree.viewport().grab(box.adjusted(9, 4, 9 + 52 - box.width(), -4)).toImage()
        colors = {image.pixelColor(x, y).rgb() for x in range(image.width()) for y in range(image.height())}
        return len(colors) > 1

    assert [drawn(row) for row in rows] == [True, False]
    assert "No picture: This is JPEG XL" in rows[0].toolTip(0)
    assert "No picture" not in rows[1].toolTip(0)
    panel.show_thumbnail("a", np.full((48, 96), 200, np.uint8))
    assert "No picture" not in rows[0].toolTip(0)
    panel.show_no_thumbnail("b", "It has no pixels.")
    assert "It has no pixels." in rows[1].toolTip(0) and drawn(rows[1])
    panel.close()


# Slice ribbon


@pytest.fixture
def ribbon(qtbot, intents, analysed):
    made = SliceRibbon(intents)
    qtbot.addWidget(made)
    made.resize(46, 320)
    made.show()
    made.show_view(analysed)
    yield made
    made.close()


def test_a_click_on_the_ribbon_goes_to_that_slice(ribbon, intents):
    for index in range(6):
        QTest.mouseClick(ribbon, Qt.MouseButton.LeftButton, pos=ribbon.band(index).center().toPoint())
    assert intents.named("go_to") == [(index,) for index in range(6)]


def test_beyond_the_ends_of_the_ribbon_lie_the_first_and_the_last_slice(ribbon):
    assert (ribbon.index_at(-50), ribbon.index_at(0), ribbon.index_at(319), ribbon.index_at(900)) == (
        0,
        0,
        5,
        5,
    )


def test_the_bar_of_a_slice_is_as_long_as_it_is_probable(ribbon):
    painted = ribbon.grab().toImage()
    ratio = painted.devicePixelRatio()

    def length(index: int) -> int:
        y = round((ribbon.band(index).top() + ribbon.band(index).height() * 0.3) * ratio)
        row = [painted.pixelColor(x, y) for x in range(painted.width())]
        return sum(color.red() > color.blue() + 20 for color in row)

    assert length(2) > 2.5 * length(1) >= length(0) > 0
    assert length(3) == 0, "a slice that was not analysed has a bar"


def test_a_single_slice_needs_no_scroller(ribbon, analysed):
    single = replace(analysed.series, slices=analysed.series.slices[:1])
    ribbon.show_view(replace(analysed, series=single, index=0, ribbon=None))
    assert ribbon.isHidden()


# Model bar


class Named:
    """As much of a card as the bar shows."""

    def __init__(self, name: str) -> None:
        self.name, self.title, self.version = name, name.title(), "1"
        self.domain = type("Domain", (), {"description": ""})()


def test_the_model_is_chosen_by_its_title_and_one_row_adds_another(window, intents):
    window.show_models([Named("alpha"), Named("beta")], "beta")
    box = window.models.model
    assert [box.itemText(row) for row in range(box.count())] == ["Alpha", "Beta", "Add model…"]
    assert box.currentText() == "Beta"
    box.activated.emit(0)
    assert intents.named("set_model") == [("alpha",)]


def test_the_title_of_a_model_that_is_found_later_is_not_cut_off(window):
    window.show_models([Named("planted nodule in the chest")], None)
    QApplication.processEvents()
    box = window.models.model
    assert box.width() >= box.fontMetrics().horizontalAdvance(box.currentText()) + 40


def test_the_device_is_shown_once_it_is_known(window):
    assert not window.models.device.isVisible()
    window.show_device("CUDA")
    assert window.models.device.text() == "device: CUDA" and window.models.device.isVisible()


# Window menu, numbers, levels


def test_the_window_menu_offers_the_files_own_choices_first(window, show, view, intents):
    lut = VoiLut(0, np.arange(256, dtype=np.uint8), 8, "BONE LUT")
    shown = replace(view, slice=replace(view.slice, luts=(lut,)))
    show(shown)
    menu = window.toolbar.window_menu
    menu.fill()
    texts = [action.text() for action in menu.actions() if action.text()]
    assert texts == ["LUT BONE LUT", "file   W 2000 L 0", "brain   W 80 L 40", "Numbers…"]
    menu.actions()[2].trigger()
    menu.actions()[0].trigger()
    assert intents.named("set_window") == [(view.window_choices[1],)]
    assert intents.named("set_voi_lut") == [(0,)]


def test_a_window_by_numbers_keeps_the_function_of_the_file(window, show, view, intents):
    show(replace(view, window=Window(10, 50, "SIGMOID")))
    window.action("window.numbers").trigger()
    dialog = window._window_dialog
    assert (dialog.width_box.value(), dialog.center_box.value()) == (50, 10)
    dialog.center_box.setValue(-600)
    assert intents.named("set_window") == [(Window(-600, 50, "SIGMOID"),)]
    dialog.close()


def test_a_linear_window_is_never_narrower_than_one(window, show, view, intents):
    show(view)
    window.ask_window()
    window._window_dialog.width_box.setValue(0.2)
    assert intents.named("set_window")[-1][0].width == 1.0
    window._window_dialog.close()


def test_levels_count_what_is_in_the_picture_and_no_padding():
    values = np.array([[0, 0, 10, 10], [20, 20, -2000, -2000]], np.int16)
    counts, edges = histogram(make_slice(values, padding=(-2000, -2000)), bins=4)
    assert counts.sum() == 6 and edges[0] == 0 and edges[-1] == 20
    empty, _ = histogram(make_slice(np.full((2, 2), np.nan, np.float32)))
    assert empty.sum() == 0


def test_levels_show_the_window_and_dragging_it_changes_it(window, show, view, intents, qtbot):
    show(view)
    window.action("view.levels_panel").trigger()
    assert window._levels.plot is None, "the window does not wait for it"
    qtbot.waitUntil(lambda: window._levels.plot is not None)
    region = window._levels.plot.region
    assert region.getRegion() == (-1000, 1000)
    assert not intents.named("set_window"), "showing a window must not set one"
    region.setRegion((-100, 300))
    assert intents.named("set_window")[-1] == (Window(100, 400),)


# Notices, keys, about


def test_a_notice_says_what_happened_and_what_to_do(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.show_notice(Notice("The disk is full.", "Save the report elsewhere.", "error"))
    assert bar.text.text() == "The disk is full. Save the report elsewhere."
    assert not bar.isHidden() and bar.details.isHidden()
    assert not bar._gone.isActive(), "an error must wait to be read"
    bar.show_notice(Notice("Saved."))
    assert bar._gone.isActive()
    bar.dismiss.click()
    assert bar.isHidden()


def test_a_notice_never_renders_what_a_file_says_as_markup(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.show_notice(Notice("<b>x</b>"))
    assert bar.text.textFormat() == Qt.TextFormat.PlainText


def test_a_lasting_notice_comes_back_after_newer_ones_until_it_is_dismissed(qtbot):
    bar = NoticeBar()
    qtbot.addWidget(bar)
    bar.show_notice(Notice("Glassbox crashed.", kind="warning", lasting=True))
    bar.show_notice(Notice("1 file is not shown.", details=(("a", "b"),)))
    assert bar.text.text() == "1 file is not shown."
    bar.dismiss.click()
    assert bar.text.text() == "Glassbox crashed." and not bar.isHidden()
    bar.show_notice(Notice("Saved."))
    bar._gone.timeout.emit()
    assert bar.text.text() == "Glassbox crashed." and not bar.isHidden()
    bar.dismiss.click()
    assert bar.isHidden()
    bar.show_notice(Notice("Saved."))
    bar.dismiss.click()
    assert bar.isHidden()


def test_details_have_as_many_lines_as_their_text_needs_and_begin_at_the_top(qtbot):
    text = "\n".join(["a line of a report that is rather long"] * 12)
    dialog = DetailsDialog("It crashed.", [("Report", "a.txt"), ("It says", text)])
    qtbot.addWidget(dialog)
    dialog.show()
    line = dialog.table.fontMetrics().lineSpacing()
    assert 12 * line <= dialog.table.rowHeight(1) < 14 * line
    assert dialog.table.item(1, 0).textAlignment() & Qt.AlignmentFlag.AlignTop


def test_the_key_sheet_holds_every_key(window):
    page = sheet_html(window._commands)
    for command in window._commands:
        if command.shortcut:
            native = QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            assert command.title.rstrip("…").replace("&", "&amp;").replace("'", "&#x27;") in page
            assert native.replace("&", "&amp;").replace("<", "&lt;") in page


def test_about_says_that_it_is_not_for_diagnosis(qtbot):
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert (
        dialog.disclaimer.text() == DISCLAIMER == "Not for primary diagnosis. AI output is investigational."
    )


def test_about_leads_to_the_licences_of_others(window, qtbot):
    window.show_about()
    QTest.mouseClick(window.findChild(AboutDialog).licences, Qt.MouseButton.LeftButton)
    dialog = window.findChild(LicencesDialog)
    qtbot.waitUntil(lambda: dialog.list.topLevelItemCount() > 0)
    dialog.reject()


def test_a_model_card_cannot_smuggle_markup_into_the_window(tmp_path):
    from tests.support.bundle_factory import make_bundle
    from viewer.inference.bundle import load_bundle

    card = load_bundle(make_bundle(tmp_path / "m", title="<img src=x>", limits=["<script>no</script>"])).card
    page = card_html(card)
    assert "<img" not in page and "<script" not in page
    assert "&lt;img" in page and DISCLAIMER in page
