"""One typed Settings record: load, save, migrate. To add a setting: one field here, and its migration.

A damaged file is set aside and the defaults are used: settings never keep the program from starting.
"""

from __future__ import annotations

import json
import logging
import math
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

SCHEMA = 4
MAX_BYTES = 1 << 20
SCALE_STEP = 0.25


@dataclass(frozen=True, slots=True)
class Settings:
    """What is remembered from one run to the next.

    Parameters
    ----------
    recent : paths of studies opened lately, newest first, as versions before the database (`session.store`)
        remembered them: it takes them over at the next start.
    model_folders : folders of bundles the reader added.
    device : "auto", "cuda", "mps" or "cpu".
    overlay_… : how the overlay looks at the start, see `session.state.Overlay`.
    mouse : "window" or "scroll": what the left button does.
    mouse_asked : whether the reader was asked for it.
    disclaimer_read : whether the reader acknowledged what Glassbox is not for.
    ui_scale : size of the interface, in steps of `SCALE_STEP`; in force from the next start on.
    slice_cache_mb, result_cache_mb : bounds of the caches, MiB; 0 slices: as the machine has memory, see
        `session.budget`.
    shortcuts : command id -> key, where the reader wants another than the default.
    window_geometry : the window's size and place as Qt encodes it, base64; "" for the default.
    """

    recent: tuple[str, ...] = ()
    model_folders: tuple[str, ...] = ()
    device: str = "auto"
    overlay_opacity: float = 0.5
    overlay_threshold: float = 0.15
    overlay_colormap: str = "inferno"
    overlay_scale: str = "absolute"
    overlay_evidence: str = "positive"
    mouse: str = "window"
    mouse_asked: bool = False
    disclaimer_read: bool = False
    theme: str = "dark"
    ui_scale: float = 1.0
    deidentified: bool = False
    slice_cache_mb: int = 0
    result_cache_mb: int = 512
    shortcuts: dict[str, str] = field(default_factory=dict)
    window_geometry: str = ""


CHOICES = {
    "device": ("auto", "cuda", "mps", "cpu"),
    "overlay_scale": ("absolute", "relative"),
    "overlay_evidence": ("positive", "negative", "signed"),
    "mouse": ("window", "scroll"),
    "theme": ("dark", "light"),
}
RANGES = {
    "overlay_opacity": (0.0, 1.0),
    "overlay_threshold": (0.0, 1.0),
    "ui_scale": (1.0, 2.5),
    "slice_cache_mb": (0, 1 << 20),
    "result_cache_mb": (64, 1 << 20),
}


def _slices_as_memory_allows(table: dict[str, Any]) -> dict[str, Any]:
    """1024 MiB was the default and nobody's choice."""
    return {**table, "slice_cache_mb": 0} if table.get("slice_cache_mb") == 1024 else table


def _signed_evidence(table: dict[str, Any]) -> dict[str, Any]:
    """Signed evidence was a colour map."""
    if table.get("overlay_colormap") != "diverging":
        return table
    return {**table, "overlay_colormap": Settings().overlay_colormap, "overlay_evidence": "signed"}


def _habits(table: dict[str, Any]) -> dict[str, Any]:
    """Who changed the mouse profile knows of it; the interface could be smaller and larger than it can be
    now."""
    habits: dict[str, Any] = {"mouse_asked": table.get("mouse") == "scroll"}
    scale = table.get("ui_scale")
    if isinstance(scale, (int, float)) and not isinstance(scale, bool) and math.isfinite(scale):
        low, high = RANGES["ui_scale"]
        habits["ui_scale"] = min(max(round(scale / SCALE_STEP) * SCALE_STEP, low), high)
    return {**table, **habits}


MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {
    1: _slices_as_memory_allows,
    2: _signed_evidence,
    3: _habits,
}
"""Schema n -> a function that turns a table of schema n into one of schema n + 1."""


def default_path() -> Path:
    """Where the settings lie for this user."""
    import platformdirs

    return Path(platformdirs.user_config_path("glassbox", appauthor=False)) / "settings.json"


def load(path: Path) -> tuple[Settings, str]:
    """Read the settings.

    Returns
    -------
    Settings, str
        The defaults where there is no file or no valid value; and, if the file was damaged, one
        sentence saying so, else "".
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return Settings(), ""
    except OSError:
        return Settings(), "The settings cannot be read; the defaults are used."
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("too large")
        table = json.loads(data)
        if not isinstance(table, dict):
            raise ValueError("not a table")
        return _from_table(_migrated(table)), ""
    except (ValueError, RecursionError):
        return Settings(), _set_aside(path)


def save(settings: Settings, path: Path) -> bool:
    """Write the settings in one step, so that a crash leaves the old ones whole. False if it failed."""
    text = json.dumps({"schema": SCHEMA, **asdict(settings)}, indent=2)
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        log.warning("the settings could not be saved: %s", type(error).__name__)
        return False
    return True


def with_model_folder(settings: Settings, folder: Path) -> Settings:
    """`folder` among the bundles the reader added."""
    if str(folder) in settings.model_folders:
        return settings
    return replace(settings, model_folders=(*settings.model_folders, str(folder)))


def _migrated(table: dict[str, Any]) -> dict[str, Any]:
    """Bring a table of an older schema to this one; a newer one is read for the fields that are known."""
    schema = table.get("schema", SCHEMA)
    if not isinstance(schema, int):
        raise ValueError("schema is not a number")
    while schema in MIGRATIONS and schema < SCHEMA:
        table, schema = MIGRATIONS[schema](table), schema + 1
    return table


def _from_table(table: dict[str, Any]) -> Settings:
    """Every field that is there and valid; the default for the others."""
    defaults = Settings()
    found = {
        one.name: _valid(one.name, table[one.name], getattr(defaults, one.name))
        for one in fields(Settings)
        if one.name in table
    }
    return replace(defaults, **{name: value for name, value in found.items() if value is not None})


def _valid(name: str, value: Any, default: Any) -> Any:
    """The value in the type of the field, or None if it is not one."""
    if isinstance(default, tuple):
        return tuple(value) if isinstance(value, list) and _all_text(value) else None
    if isinstance(default, dict):
        return value if isinstance(value, dict) and _all_text([*value, *value.values()]) else None
    if isinstance(default, bool) or isinstance(value, bool):
        return value if isinstance(default, bool) and isinstance(value, bool) else None
    if isinstance(default, (int, float)):
        low, high = RANGES[name]
        return type(default)(value) if isinstance(value, (int, float)) and low <= value <= high else None
    if not isinstance(value, str):
        return None
    return value if value in CHOICES.get(name, (value,)) else None


def _all_text(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def _set_aside(path: Path) -> str:
    aside = path.with_suffix(".damaged.json")
    try:
        os.replace(path, aside)
    except OSError:
        return "The settings are damaged; the defaults are used."
    return f"The settings were damaged; the defaults are used. The old file is kept as {aside.name}."
