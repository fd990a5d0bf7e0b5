"""The exercises of chapter 12, which its notebook imports as `check`."""

from wmcourse.chapters.cem_planning.exercises.categorical_update import categorical_update
from wmcourse.chapters.cem_planning.exercises.cem_update import cem_update
from wmcourse.chapters.cem_planning.exercises.mppi_update import mppi_update
from wmcourse.chapters.cem_planning.exercises.pessimistic_choice import pessimistic_choice
from wmcourse.chapters.cem_planning.exercises.random_shooting import random_shooting
from wmcourse.chapters.cem_planning.exercises.receding_horizon import receding_horizon

__all__ = [
    "categorical_update",
    "cem_update",
    "mppi_update",
    "pessimistic_choice",
    "random_shooting",
    "receding_horizon",
]
