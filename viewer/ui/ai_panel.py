"""The right side: findings, and on demand the layers, how the overlay looks and whether to believe it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.ui.findings_panel import FindingsPanel
from viewer.ui.layer_panel import LayerPanel
from viewer.ui.method_panel import MethodPanel
from viewer.ui.overlay_panel import OverlayPanel
from viewer.ui.section import Section, stacked
from viewer.ui.trust_panel import TrustPanel


class AiPanel(QScrollArea):
    """Opens on the findings alone: simple displays are read faster than rich ones."""

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.findings = FindingsPanel(intents)
        self.layer = LayerPanel(intents)
        self.method = MethodPanel(intents)
        self.overlay = OverlayPanel(intents)
        self.trust = TrustPanel(intents)
        inside = QWidget(self.viewport())  # in its place from the start: see `theme.choose`
        self.sections = (
            Section("Findings", self.findings, opened=True, parent=inside),
            Section("Layer", self.layer, opened=False, parent=inside),
            Section("Method", self.method, opened=False, parent=inside),
            Section("Overlay", self.overlay, opened=False, parent=inside),
            Section("Trust", self.trust, opened=False, parent=inside),
        )
        self.setWidget(stacked(self.sections, inside))

    def sizeHint(self) -> QSize:
        return QSize(290, 600)

    def minimumSizeHint(self) -> QSize:
        """No control of any section is cut, open or closed, with the scroll bar beside it."""
        least = max(part.body.minimumSizeHint().width() for part in self.sections)
        return QSize(max(least + self.verticalScrollBar().sizeHint().width(), 250), 120)

    def show_view(self, view: ResolvedView) -> None:
        """Show what the network said of the slice on the screen."""
        for part in (self.findings, self.layer, self.method, self.overlay, self.trust):
            part.show_view(view)

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        for section in self.sections:
            section.set_opened(section.opened)
