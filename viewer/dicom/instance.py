"""From the header of one DICOM file to its planes: one for each frame that can be shown."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import UID

from viewer.dicom import dataset as tags
from viewer.dicom import plane as facts
from viewer.dicom.dataset import UNDEFINED_LENGTH, Opened, Unreadable
from viewer.dicom.grayscale import functional_item, unit, windows
from viewer.dicom.plane import Plane, SeriesFacts
from viewer.dicom.spacing import plane_geometry
from viewer.study import Patient, SliceHeader, Source

KEYWORDS = (  # noqa: SIM905 - one name a line would fill two screens
    "SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID StudyDate AcquisitionDateTime "
    "AcquisitionTime ContentTime Modality InstitutionName StudyDescription SeriesDescription "
    "PatientName PatientID PatientBirthDate PatientSex PatientAge ContrastBolusAgent "
    "BodyPartExamined AnatomicRegionSequence ProtocolName EchoTime TriggerTime ConvolutionKernel "
    "ImagerPixelSpacing NominalScannedPixelSpacing EstimatedRadiographicMagnificationFactor "
    "SequenceOfUltrasoundRegions DiffusionBValue StudyInstanceUID SeriesInstanceUID SeriesNumber "
    "AcquisitionNumber InstanceNumber PatientOrientation ImagePositionPatient "
    "ImageOrientationPatient TemporalPositionIdentifier ConcatenationUID SpacingBetweenSlices "
    "SamplesPerPixel PhotometricInterpretation NumberOfFrames Rows Columns PixelSpacing "
    "PixelAspectRatio BitsAllocated BitsStored PixelRepresentation PixelSpacingCalibrationType "
    "WindowCenter WindowWidth RescaleIntercept RescaleSlope RescaleType WindowCenterWidthExplanation "
    "VOILUTFunction ModalityLUTSequence SliceVector DetectorInformationSequence Units DoseUnits "
    "DoseGridScaling GridFrameOffsetVector SharedFunctionalGroupsSequence "
    "PerFrameFunctionalGroupsSequence"
).split()
"""All that a scan reads of a header."""

_MAX_FRAMES = 200_000
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"


def read_planes(source: Source) -> list[Plane]:
    """All planes of a file, in the order of its frames.

    Raises
    ------
    Unreadable
        The file is no DICOM, holds no image, or lacks what an image needs.
    OSError
        The file cannot be read.
    """
    with tags.open_source(source) as stream, tags.quiet():
        return planes(tags.read(stream, only=KEYWORDS), source)


def planes(opened: Opened, source: Source) -> list[Plane]:
    """All planes of an opened file, in the order of its frames; raises `Unreadable`."""
    dataset = opened.dataset
    _require_image(opened)
    rows, cols = tags.integer(dataset, "Rows"), tags.integer(dataset, "Columns")
    allocated = tags.integer(dataset, "BitsAllocated")
    if opened.pixel_keyword != "PixelData":
        allocated = allocated or {"FloatPixelData": 32}.get(opened.pixel_keyword, 64)
    for value, name in ((rows, "Rows"), (cols, "Columns"), (allocated, "Bits Allocated")):
        if value is None or not 0 < value < 65536:
            raise Unreadable(f"Damaged DICOM file: it has no valid {name}")
    assert rows and cols and allocated
    samples = tags.integer(dataset, "SamplesPerPixel") or 1
    count = _frame_count(opened, rows * cols * samples * allocated)
    shared = _series_facts(dataset, source)
    uid = tags.text(dataset, "SOPInstanceUID") or uid_of("instance", source.path, source.member)
    clip = (tags.text(dataset, "ConcatenationUID") or uid) if count > 1 else ""
    found = []
    for frame in range(count):
        header = SliceHeader(
            source=source,
            sop_instance_uid=uid,
            frame=frame,
            rows=rows,
            cols=cols,
            photometric=tags.text(dataset, "PhotometricInterpretation").upper() or "MONOCHROME2",
            samples_per_pixel=samples,
            instance_number=tags.integer(dataset, "InstanceNumber"),
            geometry=plane_geometry(dataset, frame, count),
            unit=unit(dataset, frame) if samples == 1 else "",
            windows=windows(dataset, frame),
            transfer_syntax=opened.syntax,
        )
        image_type = _image_type(dataset, frame)
        localizer = bool({"LOCALIZER", "SCOUT"} & set(image_type[2:]))
        variant = _variant(dataset, frame, image_type)
        found.append(Plane(header, shared, localizer, clip, _time(dataset, frame), variant))
    return found


def uid_of(*words: object) -> str:
    """A UID that follows from words, in place of one that a file lacks (PS3.5 B.2)."""
    digest = hashlib.sha256("\0".join(str(word) for word in words).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _require_image(opened: Opened) -> None:
    dataset = opened.dataset
    sop_class = tags.text(dataset, "SOPClassUID")
    if str(getattr(dataset.file_meta, "MediaStorageSOPClassUID", "")) == _MEDIA_DIRECTORY:
        raise Unreadable("Directory of the medium (DICOMDIR): the files it lists are read by themselves")
    if opened.pixel_keyword:
        return
    if not len(dataset):
        raise Unreadable("Not a DICOM file, or cut off within its header")
    if tags.value(dataset, "Rows") is not None:
        raise Unreadable("Damaged DICOM file: it ends before its pixel data")
    name = UID(sop_class).name if sop_class else ""
    kind = name.removesuffix(" Storage") if name and name != sop_class else tags.text(dataset, "Modality")
    raise Unreadable(f"DICOM without an image ({kind})" if kind else "DICOM without an image")


def _frame_count(opened: Opened, bits: int) -> int:
    """Number of Frames as far as the pixel data go; at least 1."""
    declared = tags.integer(opened.dataset, "NumberOfFrames")
    malformed = declared is None and "NumberOfFrames" in opened.dataset
    if opened.pixel_length == UNDEFINED_LENGTH:
        fitting = _MAX_FRAMES
    else:
        fitting = max(opened.pixel_length * 8 // bits, 1)
        if malformed:
            declared = fitting
    count = max(declared or 1, 1)
    if count > _MAX_FRAMES and fitting >= _MAX_FRAMES:
        raise Unreadable(f"Damaged DICOM file: it claims to have {count} frames")
    return min(count, fitting)


def _series_facts(dataset: Dataset, source: Source) -> SeriesFacts:
    def text(keyword: str) -> str:
        return tags.text(dataset, keyword)

    patient = Patient(
        name=text("PatientName"),
        patient_id=text("PatientID"),
        birth_date=text("PatientBirthDate"),
        sex=text("PatientSex"),
        age=text("PatientAge"),
    )
    region = tags.first_item(dataset, "AnatomicRegionSequence")
    spoken = (text("SeriesDescription"), text("ProtocolName"), text("ContrastBolusAgent"))
    study = text("StudyInstanceUID") or uid_of("study", patient.patient_id, patient.name, text("StudyDate"))
    number = tags.integer(dataset, "SeriesNumber")
    place = source.path if source.member else source.path.parent
    series = text("SeriesInstanceUID") or uid_of("series", study, text("Modality"), number, spoken, place)
    return SeriesFacts(
        series_instance_uid=series,
        study_instance_uid=study,
        patient=patient,
        modality=text("Modality"),
        description=text("SeriesDescription") or text("ProtocolName"),
        series_number=number,
        study_description=text("StudyDescription"),
        study_date=text("StudyDate"),
        institution=text("InstitutionName"),
        body_part=text("BodyPartExamined") or (tags.text(region, "CodeMeaning") if region else ""),
        protocol=" ".join(dict.fromkeys(part for part in spoken if part)),
    )


def _image_type(dataset: Dataset, frame: int) -> list[str]:
    for macro in ("MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence"):
        item = functional_item(dataset, frame, macro)
        if item is not None and tags.text(item, "FrameType"):
            return tags.text(item, "FrameType").upper().split("\\")
    return tags.text(dataset, "ImageType").upper().split("\\")


def _variant(dataset: Dataset, frame: int, image_type: list[str]) -> dict[str, str]:
    def of(macro: str, keyword: str, classic: str = "") -> Any:
        item = functional_item(dataset, frame, macro)
        found = tags.text(item, keyword) if item is not None else ""
        return found or (tags.text(dataset, classic) if classic else "")

    found = {
        facts.IMAGE_TYPE: " ".join(image_type[2:]),
        facts.SEGMENT: of("SegmentIdentificationSequence", "ReferencedSegmentNumber"),
        facts.ECHO_TIME: of("MREchoSequence", "EffectiveEchoTime", "EchoTime"),
        facts.B_VALUE: of("MRDiffusionSequence", "DiffusionBValue", "DiffusionBValue"),
        facts.KERNEL: of("CTReconstructionSequence", "ConvolutionKernel", "ConvolutionKernel"),
        facts.TEMPORAL_POSITION: of(
            "FrameContentSequence", "TemporalPositionIndex", "TemporalPositionIdentifier"
        ),
        facts.TRIGGER_TIME: of(
            "CardiacSynchronizationSequence", "NominalCardiacTriggerDelayTime", "TriggerTime"
        ),
        facts.ACQUISITION: of("FrameContentSequence", "FrameAcquisitionNumber", "AcquisitionNumber"),
    }
    return {name: value for name, value in found.items() if value}


def _time(dataset: Dataset, frame: int) -> float:
    """Something that grows with time within a series: trigger time, or time of day in seconds."""
    trigger = tags.number(dataset, "TriggerTime")
    if trigger is not None:
        return trigger
    content = functional_item(dataset, frame, "FrameContentSequence")
    moment = tags.text(content, "FrameAcquisitionDateTime") if content is not None else ""
    moment = moment or tags.text(dataset, "AcquisitionDateTime")
    clock = moment[8:].split("+")[0].split("-")[0] if moment else ""
    clock = clock or tags.text(dataset, "AcquisitionTime") or tags.text(dataset, "ContentTime")
    try:
        whole, _, part = clock.replace(":", "").partition(".")
        seconds = int(whole[0:2] or 0) * 3600 + int(whole[2:4] or 0) * 60 + int(whole[4:6] or 0)
        return float(np.round(seconds + float(f"0.{part or 0}"), 3))
    except ValueError:
        return 0.0
