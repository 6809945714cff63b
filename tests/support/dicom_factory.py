"""Synthetic DICOM for tests: any modality, orientation, spacing, frames, colour and transfer syntax.

`image()` makes one dataset, `write()` puts it into a file, `write_series()` makes a stack of slices.
Every further attribute goes by its DICOM keyword: ``image(modality="CT", WindowCenter=40)``; None
removes one. UIDs follow from words, so that two runs write the same files.
"""

from __future__ import annotations

import io
import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import config, dcmread
from pydicom import uid as uids
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset, validate_file_meta
from pydicom.encaps import encapsulate
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import generate_uid

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
OBLIQUE = (1.0, 0.0, 0.0, 0.0, 0.8, -0.6)
ORIENTATIONS = {"axial": AXIAL, "coronal": CORONAL, "sagittal": SAGITTAL, "oblique": OBLIQUE}

SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
    "SR": "1.2.840.10008.5.1.4.1.1.88.11",
}
ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4.1"
US_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"


def uid(*words: object) -> str:
    """A UID that follows from `words`."""
    return str(generate_uid(entropy_srcs=[str(word) for word in words]))


def gradient(rows: int = 16, cols: int = 12, *, low: int = 0, high: int = 1000) -> np.ndarray:
    """(rows, cols) int16, every pixel different from its mirror images, from `low` to `high`."""
    return np.linspace(low, high, rows * cols).round().astype(np.int16).reshape(rows, cols)


def image(
    pixels: np.ndarray | None = None,
    *,
    modality: str = "CT",
    photometric: str = "",
    frames: bool = False,
    bits_stored: int | None = None,
    orientation: str | Sequence[float] | None = "axial",
    position: Sequence[float] | None = (0.0, 0.0, 0.0),
    spacing: Sequence[float] | None = (1.0, 1.0),
    instance: int | None = 1,
    series: str = "series",
    study: str = "study",
    patient: str = "Doe^Jane",
    sop_class: str | None = None,
    **attributes: Any,
) -> FileDataset:
    """One image as a dataset with file meta, uncompressed, explicit little endian.

    Parameters
    ----------
    pixels : (rows, cols), (rows, cols, 3), or with `frames` one axis more in front; any integer
        dtype of 8, 16 or 32 bits, bool (packed to 1 bit), or float32/float64 (Float Pixel Data).
    photometric : default MONOCHROME2, or RGB for three samples.
    orientation : a name of `ORIENTATIONS`, six direction cosines, or None.
    series, study, instance : words that the UIDs follow from, with the patient's name.
    """
    values = gradient() if pixels is None else np.asarray(pixels)
    shape = values.shape[1:] if frames else values.shape
    samples = 3 if len(shape) == 3 else 1

    dataset = FileDataset(None, {}, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID = sop_class or SOP_CLASSES[modality]
    dataset.SOPInstanceUID = uid(patient, study, series, instance, position, modality)
    dataset.StudyInstanceUID = uid(patient, study)
    dataset.SeriesInstanceUID = uid(patient, study, series)
    dataset.PatientName = patient
    dataset.PatientID = "ID-" + patient[:3]
    dataset.PatientBirthDate = "19650102"
    dataset.PatientSex = "F"
    dataset.PatientAge = "061Y"
    dataset.StudyDate = "20260112"
    dataset.StudyDescription = "TEST STUDY"
    dataset.InstitutionName = "Example Hospital"
    dataset.SeriesDescription = series
    dataset.Modality = modality
    if instance is not None:
        dataset.InstanceNumber = instance
    dataset.SeriesNumber = 1
    if orientation is not None:
        cosines = ORIENTATIONS[orientation] if isinstance(orientation, str) else orientation
        dataset.ImageOrientationPatient = [float(f"{c:.10g}") for c in cosines]
    if position is not None:
        dataset.ImagePositionPatient = [float(f"{p:.10g}") for p in position]
    if spacing is not None:
        dataset.PixelSpacing = [float(s) for s in spacing]

    dataset.Rows, dataset.Columns = int(shape[0]), int(shape[1])
    dataset.SamplesPerPixel = samples
    dataset.PhotometricInterpretation = photometric or ("RGB" if samples == 3 else "MONOCHROME2")
    if samples == 3:
        dataset.PlanarConfiguration = 0
    if frames:
        dataset.NumberOfFrames = len(values)
    _set_pixels(dataset, values, bits_stored)
    if modality == "CT":
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    for keyword, value in attributes.items():
        if value is None:
            if keyword in dataset:
                delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uids.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def _set_pixels(dataset: Dataset, values: np.ndarray, bits_stored: int | None) -> None:
    if values.dtype == bool:
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 1, 1, 0
        dataset.PixelRepresentation = 0
        packed = np.packbits(values.ravel(), bitorder="little").tobytes()
        dataset.PixelData = packed + b"\0" * (len(packed) % 2)
        dataset["PixelData"].VR = "OB"
        return
    bits = values.dtype.itemsize * 8
    dataset.BitsAllocated = bits
    if values.dtype.kind == "f":
        keyword = "FloatPixelData" if bits == 32 else "DoubleFloatPixelData"
        setattr(dataset, keyword, values.astype(values.dtype.newbyteorder("<")).tobytes())
        return
    dataset.BitsStored = bits_stored or bits
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(values.dtype.kind == "i")
    stored = values.astype(values.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = stored + b"\0" * (len(stored) % 2)
    dataset["PixelData"].VR = "OW" if bits > 8 else "OB"


def enhanced(
    pixels: np.ndarray,
    positions: Sequence[Sequence[float]],
    *,
    orientation: str | Sequence[float] = "axial",
    spacing: Sequence[float] = (1.0, 1.0),
    rescales: Sequence[tuple[float, float]] | None = None,
    windows: Sequence[tuple[float, float]] | None = None,
    **attributes: Any,
) -> FileDataset:
    """An enhanced multi-frame MR: position, rescale (slope, intercept) and window per frame.

    Parameters
    ----------
    pixels : (frames, rows, cols)
    positions : one (x, y, z) mm a frame, in the order in which the frames are stored.
    """
    dataset = image(
        pixels, frames=True, modality="MR", sop_class=ENHANCED_MR, orientation=None, position=None,
        spacing=None, **attributes,
    )  # fmt: skip
    cosines = ORIENTATIONS[orientation] if isinstance(orientation, str) else orientation
    shared = Dataset()
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=list(cosines))
    shared.PixelMeasuresSequence = item(PixelSpacing=list(spacing), SliceThickness=1.0)
    dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    groups = []
    for frame, position in enumerate(positions):
        group = Dataset()
        group.PlanePositionSequence = item(ImagePositionPatient=[float(p) for p in position])
        if rescales is not None:
            slope, intercept = rescales[frame]
            group.PixelValueTransformationSequence = item(
                RescaleSlope=slope, RescaleIntercept=intercept, RescaleType="US"
            )
        if windows is not None:
            center, width = windows[frame]
            group.FrameVOILUTSequence = item(WindowCenter=center, WindowWidth=width)
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(groups)
    return dataset


def item(**attributes: Any) -> DicomSequence:
    """A sequence of one item with these attributes."""
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return DicomSequence([dataset])


def palette_image(
    indices: np.ndarray, colors: np.ndarray, *, first: int = 0, bits: int = 16, **attributes: Any
) -> FileDataset:
    """A PALETTE COLOR image.

    Parameters
    ----------
    indices : (rows, cols) uint8 or uint16
    colors : (n, 3) uint8, the colour of index `first`, `first` + 1, …
    bits : 16 stores each colour as value × 257, 8 as it is.
    """
    entries = colors.astype(np.uint16) * (257 if bits == 16 else 1)
    for channel, name in enumerate(("Red", "Green", "Blue")):
        data = entries[:, channel].astype("<u2").tobytes()
        if bits == 8:
            packed = colors[:, channel].astype(np.uint8).tobytes()
            data = packed + b"\0" * (len(packed) % 2)
        attributes[f"{name}PaletteColorLookupTableDescriptor"] = [len(colors), first, bits]
        attributes[f"{name}PaletteColorLookupTableData"] = data
    attributes.setdefault("modality", "US")
    dataset = image(indices, photometric="PALETTE COLOR", **attributes)
    return dataset


def lut(first: int, table: Sequence[int] | np.ndarray, bits: int, explanation: str = "") -> DicomSequence:
    """One item of a VOI LUT Sequence or Modality LUT Sequence."""
    dataset = Dataset()
    dataset.add_new("LUTDescriptor", "SS" if first < 0 else "US", [len(table) % 65536, first, bits])
    dataset.add_new("LUTData", "OW", np.asarray(table, "<u2").tobytes())
    if explanation:
        dataset.LUTExplanation = explanation
    return DicomSequence([dataset])


def add_overlay(
    dataset: Dataset,
    mask: np.ndarray,
    *,
    group: int = 0x6000,
    origin: Sequence[int] | None = (1, 1),
    kind: str = "G",
    label: str = "",
    description: str = "",
    first_frame: int | None = None,
) -> None:
    """An overlay plane with Overlay Data of its own.

    Parameters
    ----------
    mask : (rows, cols) bool, or (frames, rows, cols) for a multi-frame overlay.
    origin : 1-based (row, column) of the image at which it begins.
    """
    rows, cols = mask.shape[-2:]
    packed = np.packbits(mask.ravel().astype(bool), bitorder="little").tobytes()
    dataset.add_new((group, 0x0010), "US", rows)
    dataset.add_new((group, 0x0011), "US", cols)
    if mask.ndim == 3:
        dataset.add_new((group, 0x0015), "IS", len(mask))
    if first_frame is not None:
        dataset.add_new((group, 0x0051), "US", first_frame)
    if description:
        dataset.add_new((group, 0x0022), "LO", description)
    dataset.add_new((group, 0x0040), "CS", kind)
    if origin is not None:
        dataset.add_new((group, 0x0050), "SS", list(origin))
    dataset.add_new((group, 0x0100), "US", 1)
    dataset.add_new((group, 0x0102), "US", 0)
    if label:
        dataset.add_new((group, 0x1500), "LO", label)
    dataset.add_new((group, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))


def pet(
    pixels: np.ndarray | None = None, *, tracer: dict[str, Any] | None = None, **attributes: Any
) -> FileDataset:
    """A PET slice in Bq/ml, decayed to the start of the scan: FDG, one hour after 370 MBq, 70 kg.

    Parameters
    ----------
    tracer : changes of the Radiopharmaceutical Information Sequence; None removes an attribute.
    """
    information: dict[str, Any] = {
        "RadiopharmaceuticalStartTime": "090000.00",
        "RadionuclideTotalDose": 370e6,
        "RadionuclideHalfLife": 6586.2,
    }
    information |= tracer or {}
    own = {
        "modality": "PT",
        "Units": "BQML",
        "DecayCorrection": "START",
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "SeriesDate": "20260112",
        "SeriesTime": "100000",
        "AcquisitionDate": "20260112",
        "AcquisitionTime": "100000",
        "PatientWeight": 70,
        "RescaleSlope": 2,
        "RescaleIntercept": 0,
        "RadiopharmaceuticalInformationSequence": item(
            **{name: value for name, value in information.items() if value is not None}
        ),
    }
    return image(pixels, **(own | attributes))


def compressed(dataset: FileDataset, transfer_syntax: str, **options: Any) -> FileDataset:
    """The same image in another transfer syntax: native, RLE, JPEG baseline, JPEG-LS or JPEG 2000.

    The JPEG 2000 encoder needs at least 32 × 32 pixels.
    """
    if transfer_syntax == uids.JPEGBaseline8Bit:
        return _jpeg(dataset, **options)
    if transfer_syntax == uids.ExplicitVRBigEndian:
        size = dataset.BitsAllocated // 8
        dataset.PixelData = np.frombuffer(dataset.PixelData, f"<u{size}").byteswap().tobytes()
    elif uids.UID(transfer_syntax).is_compressed and not uids.UID(transfer_syntax).is_deflated:
        dataset.compress(uids.UID(transfer_syntax), generate_instance_uid=False, **options)
    dataset.file_meta.TransferSyntaxUID = uids.UID(transfer_syntax)
    return dataset


def _jpeg(dataset: FileDataset, quality: int = 95) -> FileDataset:
    from PIL import Image

    pixels = dataset.pixel_array
    frames = pixels if dataset.get("NumberOfFrames") else pixels[None]
    encoded = []
    for frame in frames:
        stream = io.BytesIO()
        Image.fromarray(frame).save(stream, "JPEG", quality=quality, subsampling=0)
        encoded.append(stream.getvalue())
    dataset.PixelData = encapsulate(encoded)
    dataset["PixelData"].VR = "OB"
    if dataset.SamplesPerPixel == 3:
        dataset.PhotometricInterpretation = "YBR_FULL_422"
    dataset.file_meta.TransferSyntaxUID = uids.JPEGBaseline8Bit
    return dataset


def encapsulated_native(dataset: FileDataset) -> FileDataset:
    """The same image of one frame in Encapsulated Uncompressed Explicit VR Little Endian."""
    dataset.PixelData = encapsulate([dataset.PixelData])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = uids.UID("1.2.840.10008.1.2.1.98")
    return dataset


def lossless_jpeg(dataset: FileDataset, transfer_syntax: str) -> FileDataset:
    """The same image in JPEG lossless (.57 or .70), written by GDCM."""
    import gdcm

    gdcm_syntax = gdcm.TransferSyntax
    kinds = {
        uids.JPEGLossless: gdcm_syntax.JPEGLosslessProcess14,
        uids.JPEGLosslessSV1: gdcm_syntax.JPEGLosslessProcess14_1,
    }
    with tempfile.TemporaryDirectory() as folder:
        before, after = write(dataset, Path(folder) / "before.dcm"), Path(folder) / "after.dcm"
        reader = gdcm.ImageReader()
        reader.SetFileName(str(before))
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm_syntax(kinds[uids.UID(transfer_syntax)]))
        writer = gdcm.ImageWriter()
        writer.SetFileName(str(after))
        if not reader.Read():
            raise ValueError("GDCM does not read this image")
        change.SetInput(reader.GetImage())
        if not change.Change():
            raise ValueError("GDCM does not compress this image")
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        if not writer.Write():
            raise ValueError("GDCM does not write this image")
        return dcmread(after)


def write(dataset: FileDataset, path: Path) -> Path:
    """Save `dataset` as a DICOM file, in the transfer syntax that its file meta names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(to_bytes(dataset))
    return path


def to_bytes(dataset: FileDataset) -> bytes:
    """`dataset` as the bytes of a DICOM file."""
    stream = io.BytesIO()
    syntax = uids.UID(dataset.file_meta.TransferSyntaxUID)
    validate_file_meta(dataset.file_meta, enforce_standard=True)
    dataset.file_meta.FileMetaInformationGroupLength = 0  # written right by pydicom
    known = syntax.is_transfer_syntax
    implicit, little = known and syntax.is_implicit_VR, not known or syntax.is_little_endian
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some tests write what the standard forbids
        dcmwrite(stream, dataset, implicit_vr=implicit, little_endian=little, force_encoding=True)
    return stream.getvalue()


def write_series(
    folder: Path,
    count: int = 5,
    *,
    gap: float = 2.0,
    pixels: np.ndarray | None = None,
    orientation: str | Sequence[float] = "axial",
    origin: Sequence[float] = (0.0, 0.0, 0.0),
    shuffled: bool = False,
    prefix: str = "im",
    **attributes: Any,
) -> list[Path]:
    """A stack of `count` slices `gap` mm apart along row × column; files named in slice order.

    Parameters
    ----------
    pixels : (count, rows, cols) or (rows, cols) for all; default a gradient that differs per slice.
    shuffled : name the files in another order than that of the slices.
    """
    cosines = np.array(ORIENTATIONS[orientation] if isinstance(orientation, str) else orientation)
    normal = np.cross(cosines[:3], cosines[3:])
    names = list(range(count))
    if shuffled:
        names = [(7 * i + 3) % count if count % 7 else count - 1 - i for i in range(count)]
    paths = []
    for index in range(count):
        plane = gradient() + np.int16(10 * index) if pixels is None else pixels
        plane = plane[index] if plane.ndim == 3 and pixels is not None else plane
        position = np.asarray(origin, float) + normal * gap * index
        dataset = image(
            plane, orientation=tuple(cosines), position=tuple(position), instance=index + 1, **attributes
        )
        paths.append(write(dataset, folder / f"{prefix}{names[index]:04d}.dcm"))
    return paths


def write_zip(path: Path, members: Iterable[tuple[str, bytes]]) -> Path:
    """A ZIP archive with these members, in this order."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def write_dicomdir(folder: Path, files: Iterable[Path | Sequence[str]]) -> Path:
    """A DICOMDIR in `folder` whose image records name `files` (paths in `folder`, or raw file ids)."""
    records = []
    for file in files:
        record = Dataset()
        record.OffsetOfTheNextDirectoryRecord = 0
        record.RecordInUseFlag = 0xFFFF
        record.OffsetOfReferencedLowerLevelDirectoryEntity = 0
        record.DirectoryRecordType = "IMAGE"
        parts = [part.upper() for part in file.relative_to(folder).parts] if isinstance(file, Path) else file
        # Unchecked, because tests also write names that the standard forbids.
        record["ReferencedFileID"] = DataElement(
            "ReferencedFileID", "CS", list(parts), validation_mode=config.IGNORE
        )
        records.append(record)
    dataset = FileDataset(None, {}, preamble=b"\0" * 128)
    dataset.FileSetID = "TEST"
    dataset.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = 0
    dataset.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    dataset.FileSetConsistencyFlag = 0
    dataset.DirectoryRecordSequence = DicomSequence(records)
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = uids.ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = uids.MediaStorageDirectoryStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = uid("dicomdir")
    return write(dataset, folder / "DICOMDIR")
