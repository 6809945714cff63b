"""What the window needs of the controller: every intent of the reader, and a place for its settings."""

from __future__ import annotations

from typing import Any, Protocol

from viewer.commands.intents import Intents


class WindowIntents(Intents, Protocol):
    """The intents of `viewer.commands.intents`, and what the window itself wants remembered."""

    def keep_settings(self, **changes: Any) -> None:
        """Change fields of `viewer.settings.Settings` and save them."""
