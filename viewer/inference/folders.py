"""Where model bundles lie, apart from those that ship: where administrator, user and reader say.

The administrator names folders in the variable GLASSBOX_MODELS or in the policy file of the site, the user
puts bundles into a folder of the user's own, the reader adds them in the window. Of two bundles with one name
the first counts, so they stand in this order: nobody replaces a model of the site. All may be read-only.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterable
from pathlib import Path

from viewer.errors import ModelError

VARIABLE = "GLASSBOX_MODELS"
MAX_BYTES = 1 << 16


def policy_file() -> Path:
    """The policy of the site, for all users of this machine: `models = ["/srv/models"]`; it may be absent."""
    import platformdirs

    return Path(platformdirs.site_config_path("glassbox", appauthor=False)) / "policy.toml"


def user_folder() -> Path:
    """Where a user puts bundles for Glassbox to find; it may be absent."""
    import platformdirs

    return Path(platformdirs.user_data_path("glassbox", appauthor=False)) / "models"


def model_folders(added: Iterable[str | Path] = ()) -> list[Path]:
    """Every folder to look for bundles in, the site's first; `added` are those the reader chose.

    Raises ModelError if the policy file cannot be understood: what the administrator meant is not guessed at.
    """
    named = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    own = user_folder()
    return [*named, *_of_policy(policy_file()), *([own] if own.is_dir() else []), *map(Path, added)]


def _of_policy(path: Path) -> list[Path]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(error.strerror or type(error).__name__) from error
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("it is too large")
        folders = tomllib.loads(data.decode("utf-8")).get("models", [])
        if not isinstance(folders, list) or not all(isinstance(one, str) for one in folders):
            raise ValueError('models is no list of folders, as in models = ["/srv/models"]')
    except ValueError as error:
        raise _unreadable(str(error)) from error
    return [Path(one) for one in folders]


def _unreadable(why: str) -> ModelError:
    return ModelError(
        f"The policy file of this machine cannot be used: {why}.",
        remedy=f"Ask your administrator to mend {policy_file()}.",
    )
