"""Writing a file whole or not at all, and never over another one unasked."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from viewer.errors import ReportError

ELSEWHERE = "Save it in another folder."


def write(path: Path, fill: Callable[[BinaryIO], object], *, overwrite: bool = False) -> None:
    """Write a file through a temporary one in the same folder.

    Parameters
    ----------
    fill : writes the content to the open, seekable, binary file it is given.
    overwrite : whether a file at `path` may be replaced.

    Raises ReportError, one sentence each, for an existing file, a missing or read-only folder and a
    full disk; `path` is then as it was, and nothing is left beside it.
    """
    if not overwrite and exists(path):
        raise already_there(path)
    if os.path.isdir(path):
        raise ReportError(f"'{path.name}' is a folder.", remedy="Give the name of a file.")
    part = path.parent / f".glassbox-{secrets.token_hex(6)}.part"
    try:
        with part.open("xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        _place(part, path, overwrite=overwrite)
    except FileExistsError as error:
        raise already_there(path) from error
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def already_there(path: Path) -> ReportError:
    """The refusal to replace a file unasked."""
    return ReportError(
        f"'{path.name}' exists already and is left as it is.",
        remedy="Choose another name, or allow it to be overwritten.",
    )


def exists(path: Path) -> bool:
    """Whether anything has this name; unlike `Path.exists` also a dangling link, and never an error."""
    return os.path.lexists(path)


def _place(part: Path, path: Path, *, overwrite: bool) -> None:
    """Give the finished file its name in one step; FileExistsError if the name was taken meanwhile."""
    if overwrite:
        os.replace(part, path)
        return
    try:
        os.link(part, path)  # unlike a rename, never replaces
    except FileExistsError:
        raise
    except OSError:  # FAT and some network file systems know no links
        if exists(path):
            raise FileExistsError(errno.EEXIST, "exists") from None
        os.rename(part, path)


def _refused(path: Path, error: OSError) -> ReportError:
    folder = path.parent.name or str(path.parent)
    what = {
        errno.ENOSPC: f"There is no space left on the disk for '{path.name}'.",
        errno.EDQUOT: f"Your quota has no space left for '{path.name}'.",
        errno.EROFS: f"The folder '{folder}' is read-only.",
        errno.EACCES: f"You may not write to the folder '{folder}'.",
        errno.EPERM: f"You may not write to the folder '{folder}'.",
        errno.ENOENT: f"There is no folder '{folder}'.",
        errno.ENOTDIR: f"'{folder}' is not a folder.",
        errno.ENAMETOOLONG: f"The name '{path.name[:40]}…' is too long.",
    }.get(error.errno or 0, f"'{path.name}' cannot be written: {error.strerror or type(error).__name__}.")
    remedy = "Choose a shorter name." if error.errno == errno.ENAMETOOLONG else ELSEWHERE
    return ReportError(what, remedy=remedy)
