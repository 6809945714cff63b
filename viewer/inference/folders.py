"""Where model bundles lie, apart from those that ship: where administrator, user and reader say.

The administrator names folders in the variable GLASSBOX_MODELS or in the policy file of the site, the user
puts bundles into a folder of the user's own, the reader adds them in the window. Of two bundles with one name
the first counts, so they stand in this order: nobody replaces a model of the site. All may be read-only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from viewer import policy
from viewer.errors import ModelError, PolicyError

VARIABLE = "GLASSBOX_MODELS"


def user_folder() -> Path:
    """Where a user puts bundles for Glassbox to find; it may be absent."""
    import platformdirs

    return Path(platformdirs.user_data_path("glassbox", appauthor=False)) / "models"


def model_folders(added: Iterable[str | Path] = ()) -> list[Path]:
    """Every folder to look for bundles in, the site's first; `added` are those the reader chose.

    Raises ModelError if the policy file cannot be understood: what the administrator meant is not guessed at.
    """
    try:
        named = [*policy.folders_of_variable(VARIABLE), *policy.folders_of_file("models")]
    except PolicyError as error:
        raise ModelError(error.what, remedy=error.remedy) from error
    own = user_folder()
    return [*named, *([own] if own.is_dir() else []), *map(Path, added)]
