"""Files of one series: what their headers share is understood once.

Slices of a series differ in their UID, number, place, time, window and rescale, and in nothing else that
is wanted of them. Where the bytes of all other wanted elements equal those of a file that was read
before, its plane is taken, with those few values in it changed. They must be plain: one UID, one whole
number, three decimal numbers. A file that is not like that is read by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from viewer.dicom import instance, variants
from viewer.dicom.plane import FRAME_TIME, TRIGGER_TIME, Plane
from viewer.dicom.quick_header import QuickHeader, QuickReader
from viewer.study import Source, Window

_CLOCKS = ("AcquisitionDateTime", "AcquisitionDate", "AcquisitionTime", "ContentTime")
_KEPT = 512
"""Planes kept as patterns; past that the memory starts anew."""
_FUNCTIONAL_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
"""Where these are, a frame's place, window and rescale stand elsewhere."""

_remembered = lru_cache(maxsize=4096)
"""For functions of a few bytes that recur: the window of a series is read once."""

_UID = re.compile(rb"([0-9.]+)[\0 ]?")
_WHOLE = re.compile(rb" *-?[0-9]{1,10} *")
_DECIMAL = re.compile(rb" *[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})? *")
_CLOCK = re.compile(rb"[0-9.]+ *")


def _uid(raw: bytes) -> str | None:
    found = _UID.fullmatch(raw)
    return found[1].decode() if found else None


@_remembered
def _whole(raw: bytes) -> int | None:
    return int(raw) if _WHOLE.fullmatch(raw) else None


@_remembered
def _decimals(raw: bytes) -> tuple[float, ...] | None:
    parts = raw.split(b"\\")
    return tuple(map(float, parts)) if all(map(_DECIMAL.fullmatch, parts)) else None


@_remembered
def _decimal(raw: bytes) -> str | None:
    return raw.decode().strip() if _DECIMAL.fullmatch(raw) else None


@_remembered
def _clock(raw: bytes) -> str | None:
    return raw.decode().strip() if _CLOCK.fullmatch(raw) else None


_VALUES: dict[str, Callable[[bytes], Any]] = {
    "SOPInstanceUID": _uid,
    "InstanceNumber": _whole,
    "ImagePositionPatient": _decimals,
    "TriggerTime": _decimal,
    "FrameReferenceTime": _decimal,
    "AcquisitionDate": _clock,
    "AcquisitionDateTime": _clock,
    "AcquisitionTime": _clock,
    "ContentTime": _clock,
    "WindowCenter": _decimals,
    "WindowWidth": _decimals,
    "RescaleSlope": _decimals,
    "RescaleIntercept": _decimals,
}
"""What may differ from file to file, and how its bytes are read; None where they are not plain.

What `instance.planes` makes of one of these stands in `_changed` too: test_siblings.py holds the two
against each other."""


class Siblings:
    """Reads the planes of files, quicker where an earlier file was alike. One for each scan."""

    def __init__(self) -> None:
        self._reader = QuickReader(instance.KEYWORDS, _VALUES, _FUNCTIONAL_GROUPS)
        self._patterns: dict[tuple[str, bytes], Plane] = {}

    def read(self, source: Source) -> list[Plane]:
        """All planes of a file, as `instance.read_planes` gives them; raises as that does."""
        header = self._reader.read(source.path) if source.member is None else None
        values = _plain_values(header) if header is not None else None
        if header is None or values is None:
            return instance.read_planes(source)
        # By folder too: a file that lacks its series' UID belongs to those beside it.
        key = os.path.dirname(source.path), header.constant
        pattern = self._patterns.get(key)
        if pattern is not None:
            plane = _changed(pattern, source, header, values)
            if plane is not None:
                return [plane]
        planes = instance.read_planes(source)
        if len(planes) == 1 and _is_pattern(planes[0], values):
            if len(self._patterns) >= _KEPT:
                self._patterns.clear()
            self._patterns[key] = planes[0]
        return planes


def _plain_values(header: QuickHeader) -> dict[str, Any] | None:
    values = {}
    for keyword, raw in header.values.items():
        value = _VALUES[keyword](raw)
        if value is None:
            return None
        values[keyword] = value
    return values


def _is_pattern(plane: Plane, values: dict[str, Any]) -> bool:
    """Whether other planes can be made of this one: nothing in it stands in for what the file lacks."""
    place, windows = values.get("ImagePositionPatient"), _windows(plane.header.windows, values)
    return (
        values.get("SOPInstanceUID") == plane.header.sop_instance_uid
        and (place is None or place == plane.header.geometry.position)
        and windows == plane.header.windows
    )


def _changed(pattern: Plane, source: Source, quick: QuickHeader, values: dict[str, Any]) -> Plane | None:
    """The plane of a file that differs from the pattern's in `values` only; None if one has no fixed rule."""
    header = pattern.header
    windows = _windows(header.windows, values)
    place = values.get("ImagePositionPatient")
    if windows is None or (place is not None and len(place) != 3):
        return None
    stored = header.stored
    if stored is not None:
        slope = values.get("RescaleSlope", (stored.slope,))[0] or 1.0
        stored = replace(
            stored,
            offset=quick.pixel_offset,
            slope=slope,
            intercept=values.get("RescaleIntercept", (stored.intercept,))[0],
            file_size=quick.size,
            file_mtime_ns=quick.mtime_ns,
        )
    changed = replace(
        header,
        source=source,
        sop_instance_uid=values["SOPInstanceUID"],
        instance_number=values.get("InstanceNumber"),
        geometry=header.geometry if place is None else replace(header.geometry, position=place),
        windows=windows,
        stored=stored,
    )
    trigger = values.get("TriggerTime")
    clocks = [values.get(name, "") for name in _CLOCKS]
    own = {TRIGGER_TIME: trigger, FRAME_TIME: values.get("FrameReferenceTime")}
    texts = {name: variants.number_text(float(found)) for name, found in own.items() if found is not None}
    return replace(
        pattern,
        header=changed,
        time=float(trigger) if trigger is not None else variants.clock(*clocks),
        variant={**pattern.variant, **texts} if texts else pattern.variant,
    )


def _windows(windows: tuple[Window, ...], values: dict[str, Any]) -> tuple[Window, ...] | None:
    """The pattern's windows with other numbers; None where a number could change their function or count."""
    centers, widths = values.get("WindowCenter", ()), values.get("WindowWidth", ())
    if not len(centers) == len(widths) == len(windows) or min(widths, default=1.0) < 1:
        return None
    return tuple(
        window
        if (window.center, window.width) == (center, width)
        else replace(window, center=center, width=width)
        for window, center, width in zip(windows, centers, widths, strict=True)
    )
