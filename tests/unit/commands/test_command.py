"""Commands: one table, no duplicates, harmless on an empty viewer."""

import re

import pytest

from viewer.commands.command import MENUS, Command, CommandRegistry
from viewer.commands.defaults import default_commands, window_commands
from viewer.session.resolved_view import ResolvedView


class Asked:
    """A window that only counts what it is asked."""

    def __init__(self):
        self.calls = []

    def is_full_screen(self):
        return False

    def __getattr__(self, name):
        return lambda: self.calls.append(name)


def row(command_id, shortcut="", menu="View", **more):
    return Command(command_id, command_id.title(), menu, lambda: None, shortcut, **more)


def all_commands(controller):
    return CommandRegistry([*default_commands(controller), *window_commands(Asked(), controller)])


def test_two_commands_with_one_id_are_refused():
    with pytest.raises(ValueError, match="two commands"):
        CommandRegistry([row("a"), row("a")])


@pytest.mark.parametrize(("one", "other"), [("H", "H"), ("Ctrl+O", "ctrl+o")])
def test_two_commands_with_one_key_are_refused(one, other):
    with pytest.raises(ValueError, match="both want the key"):
        CommandRegistry([row("a", one), row("b", other)])


def test_a_command_without_a_menu_is_refused():
    with pytest.raises(ValueError, match="no menu"):
        CommandRegistry([row("a", menu="Attic")])


def test_a_refused_addition_leaves_the_table_as_it_was():
    registry = CommandRegistry([row("a", "A")])
    with pytest.raises(ValueError, match="both want"):
        registry.add([row("b"), row("c", "A")])
    assert [command.id for command in registry] == ["a"]


def test_the_reader_may_bind_other_keys():
    registry = CommandRegistry([row("a", "A"), row("b", "B")], shortcuts={"a": "B", "b": "A"})
    assert (registry["a"].shortcut, registry["b"].shortcut) == ("B", "A")


def test_a_key_of_the_readers_own_that_is_taken_is_refused_and_never_stops_the_start():
    registry = CommandRegistry([row("a", "A"), row("b", "B")], shortcuts={"a": "b", "c": "B"})
    assert (registry["a"].shortcut, registry["b"].shortcut) == ("A", "B")
    registry.add([row("c", "C")])
    assert registry["c"].shortcut == "C"
    assert [command.id for command in registry.refused] == ["a", "c"]


def test_of_two_commands_with_one_own_key_the_first_gets_it():
    registry = CommandRegistry([row("a", "A"), row("b", "B")], shortcuts={"a": "X", "b": "X"})
    assert (registry["a"].shortcut, registry["b"].shortcut) == ("X", "B")
    assert [command.id for command in registry.refused] == ["b"]


def test_a_disabled_command_is_not_run():
    ran = []
    registry = CommandRegistry([Command("a", "A", "View", lambda: ran.append(1), enabled=lambda: False)])
    registry.run("a")
    assert ran == []


def test_every_command_has_a_title_and_a_menu(controller):
    for command in all_commands(controller):
        assert re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)", command.id)
        assert command.title[0].isupper()
        assert command.menu in MENUS


def test_every_command_runs_on_an_empty_viewer(controller, qtbot):
    for command in all_commands(controller):
        if command.id != "study.open_sample":
            command.run()
        assert command.checked is None or command.checked() in (True, False)
        assert command.enabled() in (True, False)


def test_the_keys_are_those_of_the_reading_room(controller):
    keys = {command.shortcut: command.id for command in all_commands(controller) if command.shortcut}
    wanted = (
        "Up Down PgUp PgDown Home End Left Right H [ ] , . N P 0 I R F L A E T K "
        "Ctrl+Z Ctrl+Shift+Z Ctrl+O Ctrl+E F5 F11 ? Esc"
    )
    assert set(wanted.split()) | {str(n) for n in range(1, 10)} <= set(keys)
    assert keys["H"] == "overlay.toggle"
    assert "C" not in keys, "reserved for cine"


def test_every_window_command_asks_the_window():
    asked = Asked()
    rows = window_commands(asked, NobodyHome())
    for command in rows:
        command.run()
    assert len(set(asked.calls)) == len(rows)


class NobodyHome:
    view = ResolvedView()
