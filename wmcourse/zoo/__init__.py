"""Trained models: what there is, how it was made, how good it is."""

from wmcourse.zoo.command import training_command
from wmcourse.zoo.errors import CannotSave, CorruptWeights, Diverged, MissingWeights, UnknownModel, UnknownStudy
from wmcourse.zoo.manifest import Manifest
from wmcourse.zoo.registry import RECIPES, STUDIES, recipe
from wmcourse.zoo.studies import load_study, save_study
from wmcourse.zoo.weights import list_models, load, save

__all__ = [
    "RECIPES",
    "STUDIES",
    "CannotSave",
    "CorruptWeights",
    "Diverged",
    "Manifest",
    "MissingWeights",
    "UnknownModel",
    "UnknownStudy",
    "list_models",
    "load",
    "load_study",
    "recipe",
    "save",
    "save_study",
    "training_command",
]
