"""Measure trained weights on the val slices through Glassbox itself and write the bundle's card.

    python resources/models/brain-tumour-mri/evaluate.py DATA_FOLDER [--weights FILE] [--out FOLDER]

Every slice goes the way a reader's slice goes: `prepare`, one pass, Grad-CAM of the true label at
every offered layer, brought back to the slice grid. Nothing here was trained on.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import shutil
from pathlib import Path

import numpy as np
from PIL import Image

from viewer.explain.analyse import analyse_slice
from viewer.explain.heatmap import make_heatmap
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import load_model
from viewer.results import SliceResult
from viewer.study import Geometry, Slice, SliceHeader, Source

HERE = Path(__file__).parent
TUMOURS = {"meningioma": 0, "glioma": 1, "pituitary": 2}
NO_TUMOUR = 3


def as_slice(pixels: np.ndarray, name: str) -> Slice:
    header = SliceHeader(Source(Path(name)), name, 0, *pixels.shape, "MONOCHROME2", 1, None, Geometry(), "")
    return Slice(header, pixels)


def write_card(folder: Path, values: dict[str, str]) -> None:
    card = (HERE / "card.template.toml").read_text()
    for mark, value in values.items():
        card = card.replace(f"@{mark}@", value)
    (folder / "card.toml").write_text(card)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error of the most probable label (Guo et al. 2017), equal-width bins."""
    top, right = probabilities.max(1), probabilities.argmax(1) == labels
    place = np.minimum((top * bins).astype(int), bins - 1)
    gaps = [abs(top[place == b].mean() - right[place == b].mean()) * (place == b).mean() for b in set(place)]
    return float(sum(gaps))


def area_under_curve(score: np.ndarray, positive: np.ndarray) -> float:
    above = score[positive][:, None] - score[~positive][None]
    return float((above > 0).mean() + 0.5 * (above == 0).mean())


def localisation(
    results: list[SliceResult], boxes: np.ndarray, images: list[np.ndarray]
) -> dict[str, list[float]]:
    """Per layer: [pointing game, share of positive evidence inside the box]."""
    table: dict[str, list[float]] = {}
    for layer in results[0].layers:
        hits, energy = [], []
        for result, box, image in zip(results, boxes, images, strict=True):
            heat = make_heatmap(result, layer.name).values
            row, col = np.unravel_index(int(heat.argmax()), image.shape)
            hits.append(heat.max() > 0 and box[0] <= col + 0.5 <= box[2] and box[1] <= row + 0.5 <= box[3])
            positive = np.maximum(heat, 0)
            x0, y0, x1, y1 = (round(edge) for edge in box)
            energy.append(positive[y0:y1, x0:x1].sum() / max(positive.sum(), 1e-9))
        table[layer.name] = [round(float(np.mean(hits)), 4), round(float(np.mean(energy)), 4)]
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("--weights", type=Path, default=HERE / "weights.safetensors")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    weights = options.out / "weights.safetensors"
    if options.weights.resolve() != weights.resolve():
        shutil.copyfile(options.weights, weights)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    marks = ("confusion", "localisation")
    numbers = ("accuracy", "auc_m", "auc_g", "auc_p", "ece", "chance", "chance_head", "free_n", "free")
    write_card(
        options.out,
        dict.fromkeys(marks, "") | dict.fromkeys(("absolute", *numbers), "1.0") | {"sha256": digest},
    )
    loaded = load_model(load_bundle(options.out), "cpu")

    with open(options.data / "labels.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    results, images, boxes = [], [], []
    for row in rows:
        pixels = np.asarray(Image.open(options.data / "images" / row["file"]).convert("L"))
        target = loaded.bundle.card.labels[TUMOURS[row["label"]]]
        results.append(analyse_slice(loaded, as_slice(pixels, row["file"]), target=target))
        images.append(pixels)
        cx, cy, w, h = (float(row[k]) * 256 for k in ("cx", "cy", "w", "h"))
        boxes.append((cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2))
    labels = np.array([TUMOURS[row["label"]] for row in rows])
    probabilities = np.stack([result.prediction.probabilities for result in results])
    predicted = probabilities.argmax(1)
    confusion = [[int(((labels == t) & (predicted == p)).sum()) for p in range(4)] for t in range(3)]
    areas = np.array([(b[2] - b[0]) * (b[3] - b[1]) for b in boxes])
    head = np.array([(image > np.percentile(image, 99.5) * 0.1).sum() for image in images])
    table = localisation(results, np.array(boxes), images)
    default = loaded.bundle.card.layers.default
    peaks = [
        result.cams[default].max() for result, t, p in zip(results, labels, predicted, strict=True) if t == p
    ]
    found, count = tumour_free(loaded, options.data)
    values = {
        "sha256": digest,
        "confusion": ",\n".join(f"  {line}" for line in confusion),
        "localisation": "\n".join(
            f"{name} = {{ pointing_game = {hit}, energy_in_box = {share} }}"
            for name, (hit, share) in table.items()
        ),
        "accuracy": f"{(predicted == labels).mean():.4f}",
        "ece": f"{calibration_error(probabilities, labels):.4f}",
        "chance": f"{(areas / 256**2).mean():.4f}",
        "chance_head": f"{np.minimum(areas / head, 1).mean():.4f}",
        "free_n": str(count),
        "free": f"{found:.4f}",
        "absolute": f"{np.quantile(peaks, 0.9):.3g}",
    }
    for mark, index in (("auc_m", 0), ("auc_g", 1), ("auc_p", 2)):
        values[mark] = f"{area_under_curve(probabilities[:, index], labels == index):.4f}"
    write_card(options.out, values)
    print(*(f"{name}: {value}" for name, value in values.items()), sep="\n")


def tumour_free(loaded: object, data: Path) -> tuple[float, int]:
    """Share of tumour-free val pictures (crops, mirrored slices) said to be "no tumour", and their number."""
    from train import read_cases
    from train import tumour_free as without

    cases, rng = read_cases(data, "val"), np.random.default_rng(7)
    said, count = 0, 0
    for i in range(len(cases.images)):
        view = without(cases, i, rng)
        if view is None:
            continue
        half = 128 / max(view.zoom, 1.0)
        x, y = (round(c - half) for c in view.centre)
        side = round(2 * half)
        pixels = view.image[max(y, 0) : y + side, max(x, 0) : x + side]
        result = analyse_slice(loaded, as_slice(pixels, f"free{i}"))  # type: ignore[arg-type]
        said += int(result.prediction.probabilities.argmax() == NO_TUMOUR)
        count += 1
    return said / count, count


if __name__ == "__main__":
    main()
