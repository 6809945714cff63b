"""A reader sets Glassbox up at the first start; the second start has everything as it was left."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox

from viewer import settings
from viewer.controller import Controller
from viewer.ui.key_dialog import KeyDialog
from viewer.ui.main_window import MainWindow
from viewer.ui.scale_dialog import ScaleDialog


def start(qtbot, path):
    """Glassbox with the settings at `path`, on the screen."""
    loaded, problem = settings.load(path)
    assert not problem
    controller = Controller(loaded, keep=lambda changed: settings.save(changed, path))
    window = MainWindow(controller, controller.commands, loaded)
    qtbot.addWidget(window)
    controller.attach(window)
    with qtbot.waitExposed(window):
        window.show()
    return controller, window


def end(controller, window):
    window.close()
    assert controller.shutdown(20_000)


def dialog(kind):
    return next(one for one in QApplication.topLevelWidgets() if isinstance(one, kind))


def test_mouse_keys_size_and_theme_are_chosen_once_and_come_back(qtbot, tmp_path):
    path = tmp_path / "settings.json"
    controller, window = start(qtbot, path)
    question = window.start.question
    assert question.isVisible()
    QTest.mouseClick(question.buttons["scroll"], Qt.MouseButton.LeftButton)
    window.action("view.keys").trigger()
    keys = dialog(KeyDialog)
    QTest.keyClicks(keys.search, "show heatmap")
    QTest.keyClick(keys.search, Qt.Key.Key_Return)
    QTest.keyClick(keys.table, Qt.Key.Key_Return)
    QTest.keyClick(keys.key, Qt.Key.Key_I)
    assert "Invert" in keys.said.text()
    QTest.keyClick(keys.key, Qt.Key.Key_F8)
    keys.accept()
    window.action("view.scale").trigger()
    size = dialog(ScaleDialog)
    QTest.keyClick(size.slider, Qt.Key.Key_Right)
    size.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok).click()
    window.action("view.light").trigger()
    end(controller, window)

    controller, window = start(qtbot, path)
    kept = controller.settings
    assert (kept.mouse, kept.ui_scale, kept.theme) == ("scroll", 1.25, "light")
    assert not window.start.question.isVisible()
    assert window.viewport._drags["left"] == "scroll"
    assert window.action("overlay.toggle").shortcut().toString() == "F8"
    assert controller.commands.own_keys == {"overlay.toggle": "F8"}
    window.action("view.light").trigger()
    end(controller, window)
