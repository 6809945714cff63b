"""The README tells what the program does: its table of keys is the table of commands.

With --approve the table is written anew.
"""

from pathlib import Path

import pytest

from viewer.commands.command import MENUS
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


def test_the_table_of_keys_is_the_table_of_commands(commands, request):
    text = README.read_text(encoding="utf-8")
    start = text.index("| what | menu | key |")
    end = text.index("\n\n", start)
    rows = [row(command) for menu in MENUS for command in commands if command.menu == menu]
    table = "\n".join(["| what | menu | key |", "|---|---|---|", *rows])
    if request.config.getoption("--approve"):
        README.write_text(text[:start] + table + text[end:], encoding="utf-8")
        return
    assert text[start:end] == table, "pytest tests/gui/test_readme.py --approve writes it anew"


def test_the_pictures_of_the_readme_exist():
    for line in README.read_text().splitlines():
        if line.startswith("!["):
            assert (README.parent / line.split("(")[-1].rstrip(")")).is_file()
