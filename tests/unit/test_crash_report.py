"""What a crash leaves behind is made a report without anything of the patient's or the user's."""

import subprocess
import sys

import pytest

from viewer import crash_report

CRASH = """\
import sys, ctypes
from pathlib import Path
from viewer import diagnostics
diagnostics.watch_for_crashes(Path(sys.argv[1]))
def reading():
    ctypes.string_at(0)
reading()
"""


def crash(folder):
    """Run a program that crashes in native code, from a folder named after a patient; its logs."""
    script, logs = folder / "DOE^JANE" / "viewer" / "script.py", folder / "logs"
    for one in (script.parent, logs):
        one.mkdir(parents=True, exist_ok=True)
    script.write_text(CRASH)
    assert subprocess.run([sys.executable, str(script), str(logs)], capture_output=True).returncode != 0
    return logs


@pytest.fixture
def crashed(tmp_path):
    return crash(tmp_path)


def test_a_crash_is_reported_with_versions_and_lines_and_without_paths(crashed):
    report = crash_report.collect(crashed)
    text = report.read_text()
    assert text.startswith("glassbox ")
    assert "Segmentation fault" in text and "viewer/script.py:6 in reading" in text
    assert "DOE" not in text and str(crashed) not in text


def test_each_crash_is_offered_once(crashed, tmp_path):
    assert crash_report.collect(crashed) is not None
    assert crash_report.collect(crashed) is None
    crash(tmp_path)
    assert crash_report.collect(crashed) is not None


def test_a_run_that_ended_as_it_should_leaves_no_report(tmp_path):
    assert crash_report.collect(tmp_path) is None
    (tmp_path / crash_report.LEFT_BEHIND).write_text("")
    assert crash_report.collect(tmp_path) is None


def test_only_what_the_fault_handler_writes_is_passed_on(tmp_path):
    (tmp_path / crash_report.LEFT_BEHIND).write_text(
        "Fatal Python error: Aborted\n\nDOE^JANE /home/doe\nThread 0x00007f12 (most recent call first):\n"
        '  File "C:\\\\Users\\\\doe\\\\x.py", line 3 in <module>\n'
        '  File "/home/doe/.venv/lib/site-packages/numpy/core/a.py", line 12 in f\n'
        "Extension modules: numpy._core, torch._C (total: 2)\n\x00\xff garbage\n"
    )
    lines = crash_report.collect(tmp_path).read_text().splitlines()
    assert lines[lines.index("") + 1 :] == [
        "Fatal Python error: Aborted",
        "Thread 0x00007f12 (most recent call first):",
        "  x.py:3 in <module>",
        "  numpy/core/a.py:12 in f",
        "Extension modules: numpy._core, torch._C (total: 2)",
    ]


def test_only_the_newest_reports_are_kept(tmp_path, monkeypatch):
    for number in range(8):
        (tmp_path / f"crash-report-2020010{number}-000000.txt").write_text("old")
    (tmp_path / crash_report.LEFT_BEHIND).write_text("Fatal Python error: Aborted\n")
    newest = crash_report.collect(tmp_path)
    left = sorted(tmp_path.glob("crash-report-*.txt"))
    assert len(left) == crash_report.KEPT and left[-1] == newest


def test_a_folder_that_cannot_be_written_never_stops_the_program(tmp_path, monkeypatch):
    (tmp_path / crash_report.LEFT_BEHIND).write_text("Fatal Python error: Aborted\n")

    def refused(*args, **kwargs):
        raise PermissionError("read-only")

    monkeypatch.setattr("pathlib.Path.write_text", refused)
    assert crash_report.collect(tmp_path) is None
