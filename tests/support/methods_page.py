"""The page of explanation methods in the documentation, made from their table.

python -m tests.support.methods_page          renews resources/docs/methods.md
"""

from __future__ import annotations

from pathlib import Path

from viewer.explain.inputs.extra import COMMAND, TITLES
from viewer.explain.methods import ATTENTION, DEFAULT, FAMILY, INPUT, LAYER, METHODS, Method, of_kind

PAGE = Path(__file__).parents[2] / "resources" / "docs" / "methods.md"

HEAD = f"""\
# Explanation methods

What **AI > Method** and `glassbox explain --method` offer. Made by `python -m tests.support.methods_page`
from `viewer/explain/methods.py`; a test holds this page equal to the table. `{DEFAULT}` is used where
neither the reader nor the model's card chooses.

*Values* says what a number in the map is: a share of the finding's logit (of the difference of two logits
where one finding is explained against another), comparable between slices on the absolute scale; or a rank
within the one map, which is always shown on a relative scale that says so. *Against* says whether the map
can show evidence against the finding. *Passes* are network calls for one slice and one layer, roughly.
"""

KINDS = {
    FAMILY: (
        "From one pass, for all layers",
        "One forward and one backward pass give the activation and the gradient of every layer; each of "
        "these methods is a formula over both. Changing the method or the layer asks the network nothing.",
    ),
    LAYER: (
        "Passes of their own, for one layer",
        "Asked for the slice on the screen once it rests there; can be stopped. They use no gradient.",
    ),
    ATTENTION: (
        "Attention of vision transformers",
        "One map on the grid of tokens, for all blocks together.",
    ),
    INPUT: (
        "On the network's input",
        "One map over the picture as the network saw it, asked for the slice on the screen.",
    ),
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for kind, (title, text) in KINDS.items():
        rows = "\n".join(_row(method) for method in of_kind(kind))
        parts.append(
            f"## {title}\n\n{text}\n\n"
            "| `--method` | method | what it shows, and its trap | values | against | passes | paper |\n"
            f"|---|---|---|---|---|---|---|\n{rows}\n"
        )
    needing: dict[str, list[str]] = {}
    for method in METHODS.values():
        for package in method.needs:
            needing.setdefault(TITLES[package], []).append(method.title)
    needs = "\n".join(f"* {package}: {', '.join(titles)}" for package, titles in needing.items())
    parts.append(
        "## What must be installed\n\n`packaging/run.sh` installs everything. In an environment of your own "
        f"these packages come with the extra `methods` (`{COMMAND}`); without one of them its methods stand "
        f"in the menu, grey, and say so:\n\n{needs}\n"
    )
    return "\n".join(parts)


def _row(method: Method) -> str:
    values = "logit" if method.unit else "rank"
    against = "yes" if method.signed else "no"
    cells = (f"`{method.id}`", method.title, method.about, values, against, str(method.passes), method.paper)
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page())
