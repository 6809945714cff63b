"""The user guide: pages to read and to search, offline, with the keys that the reader's own table has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import (
    QColor,
    QImage,
    QImageReader,
    QKeySequence,
    QResizeEvent,
    QShortcut,
    QShowEvent,
    QTextCursor,
    QTextDocument,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QTextBrowser,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from viewer import resources
from viewer.commands.command import CommandRegistry
from viewer.ui import theme
from viewer.ui.dialog import fit
from viewer.ui.guide_book import Page, read_book, words_of
from viewer.ui.guide_html import HERE, page_html

_CONTENTS_WIDTH = 236
_MARGIN = 20


def open_guide(window: QWidget, commands: CommandRegistry, page: str = "") -> GuideWindow:
    """Bring the guide to the front, at a page by its name or where the reader left it."""
    found = window.findChild(GuideWindow)
    guide = found if isinstance(found, GuideWindow) else GuideWindow(commands, window)
    guide.show()
    guide.activateWindow()
    if page:
        guide.go_to(page)
    return guide


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reader was: a page or a picture by its address, and how far down."""

    address: str
    scroll: int = 0


class Sheet(QTextBrowser):
    """Shows what it is given, and loads pictures of the guide alone: no other file, no address."""

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        url = QUrl(name)
        if kind != QTextDocument.ResourceType.ImageResource.value or url.scheme() or url.host():
            return None
        width = int(url.query() or 0)
        image = QImage(str(picture_file(url.path())))
        if image.isNull():
            return None
        ratio = self.devicePixelRatioF()
        # Scaled here: the text engine would do it without smoothing.
        image = image.scaledToWidth(max(round(width * ratio), 1), Qt.TransformationMode.SmoothTransformation)
        image.setDevicePixelRatio(ratio)
        return image

    def room(self) -> int:
        """How wide a picture may be."""
        return self.viewport().width() - 2 * _MARGIN


def picture_file(address: str) -> Any:
    """The file of a picture by its address in the guide, whatever else the address says."""
    return resources.guide() / "pictures" / address.rsplit("/", 1)[-1]


class GuideWindow(QDialog):
    """Contents and search on the left, the page on the right. Stays open beside the window."""

    def __init__(self, commands: CommandRegistry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("guide")
        self.setWindowTitle("User Guide")
        self._commands = commands
        self.pages = read_book(resources.guide())
        self._at = _Place(self.pages[0].name)
        self._behind: list[_Place] = []
        self._ahead: list[_Place] = []
        self._drawn = ("", 0, "")
        self._texts: tuple[str, dict[str, str]] = ("", {})
        self._resized = QTimer(self, singleShot=True, interval=80)
        self._resized.timeout.connect(self._follow)
        self._build()
        commands.on_keys_changed(self._follow)
        self._show(self._at)

    def _build(self) -> None:
        self.search = QLineEdit(placeholderText="Search the guide", clearButtonEnabled=True)
        self.search.setAccessibleName("Search the guide")
        self.search.textChanged.connect(self._on_search)
        self.search.returnPressed.connect(self.next_hit)
        self.status = theme.named(QLabel(), "dim")
        self.status.hide()
        self.contents = theme.named(QListWidget(), "guideContents")
        self.contents.setAccessibleName("Contents")
        self.contents.setWordWrap(True)
        for page in self.pages:
            item = QListWidgetItem(page.title, self.contents)
            item.setData(Qt.ItemDataRole.UserRole, page.name)
        self.contents.currentItemChanged.connect(self._on_chosen)
        self.contents.itemActivated.connect(self._into_page)
        self.back, self.forward = QPushButton("‹ &Back"), QPushButton("&Forward ›")
        for button, tip in ((self.back, "Back (Alt+Left)"), (self.forward, "Forward (Alt+Right)")):
            button.setToolTip(tip)
            button.setAutoDefault(False)
        self.back.clicked.connect(self.go_back)
        self.forward.clicked.connect(self.go_forward)
        self.sheet = Sheet()
        self.sheet.setOpenLinks(False)
        self.sheet.setOpenExternalLinks(False)
        self.sheet.setAccessibleName("Page")
        self.sheet.document().setDocumentMargin(_MARGIN)
        self.sheet.anchorClicked.connect(self._on_link)
        left = QWidget()
        left.setFixedWidth(_CONTENTS_WIDTH)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.search, self.status):
            column.addWidget(widget)
        column.addWidget(self.contents, 1)
        steps = QHBoxLayout()
        steps.addWidget(self.back)
        steps.addWidget(self.forward)
        column.addLayout(steps)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 10, 10, 10)
        row.addWidget(left)
        row.addWidget(self.sheet, 1)
        for keys, does in (
            (QKeySequence(QKeySequence.StandardKey.Find), self._into_search),
            (QKeySequence("F3"), self.next_hit),
            (QKeySequence("Alt+Left"), self.go_back),
            (QKeySequence("Alt+Right"), self.go_forward),
        ):
            QShortcut(keys, self, does)
        fit(self, 1040, 740)

    # Where the reader goes

    def go_to(self, address: str) -> None:
        """Show a page ("marks", "marks.md#lengths") or a picture ("pictures/trust.png")."""
        if self._page_of(address) is None and not address.startswith("pictures/"):
            return
        if address == self._at.address:
            self._show(_Place(address))
            return
        self._behind.append(self._here())
        self._ahead.clear()
        self._show(_Place(address))

    @Slot()
    def go_back(self) -> None:
        if self._behind:
            self._ahead.append(self._here())
            self._show(self._behind.pop())

    @Slot()
    def go_forward(self) -> None:
        if self._ahead:
            self._behind.append(self._here())
            self._show(self._ahead.pop())

    @property
    def page(self) -> Page | None:
        """The page on show; None while it is a picture."""
        return self._page_of(self._at.address)

    def html_of(self, page: Page) -> str:
        """A page as it is shown now."""
        return page_html(page, self._commands, self._size_of)

    def _page_of(self, address: str) -> Page | None:
        link = HERE.match(address)
        name = link["page"] if link else address
        return next((page for page in self.pages if page.name == name), None)

    def _here(self) -> _Place:
        return _Place(self._at.address, self.sheet.verticalScrollBar().value())

    def _show(self, place: _Place) -> None:
        self._at = place
        self._draw()
        link = HERE.match(place.address)
        if place.scroll:
            self.sheet.verticalScrollBar().setValue(place.scroll)
        elif link and link["anchor"]:
            self.sheet.scrollToAnchor(link["anchor"])
        page = self.page
        self.contents.blockSignals(True)
        for number in range(self.contents.count()):
            item = self.contents.item(number)
            if page is not None and item.data(Qt.ItemDataRole.UserRole) == page.name:
                self.contents.setCurrentItem(item)
        self.contents.blockSignals(False)
        for button, places in ((self.back, self._behind), (self.forward, self._ahead)):
            if not places and button.hasFocus():
                self.sheet.setFocus()
            button.setEnabled(bool(places))

    def _draw(self) -> None:
        if not self.isVisible():
            return  # it is drawn when it is shown, and its width is known
        self._drawn = self._looks()
        page = self.page
        if page is None:
            self.sheet.setHtml(self._picture_html(self._at.address))
        else:
            self.sheet.setHtml(self.html_of(page))
        self._mark_hits()

    def _draw_again(self) -> None:
        """Draw the page anew where the reader is in it."""
        bar = self.sheet.verticalScrollBar()
        share = bar.value() / bar.maximum() if bar.maximum() else 0.0
        self._draw()
        bar.setValue(round(share * bar.maximum()))

    def _looks(self) -> tuple[str, int, str]:
        """What a page looks like depends on: theme, width, keys."""
        keys = " ".join(command.shortcut for command in self._commands)
        return theme.current().name, self.sheet.room(), keys

    @Slot()
    def _follow(self) -> None:
        """Draw the page anew if it would look otherwise than it does."""
        if self._drawn != self._looks():
            self._draw_again()

    # Pictures

    def _size_of(self, address: str, most: int = 0) -> tuple[int, int]:
        """Pictures are drawn at twice their size: sharp where the interface is large."""
        size = QImageReader(str(picture_file(address))).size()
        size = size if size.isValid() else QSize(2, 2)
        width = most or min(size.width() // 2, max(self.sheet.room(), 200))
        return width, max(round(size.height() * width / size.width()), 1)

    def _picture_html(self, address: str) -> str:
        """A picture alone, as large as it is."""
        pixels = QImageReader(str(picture_file(address))).size().width()
        width, height = self._size_of(address, most=max(round(pixels / self.devicePixelRatioF()), 1))
        image = f'<img src="{address}?{width}" width="{width}" height="{height}">'
        return f'<p><a href="back">{image}</a></p>'

    # What the reader does

    @Slot(QUrl)
    def _on_link(self, url: QUrl) -> None:
        if url.toString() == "back":
            self.go_back()
        elif not url.scheme() and not url.host():
            self.go_to(url.toString())

    def _on_chosen(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        if item is not None:
            self.go_to(str(item.data(Qt.ItemDataRole.UserRole)))

    def _into_page(self) -> None:
        self.sheet.setFocus()

    @Slot()
    def _into_search(self) -> None:
        self.search.setFocus()
        self.search.selectAll()

    # Search

    def _wanted(self) -> list[str]:
        return self.search.text().casefold().split()

    @Slot()
    def _on_search(self) -> None:
        """List the pages that hold every word, and mark the words in the page on show."""
        words, found = self._wanted(), 0
        for number, page in enumerate(self.pages):
            here = not words or all(word in self._text_of(page) for word in words)
            found += here
            self.contents.item(number).setHidden(not here)
        self.status.setVisible(bool(words))
        self.status.setText(f"On {found} page{'' if found == 1 else 's'}" if found else "On no page")
        self._mark_hits()

    def _text_of(self, page: Page) -> str:
        """What a page says with the keys in force, for comparing."""
        keys = self._looks()[-1]
        if self._texts[0] != keys:
            self._texts = (keys, {})
        texts = self._texts[1]
        if page.name not in texts:
            texts[page.name] = words_of(self.html_of(page)).casefold()
        return texts[page.name]

    def _mark_hits(self) -> None:
        marks = []
        for word in self._wanted():
            cursor = self.sheet.document().find(word)
            while not cursor.isNull() and len(word) > 1:
                mark = QTextEdit.ExtraSelection()
                mark.cursor = cursor
                mark.format.setBackground(QColor(theme.current().warning))
                mark.format.setForeground(QColor(theme.current().panel))
                marks.append(mark)
                cursor = self.sheet.document().find(word, cursor)
        self.sheet.setExtraSelections(marks)

    @Slot()
    def next_hit(self) -> None:
        """Go to the next place where the first word stands, on the next page if this one has no more."""
        words = self._wanted()
        if not words:
            return
        if not self._find(words[0], self.sheet.textCursor()):
            self._next_page_found()
            self._find(words[0], QTextCursor(self.sheet.document()))

    def _find(self, word: str, after: QTextCursor) -> bool:
        cursor = self.sheet.document().find(word, after)
        if not cursor.isNull():
            self.sheet.setTextCursor(cursor)
            self.sheet.ensureCursorVisible()
        return not cursor.isNull()

    def _next_page_found(self) -> None:
        listed = [
            str(self.contents.item(number).data(Qt.ItemDataRole.UserRole))
            for number in range(self.contents.count())
            if not self.contents.item(number).isHidden()
        ]
        if listed:
            name = self.page.name if self.page is not None else ""
            at = listed.index(name) + 1 if name in listed else 0
            self.go_to(listed[at % len(listed)])

    # Events

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._resized.start()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and self._drawn[0] not in ("", theme.current().name):
            self._draw_again()
