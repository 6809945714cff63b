"""The user guide: whole, true to the table of commands, read by keyboard alone, and never from elsewhere."""

import re
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QImage, QTextDocument
from PySide6.QtNetwork import QAbstractSocket
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from viewer import resources
from viewer.commands.command import MENUS
from viewer.ui import theme
from viewer.ui.guide import GuideWindow, open_guide
from viewer.ui.guide_book import COMMAND, KEY, PLACE, PLACES, Page, read_book, words_of
from viewer.ui.guide_html import LINK, PICTURE, page_html, slug
from viewer.ui.menus import native_key

FOLDER = resources.guide()
PAGES = read_book(FOLDER)
MOST_BYTES = 3_000_000


def links(page: Page) -> list[str]:
    """Where a page leads, pictures left out."""
    lines = (line for line in page.text.splitlines() if not PICTURE.match(line))
    return [match["to"] for line in lines for match in LINK.finditer(line)]


def pictures(page: Page) -> list[str]:
    return [match["file"] for line in page.text.splitlines() if (match := PICTURE.match(line))]


def all_text() -> str:
    return "\n".join(f"{page.title}\n{page.text}" for page in PAGES)


@pytest.fixture
def guide(window, qtbot):
    """The guide, opened as a reader opens it."""
    window.activateWindow()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is window)
    QTest.keyClick(window, Qt.Key.Key_F1)
    made = window.findChild(GuideWindow)
    qtbot.waitUntil(lambda: QApplication.activeWindow() is made)
    yield made
    made.close()


# What is written


def test_every_page_stands_in_the_contents():
    assert {path.stem for path in FOLDER.glob("*.md")} == {page.name for page in PAGES}
    assert len({page.title for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    for to in links(page):
        name, _, anchor = to.partition("#")
        target = next((one for one in PAGES if f"{one.name}.md" == name), None)
        assert target is not None, to
        headings = {slug(line.lstrip("# ")) for line in target.text.splitlines() if line.startswith("##")}
        assert not anchor or anchor in headings, to


def test_every_picture_exists_and_every_file_is_a_picture_of_a_page():
    named = {file for page in PAGES for file in pictures(page)}
    assert named == {f"pictures/{path.name}" for path in (FOLDER / "pictures").iterdir()}
    assert all(not QImage(str(FOLDER / file)).isNull() for file in named)
    assert all_text().count("![") == sum(len(pictures(page)) for page in PAGES)


def test_the_guide_is_small():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= MOST_BYTES


def test_every_command_that_is_named_exists(window):
    named = {match[2] for match in COMMAND.finditer(all_text())}
    assert len(named) > 50
    assert not {name for name in named if name not in window._commands}


def test_nothing_in_braces_is_left_unfilled(guide):
    blocks = {"{keys}", "{methods}", "{marks}"}
    lines = [line for line in all_text().splitlines() if line not in blocks]
    left = KEY.sub("", PLACE.sub("", COMMAND.sub("", "\n".join(lines))))
    assert "{" not in left and "}" not in left
    assert {match[1] for match in PLACE.finditer(all_text())} <= set(PLACES)
    for page in guide.pages:
        assert "{" not in words_of(guide.html_of(page)), page.name


def test_the_guide_names_every_menu_and_every_command(guide):
    first = words_of(guide.html_of(guide.pages[0]))
    for menu in MENUS:
        assert re.search(rf"\b{menu}\b", first), menu
    keys = words_of(guide.html_of(next(page for page in guide.pages if page.name == "keys")))
    for command in guide._commands:
        assert not command.menu or command.title.rstrip("…") in keys, command.id


def test_no_key_of_a_command_is_written_out_where_the_reader_may_change_it(window):
    """In the pages a command's key is a placeholder; in code stand only words of files and shells."""
    keys = {native_key(command.shortcut) for command in window._commands if len(command.shortcut) > 1}
    allowed = {"Ctrl+C", "Esc"}  # of the tag list, and of the window itself
    written = set(re.findall(r"`([^`]+)`", all_text())) | {match[1] for match in KEY.finditer(all_text())}
    assert not (written & keys) - allowed


# How it is read


def test_f1_opens_the_guide_and_opens_it_once(guide, window):
    assert guide.isVisible() and guide.page is guide.pages[0]
    guide.go_to("marks")
    guide.close()
    window.show_guide()
    assert window.findChildren(GuideWindow) == [guide]
    assert guide.isVisible() and guide.page.name == "marks", "it is where the reader left it"


def test_every_page_is_reached_from_the_contents_by_keyboard(guide):
    guide.contents.setFocus()
    seen = [guide.page.name]
    for _ in guide.pages[1:]:
        QTest.keyClick(guide.contents, Qt.Key.Key_Down)
        seen.append(guide.page.name)
    assert seen == [page.name for page in guide.pages]
    QTest.keyClick(guide.contents, Qt.Key.Key_Return)
    assert guide.sheet.hasFocus()


def test_a_link_is_followed_by_keyboard_and_back_and_forward_return(guide):
    guide.sheet.setFocus()
    for _ in range(12):
        QTest.keyClick(guide.sheet, Qt.Key.Key_Tab)
        QTest.keyClick(guide.sheet, Qt.Key.Key_Return)
        if guide.page is not guide.pages[0]:
            break
    assert guide.page is not guide.pages[0], "a picture or another page"
    came_to = guide._at.address
    QTest.keyClick(guide, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert guide.page is guide.pages[0] and not guide.back.isEnabled()
    QTest.keyClick(guide, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert guide._at.address == came_to and not guide.forward.isEnabled()


def test_back_returns_to_the_place_one_left(guide):
    guide.go_to("keys")
    bar = guide.sheet.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    there = bar.value()
    assert there > 0
    guide.go_to("belief.md#trust")
    guide.go_back()
    assert guide.page.name == "keys" and bar.value() == there


def test_a_link_to_a_heading_goes_to_the_heading(guide):
    guide.go_to("keys.md#all-commands")
    assert guide.page.name == "keys" and guide.sheet.verticalScrollBar().value() > 0


def test_a_picture_opens_at_its_size_and_closes_by_itself(guide):
    guide.go_to("belief")
    guide._on_link(QUrl("pictures/trust.png"))
    assert guide.page is None and guide.sheet.toPlainText().strip() == "\ufffc"
    guide._on_link(QUrl("back"))
    assert guide.page.name == "belief"


def test_search_lists_the_pages_that_hold_every_word_and_goes_from_hit_to_hit(guide):
    guide.search.setText("policy GLASSBOX_models")
    listed = [one for one in range(guide.contents.count()) if not guide.contents.item(one).isHidden()]
    assert [guide.pages[one].name for one in listed] == ["models"]
    assert guide.status.text() == "On 1 page"
    QTest.keyClick(guide.search, Qt.Key.Key_Return)
    assert guide.page.name == "models"
    assert guide.sheet.textCursor().selectedText().casefold() == "policy"
    first = guide.sheet.textCursor().position()
    QTest.keyClick(guide, Qt.Key.Key_F3)
    assert guide.sheet.textCursor().position() > first
    assert len(guide.sheet.extraSelections()) > 2
    guide.search.setText("zyzzyva")
    assert guide.status.text() == "On no page"
    guide.search.clear()
    assert guide.status.isHidden() and not guide.sheet.extraSelections()
    assert not any(guide.contents.item(one).isHidden() for one in range(guide.contents.count()))


def test_the_guide_shows_the_keys_that_the_reader_chose(guide):
    guide.go_to("first-steps")
    assert "Ctrl+F9" not in guide.sheet.toPlainText()
    guide._commands.rebind("analysis.start", "Ctrl+F9")
    assert "Ctrl+F9" in guide.sheet.toPlainText()
    guide._commands.rebind("analysis.start", "")
    assert "AI › Analyse" in guide.sheet.toPlainText(), "without a key it names the menu"


def test_it_takes_the_theme_in_force(guide):
    dark = guide.sheet.toHtml()
    theme.apply("light")
    try:
        QApplication.processEvents()
        assert theme.LIGHT.selected in guide.sheet.toHtml() and theme.LIGHT.selected not in dark
    finally:
        theme.apply("dark")


def test_an_address_elsewhere_stays_text_and_nothing_is_loaded_from_there(guide, window, monkeypatch):
    asked = []
    monkeypatch.setattr("PySide6.QtGui.QDesktopServices.openUrl", asked.append)
    monkeypatch.setattr(QAbstractSocket, "connectToHost", lambda *rest: asked.append(rest))
    page = replace(PAGES[0], text="See [there](https://example.org/x.md), ![that](http://example.org/p.png)")
    html = page_html(page, window._commands, lambda _name: (10, 10))
    assert "href" not in html and "<img" not in html and "https://example.org/x.md" in html
    kind = QTextDocument.ResourceType.ImageResource.value
    for address in ("http://example.org/p.png", "//example.org/p.png", "file:///etc/passwd"):
        assert guide.sheet.loadResource(kind, QUrl(address)) is None
        guide._on_link(QUrl(address))
    assert guide.sheet.loadResource(kind, QUrl("../../screenshots/window.png?9")) is None
    assert guide.page is guide.pages[0] and not asked


def test_pictures_are_no_wider_than_the_page(guide, qtbot):
    guide.go_to("marks")
    for width in (1000, 640):
        guide.resize(width, 600)
        qtbot.waitUntil(lambda: not guide._resized.isActive())
        assert guide.sheet.horizontalScrollBar().maximum() == 0


def test_the_guide_of_a_page_by_its_name(window):
    guide = open_guide(window, window._commands, "trouble")
    assert guide.page.name == "trouble"
    guide.go_to("there-is-no-such-page")
    assert guide.page.name == "trouble"
    guide.close()
