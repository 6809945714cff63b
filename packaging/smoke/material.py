"""What the program is asked about besides the sample: its middle slice in every transfer syntax that can be
written here and in one of a codec of the site, and model bundles with a network of torchvision and with a
torch.export program.

Made by the build's own Python with the factories of the tests, never by the program that is tested.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pydicom
from pydicom import uid as uids

PACKAGING = Path(__file__).parents[1]
sys.path[:0] = [str(PACKAGING.parent), str(PACKAGING / "frozen")]

LOSSLESS = {
    "RLE": uids.RLELossless,
    "JPEG-LS": uids.JPEGLSLossless,
    "JPEG 2000": uids.JPEG2000Lossless,
    "JPEG lossless": uids.JPEGLosslessSV1,
}


def compressed_slices(sample: Path, folder: Path) -> dict[str, Path]:
    """Name of a lossless transfer syntax -> a file in it; beside them `stored.npy`, what each must give."""
    from tests.support import dicom_factory

    source = sorted(sample.glob("*.dcm"))[13]
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "stored.npy", pydicom.dcmread(source).pixel_array)
    made = {}
    for name, syntax in LOSSLESS.items():
        dataset = pydicom.dcmread(source)
        lossless_jpeg = syntax == uids.JPEGLosslessSV1
        changed = (dicom_factory.lossless_jpeg if lossless_jpeg else dicom_factory.compressed)(
            dataset, syntax
        )
        made[name] = dicom_factory.write(changed, folder / f"{name.replace(' ', '-')}.dcm")
    return made


def site_codec(sample: Path, folder: Path) -> tuple[Path, Path]:
    """A folder with a codec as an administrator adds it, and a file that it alone reads; beside the file
    `stored.npy`, what it must give."""
    from tests.support import dicom_factory
    from tests.support import site_codec as codec

    source = sorted(sample.glob("*.dcm"))[13]
    file = dicom_factory.write(codec.deflated(pydicom.dcmread(source)), folder / "site.dcm")
    np.save(folder / "stored.npy", pydicom.dcmread(source).pixel_array)
    return codec.package(folder / "codecs"), file


def bundles(folder: Path) -> dict[str, Path]:
    """Kind -> a bundle with random weights: a network of torchvision, and one exported by torch."""
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.startswith("torchvision")]:
            del sys.modules[name]
        import torchvision_operators  # noqa: F401
    from tests.support.bundle_factory import CARD, make_bundle
    from tests.support.exported_factory import exported_bundle, program_of
    from viewer.inference.small_resnet import SmallResNet

    torch.manual_seed(0)
    network = SmallResNet(channels=1, labels=3, **CARD["architecture"]["arguments"]).eval()
    made = {
        "torchvision": make_bundle(
            folder / "torchvision",
            name="tv",
            architecture={"family": "torchvision", "name": "mobilenet_v3_small", "arguments": {}},
            layers={"default": "features.12"},
        ),
        "exported": exported_bundle(folder / "exported", program_of(network, 1, 64, 64), name="exported"),
    }
    for path in folder.rglob("*"):  # safetensors writes for its user alone, and the reader may be another
        path.chmod(0o755 if path.is_dir() else 0o644)
    return made
