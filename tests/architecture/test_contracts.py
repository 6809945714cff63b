"""The layout of the house, held by tests: who may import whom, and what start-up may load."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_imports_run_in_the_agreed_direction():
    """In a process of its own: the linter sets up logging as it pleases."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_importing_the_app_leaves_heavy_packages_out():
    heavy = {"torch", "torchvision", "SimpleITK", "pydicom", "pyqtgraph", "PIL"}
    code = f"import sys, viewer.app; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_modules_keep_one_owner():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "viewer").rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 450
    }
    assert not long


def test_names_say_what_a_module_is_for():
    empty = {"utils", "util", "helpers", "common", "misc", "manager", "managers"}
    assert not [path for path in (ROOT / "viewer").rglob("*") if path.stem in empty]


def test_a_none_returned_by_qt_stays_counted():
    """PySide6 6.12.0 on Python 3.11 drops a reference to None at every void call and then aborts."""
    from PySide6.QtCore import QObject

    owner = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        owner.setObjectName("x")
    assert abs(sys.getrefcount(None) - before) < 200
