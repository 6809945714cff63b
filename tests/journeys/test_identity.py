"""Nothing that identifies a patient leaves the program unasked.

A study carries a marker of its own in every attribute of the Basic Profile (PS3.15 Table E.1-1) that can
hold one, in sequences, private attributes and names of files. A reader uses all of the program in a
process of its own, things go wrong, and then everything that the program wrote is searched.

Identity is wanted, and therefore found, in exactly these places, and each test names them:
the screen; a report that is not de-identified; what a verb prints or writes because it was asked for
(descriptions, UIDs, attributes); and the database of what the reader made, by UIDs, with the list of recent
studies: their paths, and, unless identity is hidden, what they are called.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.bundle_factory import make_bundle
from tests.support.planted import PATH, Planted
from viewer import cli

ROOT = Path(__file__).parents[2]

READER = """
import sqlite3, sys, threading, time
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from viewer import diagnostics, settings
from viewer.controller import Controller
from viewer.jobs.job import Job
from viewer.session.store import Store, default_path
from viewer.ui.main_window import MainWindow
from viewer.ui.report_dialog import suggested_name

study, bundle, out = (Path(argument) for argument in sys.argv[1:4])
diagnostics.start_logging()
diagnostics.watch_for_crashes()
where = settings.default_path()
application = QApplication(["glassbox"])
controller = Controller(
    settings.Settings(device="cpu"), keep=lambda one: settings.save(one, where), store=Store(default_path())
)
window = MainWindow(controller, controller.commands, controller.settings)
controller.attach(window)
window.show()
controller.start()

def wait(ready):
    end = time.monotonic() + 100
    while not ready():
        assert time.monotonic() < end, "it did not happen"
        application.processEvents()
        time.sleep(0.01)

parts = [getattr(controller, "_" + name) for name in ("opening", "decoding", "analysis", "export", "tags")]

def idle():
    return not any(part.runner.busy for part in parts)

controller.open(study)
wait(lambda: controller.view.slice is not None and idle())
patient = controller.view.series.patient
assert patient.name
controller.add_model(bundle)
controller.analyse()
wait(lambda: controller.view.prediction is not None and idle())
window.show_tag_browser()
wait(lambda: window._tag_browser.model.total > 100)
window._tag_browser.close()
controller.export_report(out / "whole.png", comment="")
wait(idle)
controller.export_report(out / "deidentified.png", deidentify=True)
wait(idle)
assert (out / "whole.png").exists() and (out / "deidentified.png").exists()
controller.marks.add("length", [(3, 3), (9, 9)])
controller.key_images.toggle()
wait(lambda: controller.keeping._timer.remainingTime() > 1000)
sqlite3.connect(default_path()).execute("VACUUM INTO ?", (str(out / "known.sqlite"),))
controller.set_deidentified(True)
controller.step(1)
wait(idle)
(out / "hidden.txt").write_text(
    "\\n".join(controller.view.corners) + controller.view.caption + window.windowTitle()
    + "".join(window.series.rows().values()) + suggested_name(controller.view))

# Everything that can go wrong does, with the patient's name in its mouth.
def fail(*_):
    try:
        raise KeyError(patient.name)
    except KeyError as error:
        raise ValueError(f"{patient} in {study}") from error

for part in parts:
    part.runner.submit(Job(("mine", patient.name), patient.name, fail))
    wait(idle)
thread = threading.Thread(target=fail, name=patient.name)
thread.start()
thread.join()
QTimer.singleShot(0, fail)
controller.open(next(study.glob("*.txt")))
wait(idle)
controller.open(study / "nowhere")
wait(idle)
next(study.glob("*cut.dcm")).write_bytes(b"")
controller.open(study)
wait(idle)
controller.shutdown()
window.close()
"""


class Machine:
    """A user's machine: all that a process started here can find to write into."""

    def __init__(self, folder: Path) -> None:
        self.home, self.out = folder / "home", folder / "out"
        self.home.mkdir()
        self.out.mkdir()
        self._places = {
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "QT_QPA_PLATFORM": "offscreen",
            **{f"XDG_{name}_HOME": str(self.home / name) for name in ("CONFIG", "STATE", "CACHE", "DATA")},
        }

    def run(self, code: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
        """A process of its own on this machine."""
        command = [sys.executable, "-c", code, *map(str, arguments)]
        environment = os.environ | self._places
        return subprocess.run(command, capture_output=True, cwd=ROOT, env=environment, timeout=200)

    def move_in(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """This process is on this machine, too."""
        for name, value in self._places.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(tempfile, "tempdir", None)

    def files(self, *folders: Path) -> list[Path]:
        return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def planted():
    return Planted()


@pytest.fixture
def study(planted, tmp_path):
    return planted.study(tmp_path)


@pytest.fixture
def bundle(tmp_path):
    return make_bundle(tmp_path / "tiny")


def test_the_markers_are_there_to_begin_with(planted, study):
    from viewer.dicom.confidential import profile
    from viewer.dicom.tag_table import read_tags
    from viewer.study import Source

    file = sorted(study.glob("*.dcm"))[0]
    assert len(planted.names) > 550 and len(profile()) == 652
    assert len(planted.found(file.read_bytes())) > 550
    assert len(planted.found(repr(read_tags(Source(file))).encode())) > 550
    assert {"PatientName", "StudyDate", "SOPInstanceUID"} <= planted.found(file.read_bytes())


def test_a_reader_leaves_no_identity_behind(machine, planted, study, bundle):
    done = machine.run(READER, study, bundle, machine.out)
    assert done.returncode == 0, done.stderr.decode()
    assert b"ValueError" in done.stderr  # the crashes did happen
    assert planted.found(done.stdout, done.stderr) == set()
    written = planted.found_in(machine.files(machine.home, machine.out))
    assert written.pop("whole.png") == {
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "StudyDate",
        "InstitutionName", "StudyDescription", "SeriesDescription", "SeriesInstanceUID", "StudyInstanceUID",
        "SOPInstanceUID", "WindowCenterWidthExplanation",
    }  # fmt: skip
    uids = {"SeriesInstanceUID", "StudyInstanceUID", "SOPInstanceUID"}
    called = {"PatientName", "StudyDescription", "StudyDate"}
    assert written.pop("known.sqlite") == {PATH, *uids, *called}
    assert written.pop("glassbox.sqlite") == {PATH, *uids}  # opened again while identity was hidden
    assert written == {}
    names = {file.name for file in machine.files(machine.home, machine.out)}
    assert {"glassbox.log", "crash.log", "deidentified.png", "hidden.txt"} <= names
    log = next(machine.home.rglob("glassbox.log")).read_text()
    assert "not caught" in log and "a job of the" in log


def test_a_crash_in_native_code_tells_no_identity(machine, planted, study):
    code = (
        "import os, sys; from pathlib import Path; from viewer import diagnostics;"
        "diagnostics.start_logging(); diagnostics.watch_for_crashes();"
        "from viewer.dicom.scan import scan; found = scan(Path(sys.argv[1]));"
        "name = found.series[0].patient.name; assert name; os.abort()"
    )
    done = machine.run(code, study)
    assert done.returncode != 0
    assert b"Aborted" in next(machine.home.rglob("crash.log")).read_bytes()
    assert planted.found(done.stdout, done.stderr) == set()
    assert planted.found_in(machine.files(machine.home)) == {}


UIDS = {"SeriesInstanceUID", "SOPInstanceUID"}
SCANNED = {"SeriesInstanceUID", "SeriesDescription", PATH}


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (["scan", "STUDY", "--json"], SCANNED),
        (["scan", "STUDY"], SCANNED),
        (["tags", "FILE", "--deidentify"], {"WindowCenterWidthExplanation"}),  # not in the table
        (["tags", "FILE", "--deidentify", "--json"], {"WindowCenterWidthExplanation"}),
        (["pixels", "FILE", "--stage", "modality", "--out", "x.npy"], set()),
        (["pixels", "FILE", "--stage", "display", "--out", "x.npy", "--json"],
         {"SOPInstanceUID", "WindowCenterWidthExplanation"}),
        (["explain", "STUDY", "--model", "BUNDLE", "--out", "x.npz", "--device", "cpu", "--json"], UIDS),
        (["report", "STUDY", "--model", "BUNDLE", "--out", "x.png", "--device", "cpu", "--json"],
         UIDS | {"WindowCenterWidthExplanation"}),
        (["report", "STUDY", "--model", "BUNDLE", "--out", "x.png", "--deidentify"], set()),
        (["models", "--model", "BUNDLE", "--json"], set()),
        (["pixels", "LETTER", "--stage", "modality", "--out", "x.npy"], set()),
        (["scan", "CUT"], {PATH}),
    ],
    ids=lambda value: "-".join(value[:3]) if isinstance(value, list) else None,
)  # fmt: skip
def test_a_verb_tells_no_more_than_it_is_asked_for(
    machine, planted, study, bundle, capfd, monkeypatch, arguments, printed
):
    machine.move_in(monkeypatch)
    places = {
        "STUDY": study,
        "BUNDLE": bundle,
        "FILE": sorted(study.glob("*.dcm"))[0],
        "LETTER": next(study.glob("*.txt")),
        "CUT": next(study.glob("*cut.dcm")),
    }
    out = [machine.out / word if word.startswith("x.") else places.get(word, word) for word in arguments]
    assert cli.run([str(word) for word in out]) in (0, 2)
    said = capfd.readouterr()
    assert planted.found(said.out.encode(), said.err.encode()) <= printed
    written = planted.found_in(machine.files(machine.home, machine.out))
    assert written.pop("x.npz", set()) <= UIDS  # of which slices the maps are
    if "--deidentify" not in arguments:
        written.pop("x.png", None)
    assert written == {}


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_bug_in_a_verb_tells_no_identity(machine, planted, study, more):
    code = (
        "import sys, os, viewer.cli.scan as verb, viewer.cli\n"
        "def answer(options):\n"
        "    from viewer.dicom.scan import scan\n"
        "    patient = scan(options.path).series[0].patient\n"
        "    print(patient); os.write(2, repr(patient).encode())\n"
        "    raise ValueError(patient)\n"
        "verb.answer = answer\n"
        "raise SystemExit(viewer.cli.run(['scan', *sys.argv[1:]]))"
    )
    done = machine.run(code, study, *more)
    assert done.returncode == 1 and b"ValueError" in done.stderr
    assert not more or json.loads(done.stdout)["error"]
    assert planted.found(done.stdout, done.stderr) == set()
    assert planted.found_in(machine.files(machine.home)) == {}
