"""A page of the user guide as HTML that Qt can show: the little of Markdown that the guide is written in.

Headings, paragraphs, lists, tables, quotes (as a box), pictures on a line of their own, **bold**, *italic*,
`code` and links between pages. A link to anywhere else stays text: the guide opens no address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape

from viewer.commands.command import CommandRegistry
from viewer.ui import theme
from viewer.ui.guide_book import Page, fill, key_rows, mark_rows, method_rows

PICTURE = re.compile(r"^!\[(?P<words>[^\]]*)\]\((?P<file>pictures/[\w-]+\.png)\)$")
LINK = re.compile(r"\[(?P<words>[^\]]+)\]\((?P<to>[^)\s]+)\)")
HERE = re.compile(r"^(?P<page>[\w-]+)\.md(#(?P<anchor>[\w-]+))?$")
_BULLET, _NUMBER = re.compile(r"^[-*] "), re.compile(r"^\d+\. ")

Size = Callable[[str], tuple[int, int]]
"""The name of a picture -> its width and height on the screen."""


def slug(heading: str) -> str:
    """The anchor of a heading: "What is kept where" is "what-is-kept-where"."""
    return re.sub(r"[^a-z0-9]+", "-", heading.lower()).strip("-")


def page_html(page: Page, commands: CommandRegistry, size: Size) -> str:
    """The whole page."""
    return _Writer(commands, size).page(page)


class _Writer:
    """Writes HTML for one page in the theme in force."""

    def __init__(self, commands: CommandRegistry, size: Size) -> None:
        self._commands, self._size = commands, size
        self._colors = theme.current()

    def page(self, page: Page) -> str:
        blocks = re.split(r"\n\s*\n", page.text)
        return f"<h1>{self.inline(page.title)}</h1>" + "".join(self.block(block) for block in blocks)

    def block(self, block: str) -> str:
        lines = [line.rstrip() for line in block.strip("\n").splitlines()]
        first = lines[0] if lines else ""
        if first.startswith("#"):
            head, rest = self.heading(first), "\n".join(lines[1:])
            return head + (self.block(rest) if rest else "")
        if first == "{keys}":
            return self.keys()
        if first == "{methods}":
            return self.table([("Method", "What it shows, and its trap"), *method_rows()])
        if first == "{marks}":
            return self.table([("Mark", "Key", "How it is drawn"), *mark_rows()])
        picture = PICTURE.match(first)
        if picture:
            return self.picture(picture["words"], picture["file"])
        if first.startswith("|"):
            rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            return self.table([row for row in rows if not set("".join(row)) <= {"-", ":"}])
        if first.startswith(">"):
            return self.box(" ".join(line.lstrip("> ") for line in lines))
        for start, tag in ((_BULLET, "ul"), (_NUMBER, "ol")):
            if start.match(first):
                return self.items(lines, start, tag)
        return self.paragraph(" ".join(lines))

    def heading(self, line: str) -> str:
        level = len(line) - len(line.lstrip("#"))
        words = line.lstrip("#").strip()
        style = "margin-top:16px;margin-bottom:4px"
        return f'<h{level} style="{style}"><a name="{slug(words)}"></a>{self.inline(words)}</h{level}>'

    def paragraph(self, text: str) -> str:
        return f'<p style="line-height:140%;margin:6px 0">{self.inline(text)}</p>'

    def items(self, lines: Sequence[str], start: re.Pattern[str], tag: str) -> str:
        joined: list[str] = []
        for line in lines:
            if start.match(line):
                joined.append(start.sub("", line, count=1))
            else:  # an item that goes on
                joined[-1] += " " + line.strip()
        body = "".join(f'<li style="line-height:140%;margin:3px 0">{self.inline(one)}</li>' for one in joined)
        return f'<{tag} style="margin:4px 0">{body}</{tag}>'

    def box(self, text: str) -> str:
        style = f'bgcolor="{self._colors.hover}" width="100%" cellpadding="9" style="margin:8px 0"'
        return f'<table {style}><tr><td style="line-height:140%">{self.inline(text)}</td></tr></table>'

    def table(self, rows: Sequence[Sequence[str]]) -> str:
        cell = "padding:3px 18px 3px 0"
        head = "".join(
            f'<td style="{cell};color:{self._colors.dim}"><b>{self.inline(one)}</b></td>' for one in rows[0]
        )
        body = "".join(
            "<tr>" + "".join(f'<td style="{cell}">{self.inline(one)}</td>' for one in row) + "</tr>"
            for row in rows[1:]
        )
        return f'<table style="margin:6px 0"><tr>{head}</tr>{body}</table>'

    def keys(self) -> str:
        parts = []
        for menu, rows in key_rows(self._commands):
            cells = "".join(
                f'<tr><td style="padding:2px 24px 2px 0">{escape(title)}</td>'
                f"<td>{self.key(escape(key)) if key else ''}</td></tr>"
                for title, key in rows
            )
            parts.append(f'<h3><a name="{slug(menu)}"></a>{escape(menu)}</h3><table>{cells}</table>')
        return "".join(parts)

    def picture(self, words: str, file: str) -> str:
        width, height = self._size(file)
        said = escape(words, quote=True)
        image = f'<img src="{file}?{width}" width="{width}" height="{height}" alt="{said}">'
        return (
            f'<p style="margin:10px 0 2px 0"><a href="{file}">{image}</a></p>'
            f'<p style="margin:0 0 12px 0;color:{self._colors.dim}"><i>{self.inline(words)}</i></p>'
        )

    def key(self, text: str) -> str:
        """A key, on a ground of its own."""
        ground = self._colors.selected
        return f'<span style="background-color:{ground};white-space:nowrap">&nbsp;{text}&nbsp;</span>'

    def inline(self, text: str) -> str:
        """The words of a line with what is in them."""
        parts = text.split("`")  # every other part is code
        made = []
        for number, part in enumerate(parts):
            if number % 2:
                made.append(f"<code>{escape(part)}</code>")
                continue
            words = LINK.sub(self._link, escape(part, quote=False))
            words = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", words)
            words = re.sub(r"\*(\w.*?)\*", r"<i>\1</i>", words)
            made.append(fill(words, self._commands, self.key))
        return "".join(made)

    def _link(self, match: re.Match[str]) -> str:
        words, to = match["words"], match["to"]
        if HERE.match(to):
            return f'<a href="{to}" style="color:{self._colors.accent}">{words}</a>'
        return f"{words} ({to})"
