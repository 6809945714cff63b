"""Bundles whose network is a torch.export program, and programs that were tampered with."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tests.support.bundle_factory import CARD, write_card


def program_of(network: nn.Module, *size: int) -> bytes:
    """The .pt2 file of `network`, exported for one image of `size` (channels, height, width)."""
    kind = next(network.parameters()).dtype
    file = io.BytesIO()
    torch.export.save(torch.export.export(network, (torch.zeros(1, *size, dtype=kind),)), file)
    return file.getvalue()


def exported_bundle(folder: Path, data: bytes, **changes: Any) -> Path:
    """Write a bundle with `data` as its weights.pt2; `changes` replace fields of the card's sections."""
    card = {key: dict(value) if isinstance(value, dict) else value for key, value in CARD.items()}
    card["architecture"] = {"family": "exported", "name": "SmallResNet"}
    card["weights"] = {"file": "weights.pt2", "sha256": hashlib.sha256(data).hexdigest()}
    for key, value in changes.items():
        card[key] = card[key] | value if isinstance(value, dict) and key in card else value
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.pt2").write_bytes(data)
    write_card(folder, card)
    return folder


def altered(
    data: bytes,
    *,
    model: Callable[[dict[str, Any]], None] = lambda _table: None,
    weights: Callable[[dict[str, Any]], None] = lambda _table: None,
    files: dict[str, bytes] | None = None,
    compression: int = zipfile.ZIP_STORED,
) -> bytes:
    """The program with its description or its list of weights changed, and files (by their path below the
    archive's root) added or replaced."""
    old, made = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    root = old.namelist()[0].split("/")[0]
    with zipfile.ZipFile(made, "w", compression) as new:
        for path in old.namelist():
            content = old.read(path)
            if path.endswith(("/models/model.json", "/model_weights_config.json")):
                table = json.loads(content)
                (model if "/models/" in path else weights)(table)
                content = json.dumps(table).encode()
            if path.removeprefix(f"{root}/") not in (files or {}):
                new.writestr(path, content)
        for name, content in (files or {}).items():
            new.writestr(f"{root}/{name}", content)
    return made.getvalue()
