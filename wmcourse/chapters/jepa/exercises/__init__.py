"""The exercises of chapter 14, which its notebook imports as `check`."""

from wmcourse.chapters.jepa.exercises.collapse_report import collapse_report
from wmcourse.chapters.jepa.exercises.constant_encoder import constant_encoder
from wmcourse.chapters.jepa.exercises.ema_target_loss import ema_target_loss
from wmcourse.chapters.jepa.exercises.inverse_dynamics_loss import inverse_dynamics_loss
from wmcourse.chapters.jepa.exercises.planning_cost import planning_cost
from wmcourse.chapters.jepa.exercises.vicreg_terms import vicreg_terms

__all__ = [
    "collapse_report",
    "constant_encoder",
    "ema_target_loss",
    "inverse_dynamics_loss",
    "planning_cost",
    "vicreg_terms",
]
