"""Keeps what libraries print, from Python or from C, away from a verb's answer and its one sentence."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator

TAIL = 4000


@contextlib.contextmanager
def undisturbed() -> Iterator[Callable[[], str]]:
    """While this lasts, descriptors 1 and 2 and `sys.stdout` lead to a file that nobody reads; `sys.stderr`
    alone still reaches the reader. Child processes inherit that.

    Yields a function that gives the end of what was printed, for a bug report.
    """
    with contextlib.ExitStack() as undo:
        noise = undo.enter_context(tempfile.TemporaryFile())
        sys.stdout.flush()
        sys.stderr.flush()
        # A program without descriptors 1 and 2 (or a test that replaced its streams) has nothing to move.
        with contextlib.suppress(OSError):
            _keep_stderr(undo)
            for number in (1, 2):
                _lead_to(noise.fileno(), number, undo)
            undo.callback(_flush_c)
        said = undo.enter_context(io.TextIOWrapper(noise, "utf-8", errors="replace", write_through=True))
        undo.enter_context(contextlib.redirect_stdout(said))
        undo.enter_context(_no_warnings())

        def tail() -> str:
            _flush_c()
            noise.seek(max(0, noise.seek(0, os.SEEK_END) - TAIL))
            return noise.read().decode("utf-8", "replace")

        yield tail


def _keep_stderr(undo: contextlib.ExitStack) -> None:
    """Let `sys.stderr` write to a copy of descriptor 2; a crash in native code is told there too."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if sys.stderr.fileno() != 2:
            return
        copy = os.fdopen(os.dup(2), "w", encoding=sys.stderr.encoding, errors="backslashreplace", buffering=1)
        undo.enter_context(copy)
        undo.enter_context(contextlib.redirect_stderr(copy))
        if not faulthandler.is_enabled():
            faulthandler.enable(copy)
            undo.callback(faulthandler.disable)


def _lead_to(target: int, number: int, undo: contextlib.ExitStack) -> None:
    kept = os.dup(number)
    undo.callback(os.close, kept)
    undo.callback(os.dup2, kept, number)
    os.dup2(target, number)


def _flush_c() -> None:
    """Empty the buffers of C's stdio, or they would be emptied on stdout when the program ends."""
    with contextlib.suppress(OSError, AttributeError, TypeError):  # Windows has no library named None
        ctypes.CDLL(None).fflush(None)


@contextlib.contextmanager
def _no_warnings() -> Iterator[None]:
    """Warnings and log records without a handler stay away too; `python -W default` brings warnings back."""
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore")
        # With None in its place logging would print that there is no handler.
        last, logging.lastResort = logging.lastResort, logging.NullHandler()
        try:
            yield
        finally:
            logging.lastResort = last
