"""About Glassbox, and the card of a model: what it is, what it is for, what it cannot know."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from viewer import __version__
from viewer.ui import theme
from viewer.ui.dialog import fit

if TYPE_CHECKING:
    from viewer.inference.card import Card

DISCLAIMER = "Not for primary diagnosis. AI output is investigational."


class AboutDialog(QDialog):
    """What this is, the disclaimer, and the way to the licences of what it stands on."""

    licences_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Glassbox")
        colors = theme.current()
        sign = QLabel()
        sign.setPixmap(theme.pixmap("glassbox", colors.accent, 56, self.devicePixelRatioF()))
        name = theme.named(QLabel("Glassbox"), "title")
        what = QLabel("A DICOM viewer that shows what a neural network saw.", wordWrap=True)
        number = theme.named(QLabel(f"Version {__version__} · Apache License 2.0"), "dim")
        self.disclaimer = theme.named(QLabel(DISCLAIMER, wordWrap=True), "warning")
        words = QVBoxLayout()
        for label in (name, what, number, self.disclaimer):
            words.addWidget(label)
        words.addStretch(1)
        row = QHBoxLayout()
        row.setSpacing(18)
        row.addWidget(sign, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.licences = buttons.addButton("Third-Party &Licences…", QDialogButtonBox.ButtonRole.ActionRole)
        self.licences.clicked.connect(self._ask_licences)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 16)
        column.addLayout(row)
        column.addWidget(buttons)
        self.setMinimumWidth(480)

    @Slot()
    def _ask_licences(self) -> None:
        self.accept()
        self.licences_asked.emit()


class ModelCardDialog(QDialog):
    """Everything the card says, in the reader's order: use, limits, performance, then how it was made."""

    def __init__(self, card: Card, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Model card: {card.title}")
        fit(self, 720, 640)
        text = QTextBrowser()
        text.setAccessibleName("Model card")
        text.setHtml(card_html(card))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(buttons)


def card_html(card: Card) -> str:
    """The card as a page. All text is escaped: a card is written by a stranger."""
    colors = theme.current()
    domain = card.domain
    parts = [
        f"<h2>{escape(card.title)} <span style='color:{colors.dim}'>{escape(card.version)}</span></h2>",
        f"<p>{escape(card.task)}</p>",
        f"<p style='color:{colors.warning}'>{DISCLAIMER}</p>",
        _part("Intended use", escape(card.intended_use)),
        _part("Limits", _bullets(card.limits)),
        _part("Findings", escape(", ".join(card.labels))),
        _part(
            "Made for",
            escape(
                "; ".join(
                    text
                    for text in (
                        domain.description.rstrip("."),
                        ", ".join(domain.modalities),
                        ", ".join(domain.body_parts),
                        ", ".join(domain.orientations),
                        f"described as {' or '.join(domain.words)}" if domain.words else "",
                    )
                    if text
                )
            ),
        ),
        _part("Measured performance", _table(card.performance)),
        _part(
            "Training",
            _table(
                {
                    "data": card.training.data,
                    "source": card.training.source,
                    "attribution": card.training.attribution,
                    "licence": card.training.licence,
                    "split": card.training.split,
                    "script": card.training.script,
                    "notes": card.training.notes,
                }
            ),
        ),
        _part(
            "Network",
            _table(
                {
                    "architecture": f"{card.architecture.family}: {card.architecture.name}",
                    "input": " × ".join(str(n) for n in (*card.input.size, card.input.channels)),
                    "fit": card.input.fit,
                    "licence": card.licence,
                    "weights": card.weights.sha256,
                }
            ),
        ),
    ]
    return "".join(parts)


def _part(title: str, body: str) -> str:
    if not body:
        return ""
    return f"<h4 style='color:{theme.current().dim};margin-bottom:2px'>{escape(title)}</h4><div>{body}</div>"


def _bullets(lines: tuple[str, ...]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _table(rows: Mapping[str, Any]) -> str:
    style = f"padding:1px 14px 1px 0;color:{theme.current().dim}"
    body = "".join(
        f"<tr><td style='{style}'>{escape(str(key).replace('_', ' '))}</td><td>{_value(value)}</td></tr>"
        for key, value in rows.items()
        if value not in ("", None)
    )
    return f"<table>{body}</table>" if body else ""


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _table(value)
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(item, (list, tuple)) for item in value):
            return "<br>".join(escape(", ".join(str(part) for part in item)) for item in value)
        return escape(", ".join(str(item) for item in value))
    return escape(f"{value:.4g}" if isinstance(value, float) else str(value))
