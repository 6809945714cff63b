"""Makes the pictures of the user guide anew, from the real window on the sample study.

python -m tests.support.guide_pictures [NAME …]        under a display, for example with xvfb-run

Everything is drawn at twice its size, so that the guide stays sharp where the interface is large, and saved
with a palette where that does no harm: the whole guide is part of the program.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from PIL import Image
from PySide6.QtCore import QBuffer, QIODevice, QPoint, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from tests.support.screenshots import Stage
from viewer import resources
from viewer.settings import Settings

RATIO = 2
WINDOW, DIALOG = 0.6, 0.75
"""Of that, for whole windows and for dialogs, whose detail is less needed."""
HEAT = ("opinion", "saw", "report")
"""Pictures of a heatmap on a slice: a palette would draw steps into it that the program does not draw."""
READER = Settings(mouse_asked=True, disclaimer_read=True)
"""One who has been here before."""
SIZE = (1180, 740)
PEAK = 20
"""The slice through the middle of the nodule of the sample study, see resources/sample/truth.json."""
NODULE = (71.0, 143.0)
"""(column, row) of its middle there."""
RADIUS = 10.5
"""Of the nodule, in pixels."""


def drawn(widget: QWidget) -> Image.Image:
    """The widget at twice its size."""
    pixmap = QPixmap(widget.size() * RATIO)
    pixmap.setDevicePixelRatio(RATIO)
    widget.render(pixmap, QPoint())
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    pixmap.save(buffer, "PNG")
    return Image.open(io.BytesIO(bytes(buffer.data().data()))).convert("RGB")


class Album:
    """Where the pictures go, and which of them are wanted; none named: all."""

    def __init__(self, folder: Path, wanted: list[str]) -> None:
        self.folder, self._wanted = folder, wanted
        self.saved: list[str] = []

    def wants(self, *names: str) -> bool:
        return not self._wanted or any(name in self._wanted for name in names)

    def save(self, name: str, widget: QWidget | Image.Image, stage: Stage, share: float = 1.0) -> None:
        """Save a widget as `name`.png; `share` makes it smaller."""
        if not self.wants(name):
            return
        stage.pause(0.4)
        image = widget if isinstance(widget, Image.Image) else drawn(widget)
        if share != 1.0:
            size = (round(image.width * share), round(image.height * share))
            image = image.resize(size, Image.Resampling.LANCZOS)
        if name not in HEAT:
            image = image.quantize(256, Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE)
        image.save(self.folder / f"{name}.png", optimize=True)
        self.saved.append(name)


def dialog(stage: Stage, kind: str) -> QDialog:
    """The dialog of this class that has just been opened."""
    found = [one for one in QApplication.topLevelWidgets() if type(one).__name__ == kind and one.isVisible()]
    if not found:
        raise SystemExit(f"{kind} did not open")
    stage.pause(0.5)
    assert isinstance(found[-1], QDialog)
    return found[-1]


def first_start(album: Album) -> None:
    """The window as it is met first."""
    stage = Stage(980, 620, settings=Settings())
    try:
        album.save("start", stage.window, stage, WINDOW)
    finally:
        stage.close()


def looking(album: Album, stage: Stage) -> None:
    """The study before any network has seen it, and its tags."""
    stage.hover(0.32, 0.45)
    album.save("looking", stage.window, stage, WINDOW)
    if album.wants("tags"):
        stage.controller.commands.run("image.tags")
        made = dialog(stage, "TagBrowser")
        made.resize(760, 380)
        album.save("tags", made, stage, DIALOG)
        made.close()


def marks(album: Album, stage: Stage) -> None:
    """A length and an ellipse about the nodule, in picture and panel."""
    controller, (x, y), r = stage.controller, NODULE, RADIUS
    controller.marks.add("length", [(x - r, y + 1), (x + r, y - 1)])
    ellipse = controller.marks.add("ellipse", [(x - r, y), (x + r, y), (x, y - r), (x, y + r)], "Nodule")
    controller.marks.set_label(ellipse, (20.0, 225.0))
    controller.key_images.toggle()
    stage.window.toggle_panel("marks")
    stage.pause(1.2)
    album.save("marks", stage.window, stage, WINDOW)
    stage.window.toggle_panel("marks")


def opinion(album: Album, stage: Stage) -> None:
    """What the network says, layer by layer, and whether to believe it."""
    ai, controller = stage.window.ai, stage.controller
    controller.marks.toggle()
    stage.analyse()
    stage.wait(lambda: not stage.window.models.progress.isVisible(), 600, "the whole analysis")
    stage.wait(lambda: len(controller.view.trust) > 5, 120, "the trust lines")
    stage.pause(1.0)
    stage.window.viewport.setFocus(Qt.FocusReason.OtherFocusReason)
    stage.hover(0.32, 0.45)
    album.save("opinion", stage.window, stage, WINDOW)
    if album.wants("saw"):
        controller.toggle_truth_view()
        stage.pause(0.6)
        album.save("saw", stage.window, stage, WINDOW)
        controller.toggle_truth_view()
    controller.marks.toggle()
    if album.wants("report"):
        report(album, stage)
    if album.wants("card"):
        controller.commands.run("model.card")
        made = dialog(stage, "ModelCardDialog")
        made.resize(620, 460)
        album.save("card", made, stage, DIALOG)
        made.close()
    stage.window.resize(SIZE[0], 960)
    for section in ai.sections[1:4]:
        section.set_opened(True)
    stage.pause(0.5)
    album.save("layers", ai.widget(), stage)
    for section in ai.sections[:4]:
        section.set_opened(False)
    ai.sections[4].set_opened(True)
    if album.wants("trust"):
        controller.check_map()
        stage.wait(lambda: controller.view.trust_checked, 600, "the check of the map")
        stage.pause(0.5)
        row = next((one for one in ai.trust.rows if one.line.level == "amber"), ai.trust.rows[0])
        QTest.mouseClick(row, Qt.MouseButton.LeftButton)
        stage.pause(0.5)
        album.save("trust", ai.trust, stage)


def report(album: Album, stage: Stage) -> None:
    """The dialog of the report, and the page it writes."""
    stage.controller.key_images.set_comment("Solid nodule in the right lung; see the length.")
    stage.controller.commands.run("report.export")
    made = dialog(stage, "ReportDialog")
    stage.wait(lambda: not made._runner.busy, 60, "the preview")  # type: ignore[attr-defined]
    made.resize(980, 620)
    stage.wait(lambda: not made._runner.busy, 60, "the preview")  # type: ignore[attr-defined]
    stage.pause(1.0)
    album.save("report", made, stage, WINDOW)
    made.close()


def keys(album: Album, stage: Stage) -> None:
    """Where a key is changed."""
    if album.wants("keys"):
        stage.controller.commands.run("view.keys")
        made = dialog(stage, "KeyDialog")
        made.resize(620, 420)
        album.save("keys", made, stage, DIALOG)
        made.close()


def main(argv: list[str]) -> int:
    folder = resources.guide() / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    album = Album(folder, argv)
    if album.wants("start"):
        first_start(album)
    if argv != ["start"]:
        stage = Stage(*SIZE, settings=READER)
        try:
            stage.open(resources.sample_study())
            stage.go_to(PEAK)
            stage.pause(1.0)
            looking(album, stage)
            marks(album, stage)
            opinion(album, stage)
            keys(album, stage)
        finally:
            stage.close()
    total = sum(one.stat().st_size for one in folder.glob("*.png"))
    print(f"{', '.join(album.saved)}: the folder is now {total / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
