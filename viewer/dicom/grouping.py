"""Which planes are scrolled together: ordered rules, from planes to display groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from viewer.dicom import geometry
from viewer.dicom.plane import IN_TIME, VARIANTS, Plane
from viewer.study import Geometry, Series


class Rule(NamedTuple):
    """Planes with different values are never scrolled together."""

    name: str
    value: Callable[[Plane], Hashable]


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
)


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
    groups: list[tuple[list[Plane], tuple[str, ...]]] = []
    for same in _buckets(planes, lambda plane: tuple(rule.value(plane) for rule in RULES)):
        for parallel in _by_orientation(same):
            groups += _by_variant(parallel, VARIANTS)
    arrival = {id(plane): index for index, plane in enumerate(planes)}
    groups.sort(key=lambda found: arrival[id(found[0][0])])
    result = []
    for members, differs in groups:
        uid = numbering.uid(members[0].facts.series_instance_uid, members[0].header.key)
        result.append(_series(uid, members, differs))
    return result


def sort_series(series: Iterable[Series]) -> tuple[Series, ...]:
    """By patient, study date, study, series number and uid."""

    def key(one: Series) -> tuple[Hashable, ...]:
        number = one.series_number if one.series_number is not None else 1 << 40
        part = int(one.uid.partition("#")[2] or 1)
        study = one.patient.name, one.patient.patient_id, one.study_date, one.study_instance_uid
        return *study, number, one.series_instance_uid, part

    return tuple(sorted(series, key=key))


def _buckets(planes: Iterable[Plane], value: Callable[[Plane], Hashable]) -> list[list[Plane]]:
    found: dict[Hashable, list[Plane]] = {}
    for plane in planes:
        found.setdefault(value(plane), []).append(plane)
    return list(found.values())


def _by_orientation(planes: Sequence[Plane]) -> list[list[Plane]]:
    found: list[tuple[Geometry, list[Plane]]] = []
    for plane in planes:
        for reference, members in found:
            if geometry.parallel(reference, plane.header.geometry):
                members.append(plane)
                break
        else:
            found.append((plane.header.geometry, [plane]))
    return [members for _, members in found]


def _by_variant(planes: list[Plane], names: Sequence[str]) -> list[tuple[list[Plane], tuple[str, ...]]]:
    """Split planes that lie at the same places by what makes them differ: echo, b-value, phase, …

    An attribute splits only if it has at most as many values as planes share a place, and makes fewer
    of them share it: two echoes give two stacks, but a trigger time of its own on each slice none.
    """
    places = _places(planes)
    shared = max(places.values())
    if shared == 1:
        return [(planes, ())]
    for index, name in enumerate(names):
        if name in IN_TIME and len(places) == 1:
            continue  # one place through time is a loop to scroll through
        parts = _buckets(planes, lambda plane, name=name: plane.variant.get(name, ""))  # type: ignore[misc]
        if not 1 < len(parts) <= shared:
            continue
        if max(max(_places(part).values()) for part in parts) == shared:
            continue
        found = []
        for part in parts:
            value = part[0].variant.get(name, "")
            said = f"{name} {value}" if value else f"no {name}"
            for members, differs in _by_variant(part, names[index + 1 :]):
                found.append((members, (said, *differs)))
        return found
    return [(planes, ())]


def _places(planes: Sequence[Plane]) -> Counter[float]:
    """How many planes lie at each place along the normal (to 0.01 mm); all at 0 without positions."""
    along = geometry.distances([plane.header for plane in planes])
    if along is None:
        # No positions tell them apart: then nothing says that they show the same place.
        return Counter(float(i) for i in range(len(planes)))
    return Counter(np.round(along, 2).tolist())


def _series(uid: str, planes: Sequence[Plane], differs: tuple[str, ...]) -> Series:
    headers = [plane.header for plane in planes]
    slices = tuple(headers[i] for i in geometry.order(headers, [plane.time for plane in planes]))
    facts = planes[0].facts
    notes = list(differs)
    if planes[0].localizer:
        notes.insert(0, "localizer")
    if len(slices) > 1 and slices[0].geometry.position is None and not planes[0].clip:
        notes.append("no positions: ordered by time and instance number")
    repeated = max(_places(planes).values())
    if repeated > 1 and not planes[0].clip:
        notes.append(f"up to {repeated} images at one place")
    gaps = geometry.gaps(slices)
    if gaps:
        after = ", ".join(str(index + 1) for index in gaps[:5]) + (", …" if len(gaps) > 5 else "")
        notes.append(f"gap after slice {after}")
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
        orientation=geometry.orientation_name(slices[0].geometry),
        slices=slices,
        notes=tuple(notes),
        protocol=facts.protocol,
    )
