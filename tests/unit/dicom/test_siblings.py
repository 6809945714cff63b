"""A plane made after the pattern of a sibling is the plane that reading its own header gives."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from tests.support.dicom_factory import compressed, gradient, image, to_bytes, write, write_series
from tests.support.shared_data import shared_data
from viewer.dicom import instance, siblings
from viewer.dicom.dataset import Unreadable
from viewer.dicom.quick_header import QuickReader
from viewer.dicom.siblings import Siblings
from viewer.study import Source

IMPLICIT, DEFLATED, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"


def told(read, source: Source) -> object:
    """All that a reader tells of a file, as something to compare: planes or the reason."""
    try:
        planes = read(source)
    except (Unreadable, OSError) as error:
        return str(error)
    except Exception as error:  # what nobody foresaw must be the same for both
        return type(error).__name__
    return [
        (
            {name: getattr(plane.header, name) for name in plane.header.__slots__},
            {
                name: repr(getattr(plane, name))
                for name in plane.__slots__
                if name not in ("header", "facts", "variant")
            },
            {name: getattr(plane.facts, name) for name in plane.facts.__slots__ if name != "patient"},
            [getattr(plane.facts.patient, name) for name in plane.facts.patient.__slots__],
            plane.variant,
        )
        for plane in planes
    ]


@pytest.fixture
def by_itself(monkeypatch) -> list[Source]:
    """The files that were read by themselves."""
    read = instance.read_planes
    found: list[Source] = []

    def noted(source):
        found.append(source)
        return read(source)

    monkeypatch.setattr(instance, "read_planes", noted)
    return found


def same(paths: list[Path], reader: Siblings | None = None) -> None:
    reader = reader or Siblings()
    for path in paths:
        source = Source(path)
        expected = told(instance.read_planes, source)
        assert told(reader.read, source) == expected, path.name
        assert told(reader.read, source) == expected, path.name  # now perhaps after its own pattern


def files(folder: Path, datasets, syntax: str | None = None) -> list[Path]:
    return [
        write(dataset if syntax is None else compressed(dataset, syntax), folder / f"{number:03d}")
        for number, dataset in enumerate(datasets)
    ]


def stack(count: int = 5, **more):
    return [image(position=(0, 0, -1.5 * i), instance=i + 1, **more) for i in range(count)]


def pet(i: int):
    return image(
        modality="PT",
        position=(1.25, -2e1, 3 * i),
        instance=i + 1,
        RescaleSlope=1.5 + i / 8,
        RescaleIntercept=0,
        Units="BQML",
        RescaleType="BQML",
        AcquisitionTime=f"2359{50 + i}.250000",
        AcquisitionDate="20260112",
        FrameReferenceTime=1000.5 * i,
        WindowCenter=100 + i,
        WindowWidth=200 + i,
    )


def without(dataset, keyword: str):
    delattr(dataset, keyword)
    return dataset


SERIES = {
    "CT": lambda: stack(WindowCenter=[40, -600], WindowWidth=[400, 1500], RescaleIntercept=-1024),
    "PET": lambda: [pet(i) for i in range(5)],
    "cine": lambda: [
        image(modality="MR", instance=i, TriggerTime=33.25 * i, EchoTime=20, ContentTime=f"1010{i:02d}")
        for i in range(1, 5)
    ],
    "no uid": lambda: [without(one, "SOPInstanceUID") for one in stack()],
    "no series uid": lambda: stack(SeriesInstanceUID=None, StudyInstanceUID=None),
    "no number": lambda: stack(InstanceNumber=None),
    "no position": lambda: [image(position=None, instance=i) for i in range(3)],
    "two places": lambda: stack(ImageOrientationPatient=None),
    "odd window": lambda: [
        *stack(2, WindowCenter=0, WindowWidth=0.5),
        *stack(3, WindowCenter=1, WindowWidth=9),
    ],
    "two windows": lambda: [
        *stack(2, WindowCenter=0, WindowWidth=5),
        *stack(3, WindowCenter=[1, 2], WindowWidth=9),
    ],
    "slope 0": lambda: [*stack(2, RescaleSlope=2), *stack(3, RescaleSlope=0)],
    "radiographs": lambda: [
        image(modality="DX", position=None, instance=i, ImagerPixelSpacing=[0.2, 0.1]) for i in (1, 2)
    ],
    "frames": lambda: [image(np.stack([gradient()] * 3), frames=True, instance=i) for i in (1, 2)],
    "bits": lambda: stack(3, BitsStored=12, HighBit=13),
    "colour": lambda: [image(np.zeros((4, 6, 3), np.uint8), modality="US", instance=i) for i in (1, 2)],
    "charset": lambda: stack(3, SpecificCharacterSet="ISO_IR 144", patient="Люк^Иван"),
}


@pytest.mark.parametrize("kind", SERIES)
@pytest.mark.parametrize("syntax", [None, IMPLICIT, DEFLATED, BIG, "1.2.840.10008.1.2.5"])
def test_a_sibling_is_told_as_if_it_were_alone(tmp_path, kind, syntax):
    same(files(tmp_path, SERIES[kind](), syntax))


def test_slices_of_a_series_are_understood_once(tmp_path, by_itself):
    reader = Siblings()
    for path in write_series(tmp_path, 20):
        reader.read(Source(path))
    assert len(by_itself) == 1


def test_series_of_different_patients_do_not_share_them(tmp_path, by_itself):
    reader = Siblings()
    names = ["Doe^Jane", "Roe^Jill", "Doe^Jane"]
    paths = files(tmp_path, [image(patient=name, instance=i) for i, name in enumerate(names)])
    read = [reader.read(Source(path))[0].facts.patient.name for path in paths]
    assert read == names
    assert len(by_itself) == 2


def test_the_same_bytes_in_another_character_set_are_another_name(tmp_path):
    paths = []
    for i, charset in enumerate(("ISO_IR 100", "ISO_IR 144")):
        data = to_bytes(image(instance=i, patient="PLACEHOLDER", SpecificCharacterSet=charset))
        paths.append(tmp_path / str(i))
        paths[-1].write_bytes(data.replace(b"PLACEHOLDER", b"\xbb\xee\xda^\xb8\xd2\xd0\xdd   "))
    reader = Siblings()
    first, second = (reader.read(Source(path))[0].facts.patient.name for path in paths)
    assert first != second
    same(paths)


def test_files_without_a_series_uid_belong_to_their_folder(tmp_path):
    one = files(tmp_path / "a", stack(2, SeriesInstanceUID=None))
    other = files(tmp_path / "b", stack(2, SeriesInstanceUID=None))
    reader = Siblings()
    uids = [reader.read(Source(path))[0].facts.series_instance_uid for path in [*one, *other]]
    assert uids[0] == uids[1] != uids[2] == uids[3]


def test_patterns_are_forgotten_before_they_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(siblings, "_KEPT", 3)
    reader = Siblings()
    paths = files(tmp_path, [image(EchoTime=i, modality="MR", instance=i) for i in range(1, 9)])
    same(paths, reader)
    assert len(reader._patterns) <= 3


def test_a_header_longer_than_the_first_read_is_read_on(tmp_path, by_itself):
    reader = Siblings()
    for path in files(tmp_path, stack(3, ImageComments="x" * 100, DeidentificationMethod="y" * 60_000)):
        reader.read(Source(path))
    assert len(by_itself) == 1


def test_no_more_than_the_start_of_a_file_is_read(tmp_path, monkeypatch):
    import os

    path = write(image(np.zeros((512, 512), np.int16)), tmp_path / "im")
    read, taken = os.read, []
    monkeypatch.setattr(os, "read", lambda file, count: taken.append(read(file, count)) or taken[-1])
    assert QuickReader(instance.KEYWORDS, (), ()).read(path) is not None
    assert sum(map(len, taken)) <= 8192


@pytest.mark.parametrize("length", [0xFFFFFFF0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_an_absurd_length_is_neither_read_nor_believed(tmp_path, length):
    data = bytearray(to_bytes(image()))
    at = data.index(b"\x28\x00\x02\x00US")  # SamplesPerPixel becomes OB of that length
    data[at + 4 : at + 10] = b"OB\0\0" + b"\0\0"
    data[at + 8 : at + 12] = length.to_bytes(4, "little")
    path = tmp_path / "im"
    path.write_bytes(data)
    assert QuickReader(instance.KEYWORDS, (), ()).read(path) is None


def test_damage_is_told_as_without_siblings(tmp_path):
    """Cut short and with flipped bits: the quick way never knows better than the long one."""
    rng = random.Random(7)
    whole = [
        to_bytes(one)
        for one in (SERIES["CT"]()[0], SERIES["CT"]()[1], pet(1), image(AnatomicRegionSequence=[]))
    ]
    whole.append(to_bytes(compressed(SERIES["CT"]()[2], IMPLICIT)))
    reader = Siblings()
    path = tmp_path / "im"
    for data in whole:
        path.write_bytes(data)
        reader.read(Source(path))
    for _ in range(1500):
        data = bytearray(rng.choice(whole))
        header = len(data) - 384
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(132, header)] = rng.choice((rng.randrange(256), 0, 255, 0x20))
        if rng.random() < 0.2:
            del data[rng.randrange(len(data)) :]
        path.write_bytes(data)
        source = Source(path)
        assert told(reader.read, source) == told(instance.read_planes, source), data.hex()


@pytest.mark.shared_data
def test_every_shared_file_is_told_as_without_siblings():
    reader = Siblings()
    paths = sorted(path for path in shared_data("dicom").rglob("*") if path.is_file())
    assert len(paths) > 700
    same(paths, reader)
