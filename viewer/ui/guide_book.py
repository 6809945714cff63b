"""The user guide as text: its pages in order, with the reader's keys and this machine's folders filled in.

Pages are Markdown files in `resources/guide`; to add one: its file, and its name in `contents.txt`. They know
more than Markdown:

{slice.next}     the key a command has now; where it has none, the menu it stands in
{@slice.next}    the menu it stands in: "View › Next Slice"
{key:Space}      a key that no command has
{path:data}      a place on this machine, see `PLACES`
{keys}           on a line of its own: every command, menu by menu
{methods}        on a line of its own: every explanation method
{marks}          on a line of its own: every kind of mark and how it is drawn
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from viewer.commands.command import MENUS, CommandRegistry
from viewer.ui.menus import native_key

CONTENTS = "contents.txt"
COMMAND = re.compile(r"\{(@?)([a-z_]+\.[a-z_0-9]+)\}")
KEY = re.compile(r"\{key:([\w+]+)\}")
PLACE = re.compile(r"\{path:([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its file without ".md", its title and its Markdown without the title."""

    name: str
    title: str
    text: str


def read_book(folder: Path) -> tuple[Page, ...]:
    """All pages in the order of the contents."""
    names = (folder / CONTENTS).read_text(encoding="utf-8").split()
    return tuple(_page(name, (folder / f"{name}.md").read_text(encoding="utf-8")) for name in names)


def _page(name: str, text: str) -> Page:
    first, _, rest = text.partition("\n")
    return Page(name, first.removeprefix("#").strip(), rest.strip())


def where(commands: CommandRegistry, command_id: str) -> str:
    """A command by the menu it stands in; one that stands in none by its title."""
    command = commands[command_id]
    return f"{command.menu} › {command.title}" if command.menu else command.title


def _data() -> Path:
    from viewer.session.store import default_path

    return default_path()


def _settings() -> Path:
    from viewer.settings import default_path

    return default_path()


def _logs() -> Path:
    from viewer.diagnostics import log_folder

    return log_folder()


def _models() -> Path:
    from viewer.inference.folders import user_folder

    return user_folder()


def _policy() -> Path:
    from viewer.policy import policy_file

    return policy_file()


PLACES: dict[str, Callable[[], Path]] = {
    "data": _data,
    "settings": _settings,
    "logs": _logs,
    "models": _models,
    "policy": _policy,
}
"""What `{path:…}` can name -> where it lies for this user."""


def key_rows(commands: CommandRegistry) -> list[tuple[str, list[tuple[str, str]]]]:
    """Every menu with its commands: (title, key or "")."""
    return [
        (menu, [(one.title.rstrip("…"), native_key(one.shortcut)) for one in commands.in_menu(menu)])
        for menu in MENUS
    ]


def method_rows() -> list[tuple[str, str]]:
    """Every explanation method: its title, and what it shows."""
    from viewer.explain.methods import METHODS

    return [(method.title, method.about) for method in METHODS.values()]


def mark_rows() -> list[tuple[str, str, str]]:
    """Every kind of mark: its title, its key as a placeholder, and how it is drawn."""
    from viewer.annotate.mark import KINDS
    from viewer.ui.mark_gestures import WORDS

    return [(kind.title, f"{{tool.{name}}}", WORDS[name]) for name, kind in KINDS.items()]


def words_of(html: str) -> str:
    """What can be read of a page, in one line, for the search."""
    from html import unescape

    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def fill(escaped: str, commands: CommandRegistry, key: Callable[[str], str]) -> str:
    """Fill in keys, menus and places; `key` dresses a key. The text is HTML already."""

    def command(match: re.Match[str]) -> str:
        row = commands[match[2]]
        if row.shortcut and not match[1]:
            return key(escape(native_key(row.shortcut)))
        return f"<b>{escape(where(commands, match[2]))}</b>"

    def place(match: re.Match[str]) -> str:
        return f"<code>{escape(str(PLACES[match[1]]()))}</code>"

    def named(match: re.Match[str]) -> str:
        return key(escape(native_key(match[1]) or match[1]))

    return PLACE.sub(place, KEY.sub(named, COMMAND.sub(command, escaped)))
