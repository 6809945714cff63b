"""A model bundle: a folder with card.toml and its weights. No torch; nothing is executed."""

from __future__ import annotations

import hashlib
import stat
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from viewer.errors import ModelError
from viewer.inference.card import (
    Card,
    CardArchitecture,
    CardDomain,
    CardInput,
    CardLayers,
    CardScale,
    CardTraining,
    CardWeights,
    OfferedLayer,
    parse_card,
)

__all__ = [
    "Card",
    "CardArchitecture",
    "CardDomain",
    "CardInput",
    "CardLayers",
    "CardScale",
    "CardTraining",
    "CardWeights",
    "ModelBundle",
    "OfferedLayer",
    "load_bundle",
]

MAX_CARD_BYTES = 1 << 20
MAX_WEIGHTS_BYTES = 4 << 30
CHUNK_BYTES = 8 << 20
CARD_FILE = "card.toml"


@dataclass(frozen=True, eq=False, slots=True)
class ModelBundle:
    """A bundle whose card has been read and whose weights' file exists; the digest is not yet checked."""

    folder: Path
    card: Card

    @property
    def digest(self) -> str:
        """SHA-256 over the whole card, the weights' SHA-256 in it: what results are found by.

        The same weights behind another card (input, labels, layers) are another model.
        """
        return _digest(self.card)

    @property
    def weights_digest(self) -> str:
        """SHA-256 of the weights as the card states it: what stands on a report."""
        return self.card.weights.sha256

    @property
    def weights_path(self) -> Path:
        return self.folder / self.card.weights.file

    def verify(self) -> None:
        """Raise ModelError unless the weights' SHA-256 is the one on the card."""
        _regular_file(self.weights_path, MAX_WEIGHTS_BYTES, "The weights of this model")
        try:
            with self.weights_path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(error) from error
        self._compare(digest)

    def read_weights(self, check: Callable[[], None] = lambda: None) -> bytes:
        """The weights' bytes, checked: what was hashed is what will be loaded.

        `check` may stop the reading by raising `Cancelled`; it is called for every few megabytes.
        """
        _regular_file(self.weights_path, MAX_WEIGHTS_BYTES, "The weights of this model")
        digest, parts = hashlib.sha256(), []
        try:
            with self.weights_path.open("rb") as file:
                while part := file.read(CHUNK_BYTES):
                    check()
                    digest.update(part)
                    parts.append(part)
        except OSError as error:
            raise _unreadable(error) from error
        self._compare(digest.hexdigest())
        return b"".join(parts)

    def _compare(self, digest: str) -> None:
        if digest != self.weights_digest:
            raise ModelError(
                f"The weights of the model '{self.card.name}' are not the ones its card describes.",
                remedy="They were altered or damaged: get the bundle again from its source.",
            )


@lru_cache(maxsize=256)
def _digest(card: Card) -> str:
    """SHA-256 of everything a card says; asked for with every change of the view."""
    return hashlib.sha256(repr(card).encode()).hexdigest()


def load_bundle(folder: Path) -> ModelBundle:
    """Read and check a bundle's card; the weights are only looked at, not loaded.

    Raises ModelError, in plain words, for a folder that is not a bundle, a card that is malformed
    or incomplete, or weights that are missing or lie outside the folder.
    """
    path = folder / CARD_FILE
    if not path.exists() and not path.is_symlink():
        raise ModelError(
            "The folder holds no card.toml, so it is not a model bundle.",
            remedy="Choose the folder that holds card.toml and the weights beside it.",
        )
    _regular_file(path, MAX_CARD_BYTES, "The card.toml of this model")
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise _unreadable(error) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ModelError(
            f"The model card is not valid TOML: {error}.", remedy="Correct card.toml."
        ) from error
    bundle = ModelBundle(folder, parse_card(table))
    _regular_file(bundle.weights_path, MAX_WEIGHTS_BYTES, f"The weights of the model '{bundle.card.name}'")
    return bundle


def _regular_file(path: Path, limit: int, what: str) -> None:
    """Refuse what is missing, is a link (it could lead out of the bundle), or is absurdly large."""
    try:
        status = path.lstat()
    except OSError as error:
        raise ModelError(f"{what} cannot be found.", remedy="Get the whole bundle folder again.") from error
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(
            f"{what} must be an ordinary file inside the bundle, not a link.",
            remedy="Copy the file itself into the bundle folder.",
        )
    if status.st_size > limit:
        raise ModelError(f"{what} is larger than {limit >> 20} MiB.", remedy="Choose another bundle.")


def _unreadable(error: OSError) -> ModelError:
    return ModelError(
        f"The model bundle cannot be read: {error.strerror}.", remedy="Check the permissions of its folder."
    )
