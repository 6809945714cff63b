"""Every compressed syntax: the decoder process gives what the same decoder gives here, and that is right."""

from __future__ import annotations

import base64
import io
import subprocess
import sys

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid as uids
from pydicom.encaps import encapsulate

from tests.support.decoder_processes import ROOT, codestream
from tests.support.dicom_factory import compressed, gradient, image, write
from tests.support.shared_data import shared_data
from viewer.dicom import codecs
from viewer.dicom.layout import Layout
from viewer.dicom.pixels import stored_values
from viewer.dicom.processes import POOL
from viewer.dicom.scan import headers
from viewer.errors import PixelError

RETIRED = "1.2.840.10008.1.2.4."

# A ramp of 24 × 32 pixels by libjpeg-turbo's `cjpeg -arithmetic -quality 95`, and the same `-progressive`:
# no encoder installed with Glassbox writes arithmetic codes.
RAMP = np.add.outer(np.arange(24) * 5, np.arange(32) * 4)
SEQUENTIAL = base64.b85decode(
    "|JeWF01!$>Nk#wx0RR9200961|JwjV00IF40RaI50RaI50s;a81OoyB0s;jD1Oo&H1qKEN1qKEN2MGuU2MGrT1_%oX2?`1d"
    "3JL}Y3k(Yi3<(Mf3jfIf3kU!h03ZPY5di<p00saM5C#9*00;pA002J#{{Zu`LJ8UT{u#u?DXo!r5ugq7YOGYzOPK!v_=ZDj"
    ")xDhMJJ{WmpboU20w;<M4M;eAO%4q&Zu~Q~tkVAg>}y~D*#"
)
PROGRESSIVE = base64.b85decode(
    "|JeWF01!$>Nk#wx0RR9200961|JwjV00IF40RaI50RaI50s;a81OoyB0s;jD1Oo&H1qKEN1qKEN2MGuU2MGrT1_%oX2?`1d"
    "3JL}Y3k(Yi3<(Mf3jfLg3kU!h03ZPY5di<p00aOK|Jncu0RaF200I91=Q18|=9{^Z$p6d$1P}%P+5iXv0RRC70v01Y#^~~q"
    ";Vsp14vw4KbxKGRYc>DO00a;P|Jncu0RaF8KLQHylFyd=pdcWE*#FD`1P}%P+5iXv0RRC%As@xp|Jncu0RaF201!*i|I7dc"
    "5C#9*00;pA00BP`((;hbtDc04(8U#r;Q!e"
)


def of(encoded: bytes, pixels: np.ndarray, syntax: str, **attributes):
    """A dataset with this codestream for pixels of this shape and dtype."""
    dataset = image(np.zeros_like(pixels), **attributes)
    dataset.PixelData = encapsulate([encoded])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = syntax
    return dataset


def stored(dataset, folder) -> np.ndarray:
    return stored_values(headers(write(dataset, folder / "one.dcm"))[0])


def jpeg(pixels: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95, subsampling=0, **options)
    return stream.getvalue()


@pytest.mark.parametrize("syntax", [uids.RLELossless, uids.JPEGLSLossless, uids.JPEG2000Lossless])
@pytest.mark.parametrize("kind", ["u1", "u2", "colour"])
def test_a_decoder_process_gives_what_its_decoder_gives(syntax, kind):
    pixels = gradient(40, 36, high=255).astype("u1" if kind == "colour" else kind)
    if kind == "colour":
        pixels = np.stack([pixels, pixels[::-1], pixels[:, ::-1]], -1)
    dataset = compressed(image(pixels, modality="US"), syntax)
    bits, samples = pixels.dtype.itemsize * 8, 3 if kind == "colour" else 1
    photometric = str(dataset.PhotometricInterpretation)
    planar = dataset.get("PlanarConfiguration") == 1
    layout = Layout(40, 36, samples, photometric, bits, bits, bits - 1, False, planar, 1)
    there = POOL.decode(codestream(dataset), layout, str(syntax))
    here = codecs.decode(codestream(dataset), layout, str(syntax))
    assert np.array_equal(there, here) and np.array_equal(there, pixels)
    assert there.dtype == here.dtype == pixels.dtype


@pytest.mark.parametrize("process", [52, 54, 56])
@pytest.mark.parametrize("encoded", [SEQUENTIAL, PROGRESSIVE], ids=["sequential", "progressive"])
def test_arithmetic_jpeg_is_read_within_its_losses(tmp_path, process, encoded):
    found = stored(of(encoded, RAMP.astype("u1"), f"{RETIRED}{process}", modality="OT"), tmp_path)
    assert found.dtype == np.uint8 and np.abs(found.astype(int) - RAMP).max() <= 1


@pytest.mark.parametrize("process", [51, 53, 55])
def test_progressive_colour_jpeg_is_read_within_its_losses(tmp_path, process):
    rgb = np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], -1).astype("u1")
    dataset = of(
        jpeg(rgb, progressive=True), rgb, f"{RETIRED}{process}", photometric="YBR_FULL", modality="US"
    )
    assert np.abs(stored(dataset, tmp_path).astype(int) - rgb).max() <= 12


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "process"), [("HTJ2KLossless_08_RGB", 202), ("HTJ2KLossless_08_RGB", 201), ("HTJ2K_08_RGB", 203)]
)
def test_high_throughput_jpeg_2000_shows_the_same_picture_whichever_its_wavelets(tmp_path, name, process):
    """The picture lies there lossless (5/3) and lossy (9/7). No other decoder here reads either; .202 is .201
    with its packets in a fixed order, which a decoder need not know."""
    folder = shared_data("dicom", "pydicom-data", "data_store", "data")
    lossless = stored_values(headers(folder / "HTJ2KLossless_08_RGB.dcm")[0]).astype(int)
    dataset = pydicom.dcmread(folder / f"{name}.dcm")
    dataset.file_meta.TransferSyntaxUID = f"{RETIRED}{process}"
    found = stored(dataset, tmp_path)
    assert found.shape == (480, 640, 3) and found.std() > 20
    assert np.abs(found - lossless).max() <= (4 if process == 203 else 0)


@pytest.mark.parametrize("syntax", [s for s in codecs.DECODERS if s != "1.2.840.10008.1.2.5"])
def test_rubbish_is_damaged_in_every_syntax_and_ends_nothing(tmp_path, syntax):
    POOL.prewarm()
    before = POOL.pids
    dataset = of(b"\xff\xd8\xff\x12\x34" * 50, gradient(24, 32).astype("u1"), syntax, modality="OT")
    with pytest.raises(PixelError, match="damaged") as raised:
        stored(dataset, tmp_path)
    assert raised.value.remedy
    assert set(before) <= set(POOL.pids)


def test_the_table_is_read_without_the_decoders():
    code = f"""
import sys
sys.path.insert(0, {ROOT!r})
import viewer.dicom.processes, viewer.dicom.prewarm
print({{"pydicom", "SimpleITK", "gdcm", "psutil"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


TWELVE_BITS = {
    "51": "CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
    "53": "CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
    "55": "CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
}


@pytest.mark.shared_data
@pytest.mark.parametrize("name", TWELVE_BITS.values(), ids=TWELVE_BITS)
def test_without_simpleitk_gdcm_gives_the_same_12_bit_pixels(name, monkeypatch):
    """As in the small installed program, which goes without SimpleITK."""
    folder = ("dicom", "cornerstone3D", "packages", "dicomImageLoader", "examplesOld", "test-images")
    dataset = pydicom.dcmread(shared_data(*folder, name))
    rows, cols, stored, high = dataset.Rows, dataset.Columns, dataset.BitsStored, dataset.HighBit
    signed = bool(dataset.PixelRepresentation)
    layout = Layout(rows, cols, 1, "MONOCHROME2", 16, stored, high, signed, False, 1)
    asked = codestream(dataset), layout, str(dataset.file_meta.TransferSyntaxUID)
    here = codecs.decode(*asked)

    def absent(*_):
        raise ImportError("No module named 'SimpleITK'")

    monkeypatch.setitem(codecs._OF_FILES, "simpleitk", absent)
    there = codecs.decode(*asked)
    assert here is not None and there is not None
    assert np.array_equal(here, there) and here.dtype == there.dtype
    monkeypatch.setitem(codecs._OF_FILES, "gdcm-file", absent)
    assert codecs.decode(*asked) is None, "one of the two is what reads it"
