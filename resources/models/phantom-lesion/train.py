"""Train phantom-lesion on synthetic chest CT slices with a planted nodule and write its bundle.

    python resources/models/phantom-lesion/train.py [--out FOLDER] [--volumes 60]

Then run ../brain-tumour-mri/compare.py: it writes operating point and absolute scales on this card, too.
The volumes come from resources/sample/make_sample.py with seeds the sample study does not use;
their nodules' voxels are known, so the network is told where its evidence should lie.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from viewer.inference.card import CardInput
from viewer.inference.preprocess import prepare
from viewer.inference.small_resnet import SmallResNet
from viewer.study import Geometry, Slice, SliceHeader, Source

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "sample"))
from make_sample import PIXEL_MM, SIZE, SLICES, chest  # noqa: E402

INPUT = CardInput(
    size=(160, 160), normalisation="window", center=-600.0, width=1500.0, mean=(0.3,), std=(0.35,)
)
GRID = 20
CELL = 160 // GRID
RIM = 0.4
"""Cells of nodule below which a slice holds only the rim of one: neither lesion nor none."""
ARGUMENTS = {"width": 12, "blocks": [1, 1, 1, 1], "strides": [1, 2, 1, 1]}
VOLUMES, VAL_SHARE = 60, 6


def as_slice(plane: np.ndarray) -> Slice:
    geometry = Geometry(spacing=(PIXEL_MM, PIXEL_MM), calibration="PixelSpacing")
    header = SliceHeader(Source(Path("made")), "made", 0, SIZE, SIZE, "MONOCHROME2", 1, None, geometry, "HU")
    return Slice(header, plane)


def slices_of(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One volume as the network sees it.

    Returns
    -------
    inputs (SLICES, 1, 160, 160) float32; cells (SLICES, GRID, GRID) float32, share of each cell
    that is nodule.
    """
    made = chest(seed, with_nodule=seed % 3 != 0)
    inputs = [prepare(as_slice(plane), INPUT)[0] for plane in made.hu]
    cell = SIZE // GRID
    cells = made.lesion.reshape(SLICES, GRID, cell, GRID, cell).mean((2, 4))
    return np.stack(inputs), cells.astype(np.float32)


def loss_of(net: SmallResNet, images: torch.Tensor, cells: torch.Tensor) -> torch.Tensor:
    """Cross entropy over slices, and for slices with a nodule the share of evidence on it.

    A slice that holds only the rim of a nodule teaches nothing.
    """
    features = net.features(images)
    logits = net.head(features.mean((2, 3)))
    amount = cells.sum((1, 2))
    labels = (amount == 0).long()
    clear = (amount == 0) | (amount > RIM)
    loss = (F.cross_entropy(logits, labels, reduction="none") * clear).sum() / clear.sum()
    marked = (labels == 0) & clear
    if bool(marked.any()):
        evidence = torch.einsum("nchw,c->nhw", features[marked], net.head.weight[0]).flatten(1)
        mass = (evidence.softmax(1) * (cells[marked].flatten(1) > 0.02)).sum(1)
        loss = loss - 0.3 * mass.clamp(min=1e-4).log().mean()
    return loss


def augmented(
    images: torch.Tensor, cells: torch.Tensor, rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Mirror, shift by whole cells, shade: the cells follow the pixels exactly."""
    if rng.random() < 0.5:
        images, cells = images.flip(3), cells.flip(2)
    down, across = (int(s) for s in rng.integers(-4, 5, 2))
    images = images.roll((down * CELL, across * CELL), (2, 3))
    cells = cells.roll((down, across), (1, 2))
    shade = torch.from_numpy(rng.uniform(0.9, 1.1, (len(images), 1, 1, 1))).float()
    return images * shade + 0.08 * torch.randn_like(images), cells


@torch.no_grad()
def measure(net: SmallResNet, images: torch.Tensor, cells: torch.Tensor) -> dict[str, float]:
    """Accuracy, AUC and pointing game (cell of the peak holds nodule) on slices never trained on."""
    net.eval()
    features = torch.cat([net.features(part) for part in images.split(64)])
    logits = net.head(features.mean((2, 3)))
    amount = cells.sum((1, 2))
    clear = (amount == 0) | (amount > RIM)
    found, present = logits.argmax(1) == 0, amount > RIM
    score = (logits[:, 0] - logits[:, 1])[clear]
    positive, negative = score[present[clear]], score[~present[clear]]
    peak = torch.einsum("nchw,c->nhw", features, net.head.weight[0]).flatten(1)[present].argmax(1)
    hit = cells.flatten(1)[present].gather(1, peak[:, None])[:, 0] > 0
    return {
        "slices": int(clear.sum()),
        "accuracy": round(float((found == present)[clear].float().mean()), 4),
        "auc": round(float((positive[:, None] > negative[None]).float().mean()), 4),
        "pointing_game": round(float(hit.float().mean()), 4),
        "pointing_game_chance": round(float((cells[present] > 0).float().mean()), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=HERE)
    parser.add_argument("--volumes", type=int, default=VOLUMES)
    parser.add_argument("--epochs", type=int, default=18)
    options = parser.parse_args()
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    volumes = [slices_of(1000 + k) for k in range(options.volumes)]
    held_back = options.volumes // VAL_SHARE
    val_images, val_cells = (
        torch.from_numpy(np.concatenate(p)) for p in zip(*volumes[:held_back], strict=True)
    )
    images, cells = (torch.from_numpy(np.concatenate(p)) for p in zip(*volumes[held_back:], strict=True))
    net = SmallResNet(channels=1, labels=2, **ARGUMENTS)  # type: ignore[arg-type]
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.02)
    steps = len(images) // 32
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=steps * options.epochs)
    has_nodule = (cells.sum((1, 2)) > RIM).numpy()
    share = np.where(has_nodule, 0.5 / has_nodule.sum(), 0.5 / (~has_nodule).sum())
    for epoch in range(options.epochs):
        net.train()
        total = 0.0
        for _ in range(steps):
            some = torch.from_numpy(rng.choice(len(images), 32, p=share))
            loss = loss_of(net, *augmented(images[some], cells[some], rng))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(
            f"epoch {epoch + 1} loss {total / steps:.3f} val {measure(net, val_images, val_cells)}",
            flush=True,
        )
    write_bundle(net.eval(), options.out, val_images, val_cells)


def write_bundle(net: SmallResNet, folder: Path, images: torch.Tensor, cells: torch.Tensor) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "weights.safetensors"
    save_file({name: value.contiguous() for name, value in net.state_dict().items()}, weights)
    figures = measure(net, images, cells)
    values = {f"@{name}@": str(value) for name, value in figures.items()}
    values["@sha256@"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    card = (HERE / "card.template.toml").read_text()
    for mark, value in values.items():
        card = card.replace(mark, value)
    (folder / "card.toml").write_text(card)
    print(figures)


if __name__ == "__main__":
    main()
