"""The model bundles at hand: those that ship and those the user pointed at. No torch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from viewer import resources
from viewer.errors import ModelError
from viewer.inference.bundle import CARD_FILE, ModelBundle, load_bundle


def shipped_bundles() -> list[ModelBundle]:
    """The bundles that ship, by name; broken ones are left out (`find_bundles` gives the reasons)."""
    return find_bundles(())[0]


def find_bundles(extra_folders: Iterable[Path]) -> tuple[list[ModelBundle], list[tuple[Path, str]]]:
    """All usable bundles, shipped ones first, and why each of the others cannot be used.

    An extra folder is a bundle, or holds bundles. Of two bundles with one name the first counts:
    a bundle of the user's cannot pass for one that ships.
    """
    bundles: dict[str, ModelBundle] = {}
    refused: list[tuple[Path, str]] = []
    seen: set[Path] = set()
    for folder in [*_bundles_in(resources.models()), *(f for e in extra_folders for f in _bundles_in(e))]:
        if folder.resolve() in seen:
            continue
        seen.add(folder.resolve())
        try:
            bundle = load_bundle(folder)
        except ModelError as error:
            refused.append((folder, str(error)))
            continue
        if bundle.card.name in bundles:
            refused.append((folder, f"Another model is already called '{bundle.card.name}'."))
        else:
            bundles[bundle.card.name] = bundle
    return list(bundles.values()), refused


def find_bundle(name_or_dir: str | Path, extra_folders: Iterable[Path] = ()) -> ModelBundle:
    """The bundle of that name, or the one in that folder; ModelError names what there is."""
    bundles, refused = find_bundles(extra_folders)
    for bundle in bundles:
        if bundle.card.name == str(name_or_dir):
            return bundle
    folder = Path(name_or_dir)
    if folder.is_dir():
        return load_bundle(folder)
    for path, reason in refused:
        if path.name == str(name_or_dir):
            raise ModelError(f"The model '{name_or_dir}' cannot be used: {reason}")
    known = ", ".join(bundle.card.name for bundle in bundles) or "none"
    raise ModelError(
        f"There is no model '{name_or_dir}'.", remedy=f"Known models: {known}; or give a folder."
    )


def _bundles_in(folder: Path) -> list[Path]:
    """The folder itself if it is a bundle or not a folder of bundles; else the bundles in it."""
    if (folder / CARD_FILE).exists() or not folder.is_dir():
        return [folder]
    inside = sorted(path.parent for path in folder.glob(f"*/{CARD_FILE}"))
    return inside or ([folder] if folder != resources.models() else [])
