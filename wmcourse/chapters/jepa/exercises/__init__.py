"""The exercises of chapter 14, which its notebook imports as `check`."""

from wmcourse.chapters.jepa.exercises.one_step import one_step

__all__ = ["one_step"]
