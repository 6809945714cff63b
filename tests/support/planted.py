"""A study with a marker of its own in every attribute that may identify, and the search for them."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from pydicom import datadict
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.support.dicom_factory import image, to_bytes
from viewer.dicom.confidential import profile

PATH = "file or folder"
"""What the markers in names of files and folders are found as."""
_STEM = "QXZ"
_ELSEWHERE = {0x00000000, 0x00020000}
"""Groups that are not part of a dataset."""
_NEEDED = {0x00080005}


class Planted:
    """Makes files; afterwards `found` tells whose markers stand in some bytes."""

    def __init__(self) -> None:
        self._owners: dict[str, str] = {}
        self._count = 0

    def study(self, folder: Path, slices: int = 3) -> Path:
        """A folder with one CT series, a file that is cut off, one with broken pixels, and a letter."""
        place = folder / self._text(PATH) / "study"
        place.mkdir(parents=True)
        dataset = image(np.random.default_rng(3).integers(-200, 200, (48, 48)).astype(np.int16))
        self._plant(dataset)
        for index in range(slices):
            dataset.ImagePositionPatient, dataset.InstanceNumber = [0, 0, 2.0 * index], index + 1
            dataset.SOPInstanceUID = self._uid("SOPInstanceUID")
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            data = to_bytes(dataset)
            (place / f"{self._text(PATH)}.dcm").write_bytes(data)
        (place / f"{self._text(PATH)} cut.dcm").write_bytes(data[: len(data) // 2])
        (place / f"{self._text(PATH)}.txt").write_text(f"Dear colleague, {self._text('letter')}\n" * 9)
        return place

    def _plant(self, dataset: Dataset) -> None:
        """A marker into every attribute of the Basic Profile that can hold one, also within sequences."""
        for tag in profile():
            if tag & 0xFFFF0000 not in _ELSEWHERE and tag not in _NEEDED:
                self._set(dataset, tag)
        for tag, vr in ((0x50003000, "OB"), (0x60004000, "LT")):
            dataset.add_new(tag, vr, self._value(datadict.keyword_for_tag(tag), vr))
        dataset.ProtocolContextSequence = Sequence([self._item()])  # in no table, but what lies in it is
        dataset.WindowCenter, dataset.WindowWidth = 40, 400
        dataset.WindowCenterWidthExplanation = self._text("WindowCenterWidthExplanation")
        block = dataset.private_block(0x0019, self._text("PrivateCreator"), create=True)
        block.add_new(0x01, "LO", self._text("private LO"))
        block.add_new(0x02, "UN", self._text("private UN").encode())
        block.add_new(0x03, "SQ", Sequence([self._item()]))
        meta = dataset.file_meta
        meta.SourceApplicationEntityTitle = self._text("SourceApplicationEntityTitle")
        meta.PrivateInformationCreatorUID = self._uid("PrivateInformationCreatorUID")
        meta.PrivateInformation = self._text("PrivateInformation").encode() + b"0"

    def _set(self, dataset: Dataset, tag: int) -> None:
        known = datadict.dictionary_has_tag(tag)
        vr = datadict.dictionary_VR(tag).split(" or ")[0] if known else "LO"
        name = datadict.keyword_for_tag(tag) if known else f"{tag:08X}"
        value = Sequence([self._item()]) if vr == "SQ" else self._value(name, vr)
        if value is not None:
            dataset.add_new(tag, vr, value)

    def _item(self) -> Dataset:
        item = Dataset()
        item.PatientName = self._text("PatientName")
        item.ReferencedSOPInstanceUID = self._uid("ReferencedSOPInstanceUID")
        return item

    def _value(self, name: str, vr: str) -> object:
        """A marker as the value representation can hold one; None where it can hold none."""
        number = self._count + 1
        if vr in ("UI",):
            return self._uid(name)
        if vr in ("DA", "DT"):
            month, day = divmod(number % 336, 28)
            return self._own(name, f"{1500 + number // 336}{month + 1:02}{day + 1:02}")
        if vr == "TM":
            return self._own(name, f"134759.99{number:04}")
        if vr in ("DS", "IS"):
            return self._own(name, f"8097{number:06}")
        if vr == "AS":
            return self._own(name, f"{number % 90 + 900:03}W")
        if vr in ("OB", "OW", "UN"):
            return self._text(name).encode() + b"0"
        if vr in ("AT", "FL", "FD", "SL", "SS", "UL", "US", "OD", "OF", "OL", "OV", "UV", "SV"):
            return None
        return self._text(name)

    def _text(self, name: str) -> str:
        return self._own(name, f"{_STEM}{self._count + 1:06}")

    def _uid(self, name: str) -> str:
        return self._own(name, f"1.2.826.0.1.8097.{self._count + 1}.5")

    def _own(self, name: str, marker: str) -> str:
        self._count += 1
        self._owners[marker] = name
        return marker

    @property
    def names(self) -> set[str]:
        """All that a marker was planted in."""
        return set(self._owners.values())

    def found(self, *contents: bytes) -> set[str]:
        """Whose markers stand in these bytes, as they were planted or as dates are written for a reader."""
        text = "\n".join(part.decode("latin-1") for part in contents)
        text += re.sub(r"\b(1\d{3})-(\d\d)-(\d\d)\b", r"\1\2\3", text)
        words = set(re.findall(r"\w+", text))
        return {
            owner
            for marker, owner in self._owners.items()
            if (marker in text if len(marker) >= 8 else marker in words)
        }

    def found_in(self, files: Iterable[Path]) -> dict[str, set[str]]:
        """File name -> whose markers stand in the file, compressed parts of it or its own name."""
        found = {file.name: self.found(*contents(file), file.name.encode()) for file in files}
        return {name: owners for name, owners in found.items() if owners}


def contents(file: Path) -> list[bytes]:
    """The bytes of a file, and what is compressed in it: texts of a PNG, members of a ZIP."""
    data = file.read_bytes()
    parts = [data]
    if data.startswith(b"\x89PNG"):
        from PIL import Image

        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            parts += [f"{name} {text}".encode() for name, text in getattr(picture, "text", {}).items()]
    elif data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts += [archive.read(name) for name in archive.namelist()]
            # NumPy writes text as four bytes a letter.
            parts += [part.replace(b"\0\0\0", b"") for part in parts[1:]]
    return parts
