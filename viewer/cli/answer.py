"""What a verb answers, as a value: a verb never prints, `run` does, once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from viewer.errors import GlassboxError


@dataclass(frozen=True, eq=False, slots=True)
class Answer:
    """`table` is the JSON document, `lines` the same for a reader; `code` the exit code."""

    table: dict[str, Any]
    lines: Sequence[str]
    code: int = 0


class UsageError(GlassboxError):
    """Arguments that make no sense."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises one sentence in place of printing two paragraphs."""

    def error(self, message: str) -> NoReturn:
        sentence = message[:1].upper() + message[1:].rstrip(".")
        raise UsageError(f"{sentence}.", remedy=f"See: {self.prog} --help")


def note(text: str) -> None:
    """Tell the reader something beside the answer, on stderr."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


class ProgressLine:
    """Counts on stderr, on one line, and only where somebody watches."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._shown = False

    def __call__(self, done: int, total: int, partial: object = None) -> None:
        if sys.stderr.isatty():
            count = f"{done}/{total}" if total else str(done)
            sys.stderr.write(f"\r\x1b[K{self._title} {count}")
            sys.stderr.flush()
            self._shown = True

    def end(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
