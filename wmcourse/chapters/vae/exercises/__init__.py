"""The exercises of chapter 4, which its notebook imports as `check`."""

from wmcourse.chapters.vae.exercises.one_step import one_step

__all__ = ["one_step"]
