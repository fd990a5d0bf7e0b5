"""Planning: searches for the plan that a world model promises most for."""

from wmcourse.planning.actions import Box, Choices
from wmcourse.planning.categorical_cem import CategoricalCEM
from wmcourse.planning.cem import CEM
from wmcourse.planning.colored_noise import colored_noise
from wmcourse.planning.gradient import GradientPlanner
from wmcourse.planning.imagination import Imagination
from wmcourse.planning.mppi import MPPI, path_weights
from wmcourse.planning.plan import Iteration, Plan, Planner, Score
from wmcourse.planning.random_shooting import RandomShooting
from wmcourse.planning.receding_horizon import RecedingHorizon

__all__ = [
    "CEM",
    "MPPI",
    "Box",
    "CategoricalCEM",
    "Choices",
    "GradientPlanner",
    "Imagination",
    "Iteration",
    "Plan",
    "Planner",
    "RandomShooting",
    "RecedingHorizon",
    "Score",
    "colored_noise",
    "path_weights",
]
