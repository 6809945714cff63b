"""Every label of the model with its probability; a click explains it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from viewer.commands.intents import Intents
from viewer.session.captions import distinct
from viewer.session.resolved_view import ResolvedView
from viewer.ui import theme
from viewer.ui.boxes import COLORS, without_box


class FindingRow(QAbstractButton):
    """One label: its name, a bar and its probability. Checked while it is what the heatmap explains."""

    def __init__(self, label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = label
        self._shown: tuple[object, ...] = ()
        self._widths: dict[str, int] = {}
        self._short: tuple[int, str] = (-1, "")
        """Room for the label, and what of it fits: measuring texts takes half of the painting."""
        self.probability = 0.0
        self.covered: float | None = None
        """The probability once a box of the slice is covered; None while no box is."""
        self.point = 0.0
        self.below = ""
        """The operating point that the probability lies below; empty where it does not."""
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, self.fontMetrics().height() + 22)

    def show_probability(
        self, probability: float, *, explained: bool, point: float = 0.0, covered: float | None = None
    ) -> None:
        """Show a number from 0 to 1, whether the heatmap explains this label, whether the number lies below
        the model's operating `point`, and what it becomes with a box of the slice `covered`."""
        shown = (probability, explained, point, covered)
        if shown == self._shown and explained == self.isChecked():
            return
        self._shown = shown
        self.probability, self.point, self.covered = probability, point, covered
        self.below = distinct(probability, point)[1] if probability < point else ""
        self.setChecked(explained)
        said = f"{self.label}, probability {probability:.2f}"
        if self.below:
            said += f", below the operating point {self.below}"
        if covered is not None:
            said += f", {covered:.2f} without the box"
        self.setAccessibleName(f"{said}, explained by the heatmap" if explained else said)
        asked = f"Explain “{self.label}” with the heatmap"
        tip = "The heatmap explains this finding." if explained else asked
        if tip != self.toolTip():
            self.setToolTip(tip)
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._widths, self._short = {}, (-1, "")
        super().changeEvent(event)

    def _width(self, text: str) -> int:
        if text not in self._widths:
            if len(self._widths) > 200:
                self._widths.clear()
            self._widths[text] = self.fontMetrics().horizontalAdvance(text)
        return self._widths[text]

    def _shortened(self, room: int) -> str:
        """As much of the label as fits."""
        if self._short[0] != room:
            elided = self.fontMetrics().elidedText(self.label, Qt.TextElideMode.ElideRight, room)
            self._short = room, elided
        return self._short[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(2, 1, -2, -1)
        painter.setPen(Qt.PenStyle.NoPen)
        if self.isChecked() or self.underMouse():
            painter.setBrush(QColor(colors.selected if self.isChecked() else colors.hover))
            painter.drawRoundedRect(area, 4, 4)
        inner = area.adjusted(8, 4, -8, -9)
        number = f"{self.probability:.2f}"
        if self.covered is not None:
            number += f" → {self.covered:.2f}"
        room = self._width(number) + 12
        painter.setPen(QColor(colors.dim if self.below else colors.text))
        at_right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, at_right, number)
        if self.below and self.covered is None:
            word = f"below {self.below}"
            painter.drawText(inner.adjusted(0, 0, -room, 0), at_right, word)
            room += self._width(word) + 12
        name = self._shortened(int(inner.width() - room))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, name)
        bar = QRectF(area.left() + 8, area.bottom() - 8, area.width() - 16, 4)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.border))
        painter.drawRoundedRect(bar, 2, 2)
        whole = bar.width()
        bar.setWidth(max(whole * self.probability, 2))
        painter.setBrush(QColor(colors.dim if self.below else colors.accent))
        painter.drawRoundedRect(bar, 2, 2)
        if self.covered is not None:
            after = QRectF(bar.left(), bar.top() + 2, max(whole * self.covered, 2), 2)
            painter.fillRect(after, COLORS["occluder"])
        if 0 < self.point < 1:
            painter.fillRect(
                QRectF(bar.left() + whole * self.point - 1, bar.top() - 2, 2, 8), QColor(colors.text)
            )
        if self.hasFocus():
            painter.setPen(QPen(QColor(colors.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area, 4, 4)
        painter.end()


class FindingsPanel(QWidget):
    """The prediction of the slice on the screen, in the order of the model's labels."""

    summary = Signal(str)

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._intents = intents
        self._shown: tuple[object, ...] = ()
        """What the panel was filled from; empty once the reader clicked a row."""
        self._rows: list[FindingRow] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(1)
        self._note = theme.named(QLabel(wordWrap=True), "dim")
        self._domain = theme.named(QLabel(wordWrap=True), "warning")
        self._what_if = QLabel(wordWrap=True)
        self._automatic = theme.named(QPushButton("Explain the most probable"), "link")
        self._automatic.setToolTip("Let each slice explain its own most probable finding")
        self._automatic.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._automatic.clicked.connect(self._explain_automatic)
        self.anyway = theme.named(QPushButton(), "link")
        self.anyway.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.anyway.clicked.connect(self._toggle_gate)
        self.setAutoFillBackground(True)  # or all that it lies on is painted anew with a row
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 2, 8, 8)
        column.setSpacing(5)
        column.addWidget(self._domain)
        column.addLayout(self._list)
        column.addWidget(self._what_if)
        column.addWidget(self._note)
        column.addWidget(self.anyway, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._automatic, alignment=Qt.AlignmentFlag.AlignLeft)
        self.show_view(ResolvedView())
        self._shown = ()  # nobody has heard the summary yet

    @property
    def rows(self) -> tuple[FindingRow, ...]:
        return tuple(self._rows)

    def show_view(self, view: ResolvedView) -> None:
        """Show the probabilities of the slice, or say that it was not analysed."""
        shown = (
            *(view.card, view.series is None, view.prediction, view.target, view.what_if, view.occluder),
            *(view.withheld, view.explained_anyway, view.outside),
        )
        if shown != self._shown:
            self._shown = shown
            self._fill(view)

    def _fill(self, view: ResolvedView) -> None:
        prediction = view.prediction
        labels = prediction.labels if prediction else (view.card.labels if view.card else ())
        if tuple(row.label for row in self._rows) != tuple(labels):
            self._build(tuple(labels))
        answer = view.what_if.prediction if view.what_if is not None else None
        for number, row in enumerate(self._rows):
            row.setVisible(prediction is not None)
            if prediction is not None:
                point = view.card.operating_point(row.label) if view.card is not None else 0.0
                explained = row.label == view.target
                row.show_probability(
                    float(prediction.probabilities[number]),
                    explained=explained,
                    point=point,
                    covered=float(answer.probabilities[number]) if answer is not None else None,
                )
        self._what_if.setText(without_box(view))
        self._what_if.setVisible(bool(self._what_if.text()))
        self._show_gate(view)
        background = view.card.background if view.card else ""
        self._note.setText(self._said(view, background))
        self._note.setVisible(bool(self._note.text()))
        self._automatic.setVisible(prediction is not None)
        outside = " ".join(view.outside) if prediction is not None else ""
        self._domain.setText(f"Outside the model's domain. {outside}" if outside else "")
        self._domain.setVisible(bool(outside))
        self.summary.emit(self._headline(view))

    def _show_gate(self, view: ResolvedView) -> None:
        """The button that shows a map below the operating point, or takes it away again."""
        self.anyway.setVisible(bool(view.withheld) or view.explained_anyway)
        self.anyway.setText(
            f"Explain “{view.target}” anyway" if view.withheld else "Show no map below the operating point"
        )
        why = view.withheld or "The model itself does not count this finding as found."
        if why != self.anyway.toolTip():
            self.anyway.setToolTip(why)

    def _toggle_gate(self) -> None:
        self._intents.toggle_explain_anyway()

    def _build(self, labels: tuple[str, ...]) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.deleteLater()
        self._rows = [FindingRow(label, self) for label in labels]
        for row in self._rows:
            row.clicked.connect(self._explain)
            self._list.addWidget(row)

    def _explain(self) -> None:
        row = self.sender()
        if isinstance(row, FindingRow):
            row.setChecked(True)
            self._shown = ()
            self._intents.set_target(row.label)

    def _explain_automatic(self) -> None:
        self._intents.set_target(None)

    @staticmethod
    def _said(view: ResolvedView, background: str) -> str:
        if view.prediction is None:
            return "This slice has not been analysed." if view.series else "No study is open."
        if background:
            return f"“{background}” means that the model found nothing."
        return ""

    @staticmethod
    def _headline(view: ResolvedView) -> str:
        if view.prediction is None or view.target not in view.prediction.labels:
            return ""
        number = view.prediction.labels.index(view.target)
        return f"{view.target} {float(view.prediction.probabilities[number]):.2f}"
