"""What is said where a decoder process gives no pixels: what became of it, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass

from viewer.dicom.site_codecs import SiteDecoder
from viewer.errors import PixelError

START_AGAIN = "Restart Glassbox; if that does not help, restart the computer."
_COPY_AGAIN = "Copy the file from its source again."
_TELL = "Tell your administrator."
_COPY_OR_TELL = f"{_COPY_AGAIN} If that does not help, tell your administrator."
_PLAIN = re.compile(r"[\w .,:()]{1,200}")
"""What may be quoted of a decoder process, which bad data may have taken over."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a process answers in the place of pixels: `kind` is one of its few words, `why` its own text."""

    kind: str
    why: str = ""


def ended(fate: str, seconds: float, memory: int, site: SiteDecoder | None, *, loading: bool) -> PixelError:
    """The error for a process that ended, or was killed for its `fate`, before it answered."""
    if site is None:
        sentences = {
            "slow": f"Decoding this image took longer than {seconds:.0f} s and was stopped.",
            "large": f"Decoding this image needed more than {memory >> 20} MiB of memory and was stopped.",
        }
        what = sentences.get(fate, "The decoder crashed on this image.")
        return PixelError(what, remedy=f"Its pixel data are probably damaged. {_COPY_AGAIN}")
    ways = {
        "slow": f"took longer than {seconds:.0f} s",
        "large": f"needed more than {memory >> 20} MiB of memory",
    }
    how, when = ways.get(fate, "crashed"), "as it was loaded" if loading else "on this image"
    return PixelError(f"{_named(site)} {how} {when}.", remedy=_TELL if loading else _COPY_OR_TELL)


def answered(problem: Problem, site: SiteDecoder) -> PixelError:
    """The error for what a process says of a decoder of the site."""
    why = problem.why if _PLAIN.fullmatch(problem.why) else "of an unknown kind"
    if problem.kind == "unloaded":
        return PixelError(f"{_named(site)} cannot be loaded ({why}).", remedy=_TELL)
    if problem.kind == "misfit":
        return PixelError(f"{_named(site)} gave something else than this image ({why}).", remedy=_TELL)
    return PixelError(f"{_named(site)} cannot read this image ({why}).", remedy=_COPY_OR_TELL)


def _named(site: SiteDecoder) -> str:
    from viewer.dicom import dataset as tags

    return f"The decoder of this site for {tags.syntax_name(site.syntax)}, {site.title},"
