"""The exercises of chapter 02; `from wmcourse.chapters.latent_dynamics import exercises as check` in the notebook."""

from wmcourse.chapters.latent_dynamics.exercises.encoder_output_shape import encoder_output_shape
from wmcourse.chapters.latent_dynamics.exercises.one_step_latent_loss import one_step_latent_loss
from wmcourse.chapters.latent_dynamics.exercises.preprocess import preprocess
from wmcourse.chapters.latent_dynamics.exercises.probe_r2 import probe_r2
from wmcourse.chapters.latent_dynamics.exercises.same_frame_different_future import same_frame_different_future

__all__ = [
    "encoder_output_shape",
    "one_step_latent_loss",
    "preprocess",
    "probe_r2",
    "same_frame_different_future",
]
