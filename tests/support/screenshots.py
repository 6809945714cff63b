"""Drives the real window and saves pictures of it; for the README and for looking at every change.

python -m tests.support.screenshots OUT STUDY [--size 1440x900] [--slice N] [--analyse] [--layer NAME] …
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from viewer.controller import Controller
from viewer.jobs.collector import Collector
from viewer.settings import Settings
from viewer.ui.main_window import MainWindow


class Stage:
    """The window with its controller, and the patience to wait for what it does in the background."""

    def __init__(
        self, width: int, height: int, theme: str = "dark", *, settings: Settings | None = None
    ) -> None:
        self.application = QApplication.instance() or QApplication(sys.argv[:1])
        self._collector = Collector()
        settings = settings or Settings(theme=theme, disclaimer_read=True)
        self.controller = Controller(settings)
        self.window = MainWindow(self.controller, self.controller.commands, settings)
        self.controller.attach(self.window)
        self.window.resize(width, height)
        self.window.show()
        self.controller.start()
        self.pause(0.3)

    def pause(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            QApplication.processEvents()
            time.sleep(0.005)

    def wait(self, ready: Callable[[], bool], seconds: float, what: str) -> None:
        """Process events until `ready`; SystemExit saying `what` did not happen."""
        end = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > end:
                raise SystemExit(f"{what} did not happen within {seconds:g} s: {self.window.notices.notice}")
            self.pause(0.02)

    def open(self, path: Path, seconds: float = 60) -> None:
        self.controller.open(path)
        self.wait(lambda: self.controller.view.slice is not None, seconds, "opening")
        self.pause(0.6)

    def choose_series(self, text: str) -> None:
        """Show the first series whose uid, modality or description holds `text`."""
        for uid, item in self.window.series.rows().items():
            if text.lower() in item.lower() or text == uid:
                self.controller.select_series(uid)
                self.wait(lambda: self.controller.view.slice is not None, 30, "decoding")
                return
        raise SystemExit(f"no series with {text!r}")

    def go_to(self, index: int) -> None:
        self.controller.go_to(index)
        self.wait(lambda: self.controller.view.slice is not None, 30, "decoding")

    def analyse(self, seconds: float = 300) -> None:
        self.controller.analyse()
        self.wait(lambda: self.controller.view.prediction is not None, seconds, "the analysis")

    def hover(self, x: float, y: float) -> None:
        """Put the cursor on the picture at fractions of its size."""
        viewport = self.window.viewport
        point = QPoint(int(viewport.width() * x), int(viewport.height() * y))
        QTest.mouseMove(viewport, point)
        self.pause(0.05)

    def save(self, path: Path, widget: QWidget | None = None) -> None:
        self.pause(0.2)
        path.parent.mkdir(parents=True, exist_ok=True)
        (widget or self.window).grab().save(str(path))

    def close(self) -> None:
        self.window.close()
        self.controller.shutdown()
        self._collector.stop()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("study", type=Path, nargs="?")
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--series", default="")
    parser.add_argument("--slice", type=int)
    parser.add_argument("--model", default="")
    parser.add_argument("--analyse", action="store_true")
    parser.add_argument("--all", action="store_true", help="wait until every slice is analysed")
    parser.add_argument("--layer", default="")
    parser.add_argument("--opened", action="store_true", help="open the sections Layer and Overlay")
    parser.add_argument("--levels", action="store_true")
    parser.add_argument("--hover", default="0.55,0.5")
    args = parser.parse_args(argv)
    width, height = (int(part) for part in args.size.split("x"))
    stage = Stage(width, height, args.theme)
    try:
        if args.study:
            stage.open(args.study)
        if args.series:
            stage.choose_series(args.series)
        if args.slice is not None:
            stage.go_to(args.slice)
        if args.model:
            stage.controller.set_model(args.model)
        if args.analyse:
            stage.analyse()
        if args.all:
            stage.wait(lambda: not stage.window.models.progress.isVisible(), 600, "the whole analysis")
        if args.layer:
            stage.controller.set_layer(args.layer)
        if args.opened:
            for section in stage.window.ai.sections:
                section.set_opened(True)
        if args.levels:
            stage.window.toggle_panel("levels")
        stage.window.activateWindow()
        stage.window.setFocus(Qt.FocusReason.OtherFocusReason)
        if args.study:
            stage.hover(*(float(part) for part in args.hover.split(",")))
        stage.save(args.out)
    finally:
        stage.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
