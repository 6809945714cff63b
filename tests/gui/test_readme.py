"""The README tells what the program does: its table of keys is the table of commands."""

from pathlib import Path

import pytest

from viewer.controller import Controller
from viewer.settings import Settings
from viewer.ui.main_window import MainWindow

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def commands(qtbot):
    """Every command of the program, those of the window included."""
    settings = Settings()
    controller = Controller(settings)
    window = MainWindow(controller, controller.commands, settings)
    qtbot.addWidget(window)
    controller.attach(window)
    yield list(controller.commands)
    assert controller.shutdown()


def row(command):
    key = f"`{command.shortcut}`" if command.shortcut else ""
    return f"| {command.title} | {command.menu} | {key} |"


def test_every_command_stands_in_the_table_of_keys_with_its_key(commands):
    text = README.read_text()
    missing = [row(command) for command in commands if row(command) not in text]
    assert not missing, "rows to add to README.md:\n" + "\n".join(missing)


def test_the_table_of_keys_names_no_command_that_is_gone(commands):
    table = README.read_text().split("## Keys")[1].split("\n\n")[1]
    known = {row(command) for command in commands}
    gone = [line for line in table.splitlines()[2:] if line not in known]
    assert not gone


def test_the_pictures_of_the_readme_exist():
    for line in README.read_text().splitlines():
        if line.startswith("!["):
            assert (README.parent / line.split("(")[-1].rstrip(")")).is_file()
