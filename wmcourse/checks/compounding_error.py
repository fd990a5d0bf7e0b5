"""Checkers of chapter 3, compounding error: `teacher_forced_and_free` to `lipschitz_bound`, exercises 3.1 to 3.6."""

from wmcourse.checks.ensemble import ensemble_disagreement
from wmcourse.checks.lipschitz import lipschitz_bound
from wmcourse.checks.peeking import peek_rollout
from wmcourse.checks.prediction_time import nmse_and_vpt
from wmcourse.checks.teacher_forcing import teacher_forced_and_free
from wmcourse.checks.unrolling import multi_step_loss

__all__ = [
    "ensemble_disagreement",
    "lipschitz_bound",
    "multi_step_loss",
    "nmse_and_vpt",
    "peek_rollout",
    "teacher_forced_and_free",
]
