"""Make the sample study: a synthetic chest CT with one planted nodule, nobody's patient.

    python resources/sample/make_sample.py FOLDER

`chest(seed)` builds a thorax from analytic shapes (body wall, ribs, spine, lungs with branching
vessels, heart, great vessels, airways, dome of the diaphragm) in Hounsfield units; the network
phantom-lesion is trained on other seeds of the same function.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SIZE, SLICES = 320, 28
FIELD_MM, SLICE_MM = 360.0, 5.0
PIXEL_MM = FIELD_MM / SIZE
SAMPLE_SEED = 20


@dataclass(frozen=True)
class Nodule:
    """Centre in fractional (slice, row, col) pixel-centre coordinates, radius in mm."""

    slice: float
    row: float
    col: float
    radius_mm: float


@dataclass(frozen=True)
class Chest:
    """hu (SLICES, SIZE, SIZE) int16, head to feet; `nodule` None in a healthy one;
    `lesion` (SLICES, SIZE, SIZE) bool, the voxels of the nodule."""

    hu: np.ndarray
    nodule: Nodule | None
    lesion: np.ndarray


def chest(seed: int, *, with_nodule: bool = True) -> Chest:
    """A synthetic thorax; the same seed gives the same voxels."""
    rng = np.random.default_rng(seed)
    z = (np.arange(SLICES) / (SLICES - 1))[:, None, None]
    y = ((np.arange(SIZE) + 0.5) * PIXEL_MM - FIELD_MM / 2)[None, :, None]
    x = ((np.arange(SIZE) + 0.5) * PIXEL_MM - FIELD_MM / 2)[None, None, :]
    girth = rng.uniform(0.92, 1.05)
    ripple = _texture(rng, 12)
    hu = np.full((SLICES, SIZE, SIZE), -1000.0, np.float32)

    a, b = girth * (150 + 12 * z), girth * (98 + 10 * z)
    body = _superellipse(x, y, a, b, 2.4) + 0.012 * ripple
    hu[body < 1] = -95 + 8 * ripple[body < 1]
    hu[(body < 1) & (body > 0.975)] = 10
    wall = _superellipse(x, y, a - 10, b - 9, 2.4) + 0.02 * ripple
    hu[wall < 1] = 48 + 5 * ripple[wall < 1]
    fat_planes = (wall < 1) & (np.abs(np.sin(9 * wall + 2 * ripple)) < 0.12)
    hu[fat_planes] = -60
    cage = _superellipse(x, y + 2, a - 26, b - 22, 2.2)
    _ribs(hu, cage, x, y, z, rng)

    lung = _lungs(hu, cage, x, y, z, ripple, rng)
    _mediastinum(hu, lung, x, y, z, ripple, rng)
    _spine(hu, x, y, z, b, ripple)
    lung &= hu < -600
    _vessels(hu, lung, rng)

    lesion = np.zeros(hu.shape, bool)
    nodule = _plant(hu, lung, lesion, x, y, rng) if with_nodule else None
    hu = _smooth(hu, (0.25, 0.55, 0.55))
    hu += 14 * _smooth(rng.standard_normal(hu.shape).astype(np.float32), (0.01, 0.6, 0.6)) * 1.9
    return Chest(np.clip(np.round(hu), -1024, 3071).astype(np.int16), nodule, lesion)


def _superellipse(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray, power: float) -> np.ndarray:
    return (np.abs(x / a) ** power + np.abs(y / b) ** power) ** (1 / power)


def _texture(rng: np.random.Generator, cells: int) -> np.ndarray:
    """Smooth noise of unit variance over the volume, about `cells` bumps across."""
    coarse = sitk.GetImageFromArray(rng.standard_normal((8, cells, cells)).astype(np.float32))
    scale = [(cells - 1) / (SIZE - 1), (cells - 1) / (SIZE - 1), 7 / (SLICES - 1)]
    fine = sitk.Resample(coarse, (SIZE, SIZE, SLICES), sitk.Transform(), sitk.sitkBSpline, (0, 0, 0), scale)
    noise = sitk.GetArrayFromImage(fine)
    return (noise - noise.mean()) / noise.std()


def _smooth(volume: np.ndarray, sigma: tuple[float, float, float]) -> np.ndarray:
    """Gaussian of `sigma` voxels along (slice, row, col)."""
    image = sitk.GetImageFromArray(volume)
    return sitk.GetArrayFromImage(sitk.DiscreteGaussian(image, [s * s for s in sigma[::-1]]))


def _ribs(
    hu: np.ndarray, cage: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray, rng: np.random.Generator
) -> None:
    angle = np.abs(np.arctan2(x, -y)) / np.pi  # 0 anterior … 1 posterior, the same on both sides
    course = (z * SLICES * SLICE_MM / 24.0 + 2.6 * angle + rng.uniform(0, 1)) % 1.0
    thickness = np.abs(cage - 1.075)
    bone = (thickness < 0.042) & (np.abs(course - 0.5) < 0.19) & (angle > 0.12)
    hu[bone] = 260
    hu[bone & ((thickness > 0.028) | (np.abs(course - 0.5) > 0.14))] = 620
    sternum = (np.abs(x) < 14) & (np.abs(cage - 1.06) < 0.05) & (y < 0)
    hu[sternum] = 230
    for side in (-1, 1):  # scapulae, in the upper third only
        u, v = x - side * (100 - 18 * z), y - (52 + 10 * z)
        blade = (np.abs(v + side * 0.55 * u) < 4.0) & (np.abs(u) < 30 - 45 * z) & (z < 0.5)
        hu[blade] = 430


def _lungs(
    hu: np.ndarray,
    cage: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    ripple: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw both lungs and the organs under the diaphragm; return the mask of air."""
    width = 0.62 + 0.38 * np.sin(np.clip(z * 1.25 + 0.12, 0, 1) * np.pi / 2)
    inner = _superellipse(x / width, (y - 4) / (0.72 + 0.28 * width), 1, 1, 2.2)
    edge = _superellipse(x, y + 2, 124 + 8 * z, 77 + 10 * z, 2.2)
    half_gap = 21 + 20 * np.clip(z - 0.35, 0, 1) * (y < 25) + 5 * np.cos(y / 30)
    lung = (edge / width < 1) & (cage < 1) & (np.abs(x) > half_gap) & (inner < 400)
    hu[lung] = -862 + (0.32 * y + 9 * ripple + 0 * x)[lung]
    for side, top, reach in ((1, 0.70, 86.0), (-1, 0.78, 74.0)):  # liver dome (image left), spleen/stomach
        dome = np.sqrt(((x + side * 58) / reach) ** 2 + ((y - 8) / 72) ** 2 + 1e-6)
        below = (z > top + 0.30 * dome**2) & lung & (side * x < 0)
        hu[below] = 58 + 6 * ripple[below]
        lung &= ~below
    fissure = lung & (np.abs(y + 30 - 70 * z - 0.25 * np.abs(x)) < 0.9)
    hu[fissure] = -760
    return lung


def _mediastinum(
    hu: np.ndarray,
    lung: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    z: np.ndarray,
    ripple: np.ndarray,
    rng: np.random.Generator,
) -> None:
    middle = (np.abs(x) < 32) & (np.abs(y) < 60) & ~lung & (hu > -200) & (hu < 200)
    hu[middle] = -70 + 10 * ripple[middle]
    crura = middle & (z > 0.84)
    hu[crura] = 52 + 5 * ripple[crura]
    beat = np.clip((z - 0.42) / 0.5, 0, 1)
    size = np.sqrt(np.clip(np.sin(beat * np.pi * 0.93), 0, 1))
    heart = ((x - 20) * 0.86 + (y + 18) * 0.5) ** 2 / (62 * size + 1e-3) ** 2
    heart = heart + ((y + 18) * 0.86 - (x - 20) * 0.5) ** 2 / (44 * size + 1e-3) ** 2
    inside = (heart < 1) & (size > 0.15)
    hu[inside] = 48 + 4 * ripple[inside]
    lung &= ~inside
    rim = (heart >= 1) & (heart < 1.09) & (size > 0.3) & ~lung & (np.abs(x) < 90) & (y < 40)
    hu[rim & (hu > -300) & (hu < 200)] = -80
    for cx, cy, radius, first, last in (
        (26.0, 30.0, 12.5, 0.22, 1.0),  # descending aorta
        (-7.0, -22.0, 15.0, 0.24, 0.62),  # ascending aorta
        (13.0, -20.0, 13.0, 0.36, 0.58),  # pulmonary trunk
        (-22.0, -16.0, 9.0, 0.0, 0.55),  # superior vena cava
        (10.0, -8.0, 6.0, 0.0, 0.22),
        (-6.0, -14.0, 6.0, 0.0, 0.22),
        (19.0, 10.0, 5.0, 0.0, 0.22),
        (6.0, 17.0, 6.0, 0.0, 1.0),  # oesophagus
    ):
        tube = ((x - cx) ** 2 + (y - cy) ** 2 < radius**2) & (z >= first) & (z <= last)
        hu[tube] = 46 + 4 * ripple[tube]
        lung &= ~tube
    arch = (np.abs((x + 6) * 0.42 - (y - 8) * 0.2 - 3) < 9) & (y > -34) & (y < 50) & (x > -22) & (x < 34)
    arch = arch & (np.abs(z - 0.21) < 0.03)
    hu[arch] = 46
    carina = 0.40
    split = np.clip((z - carina) * 230, 0, None)
    for side in (-1, 1):
        airway = (x - side * split) ** 2 + (y - 2 - 0.12 * split) ** 2
        radius = np.where(z < carina, 8.5, 6.5)
        hu[(airway < (radius + 1.6) ** 2) & (z < 0.52)] = 30
        hu[(airway < radius**2) & (z < 0.52)] = -985


def _spine(
    hu: np.ndarray, x: np.ndarray, y: np.ndarray, z: np.ndarray, b: np.ndarray, ripple: np.ndarray
) -> None:
    y0 = b - 64
    body = np.sqrt((x / 17) ** 2 + ((y - y0) / 13) ** 2)
    disc = (z * SLICES * SLICE_MM % 27) < 5
    hu[(body < 1) & ~disc] = 190 + 30 * np.broadcast_to(ripple, hu.shape)[(body < 1) & ~disc]
    hu[(body < 1) & disc] = 75
    hu[(body < 1) & (body > 0.88) & ~disc] = 520
    arch = np.sqrt((x / 16) ** 2 + ((y - y0 - 20) / 13) ** 2)
    hu[(arch < 1) & (arch > 0.62)] = 420
    hu[arch <= 0.62] = 25
    hu[(np.abs(x) < 3.2) & (y > y0 + 31) & (y < y0 + 52)] = 430
    hu[(np.abs(y - y0 - 16 - 0.18 * np.abs(x)) < 4) & (np.abs(x) > 14) & (np.abs(x) < 38)] = 330


def _vessels(hu: np.ndarray, lung: np.ndarray, rng: np.random.Generator) -> None:
    """Grow branching vessels from both hila; they stop where the lung ends."""
    step = 1.6
    for side in (-1, 1):
        start = np.array([0.48 * SLICES * SLICE_MM, FIELD_MM / 2 + 4, FIELD_MM / 2 + side * 38])
        tips = [
            (
                start + rng.normal(0, 6, 3),
                _unit(rng.normal(0, 1, 3) + np.array([0, 0, side * 0.8])),
                rng.uniform(2.6, 5.2),
            )
            for _ in range(34)
        ]
        while tips:
            point, direction, radius = tips.pop()
            for _ in range(int(rng.uniform(8, 17))):
                point = point + step * direction
                direction = _unit(direction + rng.normal(0, 0.09, 3))
                if not _stamp(hu, lung, point, radius):
                    break
                radius *= 0.985
            else:
                if radius > 0.6:
                    for share in (0.82, 0.66):
                        tips.append((point, _unit(direction + rng.normal(0, 0.42, 3)), radius * share))


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)


def _stamp(hu: np.ndarray, lung: np.ndarray, point: np.ndarray, radius: float) -> bool:
    """Paint a ball of blood at (z, y, x) mm; False once it has left the chest."""
    k, i, j = point[0] / SLICE_MM, point[1] / PIXEL_MM - 0.5, point[2] / PIXEL_MM - 0.5
    if not (0 <= k < SLICES and 8 <= i < SIZE - 8 and 8 <= j < SIZE - 8):
        return False
    centre = int(k), round(i), round(j)
    reach = int(np.ceil(radius / PIXEL_MM)) + 1
    box = (
        centre[0],
        slice(centre[1] - reach, centre[1] + reach + 1),
        slice(centre[2] - reach, centre[2] + reach + 1),
    )
    dy = (np.arange(centre[1] - reach, centre[1] + reach + 1) - i) * PIXEL_MM
    dx = (np.arange(centre[2] - reach, centre[2] + reach + 1) - j) * PIXEL_MM
    cover = np.clip((radius - np.hypot(dy[:, None], dx[None, :])) / PIXEL_MM + 0.5, 0, 1)
    cover = cover * lung[box]
    if not lung[centre] and radius < 2.4:
        return False
    hu[box] = np.maximum(hu[box], -860 + cover * 895)
    return True


def _plant(
    hu: np.ndarray,
    lung: np.ndarray,
    lesion: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    rng: np.random.Generator,
) -> Nodule:
    """A lobulated nodule of 9 to 15 mm radius inside a lung; its voxels go to `lesion`."""
    radius = float(rng.uniform(9, 15))
    deep = _smooth(lung.astype(np.float32), (0.6, 7, 7)) > 0.93
    deep[:5] = deep[-6:] = False
    choices = np.argwhere(deep)
    k, i, j = choices[rng.integers(len(choices))]
    waves = [(rng.uniform(0.05, 0.12), n, *rng.uniform(0, 2 * np.pi, 2)) for n in (2, 3, 4, 7)]
    for n in range(SLICES):
        dz = (n - k) * SLICE_MM
        dy, dx = (y[0] - y[0, i]), (x[0] - x[0, 0, j])
        distance = np.sqrt(dz**2 + dy**2 + dx**2)
        angle = np.arctan2(dy, dx)
        surface = radius * (1 + sum(a * np.sin(m * angle + p + dz / 6 * np.sin(q)) for a, m, p, q in waves))
        cover = np.clip((surface - distance) / 2.0 + 0.5, 0, 1)
        hu[n] = np.where(lung[n] | (cover > 0.5), np.maximum(hu[n], hu[n] * (1 - cover) + 38 * cover), hu[n])
        lesion[n] = cover > 0.5
    return Nodule(float(k), float(i), float(j), radius)


def write_study(folder: Path, made: Chest) -> None:
    """Write `made` as a CT series, one file a slice, and truth.json with the nodule's place."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    folder.mkdir(parents=True, exist_ok=True)
    study, series, frame = (
        generate_uid(entropy_srcs=["glassbox sample", n]) for n in ("study", "series", "frame")
    )
    for number in range(SLICES):
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
        uid = generate_uid(entropy_srcs=["glassbox sample", f"slice {number}"])
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = uid
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = study, series, frame
        ds.PatientName, ds.PatientID = "Sample^Synthetic", "SAMPLE"
        ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "", "O", ""
        ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.ReferringPhysicianName = (
            "20260101",
            "080000",
            "",
            "",
        )
        ds.Modality, ds.Manufacturer, ds.BodyPartExamined = "CT", "Glassbox", "CHEST"
        ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 1, number + 1
        ds.StudyDescription, ds.SeriesDescription = "Synthetic chest", "Chest CT with one planted nodule"
        ds.ImageType = ["DERIVED", "PRIMARY", "AXIAL"]
        ds.InstitutionName = "No institution: made by make_sample.py"
        ds.PatientPosition, ds.KVP = "HFS", "120"
        ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        half = FIELD_MM / 2 - PIXEL_MM / 2
        ds.ImagePositionPatient = [-half, -half, -number * SLICE_MM]
        ds.SliceThickness, ds.SpacingBetweenSlices = SLICE_MM, SLICE_MM
        ds.PixelSpacing = [PIXEL_MM, PIXEL_MM]
        ds.Rows = ds.Columns = SIZE
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = 0, 1, "HU"
        ds.WindowCenter, ds.WindowWidth = [-600, 40], [1500, 400]
        ds.WindowCenterWidthExplanation = ["LUNG", "MEDIASTINUM"]
        ds.PixelData = made.hu[number].astype("<i2").tobytes()
        ds.save_as(folder / f"slice{number + 1:02d}.dcm", enforce_file_format=True)
    if made.nodule:
        place = {"slice": made.nodule.slice, "row": made.nodule.row, "col": made.nodule.col}
        place |= {"radius_mm": round(made.nodule.radius_mm, 2), "pixel_mm": PIXEL_MM, "slice_mm": SLICE_MM}
        (folder / "truth.json").write_text(json.dumps(place, indent=1) + "\n")


if __name__ == "__main__":
    write_study(Path(sys.argv[1]), chest(SAMPLE_SEED))
