"""How the reader likes the window: theme, mouse, size of the interface. Remembered from run to run."""

from __future__ import annotations

from collections.abc import Callable

from viewer.notice import Notice
from viewer.settings import RANGES, Settings
from viewer.ui import theme
from viewer.ui.intents import WindowIntents
from viewer.ui.viewport import Viewport

SCALE_STEP = 0.25


class Preferences:
    """Puts the settings in force, changes them, and has them kept.

    Parameters
    ----------
    dress : called after a change of theme: take its icons.
    say : shows a notice.
    """

    def __init__(
        self,
        intents: WindowIntents,
        settings: Settings,
        viewport: Viewport,
        *,
        dress: Callable[[], None],
        say: Callable[[Notice], None],
    ) -> None:
        self._intents = intents
        self._viewport = viewport
        self._dress = dress
        self._say = say
        self._scale = settings.ui_scale
        self.mouse = settings.mouse
        """A key of `viewport.DRAGS`."""
        viewport.set_mouse(self.mouse)

    def is_light(self) -> bool:
        return theme.current().name == "light"

    def toggle_light(self) -> None:
        """Change between the dark and the light theme."""
        theme.apply("dark" if self.is_light() else "light")
        self._dress()
        self._intents.keep_settings(theme=theme.current().name)

    def scrolls_on_left(self) -> bool:
        return self.mouse == "scroll"

    def toggle_mouse(self) -> None:
        """Change between the window and the slices on the left button."""
        self.mouse = "window" if self.scrolls_on_left() else "scroll"
        self._viewport.set_mouse(self.mouse)
        self._intents.keep_settings(mouse=self.mouse)

    def step_scale(self, n: int) -> None:
        """Make the interface larger or smaller; Qt takes its scale only at the start."""
        low, high = RANGES["ui_scale"]
        self._scale = min(max(self._scale + n * SCALE_STEP, low), high)
        self._intents.keep_settings(ui_scale=self._scale)
        what = f"The interface will have {100 * self._scale:.0f} % of its size."
        self._say(Notice(what, "Close Glassbox and start it again."))
