"""The commands that ship. To add one: one row here, and its key and title in the README table.

`default_commands` need no window and run headless; `window_commands` ask something first, or are
about the window itself: the window answers them (see `intents.Asks`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from viewer.commands.command import Command
from viewer.commands.editing import edit_commands, tool_commands
from viewer.commands.intents import Asks, Intents
from viewer.imaging.colormap import EVIDENCE

PRESET_KEYS = 9


def default_commands(intents: Intents) -> tuple[Command, ...]:
    """All rows that need no window, in menu order."""
    return (
        *_file(intents),
        *edit_commands(intents),
        *_view(intents),
        *_image(intents),
        *tool_commands(intents),
        *_ai(intents),
    )


def window_commands(asks: Asks, intents: Intents) -> tuple[Command, ...]:
    """The rows that open a dialog or change the window, in menu order."""

    def opened() -> bool:
        return intents.view.series is not None

    def shown() -> bool:
        """Whether a slice is on the screen, or will be in a moment."""
        return intents.view.slice is not None or intents.view.undecoded is not None

    return (
        Command("study.open_folder", "Open Folder…", "File", asks.ask_open_folder, "Ctrl+O"),
        Command("study.open_file", "Open File…", "File", asks.ask_open_file, "Ctrl+Shift+O"),
        Command("study.recent", "Recent Studies…", "File", asks.ask_recent, "Ctrl+R"),
        Command("window.close", "Quit", "File", lambda: _call(asks.close), "Ctrl+Q"),
        Command(
            "window.full_screen",
            "Full Screen",
            "View",
            asks.toggle_full_screen,
            "F11",
            checked=asks.is_full_screen,
        ),
        Command("image.tags", "DICOM Tags…", "Image", asks.show_tag_browser, "Ctrl+T", enabled=opened),
        Command("model.add", "Add Model…", "AI", asks.ask_add_model),
        Command("model.card", "Model Card…", "AI", asks.show_model_card, "M"),
        Command("report.export", "Export Report…", "Report", asks.ask_export, "Ctrl+E", enabled=shown),
        Command("help.guide", "User Guide", "Help", asks.show_guide, "F1"),
        Command("help.keys", "Keys…", "Help", asks.show_keys, "?"),
        Command("help.verify", "Verify Installation…", "Help", asks.show_verification),
        Command("help.licences", "Third-Party Licences…", "Help", asks.show_licences),
        Command("help.about", "About Glassbox…", "Help", asks.show_about),
    )


def _call(function: Callable[[], Any]) -> None:
    """Call and drop the answer (QWidget.close says whether it closed)."""
    function()


def _file(intents: Intents) -> tuple[Command, ...]:
    return (
        Command("study.open_sample", "Open Sample Study", "File", intents.open_sample),
        Command(
            "study.go_on",
            "Go On Where It Stopped",
            "File",
            lambda: intents.keeping.go_on(),
            enabled=lambda: intents.keeping.can_go_on,
        ),
        Command(
            "study.forget_recent",
            "Clear Recent Studies",
            "File",
            lambda: intents.keeping.forget_recent(),
        ),
        Command("scan.cancel", "Stop Reading", "File", lambda: intents.cancel("dicom")),
    )


def _view(intents: Intents) -> tuple[Command, ...]:
    def some() -> bool:
        return intents.view.series is not None

    def row(command_id: str, title: str, shortcut: str, run: Callable[[], None]) -> Command:
        return Command(command_id, title, "View", run, shortcut, enabled=some)

    return (
        row("slice.previous", "Previous Slice", "Up", lambda: intents.step(-1)),
        row("slice.next", "Next Slice", "Down", lambda: intents.step(1)),
        row("slice.back_ten", "Ten Slices Back", "PgUp", lambda: intents.step(-10)),
        row("slice.on_ten", "Ten Slices On", "PgDown", lambda: intents.step(10)),
        row("slice.first", "First Slice", "Home", lambda: intents.go_to(0)),
        row("slice.last", "Last Slice", "End", lambda: intents.go_to(-1)),
        row("series.previous", "Previous Series", "Left", lambda: intents.step_series(-1)),
        row("series.next", "Next Series", "Right", lambda: intents.step_series(1)),
        row("view.fit", "Fit to Window", "F", intents.fit),
        row("view.zoom_in", "Zoom In", "Ctrl++", lambda: _zoom(intents, 1.25)),
        row("view.zoom_out", "Zoom Out", "Ctrl+-", lambda: _zoom(intents, 0.8)),
        row("view.rotate_left", "Rotate Left", "Ctrl+Left", lambda: intents.rotate(-1)),
        row("view.rotate_right", "Rotate Right", "Ctrl+Right", lambda: intents.rotate(1)),
        row("view.flip_horizontally", "Flip Horizontally", "X", intents.flip),
        row("view.flip_vertically", "Flip Vertically", "Y", lambda: intents.flip(vertically=True)),
        row("view.reset", "Reset", "R", intents.reset),
        Command(
            "view.deidentify",
            "Hide Patient Identity",
            "View",
            lambda: intents.set_deidentified(not intents.view.deidentified),
            checked=lambda: intents.view.deidentified,
        ),
    )


def _zoom(intents: Intents, factor: float) -> None:
    """Zoom about what is at the centre of the viewport."""
    view = intents.view
    if view.header is not None:
        header = view.header
        x, y = view.presentation.pan or (header.cols / 2, header.rows / 2)
        intents.zoom_at(factor, x, y)


def _stop(intents: Intents) -> None:
    """Put the tool away; without one in hand, stop whatever asks the network."""
    if intents.view.tool:
        intents.set_tool("")
        return
    for lane in ("inference", "explanation", "trust"):
        intents.cancel(lane)


def _image(intents: Intents) -> tuple[Command, ...]:
    def grey() -> bool:
        """Whether what is on the screen, or will be in a moment, can be windowed."""
        shown = intents.view.slice
        return intents.view.undecoded is not None if shown is None else not shown.is_color

    presets = tuple(
        Command(
            f"window.preset_{number}",
            f"Window Preset {number}",
            "Image",
            lambda number=number: intents.set_preset(number),  # type: ignore[misc]
            str(number),
            enabled=grey,
        )
        for number in range(1, PRESET_KEYS + 1)
    )
    return (
        *presets,
        Command(
            "window.from_file", "Window from the File", "Image", lambda: intents.set_window(None), "0", grey
        ),
        Command(
            "window.invert",
            "Invert",
            "Image",
            intents.toggle_invert,
            "I",
            enabled=lambda: intents.view.series is not None,
            checked=lambda: intents.view.invert,
        ),
        Command(
            "picture.graphics",
            "Show File Graphics",
            "Image",
            intents.toggle_graphics,
            enabled=lambda: not intents.view.deidentified,
            checked=lambda: intents.view.graphics,
        ),
        Command(
            "picture.shutter",
            "Display Shutter",
            "Image",
            intents.toggle_shutter,
            checked=lambda: intents.view.shutter,
        ),
    )


def _ai(intents: Intents) -> tuple[Command, ...]:
    def some() -> bool:
        return intents.view.series is not None

    def analysed() -> bool:
        return bool(intents.view.layers)

    def outside() -> bool:
        return bool(intents.view.outside)

    def row(command_id: str, title: str, shortcut: str, run: Callable[[], None]) -> Command:
        return Command(command_id, title, "AI", run, shortcut, enabled=analysed)

    return (
        Command("analysis.start", "Analyse", "AI", intents.analyse, "F5", enabled=some),
        Command(
            "analysis.start_anyway",
            "Analyse Outside the Model's Domain",
            "AI",
            intents.analyse_anyway,
            "Shift+F5",
            enabled=outside,
        ),
        Command("analysis.cancel", "Stop Analysis", "AI", lambda: _stop(intents), "Esc"),
        Command(
            "overlay.toggle",
            "Show Heatmap",
            "AI",
            intents.toggle_overlay,
            "H",
            checked=lambda: intents.view.overlay.visible,
        ),
        row("layer.earlier", "Earlier Layer", "[", lambda: intents.step_layer(-1)),
        row("layer.later", "Later Layer", "]", lambda: intents.step_layer(1)),
        row("method.previous", "Previous Method", "Ctrl+[", lambda: intents.step_method(-1)),
        row("method.next", "Next Method", "Ctrl+]", lambda: intents.step_method(1)),
        row("overlay.fainter", "Fainter Heatmap", ",", lambda: intents.step_opacity(-1)),
        row("overlay.stronger", "Stronger Heatmap", ".", lambda: intents.step_opacity(1)),
        row("peak.next", "Next Peak", "N", intents.next_peak),
        row("peak.previous", "Previous Peak", "P", intents.previous_peak),
        Command(
            "overlay.relative",
            "Relative Scale",
            "AI",
            lambda: intents.set_overlay(
                scale="absolute" if intents.view.overlay.scale == "relative" else "relative"
            ),
            "S",
            enabled=lambda: not intents.view.only_relative,
            checked=lambda: intents.view.overlay.scale == "relative",
        ),
        *_evidence(intents),
        *_boxes(intents),
        Command(
            "gate.open",
            "Explain Anyway",
            "AI",
            intents.toggle_explain_anyway,
            "Shift+H",
            enabled=lambda: bool(intents.view.withheld) or intents.view.explained_anyway,
            checked=lambda: intents.view.explained_anyway,
        ),
        Command(
            "trust.check",
            "Check This Map",
            "AI",
            intents.check_map,
            "Shift+C",
            enabled=lambda: intents.view.heatmap is not None and not intents.view.trust_checked,
        ),
        row("target.automatic", "Explain the Most Probable Finding", "", lambda: intents.set_target(None)),
    )


def _boxes(intents: Intents) -> tuple[Command, ...]:
    """What the network saw, and boxes on the slice: what it is not to see, and where the finding is."""

    def some() -> bool:
        return intents.view.series is not None

    def tool(name: str, title: str, shortcut: str) -> Command:
        return Command(
            f"box.{name}",
            title,
            "AI",
            lambda: intents.set_tool("" if intents.view.tool == name else name),
            shortcut,
            enabled=some,
            checked=lambda: intents.view.tool == name,
        )

    return (
        Command(
            "truth.toggle",
            "What the Network Saw",
            "AI",
            intents.toggle_truth_view,
            "Z",
            enabled=some,
            checked=lambda: intents.view.truth_view,
        ),
        tool("occluder", "Cover a Box and Ask Again", "O"),
        tool("region", "Draw the Region of the Finding", "G"),
    )


def _evidence(intents: Intents) -> tuple[Command, ...]:
    """Which evidence is drawn: each sign by name, and the next one by a key."""

    def free() -> bool:
        return not intents.view.only_positive

    def following() -> None:
        at = EVIDENCE.index(intents.view.overlay.evidence) + 1
        intents.set_overlay(evidence=EVIDENCE[at % len(EVIDENCE)])

    titles = {
        "positive": "Evidence For",
        "negative": "Evidence Against",
        "signed": "Evidence For and Against",
    }
    rows = tuple(
        Command(
            f"evidence.{name}",
            title,
            "AI",
            lambda name=name: intents.set_overlay(evidence=name),  # type: ignore[misc]
            enabled=free,
            checked=lambda name=name: intents.view.overlay.evidence == name,  # type: ignore[misc]
        )
        for name, title in titles.items()
    )
    return (*rows, Command("evidence.next", "Next Sign of Evidence", "AI", following, "V", enabled=free))
