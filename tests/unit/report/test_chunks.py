"""Text chunks of PNGs that anybody may have made."""

import random
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from viewer.errors import ReportError
from viewer.report import chunks
from viewer.report.chunks import SIGNATURE, text_of

WORDS = "A report.  With äöü?"


def chunk(kind, data, *, check=None):
    check = zlib.crc32(kind + data) if check is None else check
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def png(path, *inside):
    path.write_bytes(SIGNATURE + b"".join(inside) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("kind", ["plain", "packed", "international", "international packed"])
def test_a_text_comes_back_however_another_program_wrote_it(tmp_path, kind):
    info = PngInfo()
    packed = kind.endswith("packed")
    info.add_text("other", "no", zip=packed)
    if kind.startswith("international"):
        info.add_itxt("glassbox", WORDS, zip=packed)
    else:
        info.add_text("glassbox", WORDS, zip=packed)
    Image.new("RGB", (40, 40)).save(tmp_path / "a.png", pnginfo=info)
    assert text_of(tmp_path / "a.png", "glassbox") == WORDS
    assert text_of(tmp_path / "a.png", "another") is None


def test_a_text_behind_the_pixels_is_found_too(tmp_path):
    path = png(tmp_path / "a.png", chunk(b"IDAT", b"x" * 500), chunk(b"tEXt", b"glassbox\0{}"))
    assert text_of(path, "glassbox") == "{}"


def test_a_text_that_unpacks_to_more_than_memory_holds_is_refused(tmp_path):
    squeeze = zlib.compressobj(9)
    bomb = b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(64)) + squeeze.flush()
    path = png(tmp_path / "a.png", chunk(b"zTXt", b"glassbox\0\0" + bomb))
    assert len(bomb) < 100_000
    with pytest.raises(ReportError, match="too large"):
        text_of(path, "glassbox")


def test_a_text_that_claims_to_be_huge_is_not_read(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(SIGNATURE + struct.pack(">I4s", 0x7FFFFFFF, b"tEXt") + b"glassbox\0")
    with pytest.raises(ReportError, match="too large"):
        text_of(path, "glassbox")


def test_two_reports_in_one_picture_are_refused(tmp_path):
    path = png(tmp_path / "a.png", chunk(b"tEXt", b"glassbox\0a"), chunk(b"tEXt", b"glassbox\0b"))
    with pytest.raises(ReportError, match="more than one report"):
        text_of(path, "glassbox")


@pytest.mark.parametrize(
    "inside",
    [
        chunk(b"tEXt", b"glassbox\0{}", check=7),
        chunk(b"zTXt", b"glassbox\0\0no deflate"),
        chunk(b"zTXt", b"glassbox\0\0" + zlib.compress(b"{}")[:-5]),
        chunk(b"iTXt", b"glassbox\0"),
        chunk(b"iTXt", b"glassbox\0\0\0no language"),
        chunk(b"iTXt", b"glassbox\0\0\0\0\0\xff\xfe"),
    ],
    ids=["checksum", "not packed", "packed text cut off", "empty", "no fields", "not UTF-8"],
)
def test_a_damaged_text_is_refused_in_words(tmp_path, inside):
    with pytest.raises(ReportError, match="damaged"):
        text_of(png(tmp_path / "a.png", inside), "glassbox")


def test_a_file_that_was_cut_off_is_refused_wherever_it_ends(tmp_path):
    whole = png(tmp_path / "a.png", chunk(b"tEXt", b"glassbox\0{}"), chunk(b"IDAT", b"x" * 40)).read_bytes()
    for size in range(len(SIGNATURE), len(whole) - 4):
        (tmp_path / "cut.png").write_bytes(whole[:size])
        with pytest.raises(ReportError, match="damaged or cut off"):
            text_of(tmp_path / "cut.png", "glassbox")


def test_whatever_bytes_change_the_answer_is_a_text_or_a_sentence(tmp_path):
    info = PngInfo()
    info.add_text("glassbox", WORDS * 20, zip=True)
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png", pnginfo=info)
    whole, chance = (tmp_path / "a.png").read_bytes(), random.Random(5)
    said = set()
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        (tmp_path / "b.png").write_bytes(data)
        try:
            text = text_of(tmp_path / "b.png", "glassbox")
            said.add(type(text))
            assert text in (None, WORDS * 20)
        except ReportError as error:
            said.add(type(error))
    assert said == {str, type(None), ReportError} or said == {str, ReportError}


def test_what_is_no_png_is_told_by_its_first_bytes(tmp_path):
    (tmp_path / "a.png").write_bytes(b"II*\0" * 8)
    (tmp_path / "b.png").write_bytes(b"")
    for name in ("a.png", "b.png", "missing.png"):
        assert not chunks.is_png(tmp_path / name)
    with pytest.raises(ReportError, match="no PNG"):
        text_of(tmp_path / "a.png", "glassbox")
    with pytest.raises(ReportError, match="cannot be read: No such file"):
        text_of(tmp_path / "missing.png", "glassbox")
    assert chunks.is_png(png(tmp_path / "c.png"))
