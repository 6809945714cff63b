"""PySide reads the source of no module that is imported once the search was ended."""

import subprocess
import sys

CODE = """
import inspect
import PySide6.QtCore
from viewer import source_search

read = []
getsource = inspect.getsource
inspect.getsource = lambda module: (read.append(module.__name__), getsource(module))[1]
import colorsys
print(read, source_search.spare())
read.clear()
import sched
print(read)
"""


def test_once_it_is_ended_an_import_reads_no_source():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["['colorsys'] True", "[]"]


def test_the_window_ends_it_before_its_own_modules_are_imported():
    code = """
import inspect
import PySide6.QtCore
from PySide6.QtWidgets import QApplication
from viewer import app

read = []
getsource = inspect.getsource
inspect.getsource = lambda module: (read.append(module.__name__), getsource(module))[1]
QApplication.exec = lambda self=None: print([name for name in read if name.startswith("viewer")]) or 0
raise SystemExit(app.open_window())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_a_pyside_without_the_search_is_left_alone(monkeypatch):
    from viewer import source_search

    monkeypatch.setitem(sys.modules, "shibokensupport.feature", None)
    assert source_search.spare() is False
