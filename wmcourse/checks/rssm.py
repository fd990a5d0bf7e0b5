"""Checkers of chapter 8, the RSSM: `rssm_step` to `learnt_gain`, exercises 8.1 to 8.6."""

from wmcourse.checks.balance import balanced_kl
from wmcourse.checks.divergence import gaussian_kl
from wmcourse.checks.filtering import filter_with_gaps
from wmcourse.checks.kalman import kalman_step
from wmcourse.checks.recurrence import rssm_step
from wmcourse.checks.regression import learnt_gain
from wmcourse.checks.small_rssm import Parts

__all__ = ["Parts", "balanced_kl", "filter_with_gaps", "gaussian_kl", "kalman_step", "learnt_gain", "rssm_step"]
