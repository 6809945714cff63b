"""Train brain-tumour-mri on the Cheng T1 contrast-enhanced MR slices and write its bundle.

    python resources/models/brain-tumour-mri/train.py DATA_FOLDER --out FOLDER

DATA_FOLDER holds labels.csv (file, label, box centre and size in fractions, split) and images/.
The boxes are used in training: a loss on where the evidence for the true label lies, and crops
without any tumour as the class "no tumour". Only rows of the split "train" are ever trained on, and
every augmented picture is made from one of them; "val" is looked at for the figures on the card.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from viewer.inference.small_resnet import SmallResNet

LABELS = ("meningioma", "glioma", "pituitary", "no tumour")
NO_TUMOUR = 3
SIZE = 224
WIDTH = 48
PERCENTILES = (1.0, 99.5)
MEAN, STD = 0.25, 0.25
TUMOUR_FREE = 0.16
POSITIVE = 10.0
"""Evidence that the strongest cell in the box should carry, in units of the label's logit times the cells."""


@dataclass
class Cases:
    """images (n, 256, 256) uint8 after the card's percentile normalisation; boxes in pixels."""

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    axes: np.ndarray
    """Column of the left-right mirror axis where the slice is symmetric (axial, coronal), else -1."""


def read_cases(folder: Path, split: str) -> Cases:
    names = {"meningioma": 0, "glioma": 1, "pituitary": 2}
    images, labels, boxes = [], [], []
    with open(folder / "labels.csv", newline="") as file:
        for row in csv.DictReader(file):
            if row["split"] != split:
                continue
            pixels = np.asarray(Image.open(folder / "images" / row["file"]).convert("L"), np.float32)
            low, high = np.percentile(pixels, PERCENTILES)
            images.append(np.round(np.clip((pixels - low) / max(high - low, 1), 0, 1) * 255).astype(np.uint8))
            labels.append(names[row["label"]])
            cx, cy, w, h = (float(row[k]) * pixels.shape[0] for k in ("cx", "cy", "w", "h"))
            boxes.append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))
    stack = np.stack(images)
    return Cases(stack, np.array(labels), np.array(boxes), np.array([mirror_axis(i) for i in stack]))


def mirror_axis(image: np.ndarray) -> int:
    """The column about which the slice mirrors onto itself (r >= 0.78), or -1."""
    small = image[::4, ::4].astype(np.float32)
    n = small.shape[1]
    best, axis = 0.0, -1
    for twice in range(n - 16, n + 17):  # mirror: column c -> twice - 1 - c
        lo, hi = max(0, twice - n), min(n, twice)
        part = small[:, lo:hi]
        if part.std() > 0:
            r = float(np.corrcoef(part.ravel(), part[:, ::-1].ravel())[0, 1])
            if r > best:
                best, axis = r, twice * 2
    return axis if best >= 0.78 else -1


def paste_mirrored(image: np.ndarray, box: np.ndarray, axis: int, grow: float = 6.0) -> np.ndarray:
    """The slice with `box` covered by the other side of the head, feathered."""
    n = image.shape[0]
    ys, xs = np.mgrid[0:n, 0:n].astype(np.float32)
    dx = np.maximum(np.maximum(box[0] - xs, xs - box[2]), 0)
    dy = np.maximum(np.maximum(box[1] - ys, ys - box[3]), 0)
    mask = np.clip(1.0 - np.hypot(dx, dy) / grow, 0, 1)
    source = np.clip(2 * axis - 1 - np.arange(n), 0, n - 1)
    return np.round(image * (1 - mask) + image[:, source] * mask).astype(np.uint8)


def overlaps(a: np.ndarray, b: np.ndarray, margin: float = 0.0) -> bool:
    return bool(
        a[0] < b[2] + margin and b[0] < a[2] + margin and a[1] < b[3] + margin and b[1] < a[3] + margin
    )


def mirrored_box(box: np.ndarray, axis: int) -> np.ndarray:
    return np.array([2 * axis - box[2], box[1], 2 * axis - box[0], box[3]])


@dataclass
class View:
    """One training picture: which pixels, seen how, and what is in it."""

    image: np.ndarray
    box: np.ndarray
    label: int
    centre: tuple[float, float]
    zoom: float


def tumour_free(cases: Cases, i: int, rng: np.random.Generator) -> View | None:
    """The slice without its tumour: a crop beside it, or the tumour covered by the other side."""
    image, box, axis = cases.images[i], cases.boxes[i], int(cases.axes[i])
    nowhere = np.array([-9.0, -9.0, -9.0, -9.0])
    if axis > 0 and rng.random() < 0.6 and not overlaps(box, mirrored_box(box, axis), margin=8):
        return View(paste_mirrored(image, box, axis), nowhere, NO_TUMOUR, (128, 128), rng.uniform(0.85, 1.25))
    for _ in range(20):
        zoom = rng.uniform(1.3, 2.4)
        half = 128 / zoom
        cx, cy = rng.uniform(half, 256 - half, 2)
        window = np.array([cx - half, cy - half, cx + half, cy + half])
        inside = image[int(cy - half) : int(cy + half), int(cx - half) : int(cx + half)]
        if not overlaps(window, box, margin=3) and (inside > 30).mean() > 0.3:
            return View(image, nowhere, NO_TUMOUR, (cx, cy), zoom)
    return None


def with_tumour(cases: Cases, i: int, rng: np.random.Generator) -> View:
    """The slice, whole or as a crop that holds its tumour; sometimes with a harmless pasted patch,
    so that the seams of `paste_mirrored` are no evidence of health."""
    image, box, axis = cases.images[i], cases.boxes[i], int(cases.axes[i])
    if axis > 0 and rng.random() < 0.3:
        w, h = rng.uniform(15, 70, 2)
        x, y = rng.uniform(30, 226 - w), rng.uniform(30, 226 - h)
        patch = np.array([x, y, x + w, y + h])
        if not overlaps(patch, box, 8) and not overlaps(mirrored_box(patch, axis), box, 8):
            image = paste_mirrored(image, patch, axis)
    if rng.random() < 0.2:
        zoom = rng.uniform(1.3, 2.2)
        half = 128 / zoom
        mid = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
        reach = [max(half - (box[2 + k] - box[k]) / 2 - 4, 0) for k in (0, 1)]
        centre = tuple(
            float(np.clip(mid[k] + rng.uniform(-reach[k], reach[k]), half - 10, 266 - half)) for k in (0, 1)
        )
        return View(image, box, int(cases.labels[i]), centre, zoom)  # type: ignore[arg-type]
    return View(
        image,
        box,
        int(cases.labels[i]),
        (128 + rng.uniform(-14, 14), 128 + rng.uniform(-14, 14)),
        rng.uniform(0.82, 1.2),
    )


def batch_of(views: list[View], rng: np.random.Generator) -> tuple[torch.Tensor, ...]:
    """Rotate, flip, zoom and shade the views.

    Returns
    -------
    images (n, 1, SIZE, SIZE), labels (n,), masks (n, 14, 14) share of each cell in the box,
    shown (n,) share of the box that is in view.
    """
    n = len(views)
    images = torch.from_numpy(np.stack([v.image for v in views])).float().div_(255)[:, None]
    masks = torch.zeros(n, 1, 256, 256)
    for k, view in enumerate(views):
        if view.label != NO_TUMOUR:
            x0, y0, x1, y1 = (round(v) for v in np.clip(view.box, 0, 256))
            masks[k, 0, y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)] = 1
    theta = torch.zeros(n, 2, 3)
    for k, view in enumerate(views):
        angle = math.radians(rng.uniform(-15, 15))
        sx = math.exp(rng.uniform(-0.08, 0.08)) / view.zoom
        sy = math.exp(rng.uniform(-0.08, 0.08)) / view.zoom
        flip = -1.0 if rng.random() < 0.5 else 1.0
        cx, cy = (view.centre[0] - 128) / 128, (view.centre[1] - 128) / 128
        theta[k] = torch.tensor(
            [
                [flip * sx * math.cos(angle), -sy * math.sin(angle), cx],
                [flip * sx * math.sin(angle), sy * math.cos(angle), cy],
            ]
        )
    grid = F.affine_grid(theta, [n, 1, SIZE, SIZE], align_corners=False)
    seen = F.grid_sample(images, grid, align_corners=False)
    cells = F.grid_sample(masks, grid, align_corners=False)
    zoomed = torch.det(theta[:, :, :2]).abs()
    area = masks.sum((1, 2, 3)) / (256 / SIZE) ** 2 / zoomed
    shown = cells.sum((1, 2, 3)) / area.clamp(min=1)
    gamma = torch.from_numpy(np.exp(rng.uniform(-0.35, 0.35, n))).float().view(-1, 1, 1, 1)
    gain = torch.from_numpy(rng.uniform(0.75, 1.3, n)).float().view(-1, 1, 1, 1)
    bias = torch.from_numpy(rng.uniform(-0.05, 0.05, n)).float().view(-1, 1, 1, 1)
    seen = (seen.clamp(0, 1) ** gamma * gain + bias).clamp(0, 1)
    noise = torch.from_numpy(rng.uniform(0, 0.05, n) * (rng.random(n) < 0.5)).float().view(-1, 1, 1, 1)
    seen = (seen + noise * torch.randn_like(seen)).clamp(0, 1)
    if rng.random() < 0.25:
        seen = F.interpolate(F.avg_pool2d(seen, 2), size=SIZE, mode="bilinear", align_corners=False)
    labels = torch.tensor([v.label for v in views])
    return (seen - MEAN) / STD, labels, F.avg_pool2d(cells, 16)[:, 0], shown


def location_loss(evidence: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """How much of the true label's evidence lies outside its box.

    `evidence` (n, cells) is what each cell adds to the logit; `masks` (n, cells) its share of the box.
    """
    masks = masks.clamp(0, 1)
    inside = (evidence.softmax(1) * (masks > 0.15).float().maximum(masks)).sum(1)
    positive = evidence.relu()
    spilled = (positive * (1 - (masks > 0).float())).sum(1) / (positive.sum(1) + 1e-3)
    peak = (evidence * (masks > 0.15)).amax(1)
    absent = F.relu(1 - peak / POSITIVE)
    return (-inside.clamp(min=1e-4).log() + 0.5 * spilled + 0.5 * absent).mean()


def loss_of(
    net: SmallResNet, batch: tuple[torch.Tensor, ...], *, location: float, smoothing: float
) -> torch.Tensor:
    images, labels, masks, shown = batch
    with torch.autocast("cpu", torch.bfloat16):
        features = net.features(images.contiguous(memory_format=torch.channels_last))
    features = features.float()
    logits = net.head(F.dropout(features.mean((2, 3)), 0.2, net.training))
    clear = (labels == NO_TUMOUR) | (shown > 0.6)
    loss = F.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")
    loss = (loss * clear).sum() / clear.sum().clamp(min=1)
    marked = (labels != NO_TUMOUR) & (masks.amax((1, 2)) > 0.05)
    if location and bool(marked.any()):
        evidence = torch.einsum("nchw,nc->nhw", features[marked], net.head.weight[labels[marked]])
        loss = loss + location * location_loss(evidence.flatten(1), masks[marked].flatten(1))
    return loss


def inputs_of(images: np.ndarray) -> torch.Tensor:
    """(n, 256, 256) uint8 -> what the viewer gives the network (antialiased resize to SIZE)."""
    pixels = torch.from_numpy(images).float().div(255)[:, None]
    return (
        F.interpolate(pixels, size=SIZE, mode="bilinear", antialias=True, align_corners=False) - MEAN
    ) / STD


@torch.no_grad()
def quick_look(net: SmallResNet, cases: Cases) -> tuple[float, float]:
    """Accuracy and pointing game of the last stage on the val slices (for the log only)."""
    net.eval()
    right, hits = 0, 0
    for start in range(0, len(cases.images), 32):
        some = slice(start, start + 32)
        features = net.features(inputs_of(cases.images[some]))
        labels = torch.from_numpy(cases.labels[some])
        right += int((net.head(features.mean((2, 3))).argmax(1) == labels).sum())
        cams = torch.einsum("nchw,nc->nhw", features, net.head.weight[labels])
        maps = F.interpolate(cams[:, None], size=256, mode="bilinear", align_corners=False)[:, 0]
        for peak, box in zip(maps.flatten(1).argmax(1).tolist(), cases.boxes[some], strict=True):
            hits += bool(box[0] <= peak % 256 + 0.5 <= box[2] and box[1] <= peak // 256 + 0.5 <= box[3])
    net.train()
    return right / len(cases.images), hits / len(cases.images)


def train(
    net: SmallResNet,
    cases: Cases,
    val: Cases,
    *,
    epochs: int,
    rate: float,
    smoothing: float,
    checkpoint: Path,
) -> SmallResNet:
    """Train for `epochs` with one cycle of the learning rate; return the average of the weights.

    Label smoothing helps to learn and spoils the probabilities, so the last epochs go without it.
    """
    rng = np.random.default_rng(epochs)
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995), use_buffers=True
    )
    decayed = [p for p in net.parameters() if p.ndim > 1]
    plain = [p for p in net.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=rate
    )
    size = 32
    steps = len(cases.images) // size
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rate, total_steps=epochs * steps, pct_start=0.15
    )
    share = 1 / np.sqrt(np.bincount(cases.labels))[cases.labels]
    share /= share.sum()
    started = time.time()
    for epoch in range(epochs):
        total = 0.0
        for _ in range(steps):
            views = []
            for i in rng.choice(len(cases.images), size, p=share):
                view = tumour_free(cases, int(i), rng) if rng.random() < TUMOUR_FREE else None
                views.append(view or with_tumour(cases, int(i), rng))
            loss = loss_of(net, batch_of(views, rng), location=0.3, smoothing=smoothing)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 2.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(net)
            total += float(loss.detach())
        line = f"epoch {epoch + 1}/{epochs} loss {total / steps:.3f} {time.time() - started:.0f} s"
        if epoch % 3 == 2 or epoch + 1 == epochs:
            accuracy, hits = quick_look(average.module, val)
            line += f" val accuracy {accuracy:.3f} pointing {hits:.3f}"
            torch.save(average.module.state_dict(), checkpoint)
        print(line, flush=True)
    return average.module


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--last-epochs", type=int, default=24, help="without label smoothing")
    parser.add_argument(
        "--start", type=Path, help="first.safetensors of an earlier run: only the last epochs"
    )
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(2)
    cases, val = read_cases(options.data, "train"), read_cases(options.data, "val")
    print(
        f"train {len(cases.images)}, val {len(val.images)}, symmetric {(cases.axes > 0).mean():.2f}",
        flush=True,
    )
    torch.manual_seed(options.seed)
    net = SmallResNet(channels=1, labels=len(LABELS), width=WIDTH).to(memory_format=torch.channels_last)
    checkpoint = options.out / "checkpoint.pt"
    if options.start:
        net.load_state_dict(load_file(options.start))
    else:
        net = train(
            net, cases, val, epochs=options.epochs, rate=1.5e-3, smoothing=0.05, checkpoint=checkpoint
        )
        save_file({k: v.contiguous() for k, v in net.state_dict().items()}, options.out / "first.safetensors")
    net = train(net, cases, val, epochs=options.last_epochs, rate=8e-4, smoothing=0.0, checkpoint=checkpoint)
    save_file({k: v.contiguous() for k, v in net.state_dict().items()}, options.out / "weights.safetensors")


if __name__ == "__main__":
    main()
