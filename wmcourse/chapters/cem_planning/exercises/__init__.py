"""The exercises of chapter 12, which its notebook imports as `check`."""

from wmcourse.chapters.cem_planning.exercises.one_step import one_step

__all__ = ["one_step"]
