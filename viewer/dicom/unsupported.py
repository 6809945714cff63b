"""What is said of images whose transfer syntax nothing here decodes: the format by its name, and a way on."""

from __future__ import annotations

from viewer.dicom import dataset as tags
from viewer.errors import PixelError

_UNCOMPRESSED = "Export the study again in an uncompressed transfer syntax."

# Transfer Syntax UIDs that begin so -> what they are, and what to do; the longest that fits counts.
_KINDS: dict[str, tuple[str, str]] = {
    "": ("Images in {name} cannot be decoded.", _UNCOMPRESSED),
    "1.2.840.10008.1.2.4.11": (
        "Images in {name} cannot be decoded: there is no decoder for them here.",
        "Export the study again uncompressed or as JPEG 2000.",
    ),
    "1.2.840.10008.1.2.4.10": (
        "This is a video ({name}), which cannot be decoded here.",
        "Export it as single images, or play it with the program that recorded it.",
    ),
    "1.2.840.10008.1.2.7.": (
        "This is a live video stream ({name}), which cannot be decoded here.",
        "Watch it with the program that receives it.",
    ),
    **dict.fromkeys(
        (
            "1.2.840.10008.1.2.4.94",
            "1.2.840.10008.1.2.4.95",
            "1.2.840.10008.1.2.4.204",
            "1.2.840.10008.1.2.4.205",
        ),
        (
            "The pixels of this image are on a server and not in the file ({name}): they cannot be decoded.",
            "Fetch the study from its archive again, with its pixels in the files.",
        ),
    ),
}


def refusal(syntax: str) -> PixelError:
    """The error for a transfer syntax that is in no table of what can be read."""
    kind = max((start for start in _KINDS if syntax.startswith(start)), key=len)
    what, remedy = _KINDS[kind]
    return PixelError(what.format(name=tags.syntax_name(syntax)), remedy=remedy)
