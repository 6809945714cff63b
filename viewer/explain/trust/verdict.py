"""Figures -> a level and a sentence: what a reader is told about a map. No torch, no Qt.

Every figure stands beside a control, what a map that knows nothing would reach, and is judged by how far it
is from that control: half the way to a perfect figure is green, less than a quarter is red. Where nothing
can be said the level is "undefined" and there is no number: an undefined figure counted as 0 rewards smooth
maps (METHODS.md, trap 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from viewer.explain.trust.similarity import Likeness, over

if TYPE_CHECKING:
    from viewer.explain.trust.outside import Place
    from viewer.explain.trust.perturbation_curve import Curve
    from viewer.explain.trust.regions import Score

GREEN, AMBER, RED, UNDEFINED = "green", "amber", "red", "undefined"
LEVELS = (RED, AMBER, GREEN, UNDEFINED)
"""Worst first."""

HALF, QUARTER = 0.5, 0.25
"""Ways from chance to perfect: closer to perfect than to chance; closer to chance than to halfway."""

MARGIN = 0.05
"""Of a curve's room: two areas that differ by less are the same, for steps of a fourteenth."""

BETTER_THAN_CHANCE = 0.05
"""Way from chance to perfect below which a map is said to miss a region."""

LEARNED, HARDLY_LEARNED = 1.15, 1.05
"""Median order of the weights against the same shuffled. Random weights of eleven architectures, three layers
to 120, gave 0.98 to 1.02; the least of the shipped, trained networks 1.3."""

TITLES = {
    "weights": "Learned weights",
    "layers": "Neighbouring layers",
    "methods": "Other methods",
    "randomisation": "Random weights",
    "noise": "Noise",
    "shift": "Shifted image",
    "flip": "Mirrored image",
    "deletion": "Deletion",
    "insertion": "Insertion",
}
QUICK = ("weights", "methods")
COSTLY = ("randomisation", "noise", "shift", "flip", "deletion", "insertion")
REGION_SCORES = ("pointing", "energy", "iou-fixed", "auprc", "ehr")

CONSTANT = "The network gives the same answer whatever the image, so nothing can be said of its maps."
NO_EVIDENCE = "The map, or the one it is compared with, holds no evidence for the finding."
FLAT = "The map is the same everywhere, so nothing can be compared."


@dataclass(frozen=True, slots=True)
class TrustLine:
    """One thing said about a map.

    `level` is "green", "amber", "red" or "undefined"; `figure` and `control` are for a reader, with `value`
    and `chance` as numbers behind them (None where there is none); `sentence` says what it means.
    """

    id: str
    title: str
    level: str
    figure: str
    control: str
    sentence: str
    value: float | None = None
    chance: float | None = None

    @property
    def warns(self) -> bool:
        """Whether the reader should look before believing the map."""
        return self.level in (AMBER, RED)


def undefined(id: str, why: str, title: str = "") -> TrustLine:
    """A line without a number."""
    return TrustLine(id, title or TITLES[id], UNDEFINED, "undefined", "", why)


def of_constant(lines: Sequence[TrustLine]) -> tuple[TrustLine, ...]:
    """The lines of a network whose answer does not depend on the image: no number in any of them."""
    return tuple(undefined(line.id, CONSTANT, line.title) for line in lines)


def worst(lines: Sequence[TrustLine]) -> str:
    """The worst level of the lines; "undefined" without any."""
    return next((level for level in LEVELS if any(line.level == level for line in lines)), UNDEFINED)


def weights_line(order: float | None) -> TrustLine:
    """`order` as `weights.learned` gives it."""
    if order is None:
        return undefined("weights", "The network has too few weights to tell learning from chance.")
    if order < HARDLY_LEARNED:
        level = RED
        text = "The network's weights are no more ordered than random numbers: it has learned nothing, and "
        text += "its maps mean nothing."
    elif order < LEARNED:
        level, text = AMBER, "The network's weights are hardly more ordered than random numbers."
    else:
        level, text = GREEN, "The network's weights have an order that random numbers do not have."
    return TrustLine(
        "weights", TITLES["weights"], level, f"order {order:.2f}", "shuffled weights 1.00", text, order, 1.0
    )


def layers_line(found: float | None, chance: float | None) -> TrustLine:
    """The map's evidence beside that of the neighbouring layers."""
    if found is None or chance is None:
        return undefined("layers", NO_EVIDENCE)
    level = _high(over(found, chance))
    text = {
        GREEN: "The layers before and after show evidence in the same places.",
        AMBER: "The layers before and after agree with this one only in part.",
        RED: "The layers before and after point elsewhere: what is seen depends on the layer chosen.",
    }[level]
    figure, control = f"overlap {_number(found)}", f"shuffled map {_number(chance)}"
    return TrustLine("layers", TITLES["layers"], level, figure, control, text, found, chance)


def methods_line(found: float | None, chance: float | None, energy: float | None) -> TrustLine:
    """The map's evidence beside that of other methods; `energy`: beside the layer's activity."""
    if found is None or chance is None:
        return undefined("methods", NO_EVIDENCE)
    control = max(chance, energy if energy is not None else chance)
    level = _high(over(found, control))
    text = {
        GREEN: "Other methods show evidence in the same places of this layer.",
        AMBER: "Other methods agree with this map only in part.",
        RED: "Other methods show something else, or no more than where the layer is active anyway.",
    }[level]
    words = f"activity alone {_number(energy)}" if energy is not None else f"shuffled map {_number(chance)}"
    return TrustLine(
        "methods", TITLES["methods"], level, f"overlap {_number(found)}", words, text, found, control
    )


def randomisation_line(stages: Sequence[Likeness | None], chance: Likeness | None) -> TrustLine:
    """The map against those after each stage of the cascade; a stage without a map has nothing in common."""
    if chance is None or not stages:
        return undefined("randomisation", FLAT)
    last = stages[-1]
    control = f"shuffled map {_alike_text(chance)}"
    if last is None:
        text = "With random weights no map is left: this one depends on what the network learned."
        title = TITLES["randomisation"]
        return TrustLine("randomisation", title, GREEN, "no map left", control, text, 0.0, chance.rank)
    stays = last.over(chance)
    level = GREEN if stays < QUARTER else AMBER if stays < HALF else RED
    text = {
        GREEN: "With random weights the map becomes another: it depends on what the network learned.",
        AMBER: "With random weights part of the map stays: that part shows the image, not what was learned.",
        RED: "With random weights the map stays: it shows the image, not what the network learned.",
    }[level]
    text += f" Rank correlation from the head downwards: {_course(stages)}."
    return _alike("randomisation", level, last, control, text, chance.rank)


def repeat_line(id: str, found: Likeness | None, chance: Likeness | None) -> TrustLine:
    """The map against those of an image changed in a way that should not matter."""
    if found is None or chance is None:
        return undefined(id, FLAT)
    level = _high(found.over(chance))
    change = {"noise": "a little noise", "shift": "a small shift", "flip": "mirroring the image"}[id]
    text = {
        GREEN: f"The map stays what it is under {change}.",
        AMBER: f"The map changes under {change}: its details are not to be believed.",
        RED: f"The map becomes another under {change}: it is an accident of this image.",
    }[level]
    return _alike(id, level, found, f"shuffled map {_alike_text(chance)}", text, chance.rank)


def perturbation_line(id: str, curve: Curve) -> TrustLine:
    """The area under the deletion or insertion curve, beside random orders and the centre."""
    if not curve.defined:
        why = {
            "deletion": "Without the image the network says the same, so taking away tells nothing.",
            "insertion": "Of the blurred image the network says the same, so giving back tells nothing.",
        }[id]
        return undefined(id, why)
    sign = -1 if id == "deletion" else 1
    least = MARGIN * curve.room
    beats_random = sign * (curve.shown - curve.random) >= least
    beats_centre = sign * (curve.shown - curve.centre) >= least
    level = GREEN if beats_random and beats_centre else AMBER if beats_random or beats_centre else RED
    what = {
        "deletion": "Taking away what the map points at lowers the answer",
        "insertion": "Giving back what the map points at raises the answer",
    }[id]
    text = {
        GREEN: f"{what} sooner than random places and the centre do.",
        AMBER: f"{what} sooner than {'random places' if beats_random else 'the centre'} "
        f"but not sooner than {'the centre' if beats_random else 'random places'} would.",
        RED: f"{what} no sooner than random places or the centre: the answer rests on something else.",
    }[level]
    control = f"random {curve.random:.2f}, centre {curve.centre:.2f}"
    return TrustLine(id, TITLES[id], level, f"{curve.shown:.2f}", control, text, curve.shown, curve.random)


def place_line(place: Place) -> TrustLine:
    """The heat in a place where no finding can be."""
    if place.share is None:
        return TrustLine(place.id, place.title, place.level, "undefined", "", place.sentence)
    control = f"even map {place.chance:.0%}" if place.chance is not None else "no such place"
    return TrustLine(
        place.id,
        place.title,
        place.level,
        f"{place.share:.0%}",
        control,
        place.sentence,
        place.share,
        place.chance,
    )


def region_line(score: Score) -> TrustLine:
    """How well the map agrees with the region that the reader drew."""
    id = f"region-{score.id}"
    if score.value is None or score.chance is None:
        return TrustLine(id, score.title, UNDEFINED, "undefined", "", score.undefined)
    way = over(score.value, score.chance)
    level = GREEN if way >= QUARTER else AMBER if way >= BETTER_THAN_CHANCE else RED
    text = {
        GREEN: "The map agrees with the region drawn far better than chance.",
        AMBER: "The map agrees with the region drawn little better than chance.",
        RED: "The map agrees with the region drawn no better than chance.",
    }[level]
    if score.id == "pointing":
        text = f"The strongest evidence lies {'inside' if score.value > 0 else 'outside'} the region drawn."
    control = f"chance {score.chance:.2f}"
    return TrustLine(id, score.title, level, f"{score.value:.2f}", control, text, score.value, score.chance)


def _high(way: float) -> str:
    return GREEN if way >= HALF else AMBER if way >= QUARTER else RED


def _alike(id: str, level: str, found: Likeness, control: str, text: str, chance: float) -> TrustLine:
    figure = f"SSIM {_number(found.ssim)}, rank {_number(found.rank)}"
    return TrustLine(id, TITLES[id], level, figure, control, text, found.rank, chance)


def _alike_text(found: Likeness) -> str:
    return f"{_number(found.ssim)} / {_number(found.rank)}"


def _number(value: float) -> str:
    """Two digits, a real minus sign, and no minus before a zero."""
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")


def _course(stages: Sequence[Likeness | None]) -> str:
    return ", ".join("none" if stage is None else _number(stage.rank) for stage in stages)
