"""The reader's own keys: any command, never two of one key, never a key that the window needs."""

import pytest

from viewer.commands.command import MENUS, RESERVED, Command, CommandRegistry, KeyRefused


def row(command_id, shortcut=""):
    return Command(command_id, command_id.title() + "…", "View", lambda: None, shortcut)


@pytest.fixture
def registry():
    return CommandRegistry([row("a", "A"), row("b", "B"), row("c"), row("stop", "Esc")])


def keys(registry):
    return {command.id: command.shortcut for command in registry}


def test_a_command_takes_another_key_at_once_and_who_listens_hears_of_it(registry):
    heard = []
    registry.on_keys_changed(lambda: heard.append(registry["a"].shortcut))
    registry.rebind("a", "Ctrl+J")
    registry.rebind("c", "A")
    assert keys(registry) == {"a": "Ctrl+J", "b": "B", "c": "A", "stop": "Esc"}
    assert registry.own_keys == {"a": "Ctrl+J", "c": "A"}
    assert heard == ["Ctrl+J", "Ctrl+J"]


@pytest.mark.parametrize("key", ["B", "b"])
def test_a_key_that_is_taken_is_refused_with_the_name_of_the_other_command(registry, key):
    heard = []
    registry.on_keys_changed(lambda: heard.append(1))
    with pytest.raises(KeyRefused, match="belongs to “B”") as refused:
        registry.rebind("a", key)
    assert refused.value.other == "B" and "Choose another key" in refused.value.remedy
    assert keys(registry)["a"] == "A" and not registry.own_keys and not heard


@pytest.mark.parametrize("key", [*RESERVED, "space", "alt+f"])
def test_a_key_that_the_window_needs_goes_to_no_command(registry, key):
    with pytest.raises(KeyRefused, match=r"kept|always"):
        registry.rebind("a", key)
    assert keys(registry)["a"] == "A"


def test_a_command_that_has_such_a_key_from_the_start_gets_it_back(registry):
    registry.rebind("stop", "F2")
    assert keys(registry)["stop"] == "F2"
    registry.reset_key("stop")
    assert keys(registry)["stop"] == "Esc" and not registry.own_keys


def test_the_menus_open_with_alt_and_an_initial_of_their_own():
    assert len({menu[0] for menu in MENUS}) == len(MENUS)
    assert {f"Alt+{menu[0]}" for menu in MENUS} <= set(RESERVED)


def test_a_key_can_be_taken_away_and_then_is_free(registry):
    registry.rebind("b", "")
    registry.rebind("a", "B")
    assert keys(registry) == {"a": "B", "b": "", "c": "", "stop": "Esc"}


def test_a_key_goes_back_only_where_no_other_command_has_it_now(registry):
    registry.rebind("a", "J")
    registry.rebind("c", "A")
    with pytest.raises(KeyRefused, match="belongs to “C”"):
        registry.reset_key("a")
    registry.reset_keys()
    assert keys(registry) == {"a": "A", "b": "B", "c": "", "stop": "Esc"}
    assert not registry.own_keys


def test_what_the_reader_chose_is_what_the_next_start_has(registry):
    registry.rebind("a", "B2")
    registry.rebind("b", "")
    again = CommandRegistry([row("a", "A"), row("b", "B"), row("c")], shortcuts=registry.own_keys)
    assert keys(again) == {"a": "B2", "b": "", "c": ""}


def test_a_kept_back_key_in_the_settings_never_stops_the_start():
    registry = CommandRegistry([row("a", "A")], shortcuts={"a": "Space"})
    assert registry["a"].shortcut == "A" and [one.id for one in registry.refused] == ["a"]
    assert not registry.own_keys


def test_keys_of_commands_that_are_unknown_are_remembered(registry):
    registry = CommandRegistry([row("a", "A")], shortcuts={"newer.command": "F9"})
    registry.rebind("a", "J")
    assert registry.own_keys == {"newer.command": "F9", "a": "J"}
