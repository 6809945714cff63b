"""The checks of an installation as a page: for the screen, and as a PDF to be filed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from viewer import diagnostics
from viewer.dicom import site_codecs
from viewer.report import saving
from viewer.verification.checks import Check

_DPI = 300
_STYLE = "font-family:'DejaVu Sans',Arial,sans-serif;"


@dataclass(frozen=True, slots=True)
class Verification:
    """What was found, when, and of which versions; nothing about the user or a patient."""

    checks: tuple[Check, ...]
    made: str
    """ISO 8601, local time with offset."""
    system: str

    @property
    def holds(self) -> bool:
        return bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def verdict(self) -> str:
        """The whole in one sentence."""
        failed = sum(not check.ok for check in self.checks)
        if failed:
            return f"{failed} of {len(self.checks)} checks failed: do not rely on this installation."
        return f"All {len(self.checks)} checks hold on this machine."


def verification(checks: Sequence[Check], now: datetime | None = None) -> Verification:
    """The checks with what they were made of and when."""
    when = now or datetime.now().astimezone()
    codecs = [f"{name} {version}" for name, version in site_codecs.versions()]
    system = "\n".join([diagnostics.report(), *codecs])
    return Verification(tuple(checks), when.isoformat(timespec="seconds"), system)


def html(found: Verification, *, good: str = "#1c6b34", bad: str = "#9a1f12", dim: str = "#4d545b") -> str:
    """The page; colours of a check that holds, of one that does not, and of what is said beside."""
    rows = "".join(_row(check, good if check.ok else bad, dim) for check in found.checks)
    versions = "<br>".join(escape(line) for line in found.system.splitlines())
    return (
        f"<h2>Glassbox: verification of this installation</h2><p>{escape(found.made)}</p>"
        f"<p style='color:{good if found.holds else bad}'><b>{escape(found.verdict)}</b></p>"
        f"<table cellspacing='0'>{rows}</table><h4>Made of</h4><p style='color:{dim}'>{versions}</p>"
    )


def _row(check: Check, color: str, dim: str) -> str:
    cell, word = "padding:3px 14px 3px 0", "holds" if check.ok else "FAILED"
    return (
        f"<tr><td style='{cell};color:{color}'><b>{word}</b></td><td style='{cell}'>{escape(check.name)}</td>"
        f"<td style='{cell};color:{dim}'>{escape(check.detail)}</td></tr>"
    )


def save_pdf(found: Verification, path: Path, *, overwrite: bool = False) -> None:
    """Write the page as PDF with text that can be found and copied. Needs a QGuiApplication.

    Raises ReportError for an existing file (unless `overwrite`), a full disk, a read-only folder.
    """
    data = pdf(found)
    saving.write(path, lambda file: file.write(data), overwrite=overwrite)


def pdf(found: Verification) -> bytes:
    """The page as the bytes of a PDF, A4."""
    from PySide6.QtCore import QBuffer, QIODevice, QMarginsF
    from PySide6.QtGui import QPageLayout, QPageSize, QPdfWriter, QTextDocument

    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle("Glassbox: verification of this installation")
    writer.setResolution(_DPI)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(18, 18, 18, 18), QPageLayout.Unit.Millimeter)
    page = QTextDocument()
    page.setHtml(f'<div style="{_STYLE}font-size:9pt">{html(found)}</div>')
    page.print_(writer)
    del writer  # or its last lines are missing
    return bytes(buffer.data().data())
