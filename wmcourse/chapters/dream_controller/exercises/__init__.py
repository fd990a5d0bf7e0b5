"""The exercises of chapter 6, which its notebook imports as `check`."""

from wmcourse.chapters.dream_controller.exercises.one_step import one_step

__all__ = ["one_step"]
