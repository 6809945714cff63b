"""What reading a file leaves behind: planes, with all that grouping needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass

from viewer.study import Patient, SliceHeader

# How slices at one place differ, in the order in which a series is split by it; to add a way, add a
# name here and its value in `instance.py`. A volume per value: 2 echoes of 20 slices are 2 groups.
IMAGE_TYPE = "image type"
SEGMENT = "segment"
ECHO_TIME = "echo time"
B_VALUE = "b-value"
KERNEL = "kernel"
TEMPORAL_POSITION = "temporal position"
TRIGGER_TIME = "trigger time"
ACQUISITION = "acquisition"
VARIANTS = (IMAGE_TYPE, SEGMENT, ECHO_TIME, B_VALUE, KERNEL, TEMPORAL_POSITION, TRIGGER_TIME, ACQUISITION)
IN_TIME = (TEMPORAL_POSITION, TRIGGER_TIME, ACQUISITION)
"""Of those, the ones that one scrolls through where there is one place only: a cine loop."""


@dataclass(frozen=True, eq=False, slots=True)
class SeriesFacts:
    """What an instance says of its patient, study and series."""

    series_instance_uid: str
    study_instance_uid: str
    patient: Patient
    modality: str
    description: str
    series_number: int | None
    study_description: str
    study_date: str
    institution: str
    body_part: str
    protocol: str


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """One displayable plane and what decides with which others it is scrolled.

    Parameters
    ----------
    localizer : a scout, by Image Type.
    clip : identifies the multi-frame object (or concatenation) the plane is a frame of; else "".
    time : when it was taken, in seconds or milliseconds of whatever the file gives; breaks ties.
    variant : value, in words, for names of `VARIANTS`.
    """

    header: SliceHeader
    facts: SeriesFacts
    localizer: bool
    clip: str
    time: float
    variant: dict[str, str]
