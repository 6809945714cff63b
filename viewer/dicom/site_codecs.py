"""Decoders that the administrator of a site adds: which transfer syntaxes they are for, and where they lie.

They are packages of Python in folders that GLASSBOX_CODECS or the policy file of the machine names; a user's
own folder and that of a study are never looked at. Only what a package says of itself is read here: its code
runs in a decoder process, see `site_calls`. How to write one: resources/docs/codecs.md.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from viewer import policy
from viewer.errors import PolicyError

log = logging.getLogger(__name__)

VARIABLE = "GLASSBOX_CODECS"
GROUP = "glassbox.decoders"
_UID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+")
_FUNCTION = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\s*:\s*([A-Za-z_]\w*)")

_UNCLEAR = "The package {title} offers a decoder in other words than 'UID = module:function'."


@dataclass(frozen=True, slots=True)
class SiteDecoder:
    """A function of a package of the site that reads one transfer syntax.

    Parameters
    ----------
    folders : all folders of the site, its own first: its module and what that imports are looked for there.
    """

    syntax: str
    package: str
    version: str
    module: str
    name: str
    folders: tuple[str, ...]

    @property
    def function(self) -> dict[str, Any]:
        """What a decoder process is told of it."""
        return {"module": self.module, "name": self.name, "folders": self.folders}

    @property
    def title(self) -> str:
        return f"{self.package} {self.version}"


@dataclass(frozen=True, slots=True)
class Offered:
    """What the site offers: decoders by transfer syntax, and in sentences what is wrong with the rest."""

    decoders: Mapping[str, SiteDecoder]
    problems: tuple[str, ...] = ()


def offered() -> Offered:
    """The decoders of the site. What is wrong is logged once and stops nothing.

    The packages are read at the first call, and again only where other folders are named.
    """
    named = [
        (f"Folder {number} of {VARIABLE}", folder)
        for number, folder in enumerate(policy.folders_of_variable(VARIABLE), start=1)
    ]
    try:
        of_policy = policy.folders_of_file("codecs")
    except PolicyError as error:
        return _read((), error.what)
    named += [
        (f"Folder {number} of 'codecs' in the policy file", folder)
        for number, folder in enumerate(of_policy, start=1)
    ]
    return _read(tuple(named), "")


def decoder(syntax: str) -> SiteDecoder | None:
    """The site's decoder of a transfer syntax, if there is one."""
    return offered().decoders.get(syntax)


def versions() -> tuple[tuple[str, str], ...]:
    """(name, version) of every package of the site that offers a decoder."""
    found = {(f"codec {one.package}", one.version) for one in offered().decoders.values()}
    return tuple(sorted(found))


@lru_cache(maxsize=4)
def _read(named: tuple[tuple[str, Path], ...], problem: str) -> Offered:
    problems = [problem] if problem else []
    good: list[Path] = []
    for place, folder in named:
        wrong = _trouble(folder)
        if wrong:
            problems.append(f"{place} {wrong}.")
        else:
            good.append(folder)
    decoders: dict[str, SiteDecoder] = {}
    for folder in good:
        others = [str(one) for one in good if one != folder]
        found, wrongs = _in_folder(str(folder), others)
        problems += wrongs
        for one in sorted(found, key=lambda one: one.package):
            decoders.setdefault(one.syntax, one)
    for sentence in problems:
        log.warning("%s", sentence)
    return Offered(decoders, tuple(problems))


def _trouble(folder: Path) -> str:
    """What is wrong with a folder, without its name: that goes into the log."""
    if not folder.is_absolute():  # it would be one beside the study, wherever Glassbox was started
        return "is not named from the root on"
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return f"cannot be read ({(error.strerror or type(error).__name__).lower()})"
    except ValueError:  # a zero in it
        return "has no name that a folder can have"
    return ""


def _in_folder(folder: str, others: list[str]) -> tuple[list[SiteDecoder], list[str]]:
    """What the packages in a folder offer, and in sentences what cannot be understood of it."""
    from importlib.metadata import distributions

    found: list[SiteDecoder] = []
    problems = []
    for package in distributions(path=[folder]):
        try:
            for offer in package.entry_points:
                if offer.group != GROUP:
                    continue
                name, version = package.metadata["Name"], package.version
                if not name or not version:
                    raise ValueError
                function = _FUNCTION.fullmatch(offer.value.strip())
                if function and len(offer.name) <= 64 and _UID.fullmatch(offer.name):
                    searched = (folder, *others)
                    found.append(SiteDecoder(offer.name, name, version, function[1], function[2], searched))
                else:
                    problems.append(_UNCLEAR.format(title=f"{name} {version}"))
        except Exception as error:  # these are texts that anybody may have written
            kind = type(error).__name__
            problems.append(f"A package in a folder of codecs does not say what it offers ({kind}).")
    return found, problems
