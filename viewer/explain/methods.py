"""The one table of explanation methods: it feeds the menu, the command line, the documentation and the tests.

No torch in here: the window lists the methods before the first network is loaded. To add a method: its
function in a module of this package, a row here, an analytic test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from viewer.inference.card import Card


FAMILY, LAYER, ATTENTION, INPUT = "family", "layer", "attention", "input"
"""Kinds: a function of one capture, for all layers; passes of its own for one layer; the attention of a
vision transformer; a map on the network's input."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to explain an answer.

    Parameters
    ----------
    id : as in keys, files and on the command line.
    title : as a reader sees it.
    kind : FAMILY, LAYER, ATTENTION or INPUT.
    unit : "logit" where the values are shares of the target's logit: then one scale holds for all slices
        and, within a layer's grid, for all patients. "" where they only rank the places of one map.
    signed : whether it can tell evidence against the target.
    passes : network calls for one slice, roughly, at the method's defaults; what makes the reader wait.
    paper : where it was published.
    about : what it shows, and its trap, in one sentence.
    function : "module:name" below `viewer.explain`.
    needs : packages of the optional extra "methods" that it works with, by the names they are imported by.
    """

    id: str
    title: str
    kind: str
    unit: str
    signed: bool
    passes: int
    paper: str
    about: str
    function: str
    needs: tuple[str, ...] = ()

    @property
    def on_demand(self) -> bool:
        """Whether it needs passes of its own: then it is asked for one slice at a time."""
        return self.kind != FAMILY

    @property
    def by_layer(self) -> bool:
        """Whether its maps are of the network's layers."""
        return self.kind in (FAMILY, LAYER)

    @property
    def run(self) -> Callable[..., Any]:
        """The function; imports torch."""
        module, _, name = self.function.partition(":")
        found: Callable[..., Any] = getattr(import_module(f"viewer.explain.{module}"), name)
        return found


DEFAULT = "grad-cam"

_ROWS = (
    Method(
        "grad-cam",
        "Grad-CAM",
        FAMILY,
        "logit",
        True,
        1,
        "Selvaraju et al. 2017",
        "Channels weighted by their mean gradient: coarse, and steady at the last layers.",
        "cam:grad_cam",
    ),
    Method(
        "grad-cam++",
        "Grad-CAM++",
        FAMILY,
        "",
        False,
        1,
        "Chattopadhay et al. 2018",
        "Counts positive gradients alone, so that several small findings show; its values have no unit.",
        "cam:grad_cam_plus_plus",
    ),
    Method(
        "hires-cam",
        "HiResCAM",
        FAMILY,
        "logit",
        True,
        1,
        "Draelos and Carin 2020",
        "Activation times gradient, cell by cell: faithful before the last linear layer, grainy earlier.",
        "cam:hires_cam",
    ),
    Method(
        "layer-cam",
        "LayerCAM",
        FAMILY,
        "logit",
        False,
        1,
        "Jiang et al. 2021",
        "As HiResCAM with positive gradients alone: the choice for early layers; shows nothing against.",
        "cam:layer_cam",
    ),
    Method(
        "xgrad-cam",
        "XGrad-CAM",
        FAMILY,
        "logit",
        True,
        1,
        "Fu et al. 2020",
        "Averages a channel's gradient where the channel is active.",
        "cam:xgrad_cam",
    ),
    Method(
        "eigen-cam",
        "EigenCAM",
        FAMILY,
        "",
        False,
        1,
        "Muhammad and Yeasin 2020",
        "The main pattern of the layer, whatever the finding: no evidence for anything.",
        "cam:eigen_cam",
    ),
    Method(
        "energy",
        "Activation energy",
        FAMILY,
        "",
        False,
        1,
        "",
        "Where the layer is active at all, whatever the finding: a control, no evidence.",
        "cam:energy",
    ),
    Method(
        "score-cam",
        "ScoreCAM",
        LAYER,
        "",
        False,
        512,
        "Wang et al. 2020",
        "Weighs each channel by what the network says of the input masked with it: no gradient, one pass "
        "per channel.",
        "score:score_cam",
    ),
    Method(
        "ablation-cam",
        "AblationCAM",
        LAYER,
        "",
        True,
        512,
        "Desai and Ramaswamy 2020",
        "Weighs each channel by what the logit loses without it: no gradient, one pass per channel.",
        "score:ablation_cam",
    ),
    Method(
        "attention-rollout",
        "Attention rollout",
        ATTENTION,
        "",
        False,
        1,
        "Abnar and Zuidema 2020",
        "Where a vision transformer looks, whatever the finding: no evidence for anything.",
        "attention:attention_rollout",
    ),
    Method(
        "gradient-attention",
        "Gradient-weighted attention",
        ATTENTION,
        "",
        False,
        1,
        "Chefer et al. 2021",
        "A vision transformer's attention where more of it would raise the finding's logit.",
        "attention:gradient_attention",
    ),
    Method(
        "gradient",
        "Gradient",
        INPUT,
        "",
        True,
        1,
        "Simonyan et al. 2014",
        "How fast the logit rises when a pixel turns brighter: grainy, and says nothing of what is there.",
        "inputs.gradient:gradient",
    ),
    Method(
        "smoothgrad",
        "SmoothGrad",
        INPUT,
        "",
        True,
        25,
        "Smilkov et al. 2017",
        "The gradient averaged over noisy copies of the picture: calmer, and as silent about amounts.",
        "inputs.gradient:smooth_gradient",
    ),
    Method(
        "integrated-gradients",
        "Integrated Gradients",
        INPUT,
        "logit",
        True,
        27,
        "Sundararajan et al. 2017",
        "Shares out the difference to a black picture: what is black itself gets nothing, even if it counts.",
        "inputs.integrated:integrated_gradients",
    ),
    Method(
        "smooth-integrated-gradients",
        "Integrated Gradients, smoothed",
        INPUT,
        "logit",
        True,
        627,
        "Sundararajan et al. 2017; Smilkov et al. 2017",
        "Integrated Gradients averaged over noisy copies: calmer, but what noise does to it is in it.",
        "inputs.integrated:smooth_integrated_gradients",
    ),
    Method(
        "guided-ig",
        "Guided Integrated Gradients",
        INPUT,
        "logit",
        True,
        26,
        "Kapishnikov et al. 2021",
        "As Integrated Gradients, on a path that brightens the least telling pixels first: less grain; black "
        "gets nothing.",
        "inputs.guided:guided_integrated_gradients",
    ),
    Method(
        "blur-ig",
        "Blur Integrated Gradients",
        INPUT,
        "logit",
        True,
        101,
        "Xu et al. 2020",
        "Shares out the difference to a blurred picture: edges and texture get all, plain areas nothing.",
        "inputs.blur:blur_integrated_gradients",
    ),
    Method(
        "xrai",
        "XRAI",
        INPUT,
        "logit",
        True,
        53,
        "Kapishnikov et al. 2019",
        "Ranks regions of the picture by their Integrated Gradients: looks tidy even for a random network.",
        "inputs.xrai:xrai",
        ("scipy", "skimage"),
    ),
    Method(
        "xrai-30",
        "XRAI, top 30 %",
        INPUT,
        "logit",
        True,
        53,
        "Kapishnikov et al. 2019",
        "The densest regions of XRAI up to 30 % of the picture: there is always a densest, evidence or not.",
        "inputs.xrai:xrai_top",
        ("scipy", "skimage"),
    ),
    Method(
        "occlusion",
        "Occlusion",
        INPUT,
        "logit",
        True,
        170,
        "Zeiler and Fergus 2014",
        "What the logit loses when a black square covers a place: a black square is itself a strange sight.",
        "inputs.occlusion:occlusion",
        ("captum",),
    ),
    Method(
        "kernel-shap",
        "KernelSHAP on areas",
        INPUT,
        "logit",
        True,
        500,
        "Lundberg and Lee 2017",
        "Shapley values of 50 areas, shown or blackened together: coarse, by pictures no scanner makes.",
        "inputs.superpixels:kernel_shap",
        ("captum", "skimage", "sklearn"),
    ),
    Method(
        "lime",
        "LIME on areas",
        INPUT,
        "logit",
        True,
        500,
        "Ribeiro et al. 2016",
        "A linear stand-in for the network on 50 areas, shown or blackened: as good as the fit it tells.",
        "inputs.superpixels:lime",
        ("captum", "skimage", "sklearn"),
    ),
)

METHODS: dict[str, Method] = {method.id: method for method in _ROWS}
"""In the order of the menu."""


def chosen(asked: str | None, card: Card) -> Method:
    """The method asked for, else the card's own, else Grad-CAM; never one that this version does not know."""
    return METHODS.get(asked or "") or METHODS.get(card.default_method) or METHODS[DEFAULT]


def unknown(card: Card) -> str:
    """One sentence where the card's own method is none of this version; else empty."""
    if card.default_method in METHODS:
        return ""
    return (
        f"The card of '{card.name}' asks for the method '{card.default_method}', which this version of "
        f"Glassbox does not know: {METHODS[DEFAULT].title} takes its place."
    )


def of_kind(kind: str) -> tuple[Method, ...]:
    """The methods of one kind, in the order of the menu."""
    return tuple(method for method in METHODS.values() if method.kind == kind)
