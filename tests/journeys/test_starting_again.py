"""Starting Glassbox again: the open window takes the study, and a crash is told."""

import subprocess
import sys
import time

import pytest

from viewer import crash_report, diagnostics, resources

WINDOW = """\
import sys, time
from PySide6.QtWidgets import QApplication
from viewer import app
from viewer.ui.main_window import MainWindow

show = MainWindow.show_notice
MainWindow.show_notice = lambda self, notice: (print("notice", notice.text, flush=True), show(self, notice))

def run(self=None):
    print("open", flush=True)
    until = time.monotonic() + 60
    told = ""
    while time.monotonic() < until:
        QApplication.processEvents()
        titles = [window.windowTitle() for window in QApplication.topLevelWidgets() if window.isVisible()]
        if titles and titles[0] != told:
            told = titles[0]
            print("title", told, flush=True)
        if told.startswith("Chest"):
            return 0
        time.sleep(0.005)
    return 3

QApplication.exec = run
raise SystemExit(app.main(sys.argv[1:]))
"""


@pytest.fixture
def started():
    """Starts a window in a process of its own; killed at the end if it still runs."""
    running = []

    def start(*arguments):
        process = subprocess.Popen(
            [sys.executable, "-c", WINDOW, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


def again(*arguments):
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "main.py", *arguments], capture_output=True, text=True, timeout=60)
    return done, time.monotonic() - begun


def test_a_second_start_opens_its_study_in_the_window_that_is_open(started):
    window = started()
    assert window.stdout.readline() == "open\n"
    done, _ = again(str(resources.sample_study()))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said, _ = window.communicate(timeout=60)
    assert window.returncode == 0 and "title Chest" in said


def test_a_window_of_its_own_is_opened_on_request(started):
    first = started()
    assert first.stdout.readline() == "open\n"
    second = started("--new-window", str(resources.sample_study()))
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 0 and "title Chest" in said
    assert first.poll() is None


def test_a_crash_is_told_at_the_next_start_and_once(started):
    folder = diagnostics.log_folder()
    folder.mkdir(parents=True)
    (folder / crash_report.LEFT_BEHIND).write_text("Fatal Python error: Segmentation fault\n")
    said, _ = started(str(resources.sample_study())).communicate(timeout=60)
    assert "notice Glassbox crashed when it last ran." in said
    assert "Segmentation fault" in next(folder.glob("crash-report-*.txt")).read_text()
    said, _ = started(str(resources.sample_study())).communicate(timeout=60)
    assert "crashed" not in said
