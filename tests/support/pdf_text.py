"""The text of a PDF as a reader of it would copy it: by its own fonts' tables, without the program's help."""

from __future__ import annotations

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj(.*?)endobj", re.DOTALL)
_STREAM = re.compile(rb"stream\r?\n")
_HEX = rb"<([0-9a-fA-F]+)>"


def pages(pdf: bytes) -> list[str]:
    """The text that each page shows, in the order of drawing, line by line."""
    objects = {int(number): body for number, body in _OBJECT.findall(pdf)}
    kids = next(body for body in objects.values() if b"/Type /Pages" in body)
    order = [int(number) for number in re.findall(rb"(\d+) 0 R", _within(kids, rb"/Kids"))]
    return ["\n".join(_shown(objects, objects[number])) for number in order]


def _shown(objects: dict[int, bytes], page: bytes) -> list[str]:
    content = _data(objects, objects[_reference(page, rb"/Contents")])
    fonts = objects[_reference(page, rb"/Resources")] if _has(page, rb"/Resources") else page
    tables = {
        name: _table(objects, objects[int(number)])
        for name, number in re.findall(rb"/(F\d+) (\d+) 0 R", fonts)
    }
    lines: list[str] = []
    table: dict[str, str] = {}
    for begin, name, text in re.findall(rb"\b(BT)\b|/(F\d+) [\d.]+ Tf|" + _HEX + rb" Tj", content):
        if begin:
            lines.append("")
        elif name:
            table = tables[name]
        else:
            glyphs = [text[at : at + 4].decode().lower() for at in range(0, len(text), 4)]
            lines[-1] += "".join(table.get(glyph, "\N{REPLACEMENT CHARACTER}") for glyph in glyphs)
    return [line.replace("\t", " ") for line in lines]  # to Qt's tables a space is a tab


def _table(objects: dict[int, bytes], font: bytes) -> dict[str, str]:
    """Glyph, as four hexadecimal digits -> its text (PDF 32000-1, 9.10.3)."""
    table = {}
    data = _data(objects, objects[_reference(font, rb"/ToUnicode")])
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", data, re.DOTALL):
        for low, high, rest in re.findall(_HEX + rb"\s*" + _HEX + rb"\s*(\[.*?\]|<[0-9a-fA-F]+>)", block):
            start = int(low, 16)
            named = re.findall(_HEX, rest)
            for glyph in range(start, int(high, 16) + 1):
                at = glyph - start
                code = named[at] if rest.startswith(b"[") else b"%04x" % (int(named[0], 16) + at)
                table[f"{glyph:04x}"] = bytes.fromhex(code.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", data, re.DOTALL):
        for glyph, code in re.findall(_HEX + rb"\s*" + _HEX, block):
            table[f"{int(glyph, 16):04x}"] = bytes.fromhex(code.decode()).decode("utf-16-be")
    return table


def _data(objects: dict[int, bytes], body: bytes) -> bytes:
    """What a stream holds: as many bytes as it says, for its last one may look like the end of a line."""
    found = _STREAM.search(body)
    assert found is not None
    head = body[: found.start()]
    number = re.search(rb"/Length (\d+)( 0 R)?", head)
    assert number is not None
    length = int(objects[int(number[1])]) if number[2] else int(number[1])
    data = body[found.end() : found.end() + length]
    return zlib.decompress(data) if b"FlateDecode" in head else data


def _reference(body: bytes, key: bytes) -> int:
    found = re.search(key + rb" (\d+) 0 R", body)
    assert found is not None, key
    return int(found[1])


def _has(body: bytes, key: bytes) -> bool:
    return re.search(key + rb" \d+ 0 R", body) is not None


def _within(body: bytes, key: bytes) -> bytes:
    found = re.search(key + rb"\s*\[(.*?)\]", body, re.DOTALL)
    assert found is not None, key
    return found[1]
