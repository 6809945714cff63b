"""Commands about the window's own panels: rows of the same table as all others."""

from __future__ import annotations

from typing import Protocol

from viewer.commands.command import Command
from viewer.commands.intents import Intents
from viewer.ui.marking import Marking
from viewer.ui.preferences import Preferences


class Panels(Protocol):
    """What can be opened and closed in the window."""

    def toggle_panel(self, name: str) -> None: ...

    def is_panel_open(self, name: str) -> bool: ...

    def ask_window(self) -> None: ...


def panel_commands(
    panels: Panels, prefer: Preferences, marking: Marking, intents: Intents
) -> tuple[Command, ...]:
    """Rows for the side panels, the reader's preferences and the window by numbers."""

    def panel(name: str, title: str, shortcut: str) -> Command:
        return Command(
            f"view.{name}_panel",
            title,
            "View",
            lambda: panels.toggle_panel(name),
            shortcut,
            checked=lambda: panels.is_panel_open(name),
        )

    def grey() -> bool:
        return intents.view.slice is not None and not intents.view.slice.is_color

    return (
        panel("studies", "Studies", "Ctrl+1"),
        panel("ai", "Findings, Layer, Overlay", "Ctrl+2"),
        panel("levels", "Levels", "Ctrl+3"),
        panel("marks", "Marks and Key Images", "Ctrl+4"),
        Command("view.light", "Light Theme", "View", prefer.toggle_light, checked=prefer.is_light),
        Command(
            "view.scroll_on_left",
            "Scroll with the Left Button",
            "View",
            prefer.toggle_mouse,
            checked=prefer.scrolls_on_left,
        ),
        Command("view.scale", "Interface Size…", "View", prefer.ask_scale),
        Command("view.keys", "Change Keys…", "View", prefer.ask_keys),
        *marking.keys.commands(marking.edit_text),
        Command("window.numbers", "Window by Numbers…", "Image", panels.ask_window, "W", enabled=grey),
    )
