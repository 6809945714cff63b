"""Command and its registry: one row for each thing a user can do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from viewer.errors import GlassboxError

MENUS = ("File", "Edit", "View", "Image", "Tools", "AI", "Report", "Help")
"""Menus in the order of the menu bar; every command stands in one. Alt and the initial opens it."""

RESERVED = {
    "Space": "Space is kept for peeking at the heatmap.",
    "Tab": "Tab is kept for going from control to control.",
    "Backtab": "Shift+Tab is kept for going from control to control.",
    "Shift+Tab": "Shift+Tab is kept for going from control to control.",
    "Return": "Enter is kept for pressing a button and for ending a polygon.",
    "Enter": "Enter is kept for pressing a button and for ending a polygon.",
    "Menu": "The menu key is kept for opening the menu of what is chosen.",
    "Shift+F10": "Shift+F10 is kept for opening the menu of what is chosen.",
    "Esc": "Esc always puts away what is in hand.",
    **{f"Alt+{menu[0]}": f"Alt+{menu[0]} is kept for opening the menu {menu}." for menu in MENUS},
}
"""Keys that the window itself needs -> why no command gets one that has it not from the start."""
_RESERVED = {key.lower(): reason for key, reason in RESERVED.items()}


class KeyRefused(GlassboxError):
    """A key that a command cannot have; `other` is the title of the command that has it, or ""."""

    def __init__(self, what: str, remedy: str, other: str = "") -> None:
        super().__init__(what, remedy)
        self.other = other


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
    reads : what menu and toolbar call it now, where that changes ("Undo Window"); None: its title.
    """

    id: str
    title: str
    menu: str
    run: Callable[[], None]
    shortcut: str = ""
    enabled: Callable[[], bool] = _always
    checked: Callable[[], bool] | None = None
    reads: Callable[[], str] | None = None


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
        self._listeners: list[Callable[[], None]] = []
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
        for needed in [one for one, key in own.items() if _kept_back(rows[one], key)]:
            del own[needed], self._own[needed]
            refused.append(rows[needed])
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

    # The reader's own keys

    @property
    def own_keys(self) -> dict[str, str]:
        """Command id -> key, where the reader wants another than the default."""
        return dict(self._own)

    def default_key(self, command_id: str) -> str:
        """The key a command has from the start; "" for none."""
        return self._rows[command_id].shortcut

    def on_keys_changed(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change of keys."""
        self._listeners.append(listener)

    def rebind(self, command_id: str, shortcut: str) -> None:
        """Give a command another key, or none (""). KeyRefused, and nothing changes, if another command has
        it or the window needs it."""
        row, wanted = self._rows[command_id], shortcut.lower()
        reason = _kept_back(row, shortcut)
        if reason:
            raise KeyRefused(reason, "Choose another key.")
        for other in self:
            if wanted and other.id != command_id and other.shortcut.lower() == wanted:
                title = other.title.rstrip("…")
                what = f"{shortcut} belongs to “{title}” (menu {other.menu})."
                raise KeyRefused(what, f"Choose another key, or give “{title}” another one first.", title)
        own = {**self._own, command_id: shortcut}
        if wanted == row.shortcut.lower():
            del own[command_id]
        self._take(own)

    def reset_key(self, command_id: str) -> None:
        """Give a command the key it had from the start; KeyRefused if another command has it now."""
        self.rebind(command_id, self._rows[command_id].shortcut)

    def reset_keys(self) -> None:
        """Give every command the key it had from the start."""
        self._take({})

    def _take(self, own: dict[str, str]) -> None:
        self._own = own
        self._commands = _with_keys(self._rows, own)
        for listener in self._listeners:
            listener()

    def run(self, command_id: str) -> None:
        """Run a command if it is enabled."""
        command = self._commands[command_id]
        if command.enabled():
            command.run()


def _with_keys(rows: Mapping[str, Command], own: Mapping[str, str]) -> dict[str, Command]:
    """The rows with the reader's own keys in place of theirs."""
    return {name: replace(row, shortcut=own.get(name, row.shortcut)) for name, row in rows.items()}


def _kept_back(row: Command, key: str) -> str:
    """Why a command cannot have a key that the window needs; "" if it can."""
    return "" if key.lower() == row.shortcut.lower() else _RESERVED.get(key.lower(), "")


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
