"""The exercises of chapter 03; `from wmcourse.chapters.compounding_error import exercises as check` in the notebook."""

from wmcourse.chapters.compounding_error.exercises.ensemble_disagreement import ensemble_disagreement
from wmcourse.chapters.compounding_error.exercises.lipschitz_bound import lipschitz_bound
from wmcourse.chapters.compounding_error.exercises.multi_step_loss import multi_step_loss
from wmcourse.chapters.compounding_error.exercises.nmse_and_vpt import nmse_and_vpt
from wmcourse.chapters.compounding_error.exercises.peek_rollout import peek_rollout
from wmcourse.chapters.compounding_error.exercises.teacher_forced_and_free import teacher_forced_and_free

__all__ = [
    "ensemble_disagreement",
    "lipschitz_bound",
    "multi_step_loss",
    "nmse_and_vpt",
    "peek_rollout",
    "teacher_forced_and_free",
]
