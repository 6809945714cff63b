"""Makes the files of this folder: one pattern in every kind of compression, for `glassbox verify`.

    python resources/verification/make.py

The pattern is a formula (`viewer.verification.checks.pattern`), so what a decoder gives is held against that
and not against another decoder. Needs what a development checkout has.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1]))

from tests.support.dicom_factory import lossless_jpeg  # noqa: E402
from viewer.verification.checks import FILES, pattern  # noqa: E402

ROOT = "1.2.826.0.1.3680043.8.498.1"


def plain(name: str) -> Dataset:
    """A CT image of the pattern, uncompressed."""
    number = FILES.index(name) + 1
    data = Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.file_meta.MediaStorageSOPClassUID = data.SOPClassUID = CTImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID = f"{ROOT}.{number}"
    data.StudyInstanceUID, data.SeriesInstanceUID = f"{ROOT}.100", f"{ROOT}.100.{number}"
    data.PatientName, data.PatientID, data.Modality = "Verification", "VERIFICATION", "CT"
    data.SeriesDescription, data.InstanceNumber = name, 1
    values = pattern()
    data.Rows, data.Columns = values.shape
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleSlope, data.RescaleIntercept = 1, 0
    data.PixelSpacing = [1, 1]
    data.PixelData = values.astype("<u2").tobytes()
    return data


def main() -> None:
    for name, syntax in (
        ("rle", RLELossless),
        ("jpeg-ls", JPEGLSLossless),
        ("jpeg-2000", JPEG2000Lossless),
    ):
        data = plain(name)
        data.compress(syntax, generate_instance_uid=False)
        data.save_as(HERE / f"{name}.dcm", enforce_file_format=True)
    plain("little-endian").save_as(HERE / "little-endian.dcm", enforce_file_format=True)
    big = plain("big-endian")
    big.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    big.PixelData = np.asarray(pattern(), ">u2").tobytes()
    big.save_as(HERE / "big-endian.dcm", implicit_vr=False, little_endian=False, enforce_file_format=True)
    made = lossless_jpeg(plain("jpeg-lossless"), JPEGLosslessSV1)
    made.save_as(HERE / "jpeg-lossless.dcm", enforce_file_format=True)


if __name__ == "__main__":
    main()
