"""The commands that take back, draw, find and delete what the reader makes. To add one: one row here, and its
key and title in the README table."""

from __future__ import annotations

from collections.abc import Callable

from viewer.annotate.mark import KINDS
from viewer.commands.command import Command
from viewer.commands.intents import Intents

TOOL_KEYS = {
    "length": "L",
    "angle": "A",
    "cobb": "Shift+A",
    "bidirectional": "B",
    "ellipse": "E",
    "rectangle": "Shift+E",
    "polygon": "Shift+P",
    "freehand": "D",
    "probe": "Q",
    "arrow": "Shift+T",
    "text": "T",
}
"""Kind of mark -> the key that takes its tool in hand."""


def edit_commands(intents: Intents) -> tuple[Command, ...]:
    """Undo and redo, and what is done to the chosen mark."""

    def chosen() -> bool:
        return bool(intents.view.chosen_mark)

    def marked() -> bool:
        return bool(intents.view.marks)

    def boxed() -> bool:
        return intents.view.occluder is not None or intents.view.region is not None

    def delete() -> None:
        if chosen():
            intents.marks.delete()
        else:
            intents.delete_box()

    return (
        Command(
            "edit.undo",
            "Undo",
            "Edit",
            intents.undo,
            "Ctrl+Z",
            enabled=lambda: bool(intents.view.undo),
            reads=lambda: f"Undo {intents.view.undo}".strip(),
        ),
        Command(
            "edit.redo",
            "Redo",
            "Edit",
            intents.redo,
            "Ctrl+Shift+Z",
            enabled=lambda: bool(intents.view.redo),
            reads=lambda: f"Redo {intents.view.redo}".strip(),
        ),
        Command("mark.copy", "Copy Mark", "Edit", intents.marks.copy, "Ctrl+C", enabled=chosen),
        Command("mark.paste", "Paste Mark", "Edit", intents.marks.paste, "Ctrl+V", enabled=_shown(intents)),
        Command(
            "mark.delete", "Delete Mark or Box", "Edit", delete, "Del", enabled=lambda: chosen() or boxed()
        ),
        Command(
            "mark.lock",
            "Lock Mark",
            "Edit",
            lambda: _toggle_lock(intents),
            "Ctrl+L",
            enabled=chosen,
            checked=lambda: _is_locked(intents),
        ),
        Command("mark.next", "Next Mark", "Edit", lambda: intents.marks.choose_next(1), "J", enabled=marked),
        Command(
            "mark.previous",
            "Previous Mark",
            "Edit",
            lambda: intents.marks.choose_next(-1),
            "Shift+J",
            enabled=marked,
        ),
        *_nudges(intents),
    )


def _nudges(intents: Intents) -> tuple[Command, ...]:
    """Move the chosen mark by a pixel of the slice, as the reader sees it."""

    def nudge(right: int, down: int) -> None:
        (a, b), (c, d) = intents.view.presentation.turn.matrix
        # The transpose takes a way on the screen back to the slice.
        intents.marks.move(intents.view.chosen_mark, a * right + c * down, b * right + d * down)

    def row(way: str, right: int, down: int) -> Command:
        return Command(
            f"mark.{way.lower()}",
            f"Move Mark {way}",
            "Edit",
            lambda: nudge(right, down),
            f"Shift+{way}",
            enabled=lambda: bool(intents.view.chosen_mark),
        )

    return row("Left", -1, 0), row("Right", 1, 0), row("Up", 0, -1), row("Down", 0, 1)


def tool_commands(intents: Intents) -> tuple[Command, ...]:
    """A tool for each kind of mark, whether marks are drawn, and key images."""
    opened = _shown(intents)

    def tool(kind: str) -> Command:
        return Command(
            f"tool.{kind}",
            KINDS[kind].title,
            "Tools",
            lambda: intents.set_tool("" if intents.view.tool == kind else kind),
            TOOL_KEYS[kind],
            enabled=opened,
            checked=lambda: intents.view.tool == kind,
        )

    def keyed() -> bool:
        return bool(intents.view.key_images)

    return (
        *(tool(kind) for kind in KINDS),
        Command(
            "marks.toggle",
            "Show Marks",
            "Tools",
            intents.marks.toggle,
            "Shift+M",
            checked=lambda: intents.view.marks_visible,
        ),
        Command(
            "key_image.toggle",
            "Key Image",
            "Tools",
            intents.key_images.toggle,
            "K",
            enabled=opened,
            checked=lambda: intents.view.is_key_image,
        ),
        Command(
            "key_image.only",
            "Key Images Only",
            "Tools",
            intents.key_images.toggle_only,
            "Shift+K",
            checked=lambda: intents.view.only_key_images,
        ),
        Command(
            "key_image.previous",
            "Previous Key Image",
            "Tools",
            lambda: intents.key_images.step(-1),
            "Ctrl+Up",
            enabled=keyed,
        ),
        Command(
            "key_image.next",
            "Next Key Image",
            "Tools",
            lambda: intents.key_images.step(1),
            "Ctrl+Down",
            enabled=keyed,
        ),
    )


def _shown(intents: Intents) -> Callable[[], bool]:
    return lambda: intents.view.series is not None


def _toggle_lock(intents: Intents) -> None:
    intents.marks.change(intents.view.chosen_mark, locked=not _is_locked(intents))


def _is_locked(intents: Intents) -> bool:
    chosen = intents.view.chosen_mark
    return any(mark.locked for mark in intents.view.all_marks if mark.id == chosen)
