"""Finding images in folders, DICOMDIRs and archives; and saying why the rest is not shown."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.support.dicom_factory import (
    compressed,
    gradient,
    image,
    to_bytes,
    write,
    write_dicomdir,
    write_series,
    write_zip,
)
from viewer.dicom import media
from viewer.dicom import scan as scanning
from viewer.dicom.scan import NothingToShow, scan
from viewer.errors import Cancelled, StudyError


def reasons(result) -> dict[str, str]:
    return {Path(one.path).name: one.reason for one in result.skipped}


def test_a_folder_is_searched_to_its_depth_and_names_do_not_matter(tmp_path):
    write_series(tmp_path / "a" / "b" / "c", 4, shuffled=True)
    write(image(series="other", SeriesNumber=2), tmp_path / "no extension")
    result = scan(tmp_path)
    assert [len(one.slices) for one in result.series] == [4, 1]
    assert [h.geometry.position[2] for h in result.series[0].slices] == [6, 4, 2, 0]


def test_every_file_that_is_not_shown_is_listed_with_its_reason(tmp_path):
    write_series(tmp_path, 2)
    (tmp_path / "readme.txt").write_text("hello " * 50)
    (tmp_path / "empty").touch()
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(300))
    write_zip(tmp_path / "inner.zip", [("a", b"b")])
    report = image(modality="SR")
    del report.PixelData, report.Rows
    write(report, tmp_path / "sr.dcm")
    assert reasons(scan(tmp_path)) == {
        "readme.txt": "Not a DICOM file (text)",
        "empty": "Empty file",
        "photo.png": "Not a DICOM file (PNG image)",
        "inner.zip": "Not a DICOM file (ZIP archive: open it by itself)",
        "sr.dcm": "DICOM without an image (Basic Text SR)",
    }


def test_a_single_file_is_a_study(tmp_path):
    path = write(image(), tmp_path / "one")
    (series,) = scan(path).series
    assert series.slices[0].source.path == path


def test_a_copy_is_left_out_and_said(tmp_path):
    write(image(), tmp_path / "a.dcm")
    write(image(), tmp_path / "b.dcm")
    result = scan(tmp_path)
    assert len(result.series[0].slices) == 1
    assert "Copy" in reasons(result)["b.dcm"]
    assert "1 copy left out" in result.series[0].notes


def test_a_header_that_makes_no_sense_costs_its_file_and_not_the_study(tmp_path, monkeypatch):
    from viewer.dicom.siblings import Siblings

    write_series(tmp_path, 3)
    read = Siblings.read

    def failing(self, source):
        if source.path.name == "im0001.dcm":
            raise KeyError("what nobody foresaw")
        return read(self, source)

    monkeypatch.setattr(Siblings, "read", failing)
    result = scan(tmp_path)
    assert len(result.series[0].slices) == 2
    assert reasons(result) == {"im0001.dcm": "Damaged DICOM file: its header makes no sense (KeyError)"}


def test_what_may_not_be_read_is_listed(tmp_path, monkeypatch):
    write_series(tmp_path, 1)
    write(image(instance=9), tmp_path / "locked.dcm")
    opened = os.open

    def denied(path, *flags):  # taking the permission away would not keep root out
        if Path(path).name == "locked.dcm":
            raise PermissionError(13, "Permission denied")
        return opened(path, *flags)

    monkeypatch.setattr(os, "open", denied)
    assert reasons(scan(tmp_path)) == {"locked.dcm": "Cannot be read (permission denied)"}
    with pytest.raises(NothingToShow) as said:
        scan(tmp_path / "locked.dcm")
    assert said.value.remedy == "Ask for the right to read it."


def test_links_that_run_in_circles_end(tmp_path):
    write_series(tmp_path / "a", 2)
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    result = scan(tmp_path)
    assert [len(one.slices) for one in result.series] == [2]
    assert reasons(result) == {"gone": "Broken link, or file that cannot be read"}


def test_a_pipe_does_not_hang_the_scan(tmp_path):
    write_series(tmp_path, 1)
    os.mkfifo(tmp_path / "pipe")
    assert reasons(scan(tmp_path)) == {"pipe": "Not a file (device, pipe or socket)"}


def test_a_path_that_does_not_exist_is_one_sentence(tmp_path):
    with pytest.raises(StudyError) as raised:
        scan(tmp_path / "nowhere")
    assert raised.value.remedy


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    with pytest.raises(NothingToShow, match="empty"):
        scan(tmp_path)


def test_a_folder_without_images_says_what_is_in_it(tmp_path):
    for name in "abc":
        (tmp_path / name).write_text("some text " * 30)
    last = []
    with pytest.raises(NothingToShow, match="None of the 3 files") as raised:
        scan(tmp_path, progress=lambda done, total, partial=None: last.append(partial))
    assert len(raised.value.skipped) == 3
    assert last[-1].skipped == raised.value.skipped


# Progress


def test_progress_counts_up_and_the_first_image_comes_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "_TICK", 0.0)
    write_series(tmp_path, 10)
    seen = []
    result = scan(tmp_path, progress=lambda *report: seen.append(report))
    counts = [(done, total) for done, total, *_ in seen if total]
    assert counts == sorted(counts) and counts[-1] == (10, 10)
    partials = [(done, rest[0]) for done, _, *rest in seen if rest]
    assert partials[0][0] == 1 and len(partials[0][1].series[0].slices) == 1
    assert partials[-1][1] is result


def test_a_growing_series_keeps_its_uid_and_its_order(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "_PARTIAL_EVERY", 0.0)
    write_series(tmp_path, 9, shuffled=True)
    partials = []
    scan(tmp_path, progress=lambda d, t, partial=None: partials.append(partial) if partial else None)
    sizes = [len(partial.series[0].slices) for partial in partials]
    assert sizes == [*range(1, len(sizes)), 9] and len(sizes) > 8
    assert len({partial.series[0].uid for partial in partials}) == 1
    for partial in partials:
        z = [h.geometry.position[2] for h in partial.series[0].slices]
        assert z == sorted(z, reverse=True)


def test_a_scan_stops_where_progress_says_so(tmp_path):
    write_series(tmp_path, 5)

    def stop(done: int, total: int, partial: object = None) -> None:
        if partial is not None:
            raise Cancelled

    with pytest.raises(Cancelled):
        scan(tmp_path, progress=stop)


# DICOMDIR


def medium(folder: Path) -> list[Path]:
    return [write(image(position=(0, 0, i), instance=i), folder / "DATA" / f"IM{i}") for i in range(3)]


def test_a_dicomdir_opens_what_it_lists_and_nothing_else(tmp_path):
    files = medium(tmp_path)
    result = scan(write_dicomdir(tmp_path, files[:2]))
    assert {h.source.path for h in result.series[0].slices} == set(files[:2])


def test_a_dicomdir_finds_files_that_the_disk_names_in_lower_case(tmp_path):
    path = write(image(), tmp_path / "data" / "im0.;1")
    result = scan(write_dicomdir(tmp_path, [("DATA", "IM0")]))
    assert result.series[0].slices[0].source.path == path


@pytest.mark.parametrize("file_id", [("..", "SECRET"), ("DATA", "..", "..", "SECRET"), ("/ETC", "PASSWD")])
def test_a_dicomdir_does_not_lead_out_of_its_folder(tmp_path, file_id):
    disc = tmp_path / "disc"
    files = medium(disc)
    write(image(series="secret"), tmp_path / "SECRET")
    result = scan(write_dicomdir(disc, [*files, file_id]))
    assert len(result.series) == 1
    assert [one.reason for one in result.skipped] == ["DICOMDIR points outside its folder"]


def test_a_link_does_not_lead_a_dicomdir_out_of_its_folder(tmp_path):
    disc = tmp_path / "disc"
    files = medium(disc)
    write(image(series="secret"), tmp_path / "SECRET")
    (disc / "LINK").symlink_to(tmp_path / "SECRET")
    result = scan(write_dicomdir(disc, [*files, ("LINK",)]))
    assert [one.reason for one in result.skipped] == ["DICOMDIR points outside its folder"]


def test_what_a_dicomdir_lists_in_vain_is_said(tmp_path):
    files = medium(tmp_path)
    result = scan(write_dicomdir(tmp_path, [*files, ("DATA", "IM9")]))
    assert [one.reason for one in result.skipped] == ["Listed in the DICOMDIR, but not there"]


def test_a_dicomdir_without_its_files_says_to_open_the_folder(tmp_path):
    with pytest.raises(StudyError, match="none of them is there") as raised:
        scan(write_dicomdir(tmp_path, [("A",), ("B",)]))
    assert "folder" in raised.value.remedy


def test_a_folder_with_a_dicomdir_reads_the_files_themselves(tmp_path):
    write_dicomdir(tmp_path, medium(tmp_path)[:1])
    result = scan(tmp_path)
    assert len(result.series[0].slices) == 3
    assert "Directory of the medium" in reasons(result)["DICOMDIR"]


# ZIP


def member(number: int) -> bytes:
    return to_bytes(image(position=(0, 0, number), instance=number))


def test_an_archive_is_a_folder(tmp_path):
    path = write_zip(
        tmp_path / "s.zip", [("x/b.dcm", member(1)), ("x/a", member(2)), ("x/t.txt", b"text " * 99)]
    )
    result = scan(path)
    assert [h.source.member for h in result.series[0].slices] == ["x/a", "x/b.dcm"]
    assert [(one.path, one.reason) for one in result.skipped] == [
        (f"{path}/x/t.txt", "Not a DICOM file (text)")
    ]


@pytest.mark.parametrize(
    "name", ["../out.dcm", "a/../../out.dcm", "/etc/out.dcm", "C:\\out.dcm", "..\\out.dcm"]
)
def test_a_member_that_points_outside_is_refused(tmp_path, name):
    result = scan(write_zip(tmp_path / "s.zip", [("ok.dcm", member(1)), (name, member(2))]))
    assert len(result.series[0].slices) == 1
    assert [one.reason for one in result.skipped] == ["Name points outside the archive"]
    assert not (tmp_path.parent / "out.dcm").exists()


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(media, "_RATIO_FROM", 1 << 20)
    bomb = member(2) + bytes(4 << 20)
    result = scan(write_zip(tmp_path / "s.zip", [("ok.dcm", member(1)), ("bomb.dcm", bomb)]))
    assert len(result.series[0].slices) == 1
    assert "-fold to 4 MiB: refused" in reasons(result)["bomb.dcm"]


def test_an_empty_slice_that_packs_well_is_no_bomb(tmp_path):
    blank = to_bytes(image(np.zeros((512, 512), "i2")))
    assert scan(write_zip(tmp_path / "s.zip", [("blank.dcm", blank)])).series


def test_a_member_of_a_name_already_seen_is_refused(tmp_path):
    path = tmp_path / "s.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.dcm", member(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.dcm", member(2))
    assert [one.reason for one in scan(path).skipped] == ["Second member of the same name in the archive"]


def test_an_encrypted_member_says_so(tmp_path):
    path = write_zip(tmp_path / "s.zip", [("a.dcm", member(1)), ("b.dcm", member(2))])
    data = bytearray(path.read_bytes())
    local, central = data.rfind(b"PK\3\4"), data.rfind(b"PK\1\2")
    data[local + 6] |= 1
    data[central + 8] |= 1
    path.write_bytes(data)
    assert reasons(scan(path)) == {"b.dcm": "Encrypted: unpack the archive first"}


def test_a_damaged_member_costs_itself(tmp_path):
    path = write_zip(tmp_path / "s.zip", [("a.dcm", member(1)), ("b.dcm", member(2))])
    data = bytearray(path.read_bytes())
    start = data.rfind(b"PK\3\4") + 40
    data[start : start + 20] = b"\xff" * 20
    path.write_bytes(data)
    result = scan(path)
    assert len(result.series[0].slices) == 1
    assert "Cannot be unpacked" in reasons(result)["b.dcm"]


def test_a_damaged_archive_is_one_sentence(tmp_path):
    path = write_zip(tmp_path / "s.zip", [(f"{i}.dcm", member(i)) for i in range(3)])
    data = bytearray(path.read_bytes())
    central = data.find(b"PK\1\2")
    data[central : central + 4] = b"XXXX"
    path.write_bytes(data)
    with pytest.raises(StudyError, match="damaged"):
        scan(path)


def test_a_dicom_file_that_ends_like_an_archive_is_a_dicom_file(tmp_path):
    # A polyglot: DICOM first, an archive appended.
    inner = write_zip(tmp_path / "inner.zip", [("x", b"y")]).read_bytes()
    path = tmp_path / "both.dcm"
    path.write_bytes(to_bytes(image()) + inner)
    assert scan(path).series[0].slices[0].source.member is None


# The window must be on screen before pydicom is imported


def test_starting_does_not_import_pydicom():
    code = (
        "import sys, viewer.dicom.scan, viewer.dicom.pixels, viewer.dicom.geometry, viewer.dicom.grouping,"
        "viewer.dicom.identity, viewer.imaging.window\n"
        "print([m for m in ('pydicom', 'SimpleITK', 'gdcm', 'PIL', 'torch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"])
def test_the_transfer_syntax_is_told(tmp_path, syntax):
    path = write(compressed(image(gradient().astype("u2")), syntax), tmp_path / "one.dcm")
    assert scan(path).series[0].slices[0].transfer_syntax == syntax


@pytest.mark.parametrize("syntax", ["native", "compressed", "between frames"])
@pytest.mark.parametrize("names", ["ab", "ba"])
def test_a_whole_file_takes_the_place_of_a_copy_that_is_cut_off(tmp_path, syntax, names):
    made = image(np.stack([gradient(32, 32)] * 2), frames=True)
    if syntax != "native":
        made = compressed(made, "1.2.840.10008.1.2.5")
    data = to_bytes(made)
    end = data.rindex(b"\xfe\xff\x00\xe0") if syntax == "between frames" else len(data) - 300
    (tmp_path / f"{names[0]}.dcm").write_bytes(data[:end])
    (tmp_path / f"{names[1]}.dcm").write_bytes(data)
    result = scan(tmp_path)
    (series,) = result.series
    assert {header.source.path.name for header in series.slices} == {f"{names[1]}.dcm"}
    assert len(series.slices) == 2 and "1 copy left out" in series.notes
    (left_out,) = result.skipped
    assert Path(left_out.path).name == f"{names[0]}.dcm"
    assert ("whole copy" in left_out.reason) == (names == "ab")


def test_a_whole_member_of_an_archive_takes_the_place_of_one_cut_off(tmp_path):
    data = to_bytes(image())
    archive = write_zip(tmp_path / "study.zip", [("a", data[:-100]), ("b", data), ("c", data + bytes(200))])
    result = scan(archive)
    assert [header.source.member for header in result.series[0].slices] == ["b"]
    assert [Path(one.path).name for one in result.skipped] == ["a", "c"]
