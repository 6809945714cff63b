"""The way in: verbs, paths, versions; the window before anything heavy; a bad path is a notice."""

import os
import subprocess
import sys

import pytest

from viewer import __version__, app

HEAVY = ("torch", "torchvision", "SimpleITK", "pydicom", "pyqtgraph", "PySide6.QtSvg", "psutil", "sqlite3")
LATER = (
    "tomllib",
    "viewer.explain.trust.outside",
    "viewer.explain.trust.regions",
    "viewer.inference.bundle",
    "viewer.inference.card",
    "viewer.report.mark_painter",
    "viewer.ui.ai_panel",
    "viewer.ui.findings_panel",
    "viewer.ui.mark_layer",
)
"""Not heavy one by one; together a fifth of the start."""


def test_the_version_is_told(capsys):
    assert app.main(["--version"]) == 0
    assert capsys.readouterr().out == f"glassbox {__version__}\n"


def test_help_names_every_verb(capsys):
    from viewer import cli

    assert app.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for verb in cli.VERBS)


@pytest.mark.parametrize("arguments", [["--nonsense"], ["/one", "/two"]])
def test_what_is_not_understood_is_one_sentence(arguments, capsys):
    assert app.main(arguments) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1 and "glassbox --help" in told.err


def test_a_frozen_build_starts_its_decoder_processes_by_an_option():
    code = "import sys; from viewer import app; raise SystemExit(app.main(['--decode-worker']))"
    done = subprocess.run([sys.executable, "-c", code], input=b"", capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == b""
    assert done.stdout.endswith(b'{"ready": true}')


def test_a_verb_runs_without_a_window(monkeypatch):
    from viewer import cli

    ran = []
    monkeypatch.setattr(cli, "run", lambda arguments: ran.append(arguments) or 0)
    monkeypatch.setattr(app, "open_window", lambda path: pytest.fail("a window"))
    assert app.main(["models", "--json"]) == 0
    assert ran == [["models", "--json"]]


@pytest.mark.parametrize("path", ["/some/folder", "./scan", "folder"])
def test_anything_else_is_a_path(monkeypatch, path):
    opened = []
    monkeypatch.setattr(app, "open_window", lambda path: opened.append(str(path)) or 0)
    assert app.main([path]) == 0
    assert [os.path.normpath(one) for one in opened] == [os.path.normpath(path)]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is always a display")
def test_without_a_display_it_is_one_sentence_and_no_abort(monkeypatch, capsys):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(app, "open_window", lambda path: pytest.fail("Qt would abort"))
    assert app.main([]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "glassbox --help" in err


def test_the_window_is_on_the_screen_before_anything_heavy_is_imported():
    code = f"""
import sys
from PySide6.QtWidgets import QApplication
from viewer import app

def run(self=None):
    windows = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    print(len(windows), sorted(set({(*HEAVY, *LATER)!r}) & set(sys.modules)))
    QApplication.processEvents()
    print(sorted({{"torch", "SimpleITK"}} & set(sys.modules)))
    return 0

QApplication.exec = run
raise SystemExit(app.open_window())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:2] == ["1 []", "[]"]


def test_the_window_is_built_before_it_gets_its_style_sheet():
    """Under one, Qt goes over everything again at each step: a tenth of the start."""
    code = """
from PySide6.QtWidgets import QApplication
from viewer import app
from viewer.ui import main_window

def last_part(*args, make=main_window.Toolbar):
    print(len(QApplication.instance().styleSheet()))
    return make(*args)

main_window.Toolbar = last_part
QApplication.exec = lambda self=None: print(bool(QApplication.instance().styleSheet())) or 0
raise SystemExit(app.open_window())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["0", "True"]


def test_a_bad_path_opens_the_window_with_a_notice(tmp_path):
    code = f"""
import sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from viewer import app
from viewer.ui.main_window import MainWindow

said = []
show = MainWindow.show_notice
MainWindow.show_notice = lambda self, notice: (said.append(notice), show(self, notice))

def run(self=None):
    until = time.monotonic() + 60
    while not said and time.monotonic() < until:
        QApplication.processEvents()
    print(said[0].kind, bool(said[0].remedy), any(w.isVisible() for w in QApplication.topLevelWidgets()))
    return 0

QApplication.exec = run
raise SystemExit(app.main([{str(tmp_path / "nowhere")!r}]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "error True True"


def test_a_damaged_settings_file_opens_the_window_with_a_notice():
    from viewer import settings

    where = settings.default_path()
    where.parent.mkdir(parents=True)
    where.write_text("{")
    code = """
from PySide6.QtWidgets import QApplication
from viewer import app
from viewer.ui.main_window import MainWindow

MainWindow.show_notice = lambda self, notice: print(notice.text)
QApplication.exec = lambda self=None: 0
raise SystemExit(app.open_window())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "damaged" in done.stdout


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("damaged", "was damaged"),
        ("newer", "is of a newer Glassbox"),
        ("no folder", "not saved: your data folder cannot be written"),
    ],
)
def test_a_database_that_cannot_be_used_opens_the_window_with_a_notice(content, said):
    import sqlite3

    from viewer.session.store import default_path

    where = default_path()
    assert where.is_relative_to(os.environ["XDG_DATA_HOME"])  # and not in the folder of who runs the tests
    if content == "no folder":
        where.parent.parent.mkdir(parents=True)
        where.parent.write_text("a file")
    else:
        where.parent.mkdir(parents=True)
        database = sqlite3.connect(where)
        database.executescript("PRAGMA application_id = 1196180051; PRAGMA user_version = 99;")
        database.close()
        if content == "damaged":
            where.write_bytes(b"damaged" * 99)
    code = """
import time
from PySide6.QtWidgets import QApplication
from viewer import app
from viewer.ui.main_window import MainWindow

said = []
MainWindow.show_notice = lambda self, notice: said.append(notice)

def run(self=None):
    until = time.monotonic() + 60
    while not said and time.monotonic() < until:
        QApplication.processEvents()
    print(said[0].text, "|", any(w.isVisible() for w in QApplication.topLevelWidgets()), len(said))
    return 0

QApplication.exec = run
raise SystemExit(app.open_window())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout and done.stdout.strip().endswith("| True 1")
    if content != "no folder":
        (aside,) = [one.name for one in where.parent.iterdir() if content in one.name]
        assert aside in done.stdout


def test_the_size_of_the_interface_is_taken_from_the_settings():
    from viewer import settings

    settings.save(settings.Settings(ui_scale=1.5), settings.default_path())
    code = """
from PySide6.QtWidgets import QApplication
from viewer import app

def run(self=None):
    print(max(w.devicePixelRatioF() for w in QApplication.topLevelWidgets() if w.isVisible()))
    return 0

QApplication.exec = run
raise SystemExit(app.open_window())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1.5"


@pytest.mark.parametrize(("given", "expected"), [(None, "1"), ("3", "3")])
def test_numpys_threads_leave_the_cores_to_torch_unless_told_otherwise(given, expected):
    env = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    if given is not None:
        env["OPENBLAS_NUM_THREADS"] = given
    code = (
        "import sys, os, viewer; assert 'numpy' not in sys.modules; print(os.environ['OPENBLAS_NUM_THREADS'])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected
