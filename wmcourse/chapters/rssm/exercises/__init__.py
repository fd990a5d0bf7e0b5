"""The exercises of chapter 08; `from wmcourse.chapters.rssm import exercises as check` in the notebook."""

from wmcourse.chapters.rssm.exercises.balanced_kl import balanced_kl
from wmcourse.chapters.rssm.exercises.filter_with_gaps import filter_with_gaps
from wmcourse.chapters.rssm.exercises.gaussian_kl import gaussian_kl
from wmcourse.chapters.rssm.exercises.kalman_step import kalman_step
from wmcourse.chapters.rssm.exercises.learnt_gain import learnt_gain
from wmcourse.chapters.rssm.exercises.parts import Parts
from wmcourse.chapters.rssm.exercises.rssm_step import rssm_step

__all__ = [
    "Parts",
    "balanced_kl",
    "filter_with_gaps",
    "gaussian_kl",
    "kalman_step",
    "learnt_gain",
    "rssm_step",
]
