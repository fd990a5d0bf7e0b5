"""The exercises of chapter 6, which its notebook imports as `check`."""

from wmcourse.chapters.dream_controller.exercises.dream_step import dream_step
from wmcourse.chapters.dream_controller.exercises.es_generation import es_generation
from wmcourse.chapters.dream_controller.exercises.linear_policy import linear_policy
from wmcourse.chapters.dream_controller.exercises.spot_cheaters import spot_cheaters

__all__ = ["dream_step", "es_generation", "linear_policy", "spot_cheaters"]
