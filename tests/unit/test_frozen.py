"""What freezing and its smoke test promise, as far as it shows without a build."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

PACKAGING = Path(__file__).parents[2] / "packaging"


@pytest.fixture
def smoke(monkeypatch):
    monkeypatch.syspath_prepend(str(PACKAGING))
    from smoke import golden_report, output

    return golden_report, output


def page(path: Path, table: dict, color: int = 0) -> Path:
    chunks = PngImagePlugin.PngInfo()
    chunks.add_text("glassbox", json.dumps(table))
    Image.new("RGB", (80, 80), (color, color, color)).save(path, pnginfo=chunks)
    return path


def test_a_line_that_nobody_allowed_is_unexpected(smoke):
    _golden, output = smoke
    allowed = "QStandardPaths: XDG_RUNTIME_DIR not set, defaulting to '/tmp/runtime-reader'"
    assert output.unexpected(f"{allowed}\nTraceback (most recent call last):") == [
        "Traceback (most recent call last):"
    ]


def test_every_allowed_line_has_its_reason(smoke):
    _golden, output = smoke
    paragraphs = output.ALLOWED.read_text().strip().split("\n\n")
    for paragraph in paragraphs[1:]:
        reason, *rows = paragraph.splitlines()
        assert reason.startswith("# ") and rows and not any(row.startswith("#") for row in rows)


def test_a_warning_in_the_log_and_any_crash_are_told(smoke, tmp_path):
    _golden, output = smoke
    (tmp_path / "glassbox.log").write_text("2026-01-01 INFO viewer: fine\n2026-01-01 ERROR viewer: not\n")
    (tmp_path / "crash.log").write_text("Fatal Python error\n")
    assert len(output.logged_trouble(tmp_path)) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, 0),
        ({"created": "later"}, 0),
        ({"probability": 0.9004}, 0),
        ({"probability": 0.95}, 1),
        ({"layer": "block4"}, 1),
        ({"more": 1}, 1),
    ],
)
def test_a_report_that_says_otherwise_is_told(smoke, tmp_path, change, told):
    golden, _output = smoke
    kept = {"created": "now", "probability": 0.9, "layer": "block3"}
    one, other = page(tmp_path / "a.png", kept | change), page(tmp_path / "b.png", kept)
    assert len(golden.differences(one, other)) == told


def test_a_page_that_looks_otherwise_is_told(smoke, tmp_path):
    golden, _output = smoke
    one, other = page(tmp_path / "a.png", {}, 10), page(tmp_path / "b.png", {}, 60)
    assert golden.looks_otherwise(one, other) and not golden.looks_otherwise(one, one)


def test_the_operators_are_declared_when_torchvision_is_first_imported_and_not_before(tmp_path):
    (tmp_path / "torch.py").write_text(
        "class library:\n    named = []\n"
        "    define = staticmethod(lambda name, schema: library.named.append(name))"
    )
    (tmp_path / "torchvision.py").write_text("import torch; seen = list(torch.library.named)")
    code = (
        "import sys, torchvision_operators; early = 'torch' in sys.modules; import torchvision; "
        "print(early, torchvision.seen, len(sys.meta_path))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": f"{tmp_path}:{PACKAGING / 'frozen'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.startswith("False ['torchvision::nms', 'torchvision::qnms']")


def test_the_menu_entry_opens_dicom_files_and_folders():
    entry = configparser.ConfigParser(interpolation=None)
    entry.optionxform = str  # type: ignore[assignment,method-assign]
    entry.read(PACKAGING / "desktop" / "glassbox.desktop")
    desktop = entry["Desktop Entry"]
    assert desktop["Exec"] == "glassbox %f"
    assert {"application/dicom", "inode/directory"} <= set(desktop["MimeType"].split(";"))


def test_a_frozen_copy_asks_nobody_to_install_a_package(monkeypatch):
    from viewer.explain.inputs.extra import missing

    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "pip" not in str(missing("skimage")) and "needs the package" in str(missing("skimage"))
