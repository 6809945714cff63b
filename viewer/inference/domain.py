"""Why a study lies outside what a model was made for, in words. No torch.

A model answers any picture; only its card knows for which ones the answer means something. What a
file does not say is not held against it, except its modality, which every file states.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from viewer.study import Series, SliceHeader

if TYPE_CHECKING:
    from viewer.inference.card import Card

COLOUR_MODALITIES = frozenset({"XC", "ES", "SM", "GM", "OP", "DMS"})
"""Modalities whose images are in colour by nature (PS3.3 C.7.3.1.1.1)."""

BODY_PARTS: dict[str, str] = {
    "BRAIN": r"BRAIN|HEAD|SKULL|NEURO|CRANIUM|CEREBR|HYPOPHYS|PITUITAR|SELLA",
    "CHEST": r"CHEST|THORAX|THORACIC|LUNG",
    "ABDOMEN": r"ABDOM|LIVER|KIDNEY|PANCREAS|SPLEEN|COLON",
    "PELVIS": r"PELVIS|PROSTATE|UTERUS|BLADDER|HIPS?( |$)",
    "SPINE": r"SPINE|CSPINE|LSPINE|TSPINE|CERVICAL|LUMBAR|SACRUM",
    "BREAST": r"BREAST|MAMMO",
    "HEART": r"HEART|CARDIAC|CORONARY",
    "NECK": r"NECK|THYROID|LARYNX",
    "EXTREMITY": r"KNEE|HAND|FOOT|ANKLE|WRIST|ELBOW|SHOULDER|FEMUR|LEGS?( |$)|ARMS?( |$)",
}
"""Body parts (PS3.16 CID 4031) and the beginnings of words by which scanners and readers name them."""

SEQUENCES: dict[str, str] = {
    "T1": r"T1|MPRAGE|SPGR|BRAVO",
    "T2": r"T2",
    "FLAIR": r"FLAIR|TIRM",
    "PD": r"PD|PROTON",
    "DWI": r"DWI|DIFF|DTI|ADC|TRACE|TRACEW",
    "SWI": r"SWI|SWAN|GRE|HEMO",
    "TOF": r"TOF|MRA|ANGIO",
    "BOLD": r"BOLD|FMRI|REST( |$)|TASK( |$)",
}
"""MR sequence families and the words in protocol names that tell them."""

_PLANE = "(AX|TRA|SAG|COR)?"
"""The plane of a series, as scanners glue it to the next word: "t1sagknee"."""


def problems(card: Card, series: Series, slice: SliceHeader | None = None) -> tuple[str, ...]:
    """Why this series, or this slice of it, is outside the model's domain: one sentence each."""
    domain = card.domain
    found = []
    if domain.modalities and series.modality.upper() not in _upper(domain.modalities):
        found.append(
            f"The model is made for {_either(domain.modalities)}; this series is "
            f"{series.modality or 'of unknown modality'}."
        )
    part = body_part(series)
    wanted = {_known_part(name) or name.upper() for name in domain.body_parts}
    if wanted and part and part not in wanted:
        found.append(f"The model is made for {_either(domain.body_parts)}; this series shows {part}.")
    if domain.orientations and series.orientation and series.orientation not in _lower(domain.orientations):
        found.append(
            f"The model is made for {_either(domain.orientations)} slices; these are {series.orientation}."
        )
    sequences = sequences_of(series)
    if domain.sequences and sequences and not sequences & set(_upper(domain.sequences)):
        found.append(
            f"The model is made for {_either(domain.sequences)} sequences; this one is "
            f"{_either(sorted(sequences))}."
        )
    said = f" {_words(f'{series.description} {series.protocol} {series.study_description}')} "
    if domain.words and not any(f" {_words(word)} " in said for word in domain.words):
        wanted_words = _either([f"“{word}”" for word in domain.words])
        found.append(f"The model is made for studies described as {wanted_words}; this one is not.")
    if any("localizer" in note.lower() for note in series.notes):
        found.append("The series is a localizer, made for planning and not for reading.")
    colour = (slice or series.slices[0]).samples_per_pixel > 1 if slice or series.slices else False
    if colour and not COLOUR_MODALITIES & set(_upper(domain.modalities)):
        found.append("The model is made for grey images; this one is in colour.")
    return tuple(found)


def unstated(card: Card, series: Series) -> tuple[str, ...]:
    """What the model depends on and the file does not say: one sentence each.

    It is no reason not to analyse, but the reader has to know it, for the file cannot tell.
    """
    domain, found = card.domain, []
    if domain.sequences and series.modality.upper() == "MR" and not sequences_of(series):
        found.append(
            f"The file does not say which MR sequence this is; the model is made for "
            f"{_either(domain.sequences)}."
        )
    if domain.body_parts and not body_part(series):
        found.append(
            f"The file does not say which body part this is; the model is made for "
            f"{_either(domain.body_parts)}."
        )
    return tuple(found)


def body_part(series: Series) -> str:
    """The body part a series shows, as one of `BODY_PARTS`, else as the file says; "" if unknown.

    Body Part Examined is optional for MR and CT, so descriptions are read where it is empty.
    """
    if series.body_part.strip():
        return _known_part(series.body_part) or series.body_part.strip().upper()
    for text in (series.description, series.protocol, series.study_description):
        part = _known_part(text)
        if part:
            return part
    return ""


def sequences_of(series: Series) -> set[str]:
    """The MR sequence families that a series' own words name; empty where they name none."""
    if series.modality.upper() != "MR":
        return set()
    text = _words(f"{series.description} {series.protocol}")
    found = {name for name, words in SEQUENCES.items() if re.search(rf"(^| ){_PLANE}({words})", text)}
    return found - {"T2"} if "FLAIR" in found else found


def _known_part(text: str) -> str:
    words = _words(text)
    found = [part for part, names in BODY_PARTS.items() if re.search(rf"(^| ){_PLANE}({names})", words)]
    return found[0] if len(found) == 1 else ""


def _words(text: str) -> str:
    return " ".join(re.findall(r"[A-Z]+[0-9]*|[0-9]+", text.upper()))


def _upper(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.upper() for name in names)


def _lower(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name.lower() for name in names)


def _either(names: tuple[str, ...] | list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
