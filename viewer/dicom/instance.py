"""From the header of one DICOM file to its planes: one for each frame that can be shown."""

from __future__ import annotations

import hashlib
import os
import re

from pydicom.dataset import Dataset
from pydicom.uid import UID

from viewer.dicom import dataset as tags
from viewer.dicom import identity, limits, spacing, variants
from viewer.dicom.dataset import UNDEFINED_LENGTH, Opened, Unreadable
from viewer.dicom.grayscale import unit, windows
from viewer.dicom.in_place import locate
from viewer.dicom.layout import layout
from viewer.dicom.plane import Plane, SeriesFacts
from viewer.study import Patient, SliceHeader, Source

KEYWORDS = (
    (  # noqa: SIM905 - one name a line would fill a screen
        "SpecificCharacterSet SOPClassUID SOPInstanceUID StudyDate InstitutionName StudyDescription "
        "SeriesDescription PatientName PatientID PatientBirthDate PatientSex PatientAge "
        "ContrastBolusAgent BodyPartExamined AnatomicRegionSequence ProtocolName StudyInstanceUID "
        "SeriesInstanceUID SeriesNumber InstanceNumber SamplesPerPixel PhotometricInterpretation "
        "NumberOfFrames Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation WindowCenter "
        "WindowWidth RescaleIntercept RescaleSlope RescaleType WindowCenterWidthExplanation "
        "VOILUTFunction ModalityLUTSequence Units SUVType DoseUnits DoseGridScaling "
        "SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence Modality BurnedInAnnotation "
        "FrameOfReferenceUID"
    ).split()
    + variants.KEYWORDS
    + spacing.KEYWORDS
)
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
    # Taken first: a file that is replaced while it is read does not pass for the one that was.
    status = os.stat(source.path) if source.member is None else None
    with tags.open_source(source) as stream, tags.quiet():
        return planes(tags.read(stream, only=KEYWORDS), source, status)


def planes(opened: Opened, source: Source, status: os.stat_result | None = None) -> list[Plane]:
    """All planes of an opened file, in the order of its frames; raises `Unreadable`.

    Parameters
    ----------
    status : of a plain file; None for a member of an archive.
    """
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
    shape = layout(opened)
    count = limits.frames(opened, source, _frame_count(opened, shape.bits), shape.bits)
    shared = _series_facts(dataset, source)
    uid = tags.text(dataset, "SOPInstanceUID") or uid_of("instance", source.path, source.member)
    part = variants.part(dataset, count)
    clip = tags.text(dataset, "ConcatenationUID") or (uid if count > 1 else "")
    regions = spacing.ultrasound_regions(dataset)
    burned_in = identity.may_be_burned_in(
        tags.text(dataset, "BurnedInAnnotation").upper(),
        modality=shared.modality,
        sop_class=tags.text(dataset, "SOPClassUID"),
    )
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
            geometry=spacing.plane_geometry(dataset, frame, count),
            unit=unit(dataset, frame) if samples == 1 else "",
            windows=windows(dataset, frame),
            transfer_syntax=opened.syntax,
            regions=regions,
            burned_in=burned_in,
            stored=locate(opened, shape, frame, status) if status is not None else None,
        )
        kind = variants.image_type(dataset, frame)
        found.append(
            Plane(
                header=header,
                facts=shared,
                localizer=variants.is_localizer(kind),
                clip=clip,
                time=variants.moment(dataset, frame),
                variant=variants.variant(dataset, frame, kind),
                dimensions=variants.dimensions(dataset, frame),
                part=part,
            )
        )
    return found


def uid_of(*words: object) -> str:
    """A UID that follows from words, in place of one that a file lacks (PS3.5 B.2)."""
    digest = hashlib.sha256("\0".join(str(word) for word in words).encode("utf-8", "surrogatepass")).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"


def _require_image(opened: Opened) -> None:
    dataset = opened.dataset
    sop_class = tags.text(dataset, "SOPClassUID")
    if tags.text(dataset.file_meta, "MediaStorageSOPClassUID") == _MEDIA_DIRECTORY:
        raise Unreadable("Directory of the medium (DICOMDIR): the files it lists are read by themselves")
    if opened.pixel_keyword:
        return
    if not len(dataset):
        raise Unreadable("Not a DICOM file, or cut off within its header")
    if tags.value(dataset, "Rows") is not None:
        raise Unreadable("Damaged DICOM file: it ends before its pixel data")
    name = UID(sop_class).name if sop_class else ""
    modality = tags.text(dataset, "Modality")
    if name and name != sop_class:
        kind = name.removesuffix(" Storage")
    else:
        kind = modality if re.fullmatch(r"[A-Z0-9_]{1,16}", modality) else ""  # else any bytes of the file
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
        frame_of_reference=text("FrameOfReferenceUID"),
    )
