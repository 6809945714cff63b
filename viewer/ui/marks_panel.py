"""All marks of the study with their figures, the key images, and the comment.

Its parts are made once it is first seen, and follow the picture only while it is. They are made one by one,
with what else the window has to do in between: together they take 50 to 130 ms.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from viewer.commands.intents import Intents
from viewer.session.resolved_view import ResolvedView
from viewer.session.slice_places import Places
from viewer.study import ScanResult
from viewer.ui.section import Section, stacked

if TYPE_CHECKING:
    from viewer.ui.comment_field import CommentField
    from viewer.ui.key_image_list import KeyImageList
    from viewer.ui.study_marks import StudyMarks


class MarksPanel(QScrollArea):
    """Marks, key images and comment of the study on the screen. `done`: the keys go back to the picture."""

    done = Signal()

    def __init__(self, intents: Intents, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._intents = intents
        self._view = ResolvedView()
        self._found = ScanResult()
        self._places: tuple[ScanResult | None, str, Places] = (None, "", Places())
        self.marks: StudyMarks | None = None
        self.keys: KeyImageList | None = None
        self.comment: CommentField | None = None
        self.sections: tuple[Section, ...] = ()
        self._making = self._make()
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._make_more)

    def sizeHint(self) -> QSize:
        return QSize(290, 620)

    def minimumSizeHint(self) -> QSize:
        return QSize(250, 120)

    def show_view(self, view: ResolvedView) -> None:
        """Show what was drawn, chosen and written in the study on the screen."""
        self._view = view
        if self.isVisible() and self.marks is not None and self.keys is not None and self.comment is not None:
            places = self._of_study(view)
            self.marks.show_view(view, places)
            self.keys.show_view(view, places)
            self.comment.show_view(view)
            self._grow(self.marks.chosen)

    def _grow(self, widget: QWidget | None) -> None:
        """Lay out a widget that may have grown, and all it lies in, now: left to itself, the request for it
        does not always come up to here, and the last figures were cut off."""
        grown = False
        while widget is not None and widget is not self.viewport():
            layout = widget.layout()
            grown = layout is not None and layout.activate()
            widget = widget.parentWidget()
        if grown and (inside := self.widget()) is not None:
            QCoreApplication.sendEvent(inside, QEvent(QEvent.Type.LayoutRequest))  # for the scroll bar

    def show_scan(self, result: ScanResult) -> None:
        """Which series are open: where a mark stands among them, and what its slice is called."""
        self._found = result
        self.show_view(self._view)

    def dress(self) -> None:
        """Take the icons of the theme in force."""
        for section in self.sections:
            section.set_opened(section.opened)
        if self.marks is not None:
            self.marks.dress()
            self.show_view(self._view)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.made:
            self.show_view(self._view)
        else:
            self._next.start()

    @property
    def made(self) -> bool:
        """Whether all its parts are there."""
        return bool(self.sections)

    @Slot()
    def _make_more(self) -> None:
        next(self._making, None)
        if not self.made:
            self._next.start()

    def _of_study(self, view: ResolvedView) -> Places:
        """The places of the study on the screen; the same object while that stays the same."""
        study = view.series.study_instance_uid if view.series is not None else ""
        result, of, places = self._places
        if result is not self._found or of != study:
            places = Places([one for one in self._found.series if one.study_instance_uid == study])
            self._places = (self._found, study, places)
        return places

    def _make(self) -> Iterator[None]:
        """Make its parts; a step of this is what the window can wait for."""
        from viewer.ui.chosen_mark import ChosenMark  # noqa: F401 - takes as long as all others together

        yield
        from viewer.ui.comment_field import CommentField
        from viewer.ui.key_image_list import KeyImageList
        from viewer.ui.study_marks import StudyMarks

        yield
        marks = StudyMarks(self._intents)
        marks.done.connect(self.done)
        yield
        keys, comment = KeyImageList(self._intents), CommentField(self._intents)
        sections = (
            Section("Marks", marks, opened=True),
            Section("Key images", keys, opened=True),
            Section("Comment", comment, opened=True),
        )
        inside = stacked(sections)
        yield
        self.setWidget(inside)
        yield
        self.marks, self.keys, self.comment, self.sections = marks, keys, comment, sections
        self.show_view(self._view)
