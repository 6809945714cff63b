"""How a frame differs from others at its place: echo, b-value, phase, time, …; and its part of a whole."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from pydicom.dataset import Dataset

from viewer.dicom import dataset as tags
from viewer.dicom import plane as names
from viewer.dicom.grayscale import functional_item
from viewer.dicom.plane import Part

KEYWORDS = (  # noqa: SIM905 - one name a line would fill a screen
    "ImageType ComplexImageComponent EchoTime InversionTime FlipAngle DiffusionBValue "
    "DiffusionGradientOrientation DiffusionDirectionality ConvolutionKernel TemporalPositionIdentifier "
    "TriggerTime FrameReferenceTime AcquisitionNumber AcquisitionDate AcquisitionDateTime "
    "AcquisitionTime ContentTime EnergyWindowVector TimeSlotVector DetectorVector ConcatenationUID "
    "InConcatenationNumber InConcatenationTotalNumber ConcatenationFrameOffsetNumber"
).split()
"""What these functions read outside functional groups."""

_SECONDS_PER_DAY = 86400

# (name, functional group macro, keyword in it, keyword of the classic object), PS3.3 C.7.6.16.2 and C.8.13.5.
_NUMBERS = (
    (names.SEGMENT, "SegmentIdentificationSequence", "ReferencedSegmentNumber", ""),
    (names.ECHO_TIME, "MREchoSequence", "EffectiveEchoTime", "EchoTime"),
    (names.INVERSION_TIME, "MRModifierSequence", "InversionTimes", "InversionTime"),
    (names.FLIP_ANGLE, "MRTimingAndRelatedParametersSequence", "FlipAngle", "FlipAngle"),
    (names.B_VALUE, "MRDiffusionSequence", "DiffusionBValue", "DiffusionBValue"),
    (
        names.TEMPORAL_POSITION,
        "FrameContentSequence",
        "TemporalPositionIndex",
        "TemporalPositionIdentifier",
    ),
    (names.CARDIAC_PHASE, "CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase", ""),
    (
        names.RESPIRATORY_PHASE,
        "RespiratorySynchronizationSequence",
        "NominalPercentageOfRespiratoryPhase",
        "",
    ),
    (names.TRIGGER_TIME, "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "TriggerTime"),
    (names.FRAME_TIME, "", "", "FrameReferenceTime"),
    (names.ACQUISITION, "FrameContentSequence", "FrameAcquisitionNumber", "AcquisitionNumber"),
)
_WORDS = (
    (names.COMPLEX_COMPONENT, "MRImageFrameTypeSequence", "ComplexImageComponent", "ComplexImageComponent"),
    (names.KERNEL, "CTReconstructionSequence", "ConvolutionKernel", "ConvolutionKernel"),
    (names.STACK, "FrameContentSequence", "StackID", ""),
)
_VECTORS = ((names.ENERGY_WINDOW, "EnergyWindowVector"), (names.CARDIAC_PHASE, "TimeSlotVector"))
"""Nuclear medicine keeps one number a frame (PS3.3 C.8.4.8)."""


def image_type(dataset: Dataset, frame: int) -> list[str]:
    """The values of Frame Type or Image Type."""
    for macro in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence"):
        item = functional_item(dataset, frame, macro)
        if item is not None and tags.text(item, "FrameType"):
            return tags.text(item, "FrameType").upper().split("\\")
    return tags.text(dataset, "ImageType").upper().split("\\")


def is_localizer(kind: list[str]) -> bool:
    """Whether an image type is that of a scout."""
    return bool({"LOCALIZER", "SCOUT"} & set(kind[2:]))


def variant(dataset: Dataset, frame: int, kind: list[str]) -> dict[str, str]:
    """What the frame says of itself for the names of `plane.VARIANTS`, `STACK` and `KERNEL`.

    Parameters
    ----------
    kind : its image type.
    """
    found = {names.IMAGE_TYPE: " ".join(kind[2:]), names.ORIGIN: " ".join(kind[:2]).lower()}
    for name, macro, keyword, classic in _NUMBERS:
        item = functional_item(dataset, frame, macro) if macro else None
        number = tags.number(item, keyword) if item is not None else None
        if number is None and classic:
            number = tags.number(dataset, classic)
        found[name] = number_text(number) if number is not None else ""
    for name, macro, keyword, classic in _WORDS:
        item = functional_item(dataset, frame, macro)
        words = tags.text(item, keyword) if item is not None else ""
        found[name] = words or (tags.text(dataset, classic) if classic else "")
    for name, keyword in _VECTORS:
        places = tags.numbers(dataset, keyword)
        if frame < len(places):
            found[name] = number_text(places[frame])
    found[names.DIRECTION] = _direction(dataset, frame)
    return {name: value for name, value in found.items() if value}


def _direction(dataset: Dataset, frame: int) -> str:
    """Diffusion gradient direction, or "isotropic" for a trace image; "" if neither is told."""
    item = functional_item(dataset, frame, "MRDiffusionSequence")
    where = tags.first_item(item, "DiffusionGradientDirectionSequence") or dataset
    cosines = tags.numbers(where, "DiffusionGradientOrientation")
    kind = tags.text(item if item is not None else dataset, "DiffusionDirectionality").lower()
    if len(cosines) == 3 and any(cosines):
        return " ".join(f"{cosine:.2f}" for cosine in cosines)
    return kind if kind == "isotropic" else ""


def moment(dataset: Dataset, frame: int) -> float:
    """Something that grows with time within a series: trigger time in ms, or a clock in seconds."""
    trigger = tags.number(dataset, "TriggerTime")
    if trigger is not None:
        return trigger
    content = functional_item(dataset, frame, "FrameContentSequence")
    stamp = tags.text(content, "FrameAcquisitionDateTime") if content is not None else ""
    return clock(
        stamp or tags.text(dataset, "AcquisitionDateTime"),
        tags.text(dataset, "AcquisitionDate"),
        tags.text(dataset, "AcquisitionTime"),
        tags.text(dataset, "ContentTime"),
    )


@lru_cache(maxsize=1024)  # a scan asks for the same few again and again
def clock(stamp: str, day: str, *times: str) -> float:
    """Seconds since some midnight of a date and time, or else of `day` and the first of `times` given.

    0 without a time. The day counts: a scan may run past midnight.
    """
    time = stamp[8:].split("+")[0].split("-")[0]
    if time:
        day = stamp[:8]
    else:
        time = next((one for one in times if one), "")
    try:
        whole, _, part = time.replace(":", "").partition(".")
        seconds = int(whole[0:2] or 0) * 3600 + int(whole[2:4] or 0) * 60 + int(whole[4:6] or 0)
        return round(_days(day) * _SECONDS_PER_DAY + seconds + float(f"0.{part or 0}"), 3)
    except ValueError:
        return 0.0


def _days(day: str) -> int:
    """Days since the year 1; 0 if `day` is no date."""
    try:
        return date(int(day[:4]), int(day[4:6]), int(day[6:8])).toordinal()
    except ValueError:
        return 0


def number_text(number: float) -> str:
    """A number as `variant` has it: 20 and 20.0 are the same echo, 4.92 and 4.9200001 too."""
    return f"{number:.5g}"


def dimensions(dataset: Dataset, frame: int) -> tuple[int, ...]:
    """Dimension Index Values of a frame, the slowest first (PS3.3 C.7.6.17); () without."""
    content = functional_item(dataset, frame, "FrameContentSequence")
    values = tags.numbers(content, "DimensionIndexValues") if content is not None else ()
    return tuple(int(value) for value in values)


def part(dataset: Dataset, frames: int) -> Part | None:
    """The part of a concatenation that an instance is; None for any other instance."""
    if not tags.text(dataset, "ConcatenationUID"):
        return None
    return Part(
        number=tags.integer(dataset, "InConcatenationNumber") or 0,
        total=tags.integer(dataset, "InConcatenationTotalNumber") or 0,
        first=tags.integer(dataset, "ConcatenationFrameOffsetNumber"),
        frames=frames,
    )
