"""What the reader can ask for (Intents, the controller's side) and what only a window can ask (Asks)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from viewer.commands.mark_intents import KeepingIntents, KeyImageIntents, MarkIntents
from viewer.session.resolved_view import ResolvedView
from viewer.study import Box, Window


class Intents(Protocol):
    """Every intent is cheap, returns at once and runs on the GUI thread; the view hears of it later.

    All of them are harmless on an empty viewer. `view` is what is shown now.
    """

    @property
    def view(self) -> ResolvedView: ...

    @property
    def marks(self) -> MarkIntents: ...

    @property
    def key_images(self) -> KeyImageIntents: ...

    @property
    def keeping(self) -> KeepingIntents: ...

    def undo(self) -> None:
        """Take back the last change of marks, key images, comment, window, overlay or view."""

    def redo(self) -> None:
        """Do again what was taken back last."""

    # Opening
    def open(self, path: Path) -> None:
        """Scan a folder, file, DICOMDIR or ZIP in the background and show the first image found; or bring
        back what an exported report (PNG or its JSON) shows."""

    def open_study(self, path: Path) -> None:
        """Open the study that a report waits for, see `View.ask_study`."""

    def open_sample(self) -> None:
        """Open the synthetic study that ships."""

    def cancel(self, lane: str) -> None:
        """Stop what runs in "dicom" (a scan), "inference" (loading a model, an analysis) or "explanation" (a
        method with passes of its own)."""

    # Which slice
    def select_series(self, uid: str) -> None:
        """Show a series, at the slice where the reader left it."""

    def step_series(self, n: int) -> None:
        """n series further down (or up) the tree."""

    def step(self, n: int) -> None:
        """n slices further; stops at the ends."""

    def go_to(self, index: int) -> None:
        """Show slice `index` (0-based); negative counts from the end; clipped to the series."""

    def next_peak(self) -> None:
        """Go to the next slice where the probability along the ribbon has a peak."""

    def previous_peak(self) -> None: ...

    # How it looks
    def set_window(self, window: Window | None) -> None:
        """Use this window; None: the file's own first choice."""

    def set_preset(self, number: int) -> None:
        """Use preset `number` (1-based), see `ResolvedView.presets`; nothing happens if there is none."""

    def set_voi_lut(self, index: int) -> None:
        """Use the file's VOI LUT `index` (0-based)."""

    def drag_window(self, dx: float, dy: float) -> None:
        """A drag of (dx, dy) screen pixels, y down: right is wider, up is brighter."""

    def toggle_invert(self) -> None: ...

    def toggle_graphics(self) -> None:
        """Draw the overlay planes of the file, or leave them out."""

    def toggle_shutter(self) -> None:
        """Close the display shutter of the file, or open it."""

    def zoom_at(self, factor: float, x: float, y: float) -> None:
        """Zoom by `factor` while slice point (x, y) stays where it is on the screen."""

    def pan_by(self, dx: float, dy: float) -> None:
        """Move the picture by (dx, dy) slice pixels, as a hand would: to the right for dx > 0."""

    def fit(self) -> None:
        """Zoom 1, centred."""

    def rotate(self, quarters: int) -> None:
        """Turn the picture clockwise by `quarters` of a turn; negative is to the left."""

    def flip(self, *, vertically: bool = False) -> None:
        """Mirror the picture left to right, or top to bottom."""

    def reset(self) -> None:
        """Fit, not turned or mirrored, the file's window, not inverted."""

    def set_deidentified(self, on: bool) -> None:
        """Hide patient identity on the screen."""

    def watch_tags(self, on: bool) -> None:
        """Whether the view wants the attributes of the slice on the screen, now and as it changes."""

    # Overlay
    def set_overlay(self, **changes: Any) -> None:
        """Change fields of `session.state.Overlay`: visible, opacity, threshold, colormap, scale,
        evidence."""

    def toggle_overlay(self) -> None: ...

    def step_opacity(self, n: int) -> None:
        """n steps of 0.1."""

    def peek(self, on: bool) -> None:
        """The overlay is shown while held (True) and hidden when let go (False)."""

    def step_layer(self, n: int) -> None:
        """n layers later (or earlier) in the network; stops at the ends. Never calls the network."""

    def set_layer(self, name: str) -> None:
        """Show the heatmap of this layer. Never calls the network."""

    # The network
    def set_model(self, name: str) -> None:
        """Choose a model bundle by the name on its card."""

    def add_model(self, folder: Path) -> None:
        """Add a bundle by its folder, choose it, and remember it."""

    def set_target(self, label: str | None) -> None:
        """Explain this label; None: the most probable finding of each slice."""

    def set_against(self, label: str) -> None:
        """Explain how much more the target is said than this label; "": the target alone."""

    def toggle_explain_anyway(self) -> None:
        """Show the map of a finding below the model's operating point, or no longer; holds for this series,
        model and finding."""

    def set_method(self, method: str) -> None:
        """Explain by this method, an id of `explain.methods`."""

    def step_method(self, n: int) -> None:
        """n methods further in the list of those that one pass gives; stops at the ends."""

    def analyse(self) -> None:
        """Analyse the series, the visible slice first. Outside the model's domain: says so and waits."""

    def analyse_anyway(self) -> None:
        """Analyse although the series is outside the model's domain, as the reader confirms."""

    # Whether to believe the map
    def check_map(self) -> None:
        """Ask the network, in the background, what is costly about the map on the screen."""

    def look_at(self, line: str, on: bool) -> None:
        """Open or close the sentence of a trust line. A line that was open greys its map no more."""

    def close_trust(self) -> None:
        """No sentence is on show any more: the panel was closed."""

    # Boxes on the slice, and what the network saw
    def set_tool(self, tool: str) -> None:
        """Take a tool in hand: the left button then draws the "occluder", the "region" or a kind of mark
        (`annotate.mark.KINDS`); "" puts it away."""

    def set_box(self, tool: str, box: Box | None) -> None:
        """Draw the box of a tool, or take it away. The network is asked again without what the "occluder"
        covers."""

    def delete_box(self) -> None:
        """Take away the box of the tool in hand; without a tool the occluder, else the region."""

    def toggle_truth_view(self) -> None:
        """Show what the network saw beside the picture, or no longer."""

    # The report
    def make_report(self, *, comment: str = "", deidentify: bool = False) -> Any:
        """A `report.report.Report` of what is shown now. ReportError if no slice is shown."""

    def export_report(self, path: Path, *, overwrite: bool = False, **choice: Any) -> None:
        """Write a report in the background, as PNG or PDF as the name ends; a notice says how it went.

        `choice` are fields of `report.choice.Choice`: images, marks, comment, deidentify.
        """

    def report_source(self) -> Any:
        """A `report.choice.Source`: what is shown and known now, for pages made on another thread."""


class Asks(Protocol):
    """What needs a window: dialogs that ask and then call an intent, and the window itself."""

    def ask_open_folder(self) -> None: ...

    def ask_open_file(self) -> None: ...

    def ask_recent(self) -> None: ...

    def ask_add_model(self) -> None: ...

    def ask_export(self) -> None: ...

    def show_model_card(self) -> None: ...

    def show_tag_browser(self) -> None: ...

    def toggle_full_screen(self) -> None: ...

    def is_full_screen(self) -> bool: ...

    def show_guide(self) -> None: ...

    def show_keys(self) -> None: ...

    def show_about(self) -> None: ...

    def show_verification(self) -> None: ...

    def show_licences(self) -> None: ...

    def close(self) -> Any: ...
