"""Composition root: a verb runs its command, anything else opens the window.

Nothing heavy is imported before the window is on the screen.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from viewer import __version__, crash_report, diagnostics, settings, source_search
from viewer.notice import Notice

USAGE = """\
glassbox [PATH]            open a folder, file, DICOMDIR, ZIP or exported report in the window
glassbox --new-window …    the same in a window of its own, beside one that is open
glassbox VERB …            without a window: {verbs}
glassbox VERB --help       what a verb takes
glassbox --version

A path that is called like a verb is written with its folder: ./scan
"""

TURN = 0.001
"""Seconds after which a thread that computes gives Python to the next. Painting gives it away and wants it
back many times a frame; with Python's own 5 ms every one of them could cost that long."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run Glassbox with the arguments after its name; return the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    first = arguments[0] if arguments else ""
    if first == "--decode-worker":  # how a frozen build starts its decoder processes
        from viewer.dicom import worker

        worker.main()
        return 0
    if first in ("--version", "-V"):
        sys.stdout.write(f"glassbox {__version__}\n")
        return 0
    own_window = first == "--new-window"
    if own_window:
        arguments = arguments[1:]
        first = arguments[0] if arguments else ""
    elif first and not first.startswith(("/", ".", os.sep)):
        from viewer import cli

        if first in ("--help", "-h"):
            sys.stdout.write(USAGE.format(verbs=", ".join(cli.VERBS)))
            return 0
        if first in cli.VERBS:
            return cli.run(arguments)
    if first.startswith("-") or len(arguments) > 1:
        sys.stderr.write(f"'{arguments[-1]}' is not understood. See glassbox --help.\n")
        return 2
    if not _has_display():
        sys.stderr.write("There is no display to show a window on. Use a verb: see glassbox --help.\n")
        return 2
    path = Path(first) if first else None
    if not own_window:
        from viewer.instance import hand_over

        if hand_over(path):
            return 0
    return open_window(path)


def _has_display() -> bool:
    """False only where Qt is known to find none: it would abort the process."""
    wishes = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in wishes)


def open_window(path: Path | None = None) -> int:
    """Show the window, with the study at `path` if one is given, until it is closed."""
    gc.disable()  # whatever is made until the window stands will stay; then `Collector` takes over
    source_search.spare()
    from PySide6.QtWidgets import QApplication

    from viewer.controller import Controller
    from viewer.jobs.collector import Collector
    from viewer.session.store import Store, default_path
    from viewer.ui.first_paint import FirstPaint
    from viewer.ui.later_starts import LaterStarts
    from viewer.ui.main_window import MainWindow

    diagnostics.start_logging()
    crashed = crash_report.collect()
    diagnostics.watch_for_crashes()
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C: Python's own handler never runs inside Qt's loop
    where = settings.default_path()
    loaded, problem = settings.load(where)
    if loaded.ui_scale != 1.0:
        os.environ.setdefault("QT_SCALE_FACTOR", f"{loaded.ui_scale:g}")
    sys.setswitchinterval(TURN)
    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("Glassbox")
    application.setApplicationVersion(__version__)
    collector = Collector()
    controller = Controller(
        loaded, keep=lambda changed: settings.save(changed, where), store=Store(default_path())
    )
    window = MainWindow(controller, controller.commands, loaded)
    controller.attach(window)
    gc.freeze()  # no collection need look again at what the start made
    later = LaterStarts(window, controller)
    painted = FirstPaint(window)
    painted.over.connect(controller.start)
    painted.over.connect(later.listen)
    painted.over.connect(window.complete)
    if path is not None:
        painted.over.connect(lambda: controller.open(path))
    window.show()
    if crashed is not None:
        controller.say(_about(crashed))
    if problem:
        controller.say(Notice(problem, kind="warning"))
    if controller.commands.refused:
        names = ", ".join(command.title.rstrip("…") for command in controller.commands.refused)
        what = f"Another command has the key wanted for: {names}."
        controller.say(Notice(what, "Choose another one with View › Change Keys.", "warning"))
    code = application.exec()
    window.hide()
    later.close()
    if not controller.shutdown():
        # A thread hangs in foreign code (a decoder, an import). Leaving in the ordinary way would
        # destroy a running QThread, which aborts the process.
        sys.stdout.flush()
        os._exit(code)
    collector.stop()
    return code


def _about(report: Path) -> Notice:
    """The last run crashed: what is known of it, to be read and passed on by whoever wants to."""
    what = "Glassbox crashed when it last ran."
    remedy = "A report of it is kept on this machine, without patient data: see the details."
    return Notice(
        what,
        remedy,
        "warning",
        (("Report", report.name), ("Its folder", str(report.parent)), ("It says", _read(report))),
        lasting=True,  # a study that is opened at once has notices of its own
    )


def _read(report: Path) -> str:
    try:
        return report.read_text(encoding="utf-8")
    except OSError:
        return "It cannot be read."
