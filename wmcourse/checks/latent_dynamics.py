"""Checkers of chapter 2, latent dynamics: exercises 2.1 to 2.5, from a shape by hand to a picture with two futures."""

from wmcourse.checks.convolution import encoder_output_shape
from wmcourse.checks.latent_loss import one_step_latent_loss
from wmcourse.checks.markov import same_frame_different_future
from wmcourse.checks.preprocessing import preprocess
from wmcourse.checks.probing import probe_r2

__all__ = [
    "encoder_output_shape",
    "one_step_latent_loss",
    "preprocess",
    "probe_r2",
    "same_frame_different_future",
]
