"""`glassbox models`: the bundles at hand, their cards, and whether their digests hold."""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

from viewer.cli.answer import Answer
from viewer.errors import ModelError
from viewer.inference.bundle import ModelBundle

EPILOG = "A bundle is a folder with card.toml and weights.safetensors; the window adds one by its folder."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", metavar="DIR", type=Path, action="append", default=[], help="also look at this folder"
    )


def answer(options: argparse.Namespace) -> Answer:
    from viewer.cli.network import model_folders
    from viewer.inference.catalog import find_bundles

    bundles, refused = find_bundles([*model_folders(), *options.model])
    rows = [bundle_table(bundle) for bundle in bundles]
    table = {
        "models": rows,
        "unusable": [{"folder": str(folder), "reason": reason} for folder, reason in refused],
    }
    lines = [line for row in rows for line in _lines(row)]
    lines += [f"Cannot be used: {folder}: {reason}" for folder, reason in refused]
    return Answer(table, lines or ["There is no model bundle."])


def bundle_table(bundle: ModelBundle) -> dict[str, Any]:
    """One bundle: where it lies, its digest and whether the weights still have it, and its whole card."""
    problem = ""
    try:
        bundle.verify()
    except ModelError as error:
        problem = str(error)
    card = bundle.card
    return {
        "name": card.name,
        "title": card.title,
        "version": card.version,
        "folder": str(bundle.folder),
        "digest": bundle.weights_digest,
        "digest_holds": not problem,
        "problem": problem,
        "card": _plain(dataclasses.asdict(card)),
    }


def _plain(value: Any) -> Any:
    """A card's free tables may hold TOML dates and the like: those become text."""
    return json.loads(json.dumps(value, default=str))


def _lines(row: dict[str, Any]) -> list[str]:
    card = row["card"]
    domain = card["domain"]
    made_for = [", ".join(domain[key]) for key in ("modalities", "body_parts", "orientations") if domain[key]]
    digest = "holds" if row["digest_holds"] else f"does NOT hold: {row['problem']}"
    return [
        f"{row['name']} {row['version']}: {row['title']}",
        f"     made for   {'; '.join(made_for) or 'anything'}",
        f"     labels     {', '.join(card['labels'])}",
        f"     licence    {card['licence'] or 'not stated'}",
        f"     for        {card['intended_use'] or 'not stated'}",
        f"     SHA-256    {row['digest']} {digest}",
        f"     folder     {row['folder']}",
    ]
