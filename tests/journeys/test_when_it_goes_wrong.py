"""What a reader meets when something is wrong: one sentence, a next step, and everything else still works."""

import errno
import os
import threading
import time

import numpy as np
import pytest

from tests.support import dicom_factory


def test_nothing_readable(reader, study, tmp_path):
    folder = tmp_path / "papers"
    folder.mkdir()
    (folder / "letter.txt").write_text("Dear colleague")
    (folder / "broken.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 50)
    reader.controller.open(folder)
    reader.wait(lambda: any(notice.kind == "error" for notice in reader.screen.notices))
    notice = reader.screen.notices[-1]
    assert notice.remedy
    assert {what.rsplit("/", 1)[-1] for what, why in notice.details if why} == {"letter.txt", "broken.dcm"}
    assert reader.screen.view.series is None
    reader.open(study)
    reader.sees_slice(0)


def test_a_path_that_does_not_exist(reader, study, tmp_path):
    reader.open(study)
    reader.sees_slice(0)
    reader.controller.open(tmp_path / "nowhere")
    reader.wait(lambda: any(notice.kind == "error" and notice.remedy for notice in reader.screen.notices))
    assert reader.screen.view.slice is not None


def test_one_damaged_file_does_not_hide_the_others(reader, study):
    victim = sorted(study.iterdir())[0]
    victim.write_bytes(victim.read_bytes()[:400])
    reader.open(study)
    assert len(reader.screen.view.series.slices) == 11 or reader.screen.said("not shown")
    for i in range(len(reader.screen.view.series.slices)):
        reader.controller.go_to(i)
        reader.wait(lambda: reader.screen.view.slice is not None or bool(reader.screen.view.problem))


def test_wrong_modality(reader, bundle, tmp_path):
    folder = tmp_path / "mr"
    dicom_factory.write_series(folder, 3, modality="MR")
    reader.open(folder)
    reader.sees_slice(0)
    reader.controller.add_model(bundle)
    reader.do("analysis.start")
    assert reader.screen.said("outside the domain", "MR")
    assert "Outside the model's domain" in reader.screen.view.overlay_note
    assert not reader.analysing and reader.screen.view.prediction is None
    reader.do("analysis.start_anyway")
    reader.wait(reader.is_analysed)
    assert reader.screen.view.heatmap is not None
    assert "Outside the model's domain" in reader.screen.view.overlay_note


def test_altered_weights(reader, study, bundle):
    reader.open(study)
    reader.controller.add_model(bundle)
    weights = bundle / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    reader.do("analysis.start")
    reader.wait(lambda: reader.screen.said("weights"))
    notice = reader.screen.notices[-1]
    assert notice.kind == "error" and notice.remedy
    assert reader.screen.view.prediction is None
    reader.do("slice.next")
    reader.sees_slice(1)


def test_cancel_half_way(reader, study, bundle, monkeypatch, tmp_path):
    from torch import nn

    convolve = nn.Conv2d.forward

    def slow(module, x):
        """After the third result every convolution takes long; a pass has many."""
        if reader.screen.view.ribbon is not None and int(np.isfinite(reader.screen.view.ribbon).sum()) >= 3:
            stuck.set()
            time.sleep(0.2)
        return convolve(module, x)

    stuck = threading.Event()
    reader.open(study)
    reader.controller.add_model(bundle)
    monkeypatch.setattr(nn.Conv2d, "forward", slow)
    reader.do("analysis.start")
    reader.wait(stuck.is_set)
    there = int(np.isfinite(reader.screen.view.ribbon).sum())
    reader.do("analysis.cancel")
    reader.wait(lambda: not reader.analysing)
    assert int(np.isfinite(reader.screen.view.ribbon).sum()) == there < 12
    assert reader.screen.view.heatmap is not None
    assert not any(notice.kind == "error" for notice in reader.screen.notices)
    page = tmp_path / "half.png"
    reader.controller.export_report(page)
    reader.wait(lambda: reader.screen.said("saved as half.png"))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "no space left on the disk"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "may not write"),
    ],
)
def test_disk_full_and_its_kin(reader, study, tmp_path, monkeypatch, code, words):
    reader.open(study)
    reader.sees_slice(0)
    full = tmp_path / "full"
    full.mkdir()

    def refused(descriptor):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refused)
    reader.controller.export_report(full / "report.png")
    reader.wait(lambda: reader.screen.said(words, "Save it in another folder"))
    assert list(full.iterdir()) == []
    monkeypatch.undo()
    reader.controller.export_report(tmp_path / "report.png")
    reader.wait(lambda: reader.screen.said("saved as report.png"))


def test_a_report_never_replaces_a_file_unasked(reader, study, tmp_path):
    reader.open(study)
    reader.sees_slice(0)
    page = tmp_path / "report.png"
    page.write_text("mine")
    reader.controller.export_report(page)
    reader.wait(lambda: reader.screen.said("exists already"))
    assert page.read_text() == "mine"
    reader.controller.export_report(page, overwrite=True)
    reader.wait(lambda: reader.screen.said("saved as report.png"))
    assert page.read_bytes().startswith(b"\x89PNG")


def test_closing_in_the_middle_of_everything_ends_cleanly(reader, study, bundle):
    reader.controller.add_model(bundle)
    reader.open(study)
    reader.do("analysis.start")
    reader.controller.open(study)
    assert reader.controller.shutdown(20_000)
