"""Logging without patient identity, crash handling, version report.

A log names UIDs only as short hashes and holds no patient attribute and no path. What other people's
code puts into an exception's message cannot be vouched for, so messages stay out: the type of an
exception and the lines it came from are kept.
"""

from __future__ import annotations

import faulthandler
import logging
import logging.handlers
import platform
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO

from viewer import __version__

log = logging.getLogger(__name__)

PACKAGES = ("torch", "torchvision", "numpy", "pydicom", "SimpleITK", "PySide6", "pyqtgraph")
LOG_BYTES = 1 << 20


def versions() -> tuple[tuple[str, str], ...]:
    """(name, version) of Glassbox, Python and what it stands on, without importing any of it."""
    rows = [("glassbox", __version__), ("python", platform.python_version())]
    for package in PACKAGES:
        version = _installed(package)
        if version:
            rows.append((package, version))
    return tuple(rows)


def _installed(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # slow to import, and not for the start

    for name in (package, f"{package}-Essentials"):
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return ""


def report() -> str:
    """The version report for About and for a bug report: one line each, nothing about the user."""
    rows = [*versions(), ("system", f"{platform.system()} {platform.machine()}")]
    return "\n".join(f"{name} {version}" for name, version in rows)


def log_folder() -> Path:
    import platformdirs

    return Path(platformdirs.user_log_path("glassbox", appauthor=False))


class QuietFormatter(logging.Formatter):
    """Exceptions as type and lines of code, without their message."""

    def formatException(
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None],
    ) -> str:
        return trace(ei[1]) if ei[1] is not None else ""


def trace(error: BaseException) -> str:
    """ "ValueError at viewer.dicom.scan:81 < viewer.controller:12", innermost first."""
    lines = []
    step = error.__traceback__
    while step is not None:
        lines.append(f"{step.tb_frame.f_globals.get('__name__', '?')}:{step.tb_lineno}")
        step = step.tb_next
    text = f"{type(error).__name__} at {' < '.join(reversed(lines)) or '?'}"
    cause = error.__cause__
    return f"{text}; caused by {trace(cause)}" if cause is not None and cause is not error else text


def stack(error: BaseException) -> str:
    """The traceback without messages: what a reader may pass on. All of it in `python -X dev`."""
    if sys.flags.dev_mode:
        return "".join(traceback.format_exception(error))
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    before = f"{stack(cause)}\nand from that:\n\n" if cause is not None and cause is not error else ""
    lines = "".join(traceback.format_tb(error.__traceback__))
    return f"{before}Traceback (most recent call last):\n{lines}{type(error).__name__} (message withheld)\n"


def start_logging(folder: Path | None = None) -> Path | None:
    """Log to a small rotating file. None if there is nowhere to write: that never stops the program."""
    folder = folder or log_folder()
    path = folder / "glassbox.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=LOG_BYTES, backupCount=2, encoding="utf-8"
        )
    except OSError:
        return None
    handler.setFormatter(QuietFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger("viewer")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    root.propagate = False
    return path


_crash_file: IO[str] | None = None


def watch_for_crashes(folder: Path | None = None) -> None:
    """Log what nobody caught, on any thread, and the stack of a crash in native code."""
    global _crash_file
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    try:
        _crash_file = ((folder or log_folder()) / "crash.log").open("a", encoding="utf-8")
        faulthandler.enable(_crash_file)
    except OSError:
        faulthandler.enable()


def _uncaught(kind: type[BaseException], error: BaseException, step: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        log.critical("not caught: %s", trace(error.with_traceback(step)))
    _tell(error.with_traceback(step))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        log.critical("not caught on a thread: %s", trace(args.exc_value))
        _tell(args.exc_value)


def _tell(error: BaseException) -> None:
    """On stderr, which a desktop keeps in a file: no more than a log may hold."""
    if sys.stderr is not None:
        sys.stderr.write(stack(error))
