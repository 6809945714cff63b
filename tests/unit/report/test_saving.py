"""Files are written whole or not at all, and never over another one unasked."""

import errno
import os

import pytest

from viewer.errors import ReportError
from viewer.report import saving


def failing_with(number):
    def fill(file):
        file.write(b"half")
        raise OSError(number, os.strerror(number))

    return fill


def test_a_file_is_written_and_nothing_is_left_beside_it(tmp_path):
    saving.write(tmp_path / "a.png", lambda file: file.write(b"page"))
    assert (tmp_path / "a.png").read_bytes() == b"page"
    assert os.listdir(tmp_path) == ["a.png"]


def test_an_existing_file_is_never_replaced_unasked(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(ReportError, match=r"'a\.png' exists already"):
        saving.write(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]


def test_an_existing_file_is_replaced_when_asked(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    saving.write(path, lambda file: file.write(b"new"), overwrite=True)
    assert path.read_bytes() == b"new"


def test_a_file_that_appears_while_writing_is_not_replaced(tmp_path):
    path = tmp_path / "a.png"

    def fill(file):
        file.write(b"mine")
        path.write_bytes(b"theirs")

    with pytest.raises(ReportError, match="exists already"):
        saving.write(path, fill)
    assert path.read_bytes() == b"theirs" and os.listdir(tmp_path) == ["a.png"]


def test_a_disk_without_links_still_does_not_replace(tmp_path, monkeypatch):
    def no_links(*names):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    saving.write(tmp_path / "a.png", lambda file: file.write(b"page"))
    assert (tmp_path / "a.png").read_bytes() == b"page"
    with pytest.raises(ReportError, match="exists already"):
        saving.write(tmp_path / "a.png", lambda file: (tmp_path / "a.png").touch())
    assert os.listdir(tmp_path) == ["a.png"]


def test_a_dangling_link_counts_as_an_existing_file(tmp_path):
    path = tmp_path / "a.png"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(ReportError, match="exists already"):
        saving.write(path, lambda file: file.write(b"new"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no space left on the disk"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "may not write"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_what_the_disk_refuses_is_one_sentence_and_leaves_the_old_file(tmp_path, number, words):
    path = tmp_path / "a.png"
    path.write_bytes(b"old")
    with pytest.raises(ReportError, match=words) as refused:
        saving.write(path, failing_with(number), overwrite=True)
    assert refused.value.remedy == "Save it in another folder."
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a.png"]


def test_a_folder_that_does_not_exist_is_named(tmp_path):
    with pytest.raises(ReportError, match="There is no folder 'gone'"):
        saving.write(tmp_path / "gone" / "a.png", lambda file: None)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(ReportError, match="is a folder"):
        saving.write(tmp_path, lambda file: None, overwrite=True)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_disk_that_is_really_full_is_told_as_such(tmp_path):
    def fill(file):
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"page")

    with pytest.raises(ReportError, match="no space left"):
        saving.write(tmp_path / "a.png", fill)
    assert os.listdir(tmp_path) == []


def test_a_name_that_is_too_long_is_told_as_such(tmp_path):
    with pytest.raises(ReportError, match="too long"):
        saving.write(tmp_path / ("n" * 300 + ".png"), lambda file: file.write(b"x"))
    assert os.listdir(tmp_path) == []
