"""Command and its registry: one row for each thing a user can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

MENUS = ("File", "View", "Image", "AI", "Report", "Help")
"""Menus in the order of the menu bar; every command stands in one."""


def _always() -> bool:
    return True


@dataclass(frozen=True)
class Command:
    """One thing a user can do.

    Parameters
    ----------
    id : "overlay.toggle": the thing, then what happens to it.
    title : as in the menu, title case; "…" at the end where a dialog asks first.
    menu : one of `MENUS`.
    run : does it; takes nothing, returns nothing, never blocks.
    shortcut : one key as QKeySequence writes it in portable text ("Ctrl+O", "PgUp", "H"); "" for none.
    enabled : whether it would do anything now; `run` is harmless all the same when it says no.
    checked : for a switch, whether it is on; None for an action.
    """

    id: str
    title: str
    menu: str
    run: Callable[[], None]
    shortcut: str = ""
    enabled: Callable[[], bool] = _always
    checked: Callable[[], bool] | None = None


class CommandRegistry:
    """All commands by id. A duplicate id or shortcut is a mistake and fails at once.

    Parameters
    ----------
    commands : rows in menu order.
    shortcuts : the reader's own keys, command id -> shortcut; ids that are unknown are left alone,
        for they may be added later. A key that is taken is refused (see `refused`): the command
        keeps the one it has.
    """

    def __init__(
        self, commands: Iterable[Command] = (), *, shortcuts: Mapping[str, str] | None = None
    ) -> None:
        self._own = dict(shortcuts or {})
        self._rows: dict[str, Command] = {}
        self._commands: dict[str, Command] = {}
        self.refused: list[Command] = []
        """Commands that did not get the key the reader wants, because another one has it."""
        self.add(commands)

    def add(self, commands: Iterable[Command]) -> None:
        """Add rows; ValueError for a duplicate id or shortcut or an unknown menu, and nothing is added."""
        rows = dict(self._rows)
        for command in commands:
            if command.id in rows:
                raise ValueError(f"two commands are called {command.id!r}")
            if command.menu not in MENUS:
                raise ValueError(f"{command.id}: there is no menu {command.menu!r}")
            rows[command.id] = command
        own = {name: key for name, key in self._own.items() if name in rows}
        refused = []
        while clash := _clash(table := _with_keys(rows, own)):
            name = next((name for name in reversed(clash) if name in own), None)
            if name is None:
                key = table[clash[0]].shortcut
                raise ValueError(f"{clash[0]} and {clash[1]} both want the key {key!r}")
            del own[name], self._own[name]
            refused.append(rows[name])
        self._rows, self._commands = rows, table
        self.refused += refused

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __len__(self) -> int:
        return len(self._commands)

    def __getitem__(self, command_id: str) -> Command:
        return self._commands[command_id]

    def __contains__(self, command_id: object) -> bool:
        return command_id in self._commands

    def in_menu(self, menu: str) -> tuple[Command, ...]:
        """The rows of one menu, in order."""
        return tuple(command for command in self if command.menu == menu)

    def run(self, command_id: str) -> None:
        """Run a command if it is enabled."""
        command = self._commands[command_id]
        if command.enabled():
            command.run()


def _with_keys(rows: Mapping[str, Command], own: Mapping[str, str]) -> dict[str, Command]:
    """The rows with the reader's own keys in place of theirs."""
    return {name: replace(row, shortcut=own.get(name, row.shortcut)) for name, row in rows.items()}


def _clash(table: Mapping[str, Command]) -> tuple[str, str] | None:
    """Two commands with one key, or None."""
    taken: dict[str, str] = {}
    for name, command in table.items():
        key = command.shortcut.lower()
        if key and key in taken:
            return taken[key], name
        if key:
            taken[key] = name
    return None
