"""Trained models: what there is, how it was made, how good it is."""

from wmcourse.zoo.command import training_command
from wmcourse.zoo.errors import (
    CannotSave,
    CorruptWeights,
    Diverged,
    MissingWeights,
    NotMeasured,
    UnknownModel,
    UnknownStudy,
)
from wmcourse.zoo.manifest import Manifest
from wmcourse.zoo.registry import model_names, recipe, study_names
from wmcourse.zoo.weights import list_models, load, save

__all__ = [
    "CannotSave",
    "CorruptWeights",
    "Diverged",
    "Manifest",
    "MissingWeights",
    "NotMeasured",
    "UnknownModel",
    "UnknownStudy",
    "list_models",
    "load",
    "model_names",
    "recipe",
    "save",
    "study_names",
    "training_command",
]
