"""What lies under a path: series one can scroll, and every file that is not shown, with its reason."""

from __future__ import annotations

import logging
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from viewer.diagnostics import trace
from viewer.dicom import media
from viewer.dicom.grouping import Numbering, sort_series, split
from viewer.dicom.plane import Plane
from viewer.errors import StudyError
from viewer.study import ScanResult, Series, Skipped, SliceHeader, Source

log = logging.getLogger(__name__)

_PARTIAL_EVERY = 0.25
_TICK = 0.02
_FIRST_SHOWS = 0.06
"""Seconds between partial results, between bare progress reports, and for which Python is left to those who
show the first image: they would contend for it with this loop."""


class ScanProgress(Protocol):
    """`viewer.jobs.job.Progress`, as this layer may know it."""

    def __call__(self, done: int, total: int, partial: Any = None) -> None: ...


class NothingToShow(StudyError):
    """A path without one image; `skipped` says why of every file."""

    def __init__(self, what: str, remedy: str, skipped: tuple[Skipped, ...]) -> None:
        super().__init__(what, remedy)
        self.skipped = skipped


class _Found:
    """What a scan has so far. Only series that grew are grouped again."""

    def __init__(self, skipped: list[Skipped]) -> None:
        self._planes: dict[str, list[Plane]] = {}
        self._grouped: dict[str, list[Series]] = {}
        self._changed: set[str] = set()
        self._numbering = Numbering()
        self._instances: dict[str, list[Plane]] = {}
        self._copies: dict[str, int] = {}
        self._skipped = skipped

    def __bool__(self) -> bool:
        return bool(self._planes)

    def skip(self, source: Source, reason: str) -> None:
        self._skipped.append(Skipped(shown_path(source), reason))

    def add(self, planes: list[Plane], source: Source) -> None:
        uid = planes[0].facts.series_instance_uid
        instance = planes[0].header.sop_instance_uid
        first = self._instances.get(instance)
        if first is not None:
            self._copies[uid] = self._copies.get(uid, 0) + 1
            if not self._replace(first, planes, source):
                self.skip(source, "Copy: its SOP Instance UID is that of an image already found")
        else:
            self._instances[instance] = planes
            self._planes.setdefault(uid, []).extend(planes)
        if uid in self._planes:
            self._changed.add(uid)

    def _replace(self, first: list[Plane], planes: list[Plane], source: Source) -> bool:
        """Let a whole file take the place of one that was found before it and is cut off."""
        from viewer.dicom import copies

        members = self._planes.get(planes[0].facts.series_instance_uid, [])
        start = next((index for index, plane in enumerate(members) if plane is first[0]), None)
        if start is None or len(planes) != len(first):
            return False
        if not copies.replaces(source, first[0].header.source):
            return False
        members[start : start + len(first)] = planes
        self._instances[planes[0].header.sop_instance_uid] = planes
        self.skip(first[0].header.source, "Cut off: a whole copy of this image is shown in its place")
        return True

    def result(self) -> ScanResult:
        for uid in self._changed:
            groups = split(self._planes[uid], self._numbering)
            copies = self._copies.get(uid, 0)
            if copies:
                word = "copy" if copies == 1 else "copies"
                said = (*groups[0].notes, f"{copies} {word} left out")
                groups[0] = replace(groups[0], notes=said)
            self._grouped[uid] = groups
        self._changed.clear()
        found = sort_series(series for groups in self._grouped.values() for series in groups)
        return ScanResult(found, tuple(self._skipped))


def scan(path: Path, *, progress: ScanProgress | None = None) -> ScanResult:
    """Read the header of every file under a path; no pixel is touched.

    Parameters
    ----------
    path : a folder (with all below it), a DICOM file, a DICOMDIR, or a ZIP archive.
    progress : called with files done, files in all, and now and then what was found so far: as soon
        as one image can be shown, and from then on every quarter of a second. What it raises
        (`Cancelled`) passes through.

    Raises
    ------
    StudyError
        The path does not exist, cannot be read, or holds nothing to show (`NothingToShow`).
    """
    report = progress or _silent
    report(0, 0)
    sources, skipped = media.find(path, lambda: report(0, 0))
    found = _Found(skipped)
    read = _reader()
    total = len(sources)
    last_partial = last_tick = 0.0
    for done, source in enumerate(sources):
        now = time.monotonic()
        if found and now - last_partial >= _PARTIAL_EVERY:
            report(done, total, found.result())
            if not last_partial and progress is not None:
                time.sleep(_FIRST_SHOWS)
            last_partial = last_tick = time.monotonic()
        elif now - last_tick >= _TICK:
            report(done, total)
            last_tick = now
        try:
            planes = _planes(read, source)
        except _NotShown as reason:
            found.skip(source, str(reason))
        else:
            found.add(planes, source)
    result = found.result()
    report(total, total, result)
    if not result.series:
        raise _nothing_to_show(result.skipped)
    return result


def headers(path: Path) -> tuple[SliceHeader, ...]:
    """The planes of one DICOM file in the order of its frames; raises `StudyError` with the reason."""
    if not path.is_file():
        raise StudyError("There is no file at this path.", remedy="Check the path.")
    try:
        return tuple(plane.header for plane in _planes(_reader(), Source(path)))
    except _NotShown as reason:
        raise StudyError(f"{reason}.", remedy="Choose a DICOM image.") from reason


def shown_path(source: Source) -> str:
    """A source as people write it: the file, or archive/member."""
    return f"{source.path}/{source.member}" if source.member is not None else str(source.path)


class _NotShown(Exception):
    """Why a file is not shown."""


def _reader() -> Callable[[Source], list[Plane]]:
    """Reads files; what it learns from one helps it with the next."""
    from viewer.dicom.siblings import Siblings

    return Siblings().read


def _planes(read: Callable[[Source], list[Plane]], source: Source) -> list[Plane]:
    from viewer.dicom.dataset import Unreadable

    try:
        return read(source)
    except Unreadable as reason:
        raise _NotShown(str(reason)) from reason
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        if source.member is None:
            raise _NotShown(f"Damaged DICOM file ({type(error).__name__})") from error
        raise _NotShown("Cannot be unpacked from the archive: damaged, or an unknown compression") from error
    except OSError as error:
        raise _NotShown(f"Cannot be read ({(error.strerror or 'input error').lower()})") from error
    except Exception as error:
        # A header can be wrong in ways nobody foresaw: it costs that file, not the study. The log tells
        # where it happened, for it may be our mistake and not the file's.
        log.warning("a header was not understood: %s", trace(error))
        raise _NotShown(f"Damaged DICOM file: its header makes no sense ({type(error).__name__})") from error


def _nothing_to_show(skipped: tuple[Skipped, ...]) -> NothingToShow:
    if not skipped:
        return NothingToShow("This folder is empty.", "Open a folder that holds DICOM files.", skipped)
    if len(skipped) == 1:
        closed = "permission denied" in skipped[0].reason
        remedy = "Ask for the right to read it." if closed else "Open a DICOM image."
        return NothingToShow(f"{skipped[0].reason}.", remedy, skipped)
    reasons: dict[str, int] = {}
    for one in skipped:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    most = sorted(reasons.items(), key=lambda entry: -entry[1])[:3]
    listed = "; ".join(f"{count} × {reason}" for reason, count in most)
    what = f"None of the {len(skipped)} files here is a DICOM image ({listed})."
    return NothingToShow(what, "Open a folder that holds DICOM images.", skipped)


def _silent(done: int, total: int, partial: object = None) -> None:
    """Progress for nobody."""
