"""Which planes are scrolled together: ordered rules, from planes to display groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from viewer.dicom import concatenation, geometry, stacking
from viewer.dicom.plane import IN_TIME, KERNEL, STACK, VARIANTS, Plane
from viewer.study import Series


class Rule(NamedTuple):
    """Planes with different values are never scrolled together; `noted` values are said."""

    name: str
    value: Callable[[Plane], Hashable]
    noted: bool = False


# Applied to every series, in this order. Orientation follows: it compares within a tolerance. Then
# `VARIANTS` (plane.py) split what lies at the same place. To add a rule, add a row.
RULES: tuple[Rule, ...] = (
    Rule("study", lambda plane: (plane.facts.study_instance_uid, plane.facts.patient.patient_id)),
    Rule("modality", lambda plane: plane.facts.modality),
    Rule("localizer", lambda plane: plane.localizer),
    Rule("multi-frame object", lambda plane: plane.clip),
    Rule("image size", lambda plane: (plane.header.rows, plane.header.cols)),
    Rule("colour", lambda plane: is_color(plane)),
    Rule("position known", lambda plane: plane.header.geometry.position is not None),
    Rule(STACK, lambda plane: plane.variant.get(STACK, ""), noted=True),
    Rule(KERNEL, lambda plane: plane.variant.get(KERNEL, ""), noted=True),
)

_TURNING_FROM = 4
"""So many images, each with a direction of its own, are a projection that turns and no planes of a scout."""
_SPARSE = {"SEG"}
"""Modalities that leave out empty slices on purpose."""

Group = tuple[list[Plane], tuple[str, ...]]
"""Planes that are scrolled together, and in words what sets them apart from the series' other groups."""

Places = dict[int, float]
"""Where each plane (by its id) lies along the normal, to 0.01 mm."""


class Numbering:
    """Keeps a group's number while files still arrive: a group is known by its first plane."""

    def __init__(self) -> None:
        self._numbers: dict[str, dict[Hashable, int]] = {}

    def uid(self, series_instance_uid: str, first: Hashable) -> str:
        numbers = self._numbers.setdefault(series_instance_uid, {})
        number = numbers.setdefault(first, len(numbers) + 1)
        return series_instance_uid if number == 1 else f"{series_instance_uid}#{number}"


def is_color(plane: Plane) -> bool:
    """Whether a plane shows as RGB: three samples, or a palette."""
    return plane.header.samples_per_pixel > 1 or plane.header.photometric == "PALETTE COLOR"


def group(planes: Sequence[Plane], numbering: Numbering | None = None) -> tuple[Series, ...]:
    """Display groups of planes, each in scroll order.

    Parameters
    ----------
    planes : of any patients and series, in the order in which they were found.
    numbering : of an earlier call, so that the uid of a group stays what it was.

    Returns
    -------
    Sorted by patient, study and series number; a series that was split carries "#2", "#3", … on the
    uid of all its groups but the first found.
    """
    numbering = numbering or Numbering()
    by_series: dict[str, list[Plane]] = {}
    for plane in planes:
        by_series.setdefault(plane.facts.series_instance_uid, []).append(plane)
    found = [series for members in by_series.values() for series in split(members, numbering)]
    return sort_series(found)


def split(planes: Sequence[Plane], numbering: Numbering) -> list[Series]:
    """The display groups of one Series Instance UID, in the order in which they were found."""
    groups: list[tuple[list[Plane], tuple[str, ...], int]] = []
    alike = _buckets(planes, lambda plane: tuple(rule.value(plane) for rule in RULES))
    noted = [rule for rule in RULES if rule.noted and len({rule.value(same[0]) for same in alike}) > 1]
    for same in alike:
        said = tuple(f"{rule.name} {rule.value(same[0])}" for rule in noted if rule.value(same[0]))
        for parallel in _by_orientation(same):
            places = _places(parallel)
            for members, differs in _by_variant(parallel, VARIANTS, places):
                groups.append((members, said + differs, _shared(members, places)))
    arrival = {id(plane): index for index, plane in enumerate(planes)}
    groups.sort(key=lambda found: arrival[id(found[0][0])])
    result = []
    for members, differs, shared in groups:
        uid = numbering.uid(members[0].facts.series_instance_uid, members[0].header.key)
        result.append(_series(uid, members, differs, shared))
    return result


def sort_series(series: Iterable[Series]) -> tuple[Series, ...]:
    """By patient, study date, study, series number and uid."""

    def key(one: Series) -> tuple[Hashable, ...]:
        number = one.series_number if one.series_number is not None else 1 << 40
        part = int(one.uid.removeprefix(one.series_instance_uid)[1:] or 1)
        study = one.patient.name, one.patient.patient_id, one.study_date, one.study_instance_uid
        return *study, number, one.series_instance_uid, part

    return tuple(sorted(series, key=key))


def _buckets(planes: Iterable[Plane], value: Callable[[Plane], Hashable]) -> list[list[Plane]]:
    found: dict[Hashable, list[Plane]] = {}
    for plane in planes:
        found.setdefault(value(plane), []).append(plane)
    return list(found.values())


def _by_orientation(planes: Sequence[Plane]) -> list[list[Plane]]:
    """Planes of one direction; but a projection that turns from image to image stays together."""
    headers = [plane.header for plane in planes]
    found = geometry.parallel_groups(headers)
    if len(found) > 1 and len(planes) >= _TURNING_FROM and geometry.all_differ(headers):
        return [list(planes)]
    return [[planes[index] for index in members] for members in found]


def _by_variant(planes: list[Plane], names: Sequence[str], places: Places) -> list[Group]:
    """Split planes that lie at the same places by what makes them differ: echo, b-value, phase, …

    An attribute splits only if it has at most as many values as planes share a place, and makes fewer
    of them share it: two echoes give two stacks, but a trigger time of its own on each slice none.
    """
    shared = _shared(planes, places)
    if shared == 1:
        return [(planes, ())]
    one_place = len({places[id(plane)] for plane in planes}) == 1
    for index, name in enumerate(names):
        if name in IN_TIME and one_place:
            continue  # one place through time is a loop to scroll through
        parts = _buckets(planes, lambda plane, name=name: plane.variant.get(name, ""))  # type: ignore[misc]
        if not 1 < len(parts) <= shared:
            continue
        if max(_shared(part, places) for part in parts) == shared:
            continue
        found = []
        for part in parts:
            value = part[0].variant.get(name, "")
            said = f"{name} {value}" if value else f"no {name}"
            for members, differs in _by_variant(part, names[index + 1 :], places):
                found.append((members, (said, *differs)))
        return found
    return [(planes, ())] if one_place else _by_repetition(planes, places, shared)


def _by_repetition(planes: list[Plane], places: Places, shared: int) -> list[Group]:
    """Split a stack that was taken several times by the order in which its images are numbered.

    Functional MR and perfusion of some scanners tell the times apart by the instance number only: it
    runs through the stack again and again, or through all times of a place before the next place. Where
    it does neither, the planes stay together.
    """
    numbers = {plane.header.instance_number for plane in planes}
    if len(numbers) < len(planes) or None in numbers:
        return [(planes, ())]
    turn = sorted(planes, key=lambda plane: plane.header.instance_number or 0)
    runs: list[list[Plane]] = []
    there: set[float] = set()
    for plane in turn:
        place = places[id(plane)]
        if not runs or place in there:
            runs.append([])
            there = set()
        runs[-1].append(plane)
        there.add(place)
    if len(runs) != shared:
        by_place = [turn[start : start + shared] for start in range(0, len(turn), shared)]
        here = [{places[id(plane)] for plane in run} for run in by_place]
        if any(len(one) > 1 for one in here) or len(set().union(*here)) < len(here) or len(turn) % shared:
            return [(planes, ())]
        runs = [list(run) for run in zip(*by_place, strict=True)]
    return [(run, (f"repetition {number}",)) for number, run in enumerate(runs, 1)]


def _places(planes: Sequence[Plane]) -> Places:
    along = geometry.distances([plane.header for plane in planes])
    if along is None:
        # No positions tell them apart: then nothing says that they show the same place.
        return {id(plane): float(index) for index, plane in enumerate(planes)}
    return dict(zip(map(id, planes), np.round(along, 2).tolist(), strict=True))


def _shared(planes: Sequence[Plane], places: Places) -> int:
    """The largest number of planes at one place."""
    return max(Counter(places[id(plane)] for plane in planes).values())


def _series(uid: str, planes: Sequence[Plane], differs: tuple[str, ...], shared: int) -> Series:
    headers = [plane.header for plane in planes]
    ties = [(plane.time, plane.dimensions, concatenation.number_in_whole(plane)) for plane in planes]
    slices = tuple(headers[i] for i in geometry.order(headers, ties))
    facts = planes[0].facts
    frames = {plane.facts.frame_of_reference for plane in planes}
    turning = not geometry.all_parallel(slices)
    loop = bool(planes[0].clip) and shared == len(planes)
    return Series(
        uid=uid,
        series_instance_uid=facts.series_instance_uid,
        study_instance_uid=facts.study_instance_uid,
        patient=facts.patient,
        modality=facts.modality,
        description=facts.description,
        series_number=facts.series_number,
        study_description=facts.study_description,
        study_date=facts.study_date,
        institution=facts.institution,
        body_part=facts.body_part,
        orientation="" if turning else geometry.orientation_name(slices[0].geometry),
        slices=slices,
        notes=_notes(planes, differs, 1 if loop else shared),
        protocol=facts.protocol,
        frame_of_reference=facts.frame_of_reference if len(frames) == 1 else "",
        warnings=stacking.warnings(slices, sparse=facts.modality in _SPARSE),
    )


def _notes(planes: Sequence[Plane], differs: tuple[str, ...], shared: int) -> tuple[str, ...]:
    first = planes[0]
    notes = ["localizer", *differs] if first.localizer else list(differs)
    notes += concatenation.missing(planes)
    if len(planes) > 1 and first.header.geometry.position is None and not first.clip:
        notes.append("no positions: ordered by time and instance number")
    if shared > 1:
        notes.append(f"up to {shared} images at one place")
    return tuple(notes)
