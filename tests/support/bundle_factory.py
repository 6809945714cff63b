"""Tiny model bundles with random weights, made where a test wants them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

CARD: dict[str, Any] = {
    "schema": 1,
    "name": "tiny",
    "title": "Tiny test network",
    "version": "1.0",
    "task": "Says something of a slice, at random.",
    "activation": "softmax",
    "labels": ["lesion", "cyst", "nothing"],
    "background": "nothing",
    "licence": "Apache-2.0",
    "intended_use": "Tests.",
    "limits": ["Its weights are random."],
    "architecture": {
        "family": "glassbox",
        "name": "SmallResNet",
        "arguments": {"width": 4, "blocks": [1, 1, 1, 1], "strides": [1, 2, 2, 1]},
    },
    "input": {
        "size": [64, 64],
        "channels": 1,
        "fit": "letterbox",
        "normalisation": "percentile",
        "low": 1.0,
        "high": 99.0,
        "mean": [0.25],
        "std": [0.25],
    },
    "domain": {"modalities": ["CT"], "body_parts": [], "orientations": [], "description": "Test slices"},
    "layers": {"default": "block4"},
    "scale": {"absolute": 0.5},
    "training": {"data": "none", "source": "random", "attribution": "", "licence": "Apache-2.0"},
    "performance": {"note": "none"},
    "weights": {"file": "weights.safetensors"},
}


def make_bundle(folder: Path, *, seed: int = 0, **changes: Any) -> Path:
    """Write a bundle into `folder` (made if absent) and return the folder.

    Its operating points are 0, so that a random network's maps are shown without being asked for.
    `changes` replace fields of the card; a dict is merged into its section, and a field whose new
    value is None is left out. The weights are random, fit the architecture, and are the same for
    the same seed. Pass ``weights={"sha256": …}`` to make the digest wrong.
    """
    import torch
    from safetensors.torch import save_file

    from viewer.inference.architectures import build
    from viewer.inference.card import CardArchitecture

    card = {key: dict(value) if isinstance(value, dict) else value for key, value in CARD.items()}
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(card.get(key), dict):
            card[key] = {k: v for k, v in (card[key] | value).items() if v is not None}
        else:
            card[key] = value
    if changes.get("architecture", {}).get("family") == "torchvision":
        card["layers"] = changes.get("layers", {})
        card["architecture"]["arguments"] = changes["architecture"].get("arguments", {})
    card.setdefault("operating_points", dict.fromkeys(card["labels"], 0.0))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "weights.safetensors"
    shape = card["input"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build(
            CardArchitecture(**card["architecture"]),
            channels=shape.get("channels", 1),
            labels=len(card["labels"]),
            size=tuple(shape["size"]),
        )
        for parameter in network.parameters():
            if parameter.ndim > 1 and not parameter.any():  # ViT's head starts at zero: no evidence at all
                torch.nn.init.normal_(parameter, std=0.02)
        save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)
    card["weights"] = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} | card["weights"]
    write_card(folder, card)
    return folder


def write_card(folder: Path, card: dict[str, Any]) -> None:
    """Write card.toml; a field whose value is None is left out."""
    (folder / "card.toml").write_text("\n".join(_lines(card, "")) + "\n", encoding="utf-8")


def _lines(table: dict[str, Any], prefix: str) -> list[str]:
    plain = {k: v for k, v in table.items() if not isinstance(v, dict) and v is not None}
    lines = [f"{json.dumps(key)} = {_value(value)}" for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += [f"[{prefix}{key}]", *_lines(value, f"{prefix}{key}.")]
    return lines


def _value(value: Any) -> str:
    """TOML for a number, flag, text, or list of them; a dict in a list becomes an inline table."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return json.dumps(value)
