"""What reading a file leaves behind: planes, with all that grouping needs to know of them."""

from __future__ import annotations

from dataclasses import dataclass

from viewer.study import Patient, SliceHeader

# How slices at one place differ, in the order in which a series is split by it; to add a way, add a
# name here and its value in `variants.py`. A volume per value: 2 echoes of 20 slices are 2 groups.
IMAGE_TYPE = "image type"
COMPLEX_COMPONENT = "component"
SEGMENT = "segment"
ECHO_TIME = "echo time"
INVERSION_TIME = "inversion time"
FLIP_ANGLE = "flip angle"
B_VALUE = "b-value"
DIRECTION = "diffusion direction"
ENERGY_WINDOW = "energy window"
ORIGIN = "origin"
TEMPORAL_POSITION = "temporal position"
CARDIAC_PHASE = "cardiac phase"
RESPIRATORY_PHASE = "respiratory phase"
TRIGGER_TIME = "trigger time"
FRAME_TIME = "frame time"
ACQUISITION = "acquisition"
IN_TIME = (TEMPORAL_POSITION, CARDIAC_PHASE, RESPIRATORY_PHASE, TRIGGER_TIME, FRAME_TIME, ACQUISITION)
"""Those that one scrolls through where there is one place only: a cine loop."""
VARIANTS = (
    IMAGE_TYPE,
    COMPLEX_COMPONENT,
    SEGMENT,
    ECHO_TIME,
    INVERSION_TIME,
    FLIP_ANGLE,
    B_VALUE,
    DIRECTION,
    ENERGY_WINDOW,
    ORIGIN,
    *IN_TIME,
)

# What is never scrolled together, wherever it lies.
STACK = "stack"
KERNEL = "kernel"


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
    frame_of_reference: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a concatenation an instance is (PS3.3 C.7.6.16.2.2.4).

    Parameters
    ----------
    number : of this part, from 1; 0 if unknown.
    total : number of parts; 0 if unknown.
    first : 0-based number, in the whole, of the part's first frame; None if unknown.
    frames : number of frames in the part.
    """

    number: int
    total: int
    first: int | None
    frames: int


@dataclass(frozen=True, eq=False, slots=True)
class Plane:
    """One displayable plane and what decides with which others it is scrolled.

    Parameters
    ----------
    localizer : a scout, by Image Type.
    clip : identifies the multi-frame object (or concatenation) the plane is a frame of; else "".
    time : when it was taken, in seconds or milliseconds of whatever the file gives; breaks ties.
    variant : value, in words, for names of `VARIANTS`, and for `STACK` and `KERNEL`.
    dimensions : Dimension Index Values of a frame (PS3.3 C.7.6.17): break ties after the time.
    part : of a concatenation; None for every other instance.
    """

    header: SliceHeader
    facts: SeriesFacts
    localizer: bool
    clip: str
    time: float
    variant: dict[str, str]
    dimensions: tuple[int, ...] = ()
    part: Part | None = None
