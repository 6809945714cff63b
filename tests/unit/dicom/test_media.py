"""Archives, DICOMDIRs and folders that claim too much, and names that are no text."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile

import pytest

from tests.fuzz.containers import directory_of
from tests.support.dicom_factory import image, to_bytes, write, write_series, write_zip
from tests.support.shared_data import REPOSITORY
from viewer.dicom import archive, media
from viewer.dicom.pixels import load_slice
from viewer.dicom.scan import scan
from viewer.errors import StudyError


def member(number: int) -> bytes:
    return to_bytes(image(position=(0, 0, number), instance=number))


# ZIP


def test_the_directory_of_an_archive_is_read_once(tmp_path, monkeypatch):
    path = write_zip(tmp_path / "s.zip", [(f"{number}.dcm", member(number)) for number in range(20)])
    read = []
    made = zipfile.ZipFile.__init__
    monkeypatch.setattr(
        zipfile.ZipFile, "__init__", lambda self, *a, **k: (read.append(1), made(self, *a, **k))[1]
    )
    (series,) = scan(path).series
    for header in series.slices:
        load_slice(header)
    assert len(series.slices) == 20 and len(read) == 1


def test_an_archive_that_was_replaced_is_read_anew(tmp_path):
    path = write_zip(tmp_path / "s.zip", [("a.dcm", member(1))])
    assert len(scan(path).series[0].slices) == 1
    write_zip(path, [("a.dcm", member(1)), ("b.dcm", member(2))])
    assert len(scan(path).series[0].slices) == 2


def test_of_two_members_of_one_name_the_first_is_the_one_that_is_read(tmp_path):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("a.dcm", member(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            made.writestr("a.dcm", member(2))
    assert scan(path).series[0].slices[0].instance_number == 1


def test_members_that_share_their_bytes_are_refused(tmp_path):
    path = write_zip(tmp_path / "s.zip", [(f"{number}.dcm", os.urandom(5000)) for number in range(9)])
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\1\2")
    while at >= 0:  # every entry claims most of the file for itself
        data[at + 20 : at + 24] = struct.pack("<I", len(data) - 100)
        at = data.find(b"PK\1\2", at + 4)
    path.write_bytes(data)
    with pytest.raises(StudyError, match="claims to hold more") as said:
        scan(path)
    assert said.value.remedy


@pytest.mark.parametrize("zip64", [False, True])
def test_an_absurd_directory_is_refused_before_it_is_read(tmp_path, monkeypatch, zip64):
    path = write_zip(tmp_path / "s.zip", [("a.dcm", member(1))])
    data = bytearray(path.read_bytes())
    end = data.rfind(b"PK\5\6")
    if zip64:
        record = b"PK\6\6" + bytes(36) + struct.pack("<QQ", 1 << 40, 0)
        data[end:end] = record + b"PK\6\7" + struct.pack("<IQI", 0, end, 1)
    else:
        data[end + 12 : end + 16] = struct.pack("<I", 1 << 30)
    path.write_bytes(data)
    monkeypatch.setattr(zipfile, "is_zipfile", lambda path: True)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # calling it would fail
    with pytest.raises(StudyError, match="claims to hold more"):
        scan(path)


def test_a_member_that_is_not_where_the_directory_says_costs_itself(tmp_path):
    path = write_zip(tmp_path / "s.zip", [("a.dcm", member(1)), ("b.dcm", member(2))])
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\3\4")] = 0
    path.write_bytes(data)
    result = scan(path)
    assert len(result.series[0].slices) == 1
    assert "Cannot be unpacked" in result.skipped[0].reason


def test_a_size_that_lies_does_not_unpack_more_than_it_says(tmp_path):
    path = write_zip(tmp_path / "s.zip", [("a.dcm", member(1)), ("b.dcm", member(2) + bytes(10 << 20))])
    data = bytearray(path.read_bytes())
    central = data.rfind(b"PK\1\2")
    data[central + 24 : central + 28] = struct.pack("<I", len(member(2)))
    path.write_bytes(data)
    with archive.open_member(path, "b.dcm") as stream, pytest.raises(zipfile.BadZipFile):
        assert len(stream.read()) <= len(member(2))


def test_a_link_in_an_archive_leads_nowhere(tmp_path):
    path = tmp_path / "s.zip"
    link = zipfile.ZipInfo("link.dcm")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "w") as made:
        made.writestr(link, str(write(image(), tmp_path / "secret.dcm")))
        made.writestr("ok.dcm", member(1))
    result = scan(path)
    assert [one.source.member for one in result.series[0].slices] == ["ok.dcm"]
    assert [one.reason for one in result.skipped] == ["Not a DICOM file (text)"]


# DICOMDIR


def test_a_directory_with_too_many_records_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "_RECORD_LIMIT", 100)
    (tmp_path / "DICOMDIR").write_bytes(directory_of([b"IM0"] * 101))
    with pytest.raises(StudyError, match="more than 100 records") as said:
        scan(tmp_path / "DICOMDIR")
    assert "folder" in said.value.remedy


def test_a_directory_that_lists_a_pipe_does_not_wait_for_it(tmp_path):
    os.mkfifo(tmp_path / "PIPE")
    write(image(), tmp_path / "IM0")
    (tmp_path / "DICOMDIR").write_bytes(directory_of([b"IM0", b"PIPE"]))
    result = scan(tmp_path / "DICOMDIR")
    assert [one.reason for one in result.skipped] == ["Listed in the DICOMDIR, but not there"]


# Folders


def test_names_that_are_no_text_are_read_and_printed(tmp_path):
    write_series(tmp_path, 1)
    data = (tmp_path / "im0000.dcm").read_bytes()
    (tmp_path / "im0000.dcm").unlink()
    for name in (b"\xff\xfe.dcm", b"line\nbreak.dcm"):
        (tmp_path / os.fsdecode(name)).write_bytes(data)
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("text " * 50)
    result = scan(tmp_path)
    assert len(result.series[0].slices) == 1 and len(result.skipped) == 2
    load_slice(result.series[0].slices[0])
    for options in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, REPOSITORY / "main.py", "scan", str(tmp_path), *options],
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        assert done.returncode == 0, done.stderr
        if options:
            assert json.loads(done.stdout)


def test_a_folder_four_hundred_deep_is_searched_to_its_end(tmp_path):
    at = tmp_path.joinpath(*["d"] * 400)
    at.mkdir(parents=True)
    write(image(), at / "im.dcm")
    assert len(scan(tmp_path).series[0].slices) == 1
