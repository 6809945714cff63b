"""A notice: what happened and what to do next, as a value that any part can make and the view shows."""

from __future__ import annotations

from dataclasses import dataclass

from viewer.errors import GlassboxError


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for the reader.

    Parameters
    ----------
    text : what happened, one sentence.
    remedy : what to do next, one sentence; empty if there is nothing to do.
    kind : "info", "warning" or "error".
    details : (what, why) rows, one click away: skipped files with their reasons, slices that failed.
    lasting : it comes back after newer ones until the reader has dismissed it.
    """

    text: str
    remedy: str = ""
    kind: str = "info"
    details: tuple[tuple[str, str], ...] = ()
    lasting: bool = False


def of_error(error: BaseException) -> Notice:
    """The notice for an error: its own words if it has any, else that this is a bug, and which.

    The message of an unexpected exception may hold a path or patient data, so it stays out of the
    line; the reader sees it in the details, the log never does.
    """
    if isinstance(error, GlassboxError):
        return Notice(error.what, error.remedy, "error")
    if isinstance(error, MemoryError):
        return Notice("There is not enough memory for this.", "Close other programs and try again.", "error")
    return Notice(
        "Something went wrong inside Glassbox.",
        "Try again; if it happens again, report the details.",
        "error",
        ((type(error).__name__, str(error)),),
    )
