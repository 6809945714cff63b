"""What an administrator names for everybody on a machine: folders, in a variable or in the policy file."""

from __future__ import annotations

import os
from pathlib import Path

from viewer.errors import PolicyError

MAX_BYTES = 1 << 16


def policy_file() -> Path:
    """The policy of the site, for all users of this machine: `models = ["/srv/models"]`; it may be absent."""
    import platformdirs

    return Path(platformdirs.site_config_path("glassbox", appauthor=False)) / "policy.toml"


def folders_of_variable(name: str) -> list[Path]:
    """The folders in a variable of the environment, separated as in PATH."""
    return [Path(part) for part in os.environ.get(name, "").split(os.pathsep) if part]


def folders_of_file(key: str) -> list[Path]:
    """The folders that the policy file names by a key.

    Raises PolicyError if the file cannot be understood: what the administrator meant is not guessed at.
    """
    try:
        with policy_file().open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(error.strerror or type(error).__name__) from error
    import tomllib

    try:
        if len(data) > MAX_BYTES:
            raise ValueError("it is too large")
        folders = tomllib.loads(data.decode("utf-8")).get(key, [])
        if not isinstance(folders, list) or not all(isinstance(one, str) for one in folders):
            raise ValueError(f'{key} is no list of folders, as in {key} = ["/srv/{key}"]')
    except ValueError as error:
        raise _unreadable(str(error)) from error
    return [Path(one) for one in folders]


def _unreadable(why: str) -> PolicyError:
    return PolicyError(
        f"The policy file of this machine cannot be used: {why}.",
        remedy=f"Ask your administrator to mend {policy_file()}.",
    )
