"""Logs carry no identity and no path; versions are told without importing anything."""

import logging
import subprocess
import sys
import threading

import pytest

from viewer import diagnostics


@pytest.fixture
def log_file(tmp_path):
    path = diagnostics.start_logging(tmp_path)
    yield path
    root = logging.getLogger("viewer")
    for handler in list(root.handlers):
        if getattr(handler, "baseFilename", "") == str(path):
            root.removeHandler(handler)
            handler.close()
    root.propagate = True


def test_the_message_of_an_exception_stays_out_of_the_log(log_file):
    try:
        raise FileNotFoundError("/home/jane/DOE^JANE.dcm")
    except FileNotFoundError:
        logging.getLogger("viewer.test").exception("reading failed")
    text = log_file.read_text()
    assert "reading failed" in text and f"FileNotFoundError at {__name__}" in text
    assert "DOE" not in text and "/home" not in text


def test_the_trace_names_the_lines_innermost_first_and_the_cause():
    def inner():
        raise ValueError("secret")

    try:
        try:
            inner()
        except ValueError as error:
            raise RuntimeError("hidden") from error
    except RuntimeError as error:
        text = diagnostics.trace(error)
    assert text.startswith("RuntimeError at ") and "caused by ValueError at " in text
    assert text.count(" < ") == 1
    assert "secret" not in text and "hidden" not in text


def test_a_log_that_cannot_be_written_never_stops_the_program(tmp_path):
    (tmp_path / "file").write_text("")
    assert diagnostics.start_logging(tmp_path / "file") is None


def test_what_nobody_caught_is_logged_on_every_thread(log_file, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(diagnostics.faulthandler, "enable", lambda *args: None)
    diagnostics.watch_for_crashes(tmp_path)
    try:
        raise KeyError("patient")
    except KeyError as error:
        sys.excepthook(KeyError, error, error.__traceback__)

    def broken():
        raise IndexError("name")

    thread = threading.Thread(target=broken)
    thread.start()
    thread.join()
    text = log_file.read_text()
    assert "not caught: KeyError" in text and "on a thread: IndexError" in text
    assert "patient" not in text
    diagnostics._crash_file.close()


def test_versions_are_told_without_importing_anything():
    code = (
        "import sys; from viewer import diagnostics; text = diagnostics.report();"
        "assert 'torch' in text and 'glassbox' in text, text;"
        "print([m for m in ('torch', 'PySide6', 'pydicom', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_report_says_nothing_about_the_user():
    import getpass
    import platform

    assert getpass.getuser() not in diagnostics.report().split()
    assert platform.node() not in diagnostics.report()
