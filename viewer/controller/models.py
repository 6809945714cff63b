"""The models on offer: those that ship, those the reader added, and the one that is chosen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from viewer.controller.desk import Desk
from viewer.errors import GlassboxError
from viewer.session.resolve import chosen_bundle
from viewer.settings import with_model_folder

if TYPE_CHECKING:
    from viewer.inference.bundle import ModelBundle


class Models(QObject):
    """Finds, adds and chooses bundles. No torch: nothing is loaded here."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._told: tuple[object, ...] = ()

    @property
    def chosen(self) -> ModelBundle | None:
        """The model in force for the series on the screen."""
        desk = self._desk
        return chosen_bundle(desk.state.explanation.model, desk.bundles, desk.shown.series)

    def find(self) -> None:
        """Look for the bundles that ship and those the reader added."""
        from viewer.inference.catalog import find_bundles
        from viewer.inference.folders import model_folders

        desk = self._desk
        added, problem = desk.settings.model_folders, None
        try:
            folders = model_folders(added)
        except GlassboxError as error:
            folders, problem = list(map(Path, added)), error
        bundles, refused = find_bundles(folders)
        desk.bundles = tuple(bundles)
        if refused:
            rows = tuple((folder.name, str(reason)) for folder, reason in refused)
            count = "A model bundle" if len(rows) == 1 else f"{len(rows)} model bundles"
            desk.say(f"{count} cannot be used.", "See why in the details.", "warning", details=rows)
        if problem is not None:
            desk.say_error(problem)
        desk.learned.emit()

    def show(self) -> None:
        """Tell the view what is on offer, if that is not what it knows already."""
        chosen = self.chosen
        name = chosen.card.name if chosen is not None else None
        if (self._desk.bundles, name) != self._told:
            self._told = (self._desk.bundles, name)
            self._desk.view.show_models([bundle.card for bundle in self._desk.bundles], name)

    def choose(self, name: str) -> bool:
        """Another model answers another question: target and layer are its own again."""
        explanation = self._desk.state.explanation
        if name == explanation.model or all(bundle.card.name != name for bundle in self._desk.bundles):
            return False
        self._desk.model.update(explanation=replace(explanation, model=name, target=None, layer=None))
        return True

    def add(self, folder: Path) -> bool:
        """Add the bundle in `folder`, choose it and remember it; False, with a notice, if that fails."""
        from viewer.inference.bundle import load_bundle

        desk = self._desk
        try:
            bundle = load_bundle(folder)
        except GlassboxError as error:
            desk.say_error(error)
            return False
        same = next((one for one in desk.bundles if one.card.name == bundle.card.name), None)
        if same is not None and same.folder.resolve() != folder.resolve():
            desk.say(
                f"There is already a model called {bundle.card.name}.",
                "Change the name on one of the cards.",
                "error",
            )
            return False
        others = tuple(one for one in desk.bundles if one is not same)
        desk.bundles = (*others, bundle)
        if same is None:
            desk.keep(model_folders=with_model_folder(desk.settings, folder.resolve()).model_folders)
        self.choose(bundle.card.name)
        desk.say(f"{bundle.card.title} is ready.", "Press Analyse.")
        desk.learned.emit()
        return True
