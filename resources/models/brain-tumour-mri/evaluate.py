"""Calibrate trained weights, measure them on the val slices and write the bundle's card.

    python resources/models/brain-tumour-mri/evaluate.py DATA_FOLDER --weights FILE [--out FOLDER]

Every slice goes the way a reader's slice goes: `prepare`, one pass, Grad-CAM of the true label at
every offered layer, brought back to the slice grid. No val slice was trained on; one number, the
temperature of the softmax (Guo et al. 2017), is fitted on val and its effect measured cross-fitted.
Run compare.py next: it writes operating points, default method and layer, and the absolute scales.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image
from safetensors.numpy import load_file, save_file

from viewer.explain.analyse import analyse_slice
from viewer.explain.heatmap import make_heatmap
from viewer.inference.bundle import load_bundle
from viewer.inference.loading import LoadedModel, load_model
from viewer.inference.predict import predict
from viewer.inference.preprocess import prepare
from viewer.results import SliceResult
from viewer.study import Geometry, Slice, SliceHeader, Source

HERE = Path(__file__).parent
TUMOURS = {"meningioma": 0, "glioma": 1, "pituitary": 2}
NO_TUMOUR = 3
NUMBERS = "accuracy auc_m auc_g auc_p ece ece_before temperature chance chance_head free_n free"


def as_slice(pixels: np.ndarray, name: str) -> Slice:
    header = SliceHeader(Source(Path(name)), name, 0, *pixels.shape, "MONOCHROME2", 1, None, Geometry(), "")
    return Slice(header, pixels)


def write_bundle(folder: Path, weights: dict[str, np.ndarray], values: dict[str, str]) -> None:
    """Write weights and card; marks of the template without a value become 1.0 or nothing."""
    file = folder / "weights.safetensors"
    save_file(weights, file)
    marks = dict.fromkeys(NUMBERS.split(), "1.0") | dict.fromkeys(("confusion", "localisation"), "")
    marks |= values | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    card = (HERE / "card.template.toml").read_text()
    for mark, value in marks.items():
        card = card.replace(f"@{mark}@", value)
    (folder / "card.toml").write_text(card)


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def fitted_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The softmax temperature with the least cross entropy."""
    choices = np.geomspace(0.2, 3.0, 300)
    rows = np.arange(len(labels))
    return float(min(choices, key=lambda t: -np.log(softmax(logits / t)[rows, labels] + 1e-12).mean()))


def cross_fitted(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Probabilities in which each half of the slices uses the temperature of the other half."""
    odd = np.arange(len(labels)) % 2 == 1
    chances = np.empty_like(logits)
    for half in (odd, ~odd):
        chances[half] = softmax(logits[half] / fitted_temperature(logits[~half], labels[~half]))
    return chances


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
    results: list[SliceResult], boxes: np.ndarray, shape: tuple[int, ...]
) -> dict[str, list[float]]:
    """Per layer: [pointing game, share of positive evidence inside the box]."""
    table: dict[str, list[float]] = {}
    for layer in results[0].layers:
        hits, energy = [], []
        for result, box in zip(results, boxes, strict=True):
            heat = make_heatmap(result, layer.name).values
            row, col = np.unravel_index(int(heat.argmax()), shape)
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
    parser.add_argument("--weights", type=Path, required=True, help="as train.py wrote them")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    weights = load_file(options.weights)
    write_bundle(options.out, weights, {})

    with open(options.data / "labels.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "val"]
    labels = np.array([TUMOURS[row["label"]] for row in rows])
    images = [np.asarray(Image.open(options.data / "images" / row["file"]).convert("L")) for row in rows]
    sizes = np.array([[float(row[k]) * 256 for k in ("cx", "cy", "w", "h")] for row in rows])
    boxes = np.concatenate([sizes[:, :2] - sizes[:, 2:] / 2, sizes[:, :2] + sizes[:, 2:] / 2], axis=1)

    loaded = load_model(load_bundle(options.out), "cpu")
    names = loaded.bundle.card.labels
    slices = [as_slice(image, row["file"]) for image, row in zip(images, rows, strict=True)]
    results = [analyse_slice(loaded, s, target=names[t]) for s, t in zip(slices, labels, strict=True)]
    logits = np.stack([result.prediction.logits for result in results])
    temperature = fitted_temperature(logits, labels)
    predicted = logits.argmax(1)
    confusion = [[int(((labels == t) & (predicted == p)).sum()) for p in range(4)] for t in range(3)]
    areas = sizes[:, 2] * sizes[:, 3]
    head = np.array([(image > np.percentile(image, 99.5) * 0.1).sum() for image in images])
    table = localisation(results, boxes, images[0].shape)
    free = tumour_free(loaded, options.data)
    values = {
        "confusion": ",\n".join(f"  {line}" for line in confusion),
        "localisation": "\n".join(
            f"{name} = {{ pointing_game = {hit}, energy_in_box = {share} }}"
            for name, (hit, share) in table.items()
        ),
        "accuracy": f"{(predicted == labels).mean():.4f}",
        "ece": f"{calibration_error(cross_fitted(logits, labels), labels):.4f}",
        "ece_before": f"{calibration_error(softmax(logits), labels):.4f}",
        "temperature": f"{temperature:.3f}",
        "chance": f"{(areas / 256**2).mean():.4f}",
        "chance_head": f"{np.minimum(areas / head, 1).mean():.4f}",
        "free_n": str(len(free)),
        "free": f"{(free.argmax(1) == NO_TUMOUR).mean():.4f}",
    }
    chances = softmax(logits / temperature)
    for mark, index in (("auc_m", 0), ("auc_g", 1), ("auc_p", 2)):
        values[mark] = f"{area_under_curve(chances[:, index], labels == index):.4f}"
    calibrated = weights | {
        name: (weights[name] / temperature).astype(np.float32) for name in ("head.weight", "head.bias")
    }
    write_bundle(options.out, calibrated, values)
    print(*(f"{name}: {value}" for name, value in values.items()), sep="\n")


def tumour_free(loaded: LoadedModel, data: Path) -> np.ndarray:
    """(n, labels) probabilities of the tumour-free val pictures: crops and mirrored slices."""
    from train import read_cases
    from train import tumour_free as without

    cases, rng = read_cases(data, "val"), np.random.default_rng(7)
    said = []
    for i in range(len(cases.images)):
        view = without(cases, i, rng)
        if view is None:
            continue
        half = 128 / max(view.zoom, 1.0)
        x, y = (round(c - half) for c in view.centre)
        side = round(2 * half)
        pixels = view.image[max(y, 0) : y + side, max(x, 0) : x + side]
        image = prepare(as_slice(pixels, f"free{i}"), loaded.card.input)[0]
        said.append(predict(loaded, image).probabilities)
    return np.stack(said)


if __name__ == "__main__":
    main()
