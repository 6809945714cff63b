"""Verbs without a window: exit codes, one sentence on stderr, one JSON document on stdout."""

import ctypes
import errno
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

from tests.support import dicom_factory
from tests.support.bundle_factory import make_bundle
from tests.support.shared_data import shared_data
from viewer import cli, resources
from viewer.cli.answer import Answer
from viewer.cli.arrays import write_npy
from viewer.errors import GlassboxError, ReportError

ROOT = Path(__file__).parents[2]
SERIES_FIELDS = {
    "uid",
    "modality",
    "description",
    "slices",
    "rows",
    "cols",
    "spacing_mm",
    "transfer_syntax",
    "orientation",
    "notes",
    "warnings",
}


@pytest.fixture
def study(tmp_path):
    """A series of five slices, a second of two, and a text file."""
    folder = tmp_path / "study"
    dicom_factory.write_series(folder / "a", 5, spacing=(2.0, 0.5), series="first")
    dicom_factory.write_series(folder / "b", 2, orientation="sagittal", series="second")
    (folder / "notes.txt").write_text("no image")
    return folder


def document(ran):
    """The JSON document of a run that succeeded quietly."""
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)


def sentence(ran):
    """What a refused run says: exit code 2, one line."""
    assert ran.code == 2 and ran.err.count("\n") == 1
    return ran.err


# scan


def test_scan_lists_every_series_with_exactly_the_agreed_fields(run, study):
    found = document(run("scan", study, "--json"))
    assert set(found) == {"series", "skipped"}
    assert all(set(one) == SERIES_FIELDS for one in found["series"])
    first = next(one for one in found["series"] if one["description"] == "first")
    assert (first["slices"], first["rows"], first["cols"], first["orientation"]) == (5, 16, 12, "axial")
    assert first["notes"] == [] and first["warnings"] == []
    assert first["spacing_mm"] == [2.0, 0.5] and first["modality"] == "CT"
    assert first["transfer_syntax"] == "1.2.840.10008.1.2.1"


def test_scan_says_of_every_skipped_file_why(run, study):
    (skipped,) = document(run("scan", study, "--json"))["skipped"]
    assert set(skipped) == {"path", "reason"}
    assert skipped["path"].endswith("notes.txt") and "Not a DICOM file" in skipped["reason"]


def test_scan_of_unknown_spacing_says_null_and_not_a_guess(run, tmp_path):
    dicom_factory.write(
        dicom_factory.image(spacing=None, orientation=None, position=None), tmp_path / "a.dcm"
    )
    (series,) = document(run("scan", tmp_path, "--json"))["series"]
    assert series["spacing_mm"] is None and series["orientation"] == ""


def test_scan_tells_what_makes_a_series_no_plain_volume(run, tmp_path):
    for z in (0, 2, 4, 8, 10):
        dicom_factory.write(
            dicom_factory.image(position=(0, 0, z), ConvolutionKernel="B30f"), tmp_path / f"{z}.dcm"
        )
    (series,) = document(run("scan", tmp_path, "--json"))["series"]
    assert series["warnings"] == ["Gap after slice 2: 1 slice missing"] and series["notes"] == []
    assert "Gap after slice 2: 1 slice missing" in run("scan", tmp_path).out


def test_scan_for_a_reader_numbers_the_series_from_one(run, study):
    ran = run("scan", study)
    assert ran.code == 0 and ran.out.lstrip().startswith("1  CT") and "Not shown: 1" in ran.out


def test_a_folder_with_nothing_to_show_is_refused_and_its_files_still_explained(run, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    ran = run("scan", tmp_path, "--json")
    assert "None of the 2 files" in sentence(ran)
    assert [len(json.loads(ran.out)[key]) for key in ("series", "skipped")] == [0, 2]


# refusals


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["scan", "/nowhere/at/all"], "no file or folder"),
        (["scan"], "required: PATH"),
        (["scan", "a", "b"], "b"),
        (["pixels", "/nowhere.dcm", "--stage", "stored", "--out", "x.npy"], "no file"),
        (["pixels", "a.dcm", "--stage", "raw", "--out", "x.npy"], "choose from"),
        (["pixels", "a.dcm", "--stage", "stored", "--out", "x.txt"], ".npy"),
        (["pixels", "a.dcm", "--stage", "stored", "--out", "/nowhere/x.npy"], "no folder"),
        (["pixels", "a.dcm", "--stage", "display", "--out", "x.npy", "--window", "40"], "CENTER,WIDTH"),
        (["pixels", "a.dcm", "--stage", "display", "--out", "x.npy", "--window", "40,0"], "at least 1"),
        (["models", "--unknown"], "--unknown"),
        (["nonsense"], "no verb"),
    ],
)
def test_unusable_input_is_one_sentence_with_the_next_step(run, argv, words):
    ran = run(*argv)
    assert words in sentence(ran) and ran.out == ""


def test_a_refusal_is_one_json_document_too(run):
    ran = run("scan", "/nowhere/at/all", "--json")
    assert ran.code == 2 and set(json.loads(ran.out)) == {"error", "remedy"}


def test_every_verb_explains_itself(run):
    for verb in cli.VERBS:
        ran = run(verb, "--help")
        assert ran.code == 0 and f"glassbox {verb}" in ran.out and ran.err == ""


# the answer and nothing else


@pytest.fixture
def noisy(monkeypatch):
    """A verb whose libraries print on stdout and stderr, from Python and from C, and warn."""

    def install(end):
        import viewer.cli.verify as verb

        def answer(options):
            print("printed by Python")
            os.write(1, b"printed by C on 1\n")
            os.write(2, b"printed by C on 2\n")
            ctypes.CDLL(None).printf(b"buffered by C\n")
            warnings.warn("a warning", stacklevel=1)
            return end()

        monkeypatch.setattr(verb, "answer", answer)

    return install


def test_an_array_that_does_not_fit_on_the_disk_says_why_it_was_not_written(tmp_path):
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(ReportError, match=os.strerror(errno.EFBIG)):
            write_npy(tmp_path / "x.npy", np.zeros(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


def test_json_is_all_there_is_on_stdout_whatever_libraries_print(run, noisy):
    noisy(lambda: Answer({"a": 1}, ["one"]))
    ran = run("verify", "--json")
    assert (json.loads(ran.out), ran.err) == ({"a": 1}, "")


def test_the_sentence_is_all_there_is_on_stderr_whatever_libraries_print(run, noisy):
    def refuse():
        raise GlassboxError("It is not there.", "Look elsewhere.")

    noisy(refuse)
    ran = run("verify")
    assert (ran.code, ran.out, ran.err) == (2, "", "It is not there. Look elsewhere.\n")


def test_a_bug_is_exit_code_1_and_tells_where_but_no_message_of_a_library(run, noisy):
    def fail():
        raise ZeroDivisionError("Doe^Jane")

    noisy(fail)
    ran = run("verify", "--json")
    assert ran.code == 1 and "Something went wrong" in json.loads(ran.out)["error"]
    assert "ZeroDivisionError (message withheld)" in ran.err and "in fail" in ran.err
    assert "printed" not in ran.err and "Doe" not in ran.err.replace('"Doe^Jane"', "")


def test_a_developer_is_told_all_of_a_bug():
    code = (
        "import viewer.cli.verify as verb, viewer.cli\n"
        "def answer(options):\n"
        "    print('printed')\n"
        "    raise ZeroDivisionError('oops')\n"
        "verb.answer = answer\n"
        "raise SystemExit(viewer.cli.run(['verify']))"
    )
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "ZeroDivisionError: oops" in done.stderr and "printed" in done.stderr


def test_streams_are_as_before_after_a_run(run, noisy, capfd):
    noisy(lambda: Answer({}, []))
    run("verify")
    print("python")
    os.write(1, b"descriptor\n")
    assert capfd.readouterr().out in ("python\ndescriptor\n", "descriptor\npython\n")


def test_a_reader_who_closes_the_pipe_is_no_error(study):
    done = subprocess.run(
        f'"{sys.executable}" main.py scan "{study}" --json | true; echo "${{PIPESTATUS[0]}}"',
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "0" and done.stderr == ""


# pixels


def test_one_file_without_a_window_is_shown_in_its_own_percentiles_and_the_help_says_so(run, tmp_path):
    first, last = dicom_factory.write_series(tmp_path / "mr", 2, modality="MR")
    windows = [
        document(run("pixels", file, "--stage", "display", "--out", tmp_path / "x.npy", "--json"))["window"]
        for file in (first, last)
    ]
    assert windows[0] != windows[1] and all(window.endswith("1–99 percentile") for window in windows)
    assert "this frame alone" in run("pixels", "--help").out


def test_pixels_at_each_stage(run, tmp_path):
    values = np.array([[0, 100], [1000, 2000]], np.int16)
    file = dicom_factory.write(
        dicom_factory.image(values, RescaleSlope=2, RescaleIntercept=-1000, WindowCenter=0, WindowWidth=2000),
        tmp_path / "a.dcm",
    )
    found = {}
    for stage in ("stored", "modality", "display"):
        ran = document(run("pixels", file, "--stage", stage, "--out", tmp_path / "x.npy", "--json"))
        found[stage] = np.load(tmp_path / "x.npy")
        assert ran["shape"] == [2, 2] and ran["dtype"] == str(found[stage].dtype)
    assert np.array_equal(found["stored"], values) and found["stored"].dtype == np.int16
    assert np.array_equal(found["modality"], values.astype(int) * 2 - 1000)
    assert found["display"].dtype == np.uint8
    assert found["display"].tolist()[0][0] == 0 and found["display"].tolist()[1] == [255, 255]


def test_monochrome1_is_inverted_at_display_and_nowhere_before(run, tmp_path):
    values = dicom_factory.gradient()
    file = dicom_factory.write(dicom_factory.image(values, photometric="MONOCHROME1"), tmp_path / "a.dcm")
    out = tmp_path / "x.npy"
    document(run("pixels", file, "--stage", "modality", "--out", out, "--json"))
    assert np.array_equal(np.load(out), values)
    document(run("pixels", file, "--stage", "display", "--out", out, "--json"))
    assert np.load(out)[0, 0] == 255 and np.load(out)[-1, -1] == 0


def test_a_window_below_zero_is_understood(run, tmp_path):
    file = dicom_factory.write(
        dicom_factory.image(np.array([[-1000, -600, 0]], np.int16)), tmp_path / "a.dcm"
    )
    document(
        run(
            "pixels",
            file,
            "--stage",
            "display",
            "--window",
            "-600,400",
            "--out",
            tmp_path / "x.npy",
            "--json",
        )
    )
    assert np.load(tmp_path / "x.npy").tolist() == [[0, 128, 255]]


def test_frames_count_from_one(run, tmp_path):
    frames = np.stack([dicom_factory.gradient() + 10 * i for i in range(3)]).astype(np.int16)
    file = dicom_factory.write(
        dicom_factory.enhanced(frames, [(0, 0, 6), (0, 0, 3), (0, 0, 0)]), tmp_path / "a.dcm"
    )
    out = tmp_path / "x.npy"
    for number in (1, 2, 3):
        document(run("pixels", file, "--frame", number, "--stage", "stored", "--out", out, "--json"))
        assert np.array_equal(np.load(out), frames[number - 1])
    for number in (0, 4):
        ran = run("pixels", file, "--frame", number, "--stage", "stored", "--out", out)
        assert "this file has 3, counted from 1" in sentence(ran)


def test_an_array_file_is_replaced_but_nothing_else(run, tmp_path):
    file = dicom_factory.write(dicom_factory.image(), tmp_path / "a.dcm")
    out = tmp_path / "x.npy"
    np.save(out, np.zeros(3))
    document(run("pixels", file, "--stage", "stored", "--out", out, "--json"))
    assert np.load(out).shape == (16, 12)
    out.write_text("a letter")
    assert "exists" in sentence(run("pixels", file, "--stage", "stored", "--out", out))
    assert out.read_text() == "a letter"


# models and verify


def test_models_shows_the_whole_card_and_that_the_digest_holds(run, tmp_path):
    make_bundle(tmp_path / "tiny")
    found = document(run("models", "--model", tmp_path / "tiny", "--json"))
    tiny = next(one for one in found["models"] if one["name"] == "tiny")
    assert tiny["digest_holds"] is True and tiny["problem"] == ""
    assert tiny["card"]["labels"] == ["lesion", "cyst", "nothing"] and tiny["card"]["domain"][
        "modalities"
    ] == ["CT"]


def test_models_says_when_weights_were_altered(run, tmp_path):
    weights = make_bundle(tmp_path / "tiny") / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    found = document(run("models", "--model", tmp_path / "tiny", "--json"))
    tiny = next(one for one in found["models"] if one["name"] == "tiny")
    assert tiny["digest_holds"] is False and "not the ones its card describes" in tiny["problem"]
    assert "does NOT hold" in run("models", "--model", tmp_path / "tiny").out


def test_models_names_the_bundles_that_cannot_be_used(run, tmp_path):
    (tmp_path / "card.toml").write_text("schema = 'one'")
    (refused,) = document(run("models", "--model", tmp_path, "--json"))["unusable"]
    assert refused["folder"] == str(tmp_path) and "schema" in refused["reason"]


def test_models_lists_what_ships(run):
    names = {one["name"] for one in document(run("models", "--json"))["models"]}
    assert names >= {folder.parent.name for folder in resources.models().glob("*/card.toml")}


@pytest.mark.parametrize(("fine", "code"), [(True, 0), (False, 1)])
def test_verify_says_what_it_found_and_fails_if_a_check_does(run, monkeypatch, fine, code):
    import viewer.verification.checks

    check = viewer.verification.checks.Check
    checks = [check("one", True, "as expected"), check("two", fine, "as seen")]
    monkeypatch.setattr(viewer.verification.checks, "verify", lambda: checks)
    ran = run("verify", "--json")
    found = json.loads(ran.out)
    assert ran.code == code and found["ok"] is fine and [one["ok"] for one in found["checks"]] == [True, fine]
    assert ("FAILED" in run("verify").out) is not fine


# real studies


@pytest.mark.shared_data
def test_the_chest_ct_is_one_series_of_thirty_slices(run):
    found = document(run("scan", shared_data("dicom", "dash-vtk", "demos", "data", "ct_lung"), "--json"))
    (series,) = found["series"]
    assert (series["modality"], series["slices"], series["rows"], series["orientation"]) == (
        "CT",
        30,
        512,
        "axial",
    )


@pytest.mark.shared_data
def test_broken_real_files_are_refused_in_one_sentence(run, tmp_path):
    names = ("JPEG2000-embedded-sequence-delimiter.dcm", "chrKoreanMulti.dcm", "rtplan.dcm")
    files = [file for name in names for file in sorted(shared_data("dicom").rglob(name))]
    assert len(files) >= 3
    for file in files:
        sentence(run("pixels", file, "--stage", "stored", "--out", tmp_path / "x.npy"))
