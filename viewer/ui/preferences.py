"""How the reader likes the window: theme, mouse, keys, size of the interface. Remembered from run to run."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from viewer.commands.command import CommandRegistry
from viewer.notice import Notice
from viewer.settings import Settings
from viewer.ui import theme
from viewer.ui.intents import WindowIntents
from viewer.ui.menus import way_out
from viewer.ui.mouse_question import MouseQuestion
from viewer.ui.viewport import Viewport


class Preferences:
    """Puts the settings in force, changes them, and has them kept.

    Parameters
    ----------
    window : the parent of the dialogs that ask.
    question : asks for the mouse where it was not asked yet.
    dress : called after a change of theme: take its icons.
    say : shows a notice.
    """

    def __init__(
        self,
        intents: WindowIntents,
        settings: Settings,
        commands: CommandRegistry,
        viewport: Viewport,
        question: MouseQuestion,
        *,
        window: QWidget,
        dress: Callable[[], None],
        say: Callable[[Notice], None],
    ) -> None:
        self._intents = intents
        self._commands = commands
        self._viewport = viewport
        self._window = window
        self._dress = dress
        self._say = say
        self._scale = settings.ui_scale
        self._question = question
        self.mouse = settings.mouse
        """A key of `viewport.DRAGS`."""
        viewport.set_mouse(self.mouse)
        question.setVisible(not settings.mouse_asked)
        question.answered.connect(self.set_mouse)
        question.skipped.connect(self._mouse_asked)
        commands.on_keys_changed(self.follow_keys)

    def follow_keys(self) -> None:
        """Name the keys in force where the window names keys."""
        self._viewport.tell_way_out(way_out(self._commands))

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
        self.set_mouse("window" if self.scrolls_on_left() else "scroll")

    def set_mouse(self, profile: str) -> None:
        """Take a mouse profile; who has chosen one is not asked any more."""
        self.mouse = profile
        self._viewport.set_mouse(profile)
        self._question.hide()
        self._intents.keep_settings(mouse=profile, mouse_asked=True)

    def _mouse_asked(self) -> None:
        self._question.hide()
        self._intents.keep_settings(mouse_asked=True)

    def ask_keys(self) -> None:
        """Show which key does what, to change it."""
        from viewer.ui.key_dialog import KeyDialog

        KeyDialog(self._commands, self._keep_keys, self._window).open()

    def _keep_keys(self, own: dict[str, str]) -> None:
        self._intents.keep_settings(shortcuts=own)

    def ask_scale(self) -> None:
        """Ask how large the interface is to be; Qt takes its scale only at the start."""
        from viewer.ui.scale_dialog import ScaleDialog

        ScaleDialog(self._scale, self._set_scale, self._window).open()

    def _set_scale(self, scale: float) -> None:
        self._scale = scale
        self._intents.keep_settings(ui_scale=scale)
        what = f"The interface will have {100 * scale:.0f} % of its size."
        self._say(Notice(what, "Close Glassbox and start it again."))
